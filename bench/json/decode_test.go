// Package json compares decoders of JSON for answers of services. It is a
// module of its own, so that the candidates stay out of the product. See
// docs/adr/0003-json-decoder.md.
package json_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/bytedance/sonic"
	experiment "github.com/go-json-experiment/json"
	goccy "github.com/goccy/go-json"
	jsoniter "github.com/json-iterator/go"
	segmentio "github.com/segmentio/encoding/json"
)

type product struct {
	ID           string  `json:"id"`
	ProductName  string  `json:"product_name"`
	Description  *string `json:"description"`
	PriceCents   int64   `json:"price_cents"`
	Currency     string  `json:"currency"`
	CategoryID   string  `json:"category_id"`
	ThumbnailURL *string `json:"thumbnail_url"`
}

type page struct {
	Products   []product `json:"products"`
	NextCursor *string   `json:"next_cursor"`
}

// catalogPage is a page of the demo's catalog: 50 products.
func catalogPage() []byte {
	var b strings.Builder
	b.WriteString(`{"products":[`)
	for i := range 50 {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"id":"p%d","product_name":"Stovetop Espresso Maker, %d Cups","description":"Brews a full-bodied espresso on gas, electric and induction hobs. Polished steel, cool-touch handle. Caf\u00e9 \"quality\" at home, since 19%d.","price_cents":%d,"currency":"EUR","category_id":"c%d","thumbnail_url":"https://cdn.example.com/products/p%d/200.webp"}`, i, i, i, 1000+i, i%12, i)
	}
	b.WriteString(`],"next_cursor":"YWZ0ZXI6cDUw"}`)
	return []byte(b.String())
}

var candidates = []struct {
	name   string
	decode func([]byte, any) error
}{
	{"std", json.Unmarshal},
	{"experiment", chosen},
	{"goccy", goccy.Unmarshal},
	{"sonic", sonic.ConfigStd.Unmarshal},
	{"segmentio", segmentio.Unmarshal},
	{"jsoniter", jsoniter.ConfigCompatibleWithStandardLibrary.Unmarshal},
}

// chosen is what the product decodes with, but for an option.
func chosen(b []byte, v any) error { return experiment.Unmarshal(b, v) }

func BenchmarkCatalogPage(b *testing.B) {
	text := catalogPage()
	for _, c := range candidates {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				var p page
				if err := c.decode(text, &p); err != nil || len(p.Products) != 50 {
					b.Fatal(err)
				}
			}
		})
	}
}

// What candidates make of answers that are wrong: run with -v for the table.
func TestWrongAnswers(t *testing.T) {
	for name, text := range map[string]string{
		"duplicate name":      `{"next_cursor":"a","next_cursor":"b"}`,
		"invalid UTF-8":       "{\"next_cursor\":\"\xff\"}",
		"other letter case":   `{"NEXT_CURSOR":"a"}`,
		"something after":     `{"next_cursor":"a"} x`,
		"number out of range": `{"products":[{"price_cents":9223372036854775808}]}`,
		"fraction into int64": `{"products":[{"price_cents":1.5}]}`,
		"wrong type":          `{"next_cursor":7}`,
		"truncated":           `{"products":[{"id":"p1"`,
		"nested 100,000 deep": `{"x":` + strings.Repeat(`[`, 100_000) + strings.Repeat(`]`, 100_000) + `}`,
	} {
		var row []string
		for _, c := range candidates {
			var p page
			switch err := c.decode([]byte(text), &p); {
			case err != nil:
				row = append(row, c.name+": error")
			case p.NextCursor != nil:
				row = append(row, fmt.Sprintf("%s: %q", c.name, *p.NextCursor))
			default:
				row = append(row, c.name+": ignored")
			}
		}
		t.Logf("%-20s %s", name, strings.Join(row, ", "))
	}
	// What the product relies on, whatever is chosen.
	var p page
	for _, text := range []string{`{"next_cursor":7}`, `{"products":[{"id":"p1"`, `{"next_cursor":"a"} x`} {
		if chosen([]byte(text), &p) == nil {
			t.Errorf("the chosen decoder takes %s", text)
		}
	}
}
