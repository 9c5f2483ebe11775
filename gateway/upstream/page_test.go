package upstream_test

import (
	"encoding/base64"
	"math"
	"slices"
	"testing"

	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/upstream"
)

// cursor is one that says text.
func cursor(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

func TestPageOf(t *testing.T) {
	page := func(limit, offset int) upstream.Page { return upstream.Page{Limit: limit, Offset: offset} }
	for name, c := range map[string]struct {
		first *int
		after *string
		want  upstream.Page
	}{
		"the default":         {nil, nil, page(20, 0)},
		"first":               {new(3), nil, page(3, 0)},
		"an empty cursor":     {new(3), new(""), page(3, 0)},
		"a cursor":            {nil, new(cursor("offset:7")), page(20, 7)},
		"the largest offset":  {nil, new(cursor("offset:1099511627776")), page(20, 1<<40)},
		"as a page before it": {new(3), new(page(2, 4).Cursor(1)), page(3, 6)},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := upstream.PageOf(c.first, 20, c.after); err != nil || got != c.want {
				t.Errorf("got %+v, %v; want %+v", got, err, c.want)
			}
		})
	}
}

func TestPagesThatAreRefused(t *testing.T) {
	for _, first := range []int{0, -1, math.MinInt} {
		if got, err := upstream.PageOf(&first, 20, nil); problem.CodeOf(err) != problem.BadUserInput {
			t.Errorf("first %d: %+v, %v", first, got, err)
		}
	}
	for _, after := range []string{
		"7", "offset:7", "!", " ", cursor("7"), cursor("offset:"), cursor("offset:-1"), cursor("offset:x"), cursor("offset:1.5"),
		cursor("Offset:1"), cursor("offset:1099511627777"), cursor("offset:99999999999999999999"), cursor("offset:7") + "=",
	} {
		if got, err := upstream.PageOf(nil, 20, &after); problem.CodeOf(err) != problem.BadUserInput || got != (upstream.Page{}) {
			t.Errorf("after %q: %+v, %v", after, got, err)
		}
	}
}

// Page by page, each row of a service comes once, whatever the sizes of pages.
func TestPagesOfEveryKind(t *testing.T) {
	all := make([]int, 23)
	for i := range all {
		all[i] = i
	}
	slice := func(from, n int) []int { return all[min(from, len(all)):min(from+n, len(all))] }
	for name, rows := range map[string]func(p upstream.Page) []int{
		"offset":   func(p upstream.Page) []int { return slice(p.Offset, p.Limit) },
		"number":   func(p upstream.Page) []int { return upstream.Rest(p, slice(p.Number(0)*p.Limit, p.Limit)) },
		"number 1": func(p upstream.Page) []int { return upstream.Rest(p, slice((p.Number(1)-1)*p.Limit, p.Limit)) },
		"one more": func(p upstream.Page) []int { rows, _ := upstream.Cut(p, slice(p.Offset, p.Limit+1)); return rows },
	} {
		t.Run(name, func(t *testing.T) {
			var seen []int
			var after *string
			for i := 0; len(seen) < len(all); i++ {
				p, err := upstream.PageOf(new(1+i%4), 20, after)
				if err != nil {
					t.Fatal(err)
				}
				rows := rows(p)
				if len(rows) == 0 || len(rows) > p.Limit {
					t.Fatalf("%d rows of page %+v", len(rows), p)
				}
				seen, after = append(seen, rows...), new(p.Cursor(len(rows)-1))
			}
			if !slices.Equal(seen, all) {
				t.Errorf("got %v", seen)
			}
		})
	}
}

func TestCutAndRest(t *testing.T) {
	p := upstream.Page{Limit: 2, Offset: 3}
	for n, more := range []bool{false, false, false, true} {
		if rows, got := upstream.Cut(p, make([]int, n)); len(rows) != min(n, 2) || got != more {
			t.Errorf("%d rows: %d, %t", n, len(rows), got)
		}
		if rest := upstream.Rest(p, make([]int, n)); len(rest) != max(0, n-1) {
			t.Errorf("%d rows: %d after one is skipped", n, len(rest))
		}
	}
}

func TestNext(t *testing.T) {
	if got := upstream.Next(new("c")); got == nil || *got != "c" {
		t.Errorf("got %v, want c", got)
	}
	if upstream.Next(nil) != nil || upstream.Next(new("")) != nil {
		t.Error("the last page has a cursor")
	}
}

// Whatever is asked for, a page begins at a row that may be there, and its
// cursors lead to the rows after it.
func FuzzPage(f *testing.F) {
	for _, after := range []string{"", "x", cursor("offset:7"), cursor("offset:-7"), cursor("offset:+7"), cursor("offset:1099511627776"), cursor("offset:\x00")} {
		f.Add(10, after, uint8(3))
		f.Add(0, after, uint8(0))
		f.Add(math.MaxInt, after, uint8(255))
	}
	f.Fuzz(func(t *testing.T, first int, after string, row uint8) {
		p, err := upstream.PageOf(&first, 1, &after)
		if err != nil {
			if problem.CodeOf(err) != problem.BadUserInput || p != (upstream.Page{}) {
				t.Errorf("%d, %q: %+v, %v", first, after, p, err)
			}
			return
		}
		if p.Limit != first || p.Limit < 1 || p.Offset < 0 || p.Number(0) < 0 || p.Skip() < 0 || p.Skip() >= p.Limit {
			t.Errorf("%d, %q: %+v, number %d, skip %d", first, after, p, p.Number(0), p.Skip())
		}
		if p.Number(1) != p.Number(0)+1 || p.Number(0)*p.Limit+p.Skip() != p.Offset {
			t.Errorf("%+v is page %d without %d rows", p, p.Number(0), p.Skip())
		}
		if p.Offset+int(row) >= 1<<40 {
			return // further than cursors lead
		}
		next, err := upstream.PageOf(&first, 1, new(p.Cursor(int(row))))
		if err != nil || next.Offset != p.Offset+int(row)+1 || next.Limit != p.Limit {
			t.Errorf("after row %d of %+v comes %+v, %v", row, p, next, err)
		}
	})
}
