package document_test

import (
	"strings"
	"testing"

	"github.com/portico-gateway/portico/gateway/document"
)

// The examples are those of the GraphQL specification, section 5.2.4.1, and
// what gqlparser's own rule lets through.
func TestSingleRootField(t *testing.T) {
	const one = "A subscription must select exactly one root field."
	const introspection = "The root field of a subscription must not be an introspection field."
	const conditional = "The root selection set of a subscription must not have @"
	for name, c := range map[string]struct{ text, message string }{
		"one field":                       {"subscription { tick }", ""},
		"the same field twice":            {"subscription { tick tick }", ""},
		"the same field in a fragment":    {"subscription { tick ...F ... { tick } } fragment F on Subscription { tick }", ""},
		"one alias":                       {"subscription { a: tick a: tick }", ""},
		"a condition below the root":      {"subscription ($x: Boolean!) { event { leaf @skip(if: $x) } }", ""},
		"two fields":                      {"subscription { tick event { leaf } }", one},
		"two aliases of one field":        {"subscription { a: tick b: tick }", one},
		"a field and its alias":           {"subscription { tick b: tick }", one},
		"two aliases in fragments":        {"subscription { ...F ...G } fragment F on Subscription { a: tick } fragment G on Subscription { b: tick }", one},
		"two fields in a fragment":        {"subscription { ...F } fragment F on Subscription { tick event { leaf } }", one},
		"two fields, inline":              {"subscription { ... on Subscription { tick } ... { event { leaf } } }", one},
		"three fields":                    {"subscription { a: tick b: tick c: tick }", one},
		"a field of introspection":        {"subscription { __typename }", introspection},
		"an alias of it":                  {"subscription { tick: __typename }", introspection},
		"introspection in a fragment":     {"subscription { ...F } fragment F on Subscription { __typename }", introspection},
		"@skip":                           {"subscription ($x: Boolean!) { tick @skip(if: $x) }", conditional + "skip."},
		"@include":                        {"subscription { tick @include(if: true) }", conditional + "include."},
		"@include of an inline fragment":  {"subscription ($x: Boolean!) { ... @include(if: $x) { tick } }", conditional + "include."},
		"@skip of a spread":               {"subscription ($x: Boolean!) { ...F @skip(if: $x) } fragment F on Subscription { tick }", conditional + "skip."},
		"@skip in a fragment":             {"subscription ($x: Boolean!) { ...F } fragment F on Subscription { tick @skip(if: $x) }", conditional + "skip."},
		"one of two is skipped":           {"subscription ($x: Boolean!) { tick @skip(if: $x) event @include(if: $x) { leaf } }", conditional + "skip."},
		"a query has as many as it likes": {"{ leaf named }", ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, errs := store(t, document.Config{}).Get(c.text)
			if c.message == "" {
				if len(errs) > 0 {
					t.Fatal(errs)
				}
				return
			}
			if len(errs) == 0 || errs[0].Message != c.message || errs[0].Extensions["code"] != "GRAPHQL_VALIDATION_FAILED" || len(errs[0].Locations) != 1 {
				t.Errorf("got %v, want %q with a location", errs, c.message)
			}
			if n := strings.Count(errs.Error(), one); n > 1 {
				t.Errorf("reported %d times: %v", n, errs)
			}
		})
	}
}
