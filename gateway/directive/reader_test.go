package directive_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/directive"
)

// optional writes what a pointer leads to.
func optional[T any](p *T) string {
	if p == nil {
		return "-"
	}
	return fmt.Sprint(*p)
}

func TestWeight(t *testing.T) {
	for text, want := range map[string]string{
		"":                          "0 false",
		`@cost(weight: "2.5")`:      "2.5 true",
		`@cost(weight: """-1""")`:   "-1 true",
		`@cost(weight: 3)`:          "3 true",
		`@cost(weight: 0.5)`:        "0.5 true",
		`@cost(weight: "0")`:        "0 true",
		`@cost(weight: "much")`:     "0 false",
		`@cost(weight: "NaN")`:      "0 false",
		`@cost(weight: null)`:       "0 false",
		`@cost`:                     "0 false",
		`@listSize(assumedSize: 1)`: "0 false",
	} {
		weight, ok := directive.Weight(on(t, text))
		if got := fmt.Sprint(weight, ok); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

func TestListSizeOf(t *testing.T) {
	for text, want := range map[string]string{
		`@listSize`:                              "- <nil> [] true",
		`@listSize(assumedSize: 10)`:             "10 <nil> [] true",
		`@listSize(assumedSize: -1)`:             "-1 <nil> [] true",
		`@listSize(assumedSize: null)`:           "- <nil> [] true",
		`@listSize(assumedSize: "x")`:            "- <nil> [] true",
		`@listSize(slicingArguments: "first")`:   "- first [] true",
		`@listSize(slicingArguments: [])`:        "-  [] true",
		`@listSize(slicingArguments: null)`:      "- <nil> [] true",
		`@listSize(slicingArguments: ["a.b.c"])`: "- a/b/c [] true",
		`@listSize(slicingArguments: ["a", "b.c"], sizedFields: ["n", "e"], requireOneSlicingArgument: false)`: "- a,b/c [n e] false",
		`@listSize(sizedFields: "nodes", requireOneSlicingArgument: true)`:                                     "- <nil> [nodes] true",
	} {
		l := directive.ListSizeOf(on(t, text))
		slicing := "<nil>"
		if l.SlicingArguments != nil {
			var paths []string
			for _, path := range l.SlicingArguments {
				paths = append(paths, strings.Join(path, "/"))
			}
			slicing = strings.Join(paths, ",")
		}
		if got := fmt.Sprint(optional(l.AssumedSize), " ", slicing, " ", l.SizedFields, " ", l.RequireOne); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
	if directive.ListSizeOf(nil) != nil {
		t.Error("there is one without a directive")
	}
}

func spellCacheControl(c directive.CacheControl) string {
	return fmt.Sprint(optional(c.MaxAge), " ", optional(c.StaleWhileRevalidate), " ", optional(c.StaleIfError), " ", string(c.Scope), " ", c.InheritMaxAge)
}

func TestCacheControlOf(t *testing.T) {
	for text, want := range map[string]string{
		"":                                    "- - -  false",
		`@cacheControl`:                       "- - -  false",
		`@cacheControl(maxAge: 60)`:           "1m0s - -  false",
		`@cacheControl(maxAge: 0)`:            "0s - -  false",
		`@cacheControl(maxAge: -1)`:           "- - -  false",
		`@cacheControl(maxAge: "1")`:          "- - -  false",
		`@cacheControl(maxAge: null)`:         "- - -  false",
		`@cacheControl(maxAge: 999999999999)`: directive.LongestAge.String() + " - -  false",
		`@cacheControl(maxAge: 99999999999999999999999)`:   "- - -  false",
		`@cacheControl(scope: PRIVATE)`:                    "- - - PRIVATE false",
		`@cacheControl(scope: PUBLIC)`:                     "- - - PUBLIC false",
		`@cacheControl(scope: "PRIVATE")`:                  "- - -  false",
		`@cacheControl(inheritMaxAge: true)`:               "- - -  true",
		`@cacheControl(maxAge: 1, staleIfError: 3)`:        "1s - 3s  false",
		`@cacheControl(staleIfError: 3)`:                   "- - -  false",
		`@cacheControl(maxAge: 1, staleWhileRevalidate:2)`: "1s 2s -  false",
		// A type and its extensions: the last counts, and the times go together.
		`@cacheControl(maxAge: 1, staleIfError: 3) @cacheControl(maxAge: 2)`:                          "2s - -  false",
		`@cacheControl(maxAge: 1, staleIfError: 3) @cacheControl(scope: PRIVATE)`:                     "1s - 3s PRIVATE false",
		`@cacheControl(inheritMaxAge: true) @cacheControl(inheritMaxAge: false)`:                      "- - -  false",
		`@cacheControl(scope: PUBLIC, inheritMaxAge: true) @cacheControl(scope: PRIVATE, maxAge: 10)`: "10s - - PRIVATE true",
	} {
		if got := spellCacheControl(directive.CacheControlOf(on(t, text))); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

func TestCacheControlOr(t *testing.T) {
	for name, c := range map[string]struct{ field, typ, want string }{
		"nothing":           {"", "", "- - -  false"},
		"of the type":       {"", `@cacheControl(maxAge: 1, staleIfError: 2, scope: PRIVATE)`, "1s - 2s PRIVATE false"},
		"the field's first": {`@cacheControl(maxAge: 5)`, `@cacheControl(maxAge: 1, staleIfError: 2)`, "5s - -  false"},
		"a scope each":      {`@cacheControl(scope: PUBLIC)`, `@cacheControl(maxAge: 1, scope: PRIVATE)`, "1s - - PUBLIC false"},
		"inherited":         {`@cacheControl(inheritMaxAge: true)`, `@cacheControl(maxAge: 1)`, "1s - -  true"},
	} {
		got := spellCacheControl(directive.CacheControlOf(on(t, c.field)).Or(directive.CacheControlOf(on(t, c.typ))))
		if got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
}

func TestTags(t *testing.T) {
	for text, want := range map[string]string{
		"":                              "",
		`@cacheTag(format: "products")`: `"products"`,
		`@cacheTag(format: "p-{$this.id}") @cacheTag(format: "q")`: `"p-" $this.id, "q"`,
		`@cacheTag(format: "{$args.input.id}")`:                    "$args.input.id",
		`@cacheTag(format: "{$") @cacheTag(format: "q")`:           `"q"`,
		`@cacheTag`:                    "",
		`@cacheTag(format: null)`:      "",
		`@invalidates(tags: ["a"])`:    "",
		`@cacheTag(format: "{$ab.c}")`: "",
	} {
		directives := on(t, text)
		if got := spellTags(t, directive.Tags(directives), directives); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
	for text, want := range map[string]string{
		`@invalidates(tags: ["type:Product", "p-{$args.id}"]) @invalidates(tags: "c")`: `"type:Product", "p-" $args.id, "c"`,
		`@invalidates(tags: [])`:   "",
		`@cacheTag(format: "tag")`: "",
	} {
		directives := on(t, text)
		if got := spellTags(t, directive.Invalidates(directives), directives); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

func spellTags(t *testing.T, tags []directive.Text, directives ast.DirectiveList) string {
	t.Helper()
	var all []string
	for _, tag := range tags {
		all = append(all, spell(tag))
		for _, v := range tag.Vars() {
			if v.Pos == nil || v.Pos.Line != directives[0].Position.Line {
				t.Errorf("%s is at %v", v, v.Pos)
			}
		}
	}
	return strings.Join(all, ", ")
}

func TestRateLimitOf(t *testing.T) {
	for text, want := range map[string]string{
		`@rateLimit(max: 6, window: "1m")`:                                 "6 1m0s principal",
		`@rateLimit(max: 5, window: "10s", by: "address")`:                 "5 10s address",
		`@rateLimit(max: 5, window: "10s", by: ["args.in.id", "address"])`: "5 10s args.in.id=in/id address",
		`@rateLimit(max: 5, window: "10s", by: "in.id")`:                   "5 10s in.id=in/id",
		`@rateLimit(max: 5, window: "10s", by: [])`:                        "5 10s",
		`@rateLimit(max: 5, window: "10s", by: null)`:                      "5 10s principal",
		`@rateLimit(max: "many", window: "soon")`:                          "0 0s principal",
		`@rateLimit(max: 5, window: "-1s")`:                                "5 0s principal",
		`@rateLimit`:                                                       "0 0s principal",
	} {
		l := directive.RateLimitOf(on(t, text))
		parts := []string{strconv.Itoa(l.Max), l.Window.String()}
		for _, by := range l.By {
			part := by.Text
			if by.Argument != nil {
				part += "=" + strings.Join(by.Argument, "/")
			}
			parts = append(parts, part)
		}
		if got := strings.Join(parts, " "); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
	if directive.RateLimitOf(nil) != nil {
		t.Error("there is one without a directive")
	}
}

func TestConstraintOf(t *testing.T) {
	for text, want := range map[string]string{
		`@constraint(min: 1)`:             "1 -",
		`@constraint(max: 100)`:           "- 100",
		`@constraint(min: -5, max: 0)`:    "-5 0",
		`@constraint(min: null, max: 2)`:  "- 2",
		`@constraint(min: "low", max: 2)`: "- 2",
		`@constraint`:                     "- -",
	} {
		c := directive.ConstraintOf(on(t, text))
		if got := optional(c.Min) + " " + optional(c.Max); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
	if directive.ConstraintOf(nil) != nil {
		t.Error("there is one without a directive")
	}
}

// Readers never panic, whatever arguments a directive has.
func FuzzReaders(f *testing.F) {
	for _, seed := range []string{"1", `"a"`, "[1, [2, {a: 3}]]", "{a: null}", "null", "E", "true", "-0.5e3", `["{$args.a}", "{$"]`} {
		f.Add(seed)
	}
	arguments := map[string]string{
		"cost": "weight", "listSize": "assumedSize slicingArguments sizedFields requireOneSlicingArgument", "requiresScopes": "scopes", "policy": "policies",
		"cacheControl": "maxAge scope inheritMaxAge staleWhileRevalidate staleIfError", "cacheTag": "format", "invalidates": "tags",
		"rateLimit": "max window by", "constraint": "min max", "authenticated": "x",
	}
	f.Fuzz(func(t *testing.T, value string) {
		var all strings.Builder
		for name, list := range arguments {
			fmt.Fprintf(&all, "@%s(", name)
			for argument := range strings.FieldsSeq(list) {
				fmt.Fprintf(&all, "%s: %s\n", argument, value)
			}
			all.WriteString(") ")
		}
		directives, ok := parsed(all.String())
		if !ok {
			return
		}
		directive.Weight(directives)
		directive.ListSizeOf(directives)
		directive.CacheControlOf(directives)
		directive.Tags(directives)
		directive.Invalidates(directives)
		directive.ConstraintOf(directives)
		if l := directive.RateLimitOf(directives); l != nil && l.Window < 0 {
			t.Errorf("%s: the window is %s", value, l.Window)
		}
		if c := directive.CacheControlOf(directives); c.MaxAge != nil && (*c.MaxAge < 0 || *c.MaxAge > directive.LongestAge) {
			t.Errorf("%s: the maxAge is %s", value, *c.MaxAge)
		}
		field := &ast.FieldDefinition{Name: "f", Type: ast.NamedType("Int", nil), Directives: directives}
		directive.RightsOf(&ast.Schema{}, &ast.Definition{Kind: ast.Object}, field)
	})
}
