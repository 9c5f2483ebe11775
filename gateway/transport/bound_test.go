package transport

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// unbounded is a bound that refuses nothing.
func unbounded() bound { return bound{maxItems: 1 << 40, maxDepth: 1 << 40, maxOperations: 1 << 40} }

func TestBoundCounts(t *testing.T) {
	for text, want := range map[string]struct{ items, depth int }{
		``:                              {0, 0},
		`1`:                             {0, 0},
		`{}`:                            {0, 1},
		`[]`:                            {0, 1},
		`{"a":1}`:                       {1, 1},
		`{"a":[1,2,3],"b":{}}`:          {5, 2},
		`{"a":[[],[],[]]}`:              {4, 3},
		`{"a":[{"b":null},true]}`:       {4, 3},
		"\n{ \"a\" :\t[ 1 , -2.5e3 ] }": {3, 2},
		`{"query":"{a,b(c:[1,2]){d}}"}`: {1, 1},
		`{"a":"\"[,,\\","b":"\\\""}`:    {2, 1},
		`{"a[{,":"]","\\":"}"}`:         {2, 1},
		`{"a":"é[,\u005b","b":["",""]}`: {4, 2},
	} {
		for size := 1; size <= len(text)+1; size++ {
			b := unbounded()
			deepest := 0
			for chunk := range chunks(text, size) {
				if err := b.scan(chunk); err != nil {
					t.Fatal(err)
				}
				deepest = max(deepest, b.depth)
			}
			if b.items != want.items || size == 1 && deepest != want.depth || b.depth != 0 || b.inString {
				t.Errorf("%s in chunks of %d: %d items, depth %d; want %+v", text, size, b.items, deepest, want)
			}
		}
	}
}

func chunks(text string, size int) func(func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for len(text) > 0 {
			n := min(size, len(text))
			if !yield([]byte(text[:n])) {
				return
			}
			text = text[n:]
		}
	}
}

func TestBoundRefuses(t *testing.T) {
	for _, c := range []struct {
		text string
		want error
	}{
		{`{"a":[1,2,3]}`, nil},
		{`{"a":[1,2,3,4]}`, errTooManyItems},
		{`{"a":[[],[],[]]}`, nil},
		{`{"a":[[],[],[],[]]}`, errTooManyItems},
		{`{"a":[{"b":1}]}`, nil},
		{`{"a":[{"b":[`, errTooDeep},
		{`[{"a":[{"b":1}]}]`, nil},
		{`[{"a":[{"b":[`, errTooDeep},
		{`[{"a":[1,2,3]},{"a":[1,2,3]}]`, nil},
		{`[{"a":[1,2,3]},{"a":[1,2,3,`, errTooManyItems},
		{`[{},{},{}]`, errTooManyOperations},
		{`[[],[],[]]`, errTooManyOperations},
		{`{"a":"[[[[[[[[,,,,,,,,"}`, nil},
		{`]]]]]]`, nil}, // the decoder stops at the first
	} {
		b := bound{maxItems: 4, maxDepth: 3, maxOperations: 2}
		if err := b.scan([]byte(c.text)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.text, err, c.want)
		}
	}
}

// counted returns the number of items and the greatest depth of what a decoder
// reads of a text.
func counted(text []byte) (items, depth int) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var open []int // tokens in each list, and twice the members of each object
	var objects []bool
	closed := func() {
		last := len(open) - 1
		if objects[last] {
			items -= open[last] / 2 // a member is two tokens and one item
		}
		open, objects = open[:last], objects[:last]
	}
	for {
		token, err := decoder.Token()
		if err != nil {
			break
		}
		if token == json.Delim('}') || token == json.Delim(']') {
			closed()
			if len(open) == 0 {
				break
			}
			continue
		}
		if len(open) > 0 {
			items++
			open[len(open)-1]++
		}
		if token == json.Delim('{') || token == json.Delim('[') {
			open, objects = append(open, 0), append(objects, token == json.Delim('{'))
			depth = max(depth, len(open))
		}
	}
	for len(open) > 0 {
		closed()
	}
	return items, depth
}

func FuzzBound(f *testing.F) {
	for _, seed := range []string{
		``, `{`, `{}`, `null`, `[]`, `[{}]`, `"a"`, `{"a":1,"b":[1,2,{"c":null}]}`, `{"a":"\"[\\"}`, `{"a":[[],[],[]]}`, `{"\u005b":"\\\\","b":[true]}`,
		`{"a":[1,2,3]}{}`, `]]`, ` [ 1 , "x" ] `, `{"extensions":{"a":[[],[],[[[]]]]}}`, `[{"query":"{a}"},{"query":"{b}"}]`, `{"a":1e5,"b":-0.1}`,
	} {
		f.Add([]byte(seed), 3)
	}
	f.Fuzz(func(t *testing.T, text []byte, size int) {
		size = max(size%64, 1)
		b, deepest := unbounded(), 0
		for chunk := range chunks(string(text), size) {
			for i := range chunk { // as one byte each, to see the depth
				if err := b.scan(chunk[i : i+1]); err != nil {
					t.Fatal(err)
				}
				deepest = max(deepest, b.depth)
			}
		}
		whole := unbounded()
		for chunk := range chunks(string(text), size) {
			_ = whole.scan(chunk)
		}
		if whole.depth != b.depth || whole.items != b.items || whole.inString != b.inString {
			t.Errorf("%q: %+v in chunks of %d, %+v in bytes", text, whole, size, b)
		}
		items, depth := counted(text)
		if !json.Valid(text) { // at least what the decoder reads before it stops
			if total := b.items + b.operations*len(text); total < items || deepest < depth {
				t.Errorf("%q: %d items, depth %d; a decoder reads %d, depth %d", text, b.items, deepest, items, depth)
			}
			return
		}
		if b.operations > 0 { // those of the last operation only
			var list []json.RawMessage
			if err := json.Unmarshal(text, &list); err != nil {
				t.Fatal(err)
			}
			items, _ = 0, 0
			if len(list) > 0 {
				items, _ = counted(list[len(list)-1])
			}
		}
		if b.items != items || deepest != depth {
			t.Errorf("%q: %d items, depth %d; want %d, %d", text, b.items, deepest, items, depth)
		}
	})
}

// ordinaryBody is what clients send: a document, variables and a persisted
// query's hash.
func ordinaryBody() []byte {
	var items []string
	for i := range 20 {
		items = append(items, fmt.Sprintf(`{"productId":"p%d","quantity":%d,"note":null,"gift":false,"tags":["new","red"]}`, i, i+1))
	}
	query := strings.Repeat("mutation PlaceOrder($input: PlaceOrderInput!) {\\n  placeOrder(input: $input) { order { id total { amount currency } } }\\n}\\n", 6)
	return []byte(`{"operationName":"PlaceOrder","query":"` + query + `","variables":{"input":{"items":[` + strings.Join(items, ",") + `]}},` +
		`"extensions":{"persistedQuery":{"version":1,"sha256Hash":"ecf4edb46db40b5132295c0291d62fb65d6759a9eedfa4d5d612dd5ec54a6b38"}}}`)
}

func BenchmarkBound(b *testing.B) {
	body := ordinaryBody()
	structure := []byte(`{"variables":{"a":[` + strings.Repeat(`[1,2,{"a":3}],`, 200) + `0]}}`)
	for _, c := range []struct {
		name string
		text []byte
	}{{"ordinary", body}, {"structure", structure}, {"document", fmt.Appendf(nil, `{"query":%q}`, strings.Repeat("query Page { product { id } }", 200))}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(c.text)))
			for b.Loop() {
				counter := unbounded()
				if err := counter.scan(c.text); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(c.text)), "ns/byte")
		})
	}
}

func TestBoundAllocatesNothing(t *testing.T) {
	body := ordinaryBody()
	if n := testing.AllocsPerRun(100, func() {
		b := unbounded()
		_ = b.scan(body)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
