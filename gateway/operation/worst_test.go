package operation

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// Documents that are as large as the limits allow, or just beyond, take few
// milliseconds, validated and with facts: the test requires few allocations,
// and only logs the times.
func TestWorstDocuments(t *testing.T) {
	f := shop(t, nil, nil)
	fields := "id name description"
	repeated := func(n int, text string) string { return strings.Repeat(text+" ", n) }
	many := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format+" ", i)
		}
		return b.String()
	}
	wide := "fragment F on Product { ...G related { ...G related { ...G } } } fragment G on Product { id name description price { amount currency } category { id name } stock { available } reviews { id rating body author { id name avatarUrl } } }"
	for name, text := range map[string]string{
		"many operations":          many(230, `query Q%d { ...R }`) + `fragment R on Query { product(id: "p1") { ...F related { ...F related { ...F related { ...F } } } } } ` + wide,
		"many operations, anon":    many(280, `query Q%d { __typename }`),
		"one place, many spreads":  `{ product(id: "p1") { ` + repeated(9, "...F") + ` } } ` + wide,
		"fragments on fragments":   `{ product(id: "p1") { ` + many(60, "...F%d") + ` } } ` + many(60, "fragment F%[1]d on Product { a%[1]d: related { id name } }"),
		"variables":                "query (" + many(250, "$v%d: ID,") + `) { product(id: "p1") { ` + fields + " } }",
		"unused fragments":         `{ product(id: "p1") { id } } ` + many(180, "fragment F%[1]d on Product { id name }"),
		"same key, nested":         `{ product(id: "p1") { ` + repeated(3, "related { "+repeated(3, "related { "+repeated(1, "related { id name }")+"}")+"}") + ` } }`,
		"deep, wide":               `{ product(id: "p1") { ` + repeated(9, "related { related { related { related { id name } } } }") + ` } }`,
		"inline fragments":         `{ product(id: "p1") { ` + repeated(120, "... on Product { ... on Product {") + "id" + repeated(240, "}") + ` } }`,
		"literals":                 `{ products(search: "` + strings.Repeat("x", 500_000) + `") { nodes { id } } }`,
		"comments":                 "{ __typename } #" + strings.Repeat("x", 1_000_000),
		"unknown fields":           `{ ` + many(600, "x%d") + ` }`,
		"unknown fields, one name": `{ product(id: "p1") { ` + repeated(9, fields+" nam descriptio") + ` } }`,
	} {
		least, outcome, n := time.Hour, "", 0
		ask := func() {
			n++
			start := time.Now()
			_, errs := f.documents.Get(fmt.Sprint(text, "\n#", n)) // another document each time
			if least = min(least, time.Since(start)); len(errs) > 0 {
				outcome = fmt.Sprint(errs[0].Extensions["code"], " ", len(errs))
			} else {
				outcome = "valid"
			}
		}
		if allocations := testing.AllocsPerRun(3, ask); allocations > 20_000 {
			t.Errorf("%s: %v allocations", name, allocations)
		}
		t.Logf("%-26s %8.2f ms  %s", name, float64(least.Microseconds())/1000, outcome)
	}
}
