package directive_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"github.com/portico-gateway/portico/gateway/directive"
)

func TestMistakesInPaths(t *testing.T) {
	for _, text := range []string{"", ".", "a.", ".a", "a..b", "@", "a.@", "@id.a", "$.a", "a.$", "a b", "{$args.x}", `a"b`, "a,b", "a`b", "a\\b", "a\nb",
		"'a", "'a'b", "''", "a.'", "a'b'", "1000", "007", "a.01", "99999999999999999999", "a. b"} {
		if path, err := directive.ParsePath(text); err == nil {
			t.Errorf("%q is the path %q", text, path)
		}
	}
}

func TestPaths(t *testing.T) {
	for text, want := range map[string]directive.Path{
		"$":                {},
		"address.city":     directive.PathOf("address", "city"),
		"items.0.name":     {{Name: "items"}, {Item: 0}, {Name: "name"}},
		"12":               {{Item: 12}},
		"'12'":             directive.PathOf("12"),
		"'$ref'":           directive.PathOf("$ref"),
		"a.'b.c'.'d e'":    directive.PathOf("a", "b.c", "d e"),
		"page[size]":       directive.PathOf("page[size]"),
		"by.@id":           directive.PathOf("by", "@id"),
		"'@context'.'@id'": directive.PathOf("@context", "@id"),
	} {
		if path, err := directive.ParsePath(text); err != nil || !slices.Equal(path, want) {
			t.Errorf("%q: got %q, %v, want %q", text, path, err, want)
		}
	}
}

func FuzzParsePath(f *testing.F) {
	for _, seed := range []string{"", "$", "a", "a.b.c", "@id", "a.@id", "@a.b", "a..b", ".", "product-name", "ä.ö", "\xff", "@@", "a.$", "'$ref'.0.'0'", "'@type'.a", "'-'", "007"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		path, err := directive.ParsePath(text)
		if err != nil {
			return
		}
		again, err := directive.ParsePath(path.String())
		if path == nil || err != nil || !slices.Equal(again, path) {
			t.Errorf("%q became %q, and this %q: %v", text, path, again, err)
		}
		if names, ok := path.Names(); ok && !slices.Equal(directive.PathOf(names...), path) {
			t.Errorf("%q has the names %q", text, names)
		}
	})
}

func TestArgumentPath(t *testing.T) {
	for text, want := range map[string]string{"first": "first", "input.first": "input/first", "_a.b1.C": "_a/b1/C"} {
		if names, ok := directive.ParseArgumentPath(text); !ok || strings.Join(names, "/") != want {
			t.Errorf("%q: got %q, %v", text, names, ok)
		}
	}
	for _, text := range []string{"", ".", "a.", ".a", "a..b", "$a", "a b", "1a", "a.1", "a\n", "ä", "a-b", "a[0]"} {
		if names, ok := directive.ParseArgumentPath(text); ok {
			t.Errorf("%q: got %q", text, names)
		}
	}
}

func FuzzArgumentPath(f *testing.F) {
	for _, seed := range []string{"", "first", "input.first", "a..b", ".", "$args.a", "a\n", "\xff", "a.b.c.d"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		names, ok := directive.ParseArgumentPath(text)
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
