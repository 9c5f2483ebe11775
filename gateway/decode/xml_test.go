package decode_test

import (
	"errors"
	"fmt"
	"math/big"
	"net/netip"
	"strings"
	"testing"

	"github.com/portico-gateway/portico/gateway/decode"
)

func newXML(text string) *decode.XML { return decode.NewXML(text, "", decode.Source{Service: "s"}) }

// tell returns what a method read, as a text: the value, or which error it is.
func tell[T any](v T, err error) string {
	_, mismatch := errors.AsType[*decode.Mismatch](err)
	switch {
	case errors.Is(err, decode.ErrMissing):
		return "missing"
	case mismatch:
		return "mismatch"
	case err != nil:
		return "error: " + err.Error()
	}
	if s, ok := any(v).(fmt.Stringer); ok {
		return s.String()
	}
	return fmt.Sprintf("%#v", v)
}

// outline reads all of a value: the members of elements that have some, and the
// texts of others.
func outline(d *decode.XML) string {
	if d.Null() {
		return "null"
	}
	at := d.Mark()
	text, err := d.String()
	d.Rewind(at)
	if err := d.Object(); err != nil {
		return fmt.Sprintf("%q", text)
	}
	members := []string{}
	for d.Next() {
		name, items := d.Name(), []string{}
		if err := d.Array(); err != nil {
			return err.Error()
		}
		for d.Item() {
			items = append(items, outline(d))
		}
		members = append(members, name+"="+strings.Join(items, ","))
	}
	if len(members) == 0 && err == nil {
		return fmt.Sprintf("%q", text)
	}
	return "{" + strings.Join(members, " ") + "}"
}

func TestXMLObjects(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"members in order":             {`<r><b>1</b><a>2</a></r>`, `{b="1" a="2"}`},
		"lists":                        {`<r><a>1</a><b>x</b><a>2</a><a>3</a></r>`, `{a="1","2","3" b="x"}`},
		"attributes":                   {`<r id="7"><a x='1'/></r>`, `{@id="7" a={@x="1"}}`},
		"an attribute and an element":  {`<r a="1"><a>2</a></r>`, `{@a="1" a="2"}`},
		"an attribute and a text":      {`<r a="1">2</r>`, `{@a="1"}`},
		"namespaces":                   {`<x:r xmlns:x="u" xmlns="v"><x:a>1</x:a><a x:b="2">3</a></x:r>`, `{a="1",{@b="2"}}`},
		"undeclared prefixes":          {`<x:r><y:a>1</y:a></x:r>`, `{a="1"}`},
		"declarations of namespaces":   {`<r xmlns="u" xmlns:x="v"/>`, `""`},
		"one without a namespace":      {`<r xmlns:x="u" x:id="1" id="2"/>`, `{@id="2"}`},
		"one without, first":           {`<r xmlns:x="u" id="2" x:id="1"/>`, `{@id="2"}`},
		"text between elements":        {"<r>a<b>1</b>\n c<b>2</b>d</r>", `{b="1","2"}`},
		"texts":                        {`<r><a> 1 &lt;&#50;<![CDATA[<b>&amp;]]><!-- c -->x<?y z?> </a></r>`, `{a=" 1 <2<b>&amp;x "}`},
		"line ends":                    {"<r>a\r\nb\rc</r>", `"a\nb\nc"`},
		"empty":                        {`<r><a/><b></b><c><![CDATA[]]></c></r>`, `{a="" b="" c=""}`},
		"a DOCTYPE":                    {`<!DOCTYPE r [<!ENTITY x "y"> <!ELEMENT r (#PCDATA)>]><r>1</r>`, `"1"`},
		"comments around":              {"<!-- a --><?b c?>\n<r>1</r>\n<!-- d --> <?e f?>", `"1"`},
		"null":                         {`<r xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><a i:nil="true"/><b i:nil=" 1 "/><c i:nil="false">x</c><d nil="true"/></r>`, `{a=null b=null c="x" d={@nil="true"}}`},
		"a type":                       {`<r xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:type="t"><a i:type="t">1</a></r>`, `{@type="t" a="1"}`},
		"nested":                       {`<r><a><b><c>1</c></b></a><a><b><c>2</c><c>3</c></b></a></r>`, `{a={b={c="1"}},{b={c="2","3"}}}`},
		"a name in and around":         {`<a><a><a>1</a></a><b><a>2</a></b></a>`, `{a={a="1"} b={a="2"}}`},
		"many namespaces of one name":  {`<r xmlns:x="u" xmlns:y="v" x:id="1" y:id="2"/>`, `{@id="1"}`},
		"letters that are not ASCII":   {`<straße nö="ä">ß</straße>`, `{@nö="ä"}`},
		"a later version":              {`<?xml version="1.1"?><r/>`, `""`},
		"a declaration with all of it": {"<?xml version = '1.0'\n encoding='UTF-8' standalone=\"yes\" ?><r/>", `""`},
		"a style sheet":                {`<?xml-stylesheet href="a"?><r/>`, `""`},
	} {
		t.Run(name, func(t *testing.T) {
			d := newXML(c.text)
			if got := outline(d); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if err := d.End(); err != nil {
				t.Error(err)
			}
		})
	}
}

// A scalar is read with every method, from the element a of a root element.
func TestXMLScalars(t *testing.T) {
	const xsi = `xmlns:i="http://www.w3.org/2001/XMLSchema-instance"`
	for name, c := range map[string]struct {
		read func(*decode.XML) string
		want map[string]string // by element
	}{
		"String": {func(d *decode.XML) string { return tell(d.String()) }, map[string]string{
			`<a/>`: `""`, `<a> x </a>`: `" x "`, `<a b="c"/>`: `""`, `<a b="c">x</a>`: `"x"`, `<a><b/></a>`: "mismatch", `<a i:nil="true"/>`: "missing",
			`<a>1</a><a>2</a>`: `"2"`, `<a>1</a><a><b/></a>`: "mismatch", `<a><b/></a><a>1</a>`: `"1"`, `<a i:nil="true">x</a>`: "missing", `<a>x<b/></a>`: "mismatch",
		}},
		"Text": {func(d *decode.XML) string { return tell(d.Text()) }, map[string]string{
			`<a> 1.50 </a>`: `" 1.50 "`, `<a/>`: `""`, `<a i:nil="1"/>`: "missing", `<a><b/></a>`: "mismatch",
		}},
		"Bool": {func(d *decode.XML) string { return tell(d.Bool()) }, map[string]string{
			`<a>true</a>`: "true", "<a>\n1\t</a>": "true", `<a>false</a>`: "false", `<a> 0 </a>`: "false", `<a/>`: "missing", `<a> </a>`: "missing",
			`<a>TRUE</a>`: "mismatch", `<a b="1"/>`: "mismatch", `<a i:type="b"/>`: "missing", `<a><b/></a>`: "mismatch", `<a i:nil="true"/>`: "missing",
			`<a i:nil="true"/><a>1</a>`: "true", `<a>1</a><a i:nil="true"/>`: "missing",
		}},
		"Int": {func(d *decode.XML) string { return tell(d.Int()) }, map[string]string{
			`<a>7</a>`: "7", `<a> +7 </a>`: "7", `<a>-7</a>`: "-7", `<a>007</a>`: "7", `<a>2e3</a>`: "2000", `<a>+1.0</a>`: "1", `<a>2147483647</a>`: "2147483647",
			`<a>2147483648</a>`: "mismatch", `<a>-2147483648</a>`: "-2147483648", `<a>1.5</a>`: "mismatch", `<a>+-1</a>`: "mismatch", `<a>0x1.0p4</a>`: "mismatch",
			`<a>1_000</a>`: "mismatch", `<a/>`: "missing", "<a>\r\n</a>": "missing", `<a>1<b/></a>`: "mismatch", `<a>1<!-- 2 -->3</a>`: "13", `<a>x</a>`: "mismatch",
			"<a>\u00a01</a>": "mismatch", `<a b="c"/>`: "mismatch", `<a>1 2</a>`: "mismatch", `<a>-</a>`: "mismatch",
		}},
		"Int64": {func(d *decode.XML) string { return tell(d.Int64()) }, map[string]string{
			`<a>+9223372036854775807</a>`: "9223372036854775807", `<a>-9223372036854775808</a>`: "-9223372036854775808", `<a>9223372036854775808</a>`: "mismatch", `<a/>`: "missing",
		}},
		"Uint64": {func(d *decode.XML) string { return tell(d.Uint64()) }, map[string]string{
			`<a>+18446744073709551615</a>`: "0xffffffffffffffff", `<a>-1</a>`: "mismatch", `<a>-0</a>`: "0x0", `<a>1e2</a>`: "0x64", `<a/>`: "missing", `<a>18446744073709551616</a>`: "mismatch",
		}},
		"Float": {func(d *decode.XML) string { return tell(d.Float()) }, map[string]string{
			`<a>1.5</a>`: "1.5", `<a>+.5</a>`: "0.5", `<a>5.</a>`: "5", `<a>-1.5E-3</a>`: "-0.0015", `<a>01e+2</a>`: "100", `<a>.</a>`: "mismatch", `<a>e1</a>`: "mismatch",
			`<a>1e</a>`: "mismatch", `<a>1e+</a>`: "mismatch", `<a>NaN</a>`: "mismatch", `<a>INF</a>`: "mismatch", `<a>-INF</a>`: "mismatch", `<a>infinity</a>`: "mismatch",
			`<a>0x1p-2</a>`: "mismatch", `<a>1,5</a>`: "mismatch", `<a>1e999</a>`: "mismatch", `<a/>`: "missing", `<a>1f</a>`: "mismatch",
		}},
		"Time": {func(d *decode.XML) string { return tell(d.Time()) }, map[string]string{
			"<a>\n2026-01-02T03:04:05Z </a>": "2026-01-02 03:04:05 +0000 UTC", `<a>2026-01-02</a>`: "mismatch", `<a/>`: "missing", `<a i:nil="true"/>`: "missing", `<a><b/></a>`: "mismatch",
		}},
		"Bytes": {func(d *decode.XML) string { return tell(d.Bytes()) }, map[string]string{
			"<a> aGVs\n\t bG8= </a>": "[]byte{0x68, 0x65, 0x6c, 0x6c, 0x6f}", `<a/>`: "[]byte{}", `<a>!</a>`: "mismatch", `<a i:nil="true"/>`: "missing", `<a><b/></a>`: "mismatch",
		}},
		"TextValue": {func(d *decode.XML) string { v, err := decode.TextValue[big.Int](d); return tell(&v, err) }, map[string]string{
			`<a> 123456789012345678901234567890 </a>`: "123456789012345678901234567890", `<a>x</a>`: "mismatch", `<a/>`: "missing", `<a b="c"/>`: "mismatch",
			`<a i:nil="true"/>`: "missing", `<a><b/></a>`: "mismatch",
		}},
		"TextValue that may be empty": {func(d *decode.XML) string { return tell(decode.TextValue[netip.Addr](d)) }, map[string]string{
			`<a>::1</a>`: "::1", `<a/>`: "invalid IP",
		}},
		"Optional String":  {func(d *decode.XML) string { return optional(d, (*decode.XML).String) }, map[string]string{`<a/>`: `""`, `<a i:nil="true"/>`: "null", `<a><b/></a>`: "mismatch", `<a/><a i:nil="1"/>`: "null"}},
		"Optional Int":     {func(d *decode.XML) string { return optional(d, (*decode.XML).Int) }, map[string]string{`<a/>`: "null", `<a i:nil="true"/>`: "null", `<a>x</a>`: "mismatch", `<a>7</a>`: "7"}},
		"Optional Bool":    {func(d *decode.XML) string { return optional(d, (*decode.XML).Bool) }, map[string]string{`<a/>`: "null", `<a> 1</a>`: "true"}},
		"OrNull, Bytes":    {func(d *decode.XML) string { return tell(decode.OrNull((*decode.XML).Bytes(d))) }, map[string]string{`<a/>`: "[]byte{}", `<a i:nil="1"/>`: "[]byte(nil)", `<a/><a i:nil="1"/>`: "[]byte(nil)"}},
		"Object":           {func(d *decode.XML) string { return tell(0, d.Object()) }, map[string]string{`<a/>`: "0", `<a> </a>`: "0", `<a>x</a>`: "mismatch", `<a b="c">x</a>`: "0", `<a i:type="t">x</a>`: "mismatch", `<a i:nil="1"/>`: "missing", `<a>x<b/></a>`: "0", `<a>x</a><a/>`: "0"}},
		"Array":            {func(d *decode.XML) string { return tell(0, d.Array()) }, map[string]string{`<a/>`: "0", `<a>x</a>`: "0", `<a i:nil="1"/>`: "0"}},
		"Null":             {func(d *decode.XML) string { return tell(d.Null(), nil) }, map[string]string{`<a/>`: "false", `<a i:nil="1"/>`: "true", `<a i:nil="1"/><a/>`: "false", `<a/><a i:nil="1"/>`: "false", `<a i:nil="0"/>`: "false"}},
		"a member skipped": {func(d *decode.XML) string { d.Skip(); return tell(d.Next(), nil) }, map[string]string{`<a/>`: "false", `<a><b><c/></b></a><a/>`: "false", `<a/><b/>`: "true"}},
	} {
		for element, want := range c.want {
			t.Run(name+" "+element, func(t *testing.T) {
				d := newXML(`<r ` + xsi + `>` + element + `</r>`)
				if err := d.Object(); err != nil || !d.Next() || d.Name() != "a" {
					t.Fatal("no a: ", err)
				}
				if got := c.read(d); got != want {
					t.Errorf("got %s, want %s", got, want)
				}
				if err := d.End(); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

func optional[T any](d *decode.XML, read func(*decode.XML) (T, error)) string {
	v, err := decode.Optional(d, read)
	if v == nil && err == nil {
		return "null"
	}
	if v == nil {
		v = new(T)
	}
	return tell(*v, err)
}

func TestXMLAttributesAreScalars(t *testing.T) {
	d := newXML(`<r n=" 7 " b="" s=" x "><c/></r>`)
	if err := d.Object(); err != nil {
		t.Fatal(err)
	}
	var got []string
	for d.Next() {
		switch d.Name() {
		case "@n":
			got = append(got, tell(d.Int()))
		case "@b":
			got = append(got, tell(d.Bool()))
		case "@s":
			got = append(got, tell(d.String()))
		}
	}
	if want := `7 missing " x "`; strings.Join(got, " ") != want || d.End() != nil {
		t.Errorf("got %s, %v; want %s", got, d.End(), want)
	}
}

func TestXMLMismatchQuotes(t *testing.T) {
	for text, want := range map[string]string{
		`<r a="1"><b/></r>`: `is not a whole number of 32 bits: "<r><b>"`,
		`<r> x </r>`:        `is not a whole number of 32 bits: "x"`,
		`<r a="1"/>`:        `is not a whole number of 32 bits: ""`,
	} {
		if _, err := newXML(text).Int(); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
	if err := newXML(`<r> x </r>`).Object(); err == nil || err.Error() != `is not an object: " x "` {
		t.Error(err)
	}
	if _, err := newXML("<r>" + strings.Repeat("x", 1000) + "</r>").Bool(); err == nil || len(err.Error()) > 200 {
		t.Error(err)
	}
}
