package usage_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/portico-gateway/portico/gateway/usage"
)

const header = `{"version":1,"from":"2026-11-01","to":"2026-11-26"}` + "\n"

func read(t *testing.T, text string) *usage.Usage {
	t.Helper()
	u, err := usage.Read(strings.NewReader(text), usage.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func line(client, coordinate string, count int, last string) string {
	return fmt.Sprintf(`{"frontend":"web","client":%q,"clientVersion":"1","coordinate":%q,"count":%d,"first":"2026-11-02","last":%q}`+"\n", client, coordinate,
		count, last)
}

// What is written is what is read, whatever the order of the lines.
func TestReadAndWrite(t *testing.T) {
	a, b := line("shop", "Product.price", 3, "2026-11-05"), line("app", "Query.product(id:)", 4, "2026-11-06")
	for _, text := range []string{header + b + a, header + a + "\n" + b, header + a + header + b} {
		var out strings.Builder
		if err := read(t, text).Write(&out); err != nil {
			t.Fatal(err)
		}
		if out.String() != header+b+a {
			t.Errorf("read %s wrote %s", text, out.String())
		}
	}
}

// Files of several gateways, one after the other, are one usage: counts are added,
// and the period has both.
func TestMerge(t *testing.T) {
	later := `{"version":1,"from":"2026-11-20","to":"2026-12-02"}` + "\n"
	first, second := header+line("shop", "Product.price", 3, "2026-11-05"), later+line("shop", "Product.price", 4, "2026-11-25")
	joined, merged := read(t, first+second), read(t, first)
	merged.Merge(read(t, second))
	for name, u := range map[string]*usage.Usage{"read": joined, "merged": merged} {
		records := u.Records()
		if len(records) != 1 || records[0].Count != 7 || records[0].Last != "2026-11-25" || u.From != "2026-11-01" || u.To != "2026-12-02" {
			t.Errorf("%s: %v from %s to %s", name, records, u.From, u.To)
		}
	}
}

func TestClients(t *testing.T) {
	u := read(t, header+line("shop", "Product.price", 3, "2026-11-05")+line("shop", "Product.name", 9, "2026-11-06")+line("", "Product.name", 1, "2026-11-20"))
	for _, c := range []struct {
		since       usage.Day
		coordinates []string
		want        string
	}{
		{"", []string{"Product.price"}, "[shop 1 3]"},
		{"", []string{"Product"}, "[clients without a name 1 1, shop 1 9]"},
		{"2026-11-06", []string{"Product.price"}, "[]"},
		{"2026-11-06", []string{"Product.name", "Product.price"}, "[clients without a name 1 1, shop 1 9]"},
		{"", []string{"Product.nam"}, "[]"},
	} {
		var got []string
		for _, client := range u.Frontend("web", c.since).Clients(c.coordinates) {
			got = append(got, fmt.Sprint(client, " ", client.Count))
		}
		if text := "[" + strings.Join(got, ", ") + "]"; text != c.want {
			t.Errorf("%v since %q: %s, want %s", c.coordinates, c.since, text, c.want)
		}
	}
	if f := u.Frontend("mobile", ""); f != nil {
		t.Errorf("a frontend without records: %v", f)
	}
}

func TestMistakes(t *testing.T) {
	record := line("shop", "Product.price", 3, "2026-11-05")
	for _, c := range []struct{ text, want string }{
		{"", "line 1: the first line must be a header"},
		{record, "line 1: the first line must be a header"},
		{"no\n", "line 1: it must be a JSON object"},
		{`{"version":2,"from":"2026-11-01","to":"2026-11-26"}`, "line 1: version 2 is not known; version 1 is"},
		{`{"version":1,"from":"2026-13-01","to":"2026-11-26"}`, "line 1: from and to must be days"},
		{`{"version":1,"from":"2026-11-27","to":"2026-11-26"}`, "line 1: to is before from"},
		{header + record + strings.Replace(record, "count", "counts", 1), `line 3: json: unknown field "counts"`},
		{header + record + record[:len(record)/2], "line 3: it must be a JSON object"},
		{header + line("a", "Product.", 1, "2026-11-05"), `line 2: "Product." is not a schema coordinate`},
		{header + line("a", "A.b", 0, "2026-11-05"), "line 2: count must be at least 1"},
		{header + line("a", "A.b", 1, "2026-11-01"), "line 2: last is before first"},
		{header + line("a", "A.b", 1, "now"), `line 2: last is "now"`},
		{header + line(strings.Repeat("a", 300), "A.b", 1, "2026-11-05"), "line 2: client has 300 bytes"},
		{header + line("a", strings.Repeat("a", 20000), 1, "2026-11-05"), "line 2: it has more than 16384 bytes"},
	} {
		_, err := usage.Read(strings.NewReader(c.text), usage.Limits{})
		if _, ok := errors.AsType[*usage.SyntaxError](err); !ok || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%.100s: %v, want %s", c.text, err, c.want)
		}
	}
}

// Records beyond the limit are left out, and the usage says so, also when it is
// written and read again.
func TestLimits(t *testing.T) {
	text := header + line("a", "A.b", 1, "2026-11-05") + line("b", "A.b", 1, "2026-11-05") + line("a", "A.b", 1, "2026-11-05")
	u, err := usage.Read(strings.NewReader(text), usage.Limits{Records: 1})
	if err != nil || len(u.Records()) != 1 || u.Records()[0].Count != 2 || !u.Incomplete {
		t.Fatalf("%v, incomplete: %t, %v", u.Records(), u.Incomplete, err)
	}
	var out strings.Builder
	if err := u.Write(&out); err != nil {
		t.Fatal(err)
	}
	if again := read(t, out.String()); !again.Incomplete || again.Frontend("web", "").Complete() {
		t.Error("it is complete once it is written")
	}
	for _, size := range []int{len(text) - 1, len(text) - 20, len(header)} {
		if _, err := usage.Read(strings.NewReader(text), usage.Limits{Bytes: int64(size)}); err == nil || err.Error() != fmt.Sprintf("it has more than %d bytes", size) {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
	if _, err := usage.Read(strings.NewReader(text), usage.Limits{Bytes: int64(len(text))}); err != nil {
		t.Error(err)
	}
}

func TestDays(t *testing.T) {
	if day := usage.DayOf(time.Date(2026, 11, 26, 23, 30, 0, 0, time.FixedZone("", -3600))); day != "2026-11-27" {
		t.Error(day)
	}
	if _, err := usage.ParseDay("2026-11-31"); err == nil {
		t.Error("November has 31 days")
	}
}

// Reading never panics, and what it accepts is written and read again.
func FuzzRead(f *testing.F) {
	f.Add(header + line("shop", "Product.price", 3, "2026-11-05"))
	f.Add(header + line("", "Query.product(id:)", 4, "2026-11-06") + header)
	f.Add(`{"version":1,"from":"2026-11-01","to":"2026-11-26","incomplete":true}`)
	f.Add(header + `{"frontend":"web","coordinate":"@a(b:)","count":18446744073709551615,"first":"2026-11-02","last":"2026-11-02"}`)
	f.Fuzz(func(t *testing.T, text string) {
		u, err := usage.Read(strings.NewReader(text), usage.Limits{Records: 10, Bytes: 1 << 16})
		if err != nil {
			return
		}
		var once, twice strings.Builder
		if err := u.Write(&once); err != nil {
			t.Fatal(err)
		}
		again, err := usage.Read(strings.NewReader(once.String()), usage.Limits{Records: 10})
		if err != nil {
			t.Fatalf("%v: %s", err, once.String())
		}
		if err := again.Write(&twice); err != nil || once.String() != twice.String() {
			t.Errorf("%s became %s: %v", once.String(), twice.String(), err)
		}
	})
}
