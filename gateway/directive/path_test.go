package directive_test

import (
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"github.com/portico-gateway/portico/gateway/directive"
)

func TestMistakesInPaths(t *testing.T) {
	for _, text := range []string{"", ".", "a.", ".a", "a..b", "@", "a.@", "@id.a", "$.a", "a.$", "a b", "{$args.x}", `a"b`, "a,b", "a`b", "a\\b", "a\nb"} {
		if path, err := directive.ParsePath(text); err == nil {
			t.Errorf("%q is the path %q", text, path)
		}
	}
}

func FuzzParsePath(f *testing.F) {
	for _, seed := range []string{"", "$", "a", "a.b.c", "@id", "a.@id", "@a.b", "a..b", ".", "product-name", "ä.ö", "\xff", "@@", "a.$"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		path, err := directive.ParsePath(text)
		if err != nil {
			return
		}
		if path == nil || path.String() != text {
			t.Errorf("%q became %q", text, path)
		}
		for i, name := range path {
			if name == "" || name == "@" || strings.ContainsAny(name, ".{}$,\"`\\ \t\r\n") || name[0] == '@' && i < len(path)-1 {
				t.Errorf("%q has the name %q", text, name)
			}
		}
	})
}

func TestArgumentPath(t *testing.T) {
	for text, want := range map[string]string{"first": "first", "input.first": "input/first", "_a.b1.C": "_a/b1/C"} {
		if names, ok := directive.ArgumentPath(text); !ok || strings.Join(names, "/") != want {
			t.Errorf("%q: got %q, %v", text, names, ok)
		}
	}
	for _, text := range []string{"", ".", "a.", ".a", "a..b", "$a", "a b", "1a", "a.1", "a\n", "ä", "a-b", "a[0]"} {
		if names, ok := directive.ArgumentPath(text); ok {
			t.Errorf("%q: got %q", text, names)
		}
	}
}

func FuzzArgumentPath(f *testing.F) {
	for _, seed := range []string{"", "first", "input.first", "a..b", ".", "$args.a", "a\n", "\xff", "a.b.c.d"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		names, ok := directive.ArgumentPath(text)
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
