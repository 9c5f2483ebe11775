package binding_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"github.com/portico-gateway/portico/internal/binding"
)

// Frontends see the directives of policies, and none that tells of services.
func TestPublicDirectives(t *testing.T) {
	doc, err := parser.ParseSchemas(binding.Definitions()...)
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
	want := []string{"authenticated", "cacheControl", "cacheTag", "constraint", "cost", "invalidates", "listSize", "policy", "rateLimit", "requiresScopes"}
	if !slices.Equal(public, want) {
		t.Errorf("got %v, want %v", public, want)
	}
	// Tools that know these names expect the specification's shapes.
	if d := doc.Directives.ForName("listSize"); d.IsRepeatable || d.Arguments.ForName("requireOneSlicingArgument").DefaultValue.Raw != "true" {
		t.Error("@listSize is not that of IBM's cost specification")
	}
	if slices.Contains(doc.Directives.ForName("cost").Locations, ast.LocationInterface) {
		t.Error("@cost is not that of IBM's cost specification")
	}
}

func TestArgumentPath(t *testing.T) {
	for text, want := range map[string]string{"first": "first", "input.first": "input/first", "_a.b1.C": "_a/b1/C"} {
		if names, ok := binding.ArgumentPath(text); !ok || strings.Join(names, "/") != want {
			t.Errorf("%q: got %q, %v", text, names, ok)
		}
	}
	for _, text := range []string{"", ".", "a.", ".a", "a..b", "$a", "a b", "1a", "a.1", "a\n", "ä", "a-b", "a[0]"} {
		if names, ok := binding.ArgumentPath(text); ok {
			t.Errorf("%q: got %q", text, names)
		}
	}
}

func FuzzArgumentPath(f *testing.F) {
	for _, seed := range []string{"", "first", "input.first", "a..b", ".", "$args.a", "a\n", "\xff", "a.b.c.d"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		names, ok := binding.ArgumentPath(text)
		if !ok {
			return
		}
		if strings.Join(names, ".") != text {
			t.Errorf("%q became %q", text, names)
		}
		for _, name := range names {
			if _, err := parser.ParseQuery(&ast.Source{Input: "{ " + name + " }"}); err != nil {
				t.Errorf("%q has the name %q, which is none", text, name)
			}
		}
	})
}
