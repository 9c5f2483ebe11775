package decode_test

import (
	"encoding/xml"
	"math/big"
	"strings"
	"testing"

	"github.com/portico-gateway/portico/gateway/decode"
)

// FuzzXML calls methods in any order, and compares what is read in the right one
// with package xml.
func FuzzXML(f *testing.F) {
	for _, text := range []string{
		"", "<a/>", "<a>1</a>", `<a b="1"><c>x</c><c/><d>&amp;</d></a>`, `<?xml version="1.0" encoding="ISO-8859-1"?><a>` + "\xe9</a>", "\ufeff<a/>",
		"\xff\xfe<\x00a\x00/\x00>\x00", `<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>`, "<a><![CDATA[<b>]]></a>", "<a></b>", "<a/><b/>", "<!-- --><a>\r\n</a>", "<a>true</a>",
		`<a xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"/>`, `<a b="1" b="2"/>`, `<x:a xmlns:x="u"><x:b/></x:a>`, "<a><?b c?>2e3</a>", "<a>aGVsbG8=</a>",
	} {
		for _, order := range []string{"", "\x00\x01\x05", "\x02\x03\x00\x01\x04\x05\x06\x07", "\x0e\x00\x01\x0f\x00\x01\x02\x03\x10\x08"} {
			f.Add(text, "", order)
		}
	}
	f.Add("<a>\xe9</a>", "latin1", "\x05")
	f.Fuzz(func(t *testing.T, text, charset, order string) {
		d := decode.NewXML(text, charset, decode.Source{})
		wellFormed := d.End() == nil
		var mark decode.Mark
		for i := range len(order) {
			mark = step(d, order[i], mark)
		}
		if !wellFormed && d.End() == nil {
			t.Error("an error is lost")
		}

		d = decode.NewXML(text, charset, decode.Source{})
		all := outline(d)
		if err := d.End(); (err == nil) != wellFormed {
			t.Errorf("%s: %v", all, err)
		}
		if charset == "" && !strings.HasPrefix(text, "<?xml") && !strings.Contains(text, "\x00") {
			compare(t, strings.TrimPrefix(text, "\ufeff"), all, wellFormed)
		}
	})
}

// compare compares what was read with package xml, which does not check all
// documents to their end.
func compare(t *testing.T, text, all string, wellFormed bool) {
	t.Helper()
	var want struct {
		Text  string     `xml:",chardata"`
		Attrs []xml.Attr `xml:",any,attr"`
		Inner []struct{} `xml:",any"`
	}
	if err := xml.Unmarshal([]byte(text), &want); err != nil {
		if wellFormed {
			t.Errorf("package xml: %v", err)
		}
		return
	}
	if !wellFormed {
		return
	}
	got, err := newXML(text).String()
	switch {
	case all == "null":
		if err == nil {
			t.Error("null is a string")
		}
	case len(want.Inner) > 0:
		if err == nil {
			t.Errorf("%q is not an object", got)
		}
	case got != want.Text || err != nil:
		t.Errorf("got %q, %v; want %q", got, err, want.Text)
	}
}

// step calls one method.
func step(d *decode.XML, which byte, mark decode.Mark) decode.Mark {
	switch which % 20 {
	case 0:
		_ = d.Object()
	case 1:
		d.Next()
	case 2:
		_ = d.Array()
	case 3:
		d.Item()
	case 4:
		d.Null()
	case 5:
		_, _ = d.String()
	case 6:
		_, _ = d.Text()
	case 7:
		_, _ = d.Bool()
	case 8:
		_, _ = d.Int()
	case 9:
		_, _ = d.Int64()
	case 10:
		_, _ = d.Uint64()
	case 11:
		_, _ = d.Float()
	case 12:
		_, _ = d.Time()
	case 13:
		_, _ = d.Bytes()
	case 14:
		return d.Mark()
	case 15:
		d.Rewind(mark)
	case 16:
		d.Skip()
	case 17:
		_ = d.Name() + d.Service
	case 18:
		_, _ = decode.TextValue[big.Int](d)
	case 19:
		_, _ = decode.RowsOrNull(d, readRow)
	}
	return mark
}
