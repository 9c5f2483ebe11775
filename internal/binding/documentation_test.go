package binding_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"github.com/portico-gateway/portico/gateway/directive"
	"github.com/portico-gateway/portico/internal/binding"
)

var update = flag.Bool("update", false, "write docs/directives.md")

const intro = `# Directives

All directives of schemas, with their arguments. Editors get them from ` + "`directives.graphqls`" + `, which ` + "`portico init`" + ` writes. GraphQL's built-in directives are those of the
specification: ` + "`@deprecated`" + `, ` + "`@specifiedBy`" + `, ` + "`@oneOf`" + `, and in operations ` + "`@include`, `@skip` and `@defer`" + `. The published schema contains no directives about services.

`

// guides has where each directive is explained.
func guides() map[string]string {
	return map[string]string{
		"rest": "bindings.md", "grpc": "bindings.md#add-a-grpc-service", "fallback": "bindings.md#fallback-values", "source": "bindings.md", "discriminator": "bindings.md", "node": "bindings.md#global-ids",
		"calls": "bindings.md", "service": "bindings.md", "inaccessible": "bindings.md", "globalID": "bindings.md#global-ids", "constraint": "inputs.md",
		"authenticated": "auth.md#what-the-schema-says", "requiresScopes": "auth.md#what-the-schema-says", "policy": "auth.md#what-the-schema-says",
		"cost": "cost.md", "listSize": "cost.md", "rateLimit": "limits.md#one-field", "cacheControl": "caching.md", "cacheTag": "caching.md", "invalidates": "caching.md",
	}
}

// docs/directives.md is what the definitions say.
func TestDocumentationOfDirectives(t *testing.T) {
	doc, err := parser.ParseSchemas(append(binding.Definitions(), directive.Definitions()...)...)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString(intro)
	left := guides()
	for _, d := range doc.Directives {
		guide := left[d.Name]
		if guide == "" {
			t.Errorf("@%s has no guide", d.Name)
		}
		delete(left, d.Name)
		var places []string
		for _, place := range d.Locations {
			places = append(places, string(place))
		}
		repeatable := ""
		if d.IsRepeatable {
			repeatable = ", may be repeated"
		}
		fmt.Fprintf(&b, "## @%s\n\n%s\n\nOn %s%s. [Guide](%s)\n\n", d.Name, prose(d.Description), strings.Join(places, ", "), repeatable, guide)
		if len(d.Arguments) == 0 {
			continue
		}
		b.WriteString("| argument | type | default | meaning |\n|---|---|---|---|\n")
		for _, a := range d.Arguments {
			row(&b, a.Name, a.Type, a.DefaultValue, a.Description)
		}
		b.WriteString("\n")
	}
	for name := range left {
		t.Errorf("there is no @%s", name)
	}
	b.WriteString("## Types of arguments\n\n")
	for _, d := range doc.Definitions {
		fmt.Fprintf(&b, "### %s\n\n", d.Name)
		if d.Description != "" {
			b.WriteString(prose(d.Description) + "\n\n")
		}
		if len(d.EnumValues) > 0 {
			b.WriteString("| value | meaning |\n|---|---|\n")
			for _, v := range d.EnumValues {
				fmt.Fprintf(&b, "| `%s` | %s |\n", v.Name, cell(v.Description))
			}
			b.WriteString("\n")
		}
		if len(d.Fields) > 0 {
			b.WriteString("| field | type | default | meaning |\n|---|---|---|---|\n")
			for _, f := range d.Fields {
				row(&b, f.Name, f.Type, f.DefaultValue, f.Description)
			}
			b.WriteString("\n")
		}
	}
	const file = "../../docs/directives.md"
	want := strings.TrimRight(b.String(), "\n") + "\n"
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if have, err := os.ReadFile(file); err != nil || string(have) != want {
		t.Errorf("docs/directives.md is stale (%v): go test ./internal/binding -run TestDocumentation -update", err)
	}
}

func row(b *strings.Builder, name string, typ *ast.Type, value *ast.Value, description string) {
	text := ""
	if value != nil {
		text = "`" + value.String() + "`"
	}
	fmt.Fprintf(b, "| `%s` | `%s` | %s | %s |\n", name, typ, text, cell(description))
}

// prose returns a description as Markdown.
func prose(description string) string {
	return strings.NewReplacer("<", "&lt;", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`).Replace(description)
}

// cell returns a description as a cell of a table.
func cell(description string) string {
	return strings.NewReplacer("\n", " ", "|", `\|`).Replace(prose(description))
}
