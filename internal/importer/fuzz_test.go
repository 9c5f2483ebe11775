package importer

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
)

// FuzzText writes texts as descriptions, comments and strings, and reads them
// back.
func FuzzText(f *testing.F) {
	for _, seed := range []string{"", "plain", `a "quoted" \ text`, "two\nlines", `"""`, `ends with \`, `ends with "`, "\x00\u2028\ufeff\xff", "  indented\n    more",
		"\ttab\n\n\nempty", strings.Repeat("long ", 40), `\"""`, "a\r\nb\rc", "# x\n}", "\u007f\u0085\U0001F600", `""`, "\"\n\"", strings.Repeat("x", 118) + `"`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d := &definition{kind: "type", name: "Query", description: text, omitted: []string{text}, fields: []field{{
			name: "a", typ: "Int", description: text, comments: []string{text}, directives: []directive{sourceDirective(text)},
			args: []field{{name: "x", typ: "String", value: quote(text), description: text}},
		}}}
		var b strings.Builder
		d.write(&b)
		doc, err := parser.ParseSchema(&ast.Source{Input: b.String()})
		if err != nil {
			t.Fatalf("%v\n%s", err, b.String())
		}
		read := doc.Definitions.ForName("Query")
		if len(doc.Definitions) != 1 || len(read.Fields) != 1 {
			t.Fatalf("the text became SDL:\n%s", b.String())
		}
		want := clean(text)
		for _, got := range []string{read.Description, read.Fields[0].Description, read.Fields[0].Arguments[0].Description} {
			if got != want {
				t.Errorf("the description is %q, want %q\n%s", got, want, b.String())
			}
		}
		want = strings.ToValidUTF8(text, "\uFFFD")
		for _, got := range []string{read.Fields[0].Arguments[0].DefaultValue.Raw, read.Fields[0].Directives[0].Arguments[0].Value.Raw} {
			if got != want {
				t.Errorf("the string is %q, want %q\n%s", got, want, b.String())
			}
		}
	})
}

// FuzzNames makes names: they are valid, and making them again changes nothing.
func FuzzNames(f *testing.F) {
	for _, seed := range []string{"", "id", "user_id", "GetUserByID", "XMLParser", "2fa", "日本", "__typename", "A", "PRODUCT_NAME", "a.b-c d", "in-transit", "inTransit", "iOS", "\xff", "ſ", "K"} {
		f.Add(seed)
	}
	camelCase, pascalCase := regexp.MustCompile(`^[a-z][A-Za-z0-9]*$`), regexp.MustCompile(`^[A-Z][A-Za-z0-9]*$`)
	snakeCase := regexp.MustCompile(`^([A-Z][A-Z0-9]*(_[A-Z0-9]+)*)?$`)
	f.Fuzz(func(t *testing.T, s string) {
		if name := camel(s); !camelCase.MatchString(name) || camel(name) != name {
			t.Errorf("camel(%q) = %q, then %q", s, name, camel(name))
		}
		if name := pascal(s); !pascalCase.MatchString(name) || pascal(name) != name {
			t.Errorf("pascal(%q) = %q, then %q", s, name, pascal(name))
		}
		if name := upperSnake(s); !snakeCase.MatchString(name) || upperSnake(name) != name {
			t.Errorf("upperSnake(%q) = %q, then %q", s, name, upperSnake(name))
		}
		if one := singular(s); len(one) > len(s)+1 || utf8.ValidString(s) != utf8.ValidString(one) {
			t.Errorf("singular(%q) = %q", s, one)
		}
	})
}

func TestNames(t *testing.T) {
	for _, c := range []struct {
		make       func(string) string
		name, want string
	}{
		{camel, "product_name", "productName"},
		{camel, "productName", "productName"},
		{camel, "GetUserByID", "getUserByID"},
		{camel, "XMLParser", "xmlParser"},
		{camel, "users.list", "usersList"},
		{camel, "PRODUCT_NAME", "productName"},
		{camel, "URL", "url"},
		{camel, "X-Request-Id", "xRequestId"},
		{camel, "filter[price]", "filterPrice"},
		{camel, "2fa", "n2fa"},
		{camel, "日本", "field"},
		{pascal, "product_v2", "ProductV2"},
		{pascal, "SKU", "SKU"},
		{pascal, "com.shop.Order", "ComShopOrder"},
		{pascal, "2day", "N2day"},
		{pascal, "", "Type"},
		{upperSnake, "in-transit", "IN_TRANSIT"},
		{upperSnake, "inTransit", "IN_TRANSIT"},
		{upperSnake, "OrderStatus", "ORDER_STATUS"},
		{upperSnake, "HTTPCode", "HTTP_CODE"},
		{upperSnake, "ACTIVE_2", "ACTIVE_2"},
		{upperSnake, "2xl", "N2XL"},
		{upperSnake, "+", ""},
		{singular, "categories", "category"},
		{singular, "boxes", "box"},
		{singular, "addresses", "address"},
		{singular, "address", "address"},
		{singular, "orders", "order"},
		{singular, "status", "status"},
		{singular, "sheep", "sheep"},
	} {
		if got := c.make(c.name); got != c.want {
			t.Errorf("%q became %q, want %q", c.name, got, c.want)
		}
	}
}
