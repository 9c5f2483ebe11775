package problem_test

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/portico-gateway/portico/gateway/problem"
)

var update = flag.Bool("update", false, "write the table of codes into the documentation")

// Every code that the gateway uses is described once.
func TestDescriptions(t *testing.T) {
	described := map[problem.Code]int{}
	for _, d := range problem.Descriptions() {
		if described[d.Code]++; d.When == "" || d.HTTP == "" || strings.HasSuffix(d.When, ".") {
			t.Errorf("%s: %q, %q", d.Code, d.When, d.HTTP)
		}
	}
	file, err := parser.ParseFile(token.NewFileSet(), "problem.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	ast.Inspect(file, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		if typ, ok := spec.Type.(*ast.Ident); !ok || typ.Name != "Code" {
			return true
		}
		text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if n++; err != nil || described[problem.Code(text)] != 1 {
			t.Errorf("%s is described %d times", text, described[problem.Code(text)])
		}
		return true
	})
	if n != len(described) || n < 20 {
		t.Errorf("%d codes, but %d descriptions", n, len(described))
	}
}

// The table of docs/configuration.md is the one of the descriptions.
func TestTableOfCodes(t *testing.T) {
	const name, head = "../../docs/configuration.md", "| code | when | HTTP |\n|---|---|---|\n"
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	want.WriteString(head)
	for _, d := range problem.Descriptions() {
		more := ""
		if d.See != "" {
			more = fmt.Sprintf(" ([more](%s))", strings.TrimPrefix(d.See, "configuration.md"))
		}
		fmt.Fprintf(&want, "| %s | %s%s | %s |\n", d.Code, d.When, more, d.HTTP)
	}
	table := regexp.MustCompile(regexp.QuoteMeta(head) + `(\|.*\n)+`)
	if have := table.FindString(string(text)); have == want.String() {
		return
	} else if !*update || have == "" {
		t.Fatalf("the table is\n%s\nwant\n%s\nrun go test ./gateway/problem -update", have, want.String())
	}
	changed := table.ReplaceAllLiteralString(string(text), want.String())
	if err := os.WriteFile(name, []byte(changed), 0o644); err != nil {
		t.Fatal(err)
	}
}
