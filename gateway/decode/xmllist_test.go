package decode_test

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/portico-gateway/portico/gateway/decode"
)

// row is a model, and read what is generated for it.
type row struct {
	ID     string
	Count  *int
	Names  []string
	Parts  []*row
	Faults *decode.Faults
}

func (r *row) String() string {
	if r == nil {
		return "null"
	}
	if err := r.Faults.Whole(); err != nil {
		return "whole"
	}
	text := r.ID
	if r.Count != nil {
		text += fmt.Sprintf(" %d", *r.Count)
	}
	if len(r.Names) > 0 {
		text += fmt.Sprintf(" %q", r.Names)
	}
	if len(r.Parts) > 0 {
		text += fmt.Sprint(" ", r.Parts)
	}
	texts := []string{text}
	for _, field := range rowFields.Names {
		if r.Faults.Of(field) != nil {
			texts = append(texts, "!"+field)
		}
	}
	return strings.Join(texts, " ")
}

var rowFields = &decode.Fields{Type: "Row", Names: []string{"id", "count", "names", "parts"}}

func readRow(d *decode.XML, r *row) error {
	if err := d.Object(); err != nil {
		r.Faults = d.Whole(rowFields, err)
		return nil
	}
	errs := []error{decode.ErrMissing, nil, nil, nil}
	r.Names = []string{}
	for d.Next() {
		switch d.Name() {
		case "@id":
			r.ID, errs[0] = d.Text()
		case "count":
			r.Count, errs[1] = decode.Optional(d, (*decode.XML).Int)
		case "name":
			r.Names, errs[2] = decode.List(d, (*decode.XML).String)
		case "part":
			r.Parts, errs[3] = decode.Rows(d, readRow)
		}
	}
	r.Faults = d.Faults(rowFields, errs)
	return nil
}

// readStrict is for a model without faults.
func readStrict(d *decode.XML, r *row) error {
	err := d.Object()
	for err == nil && d.Next() {
		r.Names = append(r.Names, d.Name())
	}
	return err
}

func lists[T any](list []T, err error) string {
	items, ok := errors.AsType[*decode.Items](err)
	if err != nil && !ok {
		return tell(0, err)
	}
	if list == nil {
		return "nil " + tell(0, err)
	}
	texts := []string{}
	for _, item := range list {
		if n, ok := any(item).(*int); ok {
			if texts = append(texts, "null"); n != nil {
				texts[len(texts)-1] = strconv.Itoa(*n)
			}
			continue
		}
		texts = append(texts, fmt.Sprint(item))
	}
	texts = []string{strings.Join(texts, ",")}
	if ok {
		for _, item := range items.Errors() {
			texts = append(texts, fmt.Sprint(item.Path, tell(0, item.Err)))
		}
	}
	return strings.Join(texts, " ")
}

func TestXMLLists(t *testing.T) {
	const xsi = `xmlns:i="http://www.w3.org/2001/XMLSchema-instance"`
	for name, c := range map[string]struct {
		read func(*decode.XML) string
		want map[string]string
	}{
		"List": {func(d *decode.XML) string { return lists(decode.List(d, (*decode.XML).Int)) }, map[string]string{
			`<a>1</a>`: "1", `<a>1</a><b>9</b><a>2</a>`: "1,2", `<a>1</a><a/>`: "nil missing", `<a>1</a><a>x</a>`: "nil mismatch", `<a i:nil="1"/>`: "nil missing",
		}},
		"List of strings": {func(d *decode.XML) string { return lists(decode.List(d, (*decode.XML).String)) }, map[string]string{
			`<a/>`: "", `<a>x</a><a/><a>y</a>`: "x,,y", `<a>x</a><a><b/></a>`: "nil mismatch",
		}},
		"Optionals": {func(d *decode.XML) string { return lists(decode.Optionals(d, (*decode.XML).Int)) }, map[string]string{
			`<a>1</a><a/><a i:nil="true"/><a>2</a>`: "1,null,null,2", `<a>1</a><a>x</a><a><b/></a>`: "1,null,null [1]mismatch [2]mismatch",
		}},
		"List, null": {func(d *decode.XML) string {
			return lists(decode.OrNull(decode.List(d, (*decode.XML).Int)))
		}, map[string]string{
			`<a i:nil="1"/>`: "nil missing", `<a>1</a>`: "1", `<a>1</a><a i:nil="1"/>`: "nil missing", `<a>1</a><a/>`: "nil missing",
		}},
		"a list of lists": {func(d *decode.XML) string {
			return lists(decode.List(d, func(d *decode.XML) ([]int, error) { return decode.List(d, (*decode.XML).Int) }))
		}, map[string]string{`<a>1</a><a>2</a>`: "[1],[2]"}},
		"Rows": {func(d *decode.XML) string { return lists(decode.Rows(d, readRow)) }, map[string]string{
			`<a id="1"/>`: "1", `<a id="1"><count>2</count></a><a id="2"><count/><name>x</name><name/></a>`: `1 2,2 ["x" ""]`,
			`<a/><a i:nil="1"/><a>x</a><a id="3"><count>x</count></a>`:           " !id,whole,whole,3 !count",
			`<a id="1"><part id="2"/><b/><part id="3"><part id="4"/></part></a>`: "1 [2 3 [4]]",
		}},
		"RowsOrNull": {func(d *decode.XML) string { return lists(decode.RowsOrNull(d, readRow)) }, map[string]string{
			`<a id="1"/><a i:nil="true"/><a/>`: "1,null, !id",
		}},
		"Rows without faults":       {func(d *decode.XML) string { return lists(decode.Rows(d, readStrict)) }, map[string]string{`<a/>`: "", `<a/><a>x</a>`: "nil mismatch", `<a i:nil="1"/>`: "nil missing"}},
		"RowsOrNull without faults": {func(d *decode.XML) string { return lists(decode.RowsOrNull(d, readStrict)) }, map[string]string{`<a/><a>x</a><a i:nil="1"/>`: ",null,null [1]mismatch"}},
		"Object":                    {func(d *decode.XML) string { return tell(decode.Object(d, readRow)) }, map[string]string{`<a id="1"/>`: "1", `<a/>`: " !id", `<a i:nil="1"/>`: "null", `<a>x</a>`: "whole", `<a id="1"/><a id="2"/>`: "2"}},
		"Required":                  {func(d *decode.XML) string { return tell(decode.Required(d, readRow)) }, map[string]string{`<a id="1"/>`: "1", `<a/>`: " !id", `<a i:nil="1"/>`: "whole", `<a>x</a>`: "whole"}},
	} {
		for elements, want := range c.want {
			t.Run(name+" "+elements, func(t *testing.T) {
				d := newXML(`<r ` + xsi + `>` + elements + `<z/></r>`)
				if err := d.Object(); err != nil || !d.Next() {
					t.Fatal("no a: ", err)
				}
				if got := c.read(d); got != want {
					t.Errorf("got %s, want %s", got, want)
				}
				for d.Next() { // b, if there is one
				}
				if d.Name() != "z" {
					t.Error("the reader stops at", d.Name())
				}
				if err := d.End(); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

func TestXMLLongLists(t *testing.T) {
	d := newXML("<r>" + strings.Repeat(`<a id="1"><count>1</count></a>`, 1000) + "</r>")
	if err := d.Object(); err != nil || !d.Next() {
		t.Fatal(err)
	}
	list, err := decode.Rows(d, readRow)
	if err != nil || len(list) != 1000 || list[999].String() != "1 1" {
		t.Errorf("got %d, %v", len(list), err)
	}
}

func TestXMLRewind(t *testing.T) {
	d := newXML(`<r><a><b>1</b><c>x</c></a><d>2</d><e><f>3</f><f>4</f></e></r>`)
	start := d.Mark()
	if err := d.Object(); err != nil || !d.Next() {
		t.Fatal(err)
	}
	a := d.Mark()
	if got := outline(d); got != `{b="1" c="x"}` {
		t.Error(got)
	}
	d.Rewind(a)
	if got := outline(d); got != `{b="1" c="x"}` || !d.Next() || d.Name() != "d" {
		t.Error(got, d.Name())
	}
	if !d.Next() || d.Name() != "e" || d.Object() != nil || !d.Next() {
		t.Fatal(d.Name())
	}
	f := d.Mark()
	for range 2 {
		if got := lists(decode.List(d, (*decode.XML).Int)); got != "3,4" {
			t.Error(got)
		}
		for range 2 { // out of e and r
			if d.Next() {
				t.Error("more members")
			}
		}
		d.Rewind(f) // into objects that were left
	}
	d.Rewind(start)
	if got := outline(d); got != `{a={b="1" c="x"} d="2" e={f="3","4"}}` || d.End() != nil {
		t.Error(got, d.End())
	}
}

// Methods that are called in another order return errors, and end loops.
func TestXMLOrder(t *testing.T) {
	for name, call := range map[string]func(*decode.XML) bool{
		"Next before Object": func(d *decode.XML) bool { return d.Next() },
		"Item before Array":  func(d *decode.XML) bool { return d.Item() },
		"Next in a list":     func(d *decode.XML) bool { return d.Array() == nil && d.Next() },
		"Item in an object":  func(d *decode.XML) bool { return d.Object() == nil && d.Item() },
		"Next at the end":    func(d *decode.XML) bool { return d.Object() == nil && d.Next() && !d.Next() && d.Next() },
		"a value twice":      func(d *decode.XML) bool { _, err := d.Bool(); return err == nil || d.Object() == nil },
		"no mark":            func(d *decode.XML) bool { d.Rewind(decode.Mark{}); return d.Null() || d.Object() == nil },
		"a list of itself": func(d *decode.XML) bool {
			for range 10 * decode.MaxDepth {
				if d.Array() != nil || !d.Item() {
					return false
				}
			}
			return true
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := newXML("<r><a/></r>")
			if call(d) {
				t.Error("it is accepted")
			}
			if err := d.End(); err == nil {
				t.Error("no error")
			}
			d.Rewind(d.Mark())
			if _, err := d.Int(); err == nil || d.Null() || d.Next() {
				t.Error("reading goes on")
			}
			d.Skip()
		})
	}
}
