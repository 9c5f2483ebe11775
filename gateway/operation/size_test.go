package operation

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/portico-gateway/portico/gateway/document"
)

// The estimate of what documents take in memory is about what they do, with the
// facts of this package: never much less, so that the bound holds, and not many
// times more, so that what fits is kept.
func TestSizeOfDocuments(t *testing.T) {
	many := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format+" ", i)
		}
		return b.String()
	}
	for name, text := range map[string]string{
		"least":      `{ __typename }`,
		"small":      `query Q($id: ID!) { product(id: $id) { name price { amount } } }`,
		"page":       `query Q($id: ID!) { product(id: $id) { id name description price { amount currency } category { id name } stock { available } reviews(first: 5) { rating body author { id name avatarUrl } } related(first: 4) { id name price { amount currency } } } }`,
		"fields":     `{ product(id: "p1") { ` + many(45, "a%d: related { id name }") + `} }`,
		"arguments":  `query Q($n: Int!) { product(id: "p1") { ` + many(22, "a%[1]d: related(first: $n) { id } b%[1]d: reviews(first: 5) { id }") + `} }`,
		"fragments":  `{ product(id: "p1") { ` + many(40, "...F%d") + ` } } ` + many(40, "fragment F%[1]d on Product { a%[1]d: related { id name } }"),
		"spread":     `{ product(id: "p1") { ...F a: related { ...F b: related { ...F c: related { ...F } } } } } fragment F on Product { id name description price { amount currency } category { id name } stock { available } }`,
		"items":      `mutation { placeOrder(input: {items: [` + many(200, `{productId: "p%d", quantity: 1}`) + `]}) { order { id } } }`,
		"directives": `query Q($b: Boolean!) { product(id: "p1") { ` + many(20, "a%d: related @skip(if: $b) { id @include(if: $b) }") + `} }`,
		"variables":  "query Q(" + many(19, "$v%d: ID!,") + `) { ` + many(19, "a%[1]d: product(id: $v%[1]d) { id }") + "}",
		"operations": many(100, `query Q%d { product(id: "p1") { id } }`),
		"conditions": `mutation ($b: Boolean!, $i: OrderItemInput = {productId: "p1", quantity: 1}) { ` + strings.Repeat("...F ", 19) + `} fragment F on Mutation { ... @include(if: $b) { placeOrder(input: {items: [` + strings.Repeat("$i ", 400) + `]}) { order { id } } } }`,
		"different":  `mutation (` + many(19, "$b%d: Boolean!,") + ` $i: OrderItemInput = {productId: "p1", quantity: 1}) { ` + many(19, "...F @include(if: $b%d)") + `} fragment F on Mutation { placeOrder(input: {items: [` + strings.Repeat("$i ", 400) + `]}) { order { id } } }`,
		"long":       `{ products(search: "` + strings.Repeat("x", 50_000) + `") { nodes { id } } }`,
	} {
		f := shop(t, func(c *Config) { c.DocumentMemory = 1 << 30 }, nil)
		const copies = 200
		kept := make([]*document.Document[facts], copies)
		texts := make([]string, copies)
		for i := range texts {
			texts[i] = fmt.Sprint(text, "\n#", i)
		}
		before := heap()
		for i := range kept {
			var errs error
			if kept[i], errs = get(f, texts[i]); errs != nil {
				t.Fatalf("%s: %v", name, errs)
			}
		}
		taken := (int64(heap())-int64(before))/copies + int64(len(text)) // which texts have
		ratio := float64(kept[0].Size()) / float64(taken)
		t.Logf("%-11s takes %7d bytes, estimated %7d: %.2f", name, taken, kept[0].Size(), ratio)
		runtime.KeepAlive(kept)
		runtime.KeepAlive(texts)
		if ratio < 0.8 || ratio > 6 {
			t.Errorf("%s: the estimate is %.2f of what it takes", name, ratio)
		}
	}
}

func get(f *Frontend, text string) (*document.Document[facts], error) {
	doc, errs := f.documents.Get(text)
	if errs != nil {
		return nil, errs
	}
	return doc, nil
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
