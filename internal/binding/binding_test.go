package binding_test

import (
	"slices"
	"testing"

	"github.com/vektah/gqlparser/v2/parser"

	"github.com/portico-gateway/portico/gateway/directive"
	"github.com/portico-gateway/portico/internal/binding"
)

// Frontends see the directives of policies, and none that is about services.
func TestPrivateDirectives(t *testing.T) {
	doc, err := parser.ParseSchemas(append(binding.Definitions(), directive.Definitions()...)...)
	if err != nil {
		t.Fatal(err)
	}
	var public []string
	for _, d := range doc.Directives {
		if d.Description == "" {
			t.Errorf("@%s has no description", d.Name)
		}
		if !binding.Private(d.Name) {
			public = append(public, d.Name)
		}
	}
	slices.Sort(public)
	want := []string{"authenticated", "cacheControl", "cacheTag", "constraint", "cost", "globalID", "invalidates", "listSize", "policy", "rateLimit", "requiresScopes"}
	if !slices.Equal(public, want) {
		t.Errorf("got %v, want %v", public, want)
	}
	for _, def := range doc.Definitions {
		if want := def.Name != "CacheControlScope"; binding.Private(def.Name) != want {
			t.Errorf("the type %s is private: %v, want %v", def.Name, !want, want)
		}
	}
}
