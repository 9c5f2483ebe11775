package decode_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/portico-gateway/portico/gateway/decode"
)

func utf16Text(text string, little bool) string {
	var b strings.Builder
	for _, unit := range utf16.Encode([]rune(text)) {
		if little {
			b.Write([]byte{byte(unit), byte(unit >> 8)})
		} else {
			b.Write([]byte{byte(unit >> 8), byte(unit)})
		}
	}
	return b.String()
}

// The order is that of RFC 7303, section 3: the byte order mark, the charset
// parameter, the declaration.
func TestXMLEncodings(t *testing.T) {
	const declared, latin = `<?xml version="1.0" encoding="`, "<a>\xe9</a>"
	for name, c := range map[string]struct{ text, charset, want string }{
		"none":                                {"<a>é</a>", "", "é"},
		"a byte order mark":                   {"\ufeff<a>é</a>", "", "é"},
		"a byte order mark and a declaration": {"\ufeff" + declared + `ISO-8859-1"?><a>é</a>`, "", "é"},
		"a byte order mark and a charset":     {"\ufeff<a>é</a>", "ISO-8859-1", "é"},
		"declared UTF-8":                      {declared + `Utf-8"?><a>é</a>`, "", "é"},
		"declared utf8":                       {declared + `utf8"?><a>é</a>`, "", "é"},
		"declared ISO-8859-1":                 {declared + `ISO-8859-1"?>` + latin, "", "é"},
		"declared iso-8859-1":                 {`<?xml version='1.0' encoding = 'iso-8859-1' ?>` + latin, "", "é"},
		"declared latin1":                     {declared + `Latin1"?>` + latin, "", "é"},
		"declared ISO-8859-15":                {declared + "ISO-8859-15\"?><a>\xa4</a>", "", "€"},
		"declared windows-1252":               {declared + "Windows-1252\"?><a>\x80</a>", "", "€"},
		"declared windows-1251":               {declared + "windows-1251\"?><a>\xc6</a>", "", "Ж"},
		"declared Shift_JIS":                  {declared + "Shift_JIS\"?><a>\x93\xfa\x96\x7b</a>", "", "日本"},
		"declared EUC-JP":                     {declared + "EUC-JP\"?><a>\xc6\xfc</a>", "", "日"},
		"declared GB18030":                    {declared + "GB18030\"?><a>\xc8\xd5</a>", "", "日"},
		"declared Big5":                       {declared + "Big5\"?><a>\xa4\xe9</a>", "", "日"},
		"charset":                             {latin, "ISO-8859-1", "é"},
		"charset in any case":                 {latin, " iso-8859-1 ", "é"},
		"charset against a declaration":       {declared + `UTF-8"?>` + latin, "iso-8859-1", "é"},
		"charset UTF-8 against a declaration": {declared + `ISO-8859-1"?><a>é</a>`, "UTF-8", "é"},
		"UTF-16, little":                      {"\xff\xfe" + utf16Text(declared+`UTF-16"?><a>é𝄞</a>`, true), "", "é𝄞"},
		"UTF-16, big":                         {"\xfe\xff" + utf16Text(`<a>é𝄞</a>`, false), "", "é𝄞"},
		"UTF-16 and a charset":                {"\xff\xfe" + utf16Text(`<a>é</a>`, true), "UTF-8", "é"},
		"UTF-16 without a mark, little":       {utf16Text(declared+`UTF-16LE"?><a>é</a>`, true), "", "é"},
		"UTF-16 without a mark, big":          {utf16Text(`<a>é</a>`, false), "", "é"},
		"charset UTF-16, little":              {utf16Text(`<a>é</a>`, true), "utf-16", "é"},
		"charset UTF-16, big":                 {utf16Text(`<a>é</a>`, false), "UTF-16", "é"},
		"charset UTF-16BE":                    {utf16Text(`<a>é</a>`, false), "utf-16be", "é"},
		"UTF-8 that is declared as UTF-16":    {declared + `utf-16"?><a>é</a>`, "", "é"},
		"no characters of the encoding":       {declared + "euc-jp\"?><a>\xff</a>", "", "\ufffd"},
	} {
		t.Run(name, func(t *testing.T) {
			d := decode.NewXML(c.text, c.charset, decode.Source{})
			if got, err := d.Text(); got != c.want || err != nil {
				t.Errorf("got %q, %v; want %q", got, err, c.want)
			}
		})
	}
}

func TestNotXML(t *testing.T) {
	nested := func(n int) string { return strings.Repeat("<a>", n) + strings.Repeat("</a>", n) }
	if err := newXML(nested(decode.MaxDepth)).End(); err != nil {
		t.Error(err)
	}
	for name, c := range map[string]struct{ text, want string }{
		"nothing":                       {"", "no root element"},
		"only white space":              {" \n", "no root element"},
		"only a declaration":            {`<?xml version="1.0"?>`, "no root element"},
		"only a comment":                {"<!-- <a/> -->", "no root element"},
		"text":                          {"x", "text outside"},
		"JSON":                          {`{"a":1}`, "text outside"},
		"text before":                   {"x<a/>", "text outside"},
		"text after":                    {"<a/>x", "text outside"},
		"an element after":              {"<a/><a/>", "a second root"},
		"a root that is not closed":     {"<a><b></b>", "EOF"},
		"a tag that is not closed":      {"<a", "EOF"},
		"a closing tag too many":        {"<a/></a>", "unexpected end element"},
		"closing tags in another order": {"<a><b></a></b>", "closed by"},
		"HTML":                          {"<p>a<br>b</p>", "closed by"},
		"an unknown entity":             {"<a>&nbsp;</a>", "&nbsp;"},
		"an entity of the document":     {`<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>`, "&x;"},
		"an entity in an attribute":     {`<!DOCTYPE a [<!ENTITY x "y">]><a b="&x;"/>`, "&x;"},
		"an ampersand":                  {"<a>b & c</a>", "entity"},
		"a DOCTYPE after":               {"<a/><!DOCTYPE a>", "a DOCTYPE before"},
		"a DOCTYPE within":              {"<a><!DOCTYPE a></a>", "a DOCTYPE before"},
		"another declaration":           {"<!ENTITY x 'y'><a/>", "a DOCTYPE before"},
		"too deep":                      {nested(decode.MaxDepth + 1), "deeper than 512"},
		"much too deep":                 {strings.Repeat("<a>", 1e6), "deeper than 512"},
		"an attribute twice":            {`<a b="1" b="2"/>`, `"b" twice`},
		"an attribute twice by URI":     {`<a xmlns:x="u" xmlns:y="u" x:b="1" y:b="2"/>`, `"b" twice`},
		"an attribute without quotes":   {`<a b=1/>`, "attribute value"},
		"a control character":           {"<a>\x01</a>", "U+0001"},
		"no UTF-8":                      {"<a>\xff</a>", "UTF-8"},
		"no UTF-8 as declared":          {"<?xml version='1.0' encoding='UTF-8'?><a>\xff</a>", "UTF-8"},
		"UTF-32":                        {"\xff\xfe\x00\x00<\x00\x00\x00a\x00\x00\x00/\x00\x00\x00>\x00\x00\x00", "not XML"},
		"an unknown encoding":           {`<?xml version="1.0" encoding="EBCDIC"?><a/>`, `"EBCDIC"`},
		"a replaced encoding":           {`<?xml version="1.0" encoding="ISO-2022-KR"?><a/>`, "not XML"},
		"space before a declaration":    {"\n" + `<?xml version="1.0"?><a/>`, "XML declaration"},
		"a declaration within":          {`<a><?xml version="1.0"?></a>`, "XML declaration"},
		"a declaration twice":           {`<?xml version="1.0"?><?xml version="1.0"?><a/>`, "XML declaration"},
		"a declaration not closed":      {`<?xml version="1.0"><a/>`, "XML declaration"},
		"a declaration not quoted":      {`<?xml version=1.0?><a/>`, "XML declaration"},
		"a declaration half quoted":     {`<?xml version="1.0?><a/>`, "XML declaration"},
		"a declaration with more":       {`<?xml version="1.0" a="b"?><a/>`, "XML declaration"},
		"a declaration without version": {`<?xml encoding="utf-8"?><a/>`, "XML declaration"},
		"a declaration of version 2":    {`<?xml version="2.0"?><a/>`, "XML declaration"},
		"a declaration with nothing":    {`<?xml ?><a/>`, "XML declaration"},
		"a CDATA section not closed":    {`<a><![CDATA[x</a>`, "CDATA"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newXML(c.text)
			err := d.End()
			if err == nil || !strings.HasPrefix(err.Error(), "not XML: ") || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want %s", err, c.want)
			}
			_, got := d.String()
			for _, got := range []error{got, d.Object(), d.Array(), d.End()} {
				if !errors.Is(got, err) {
					t.Error("a method returns", got)
				}
			}
			if d.Null() || d.Next() || d.Item() {
				t.Error("there is something to read")
			}
		})
	}
	if err := decode.NewXML("<a/>", "klingon", decode.Source{}).End(); err == nil || !strings.Contains(err.Error(), `"klingon"`) {
		t.Error(err)
	}
}

// Neither many elements of one name, nor many names, nor many pieces of a text
// may take quadratic time.
func TestLargeXML(t *testing.T) {
	const n = 100_000
	var names, attributes, same, pieces strings.Builder
	for i := range n {
		name := "a" + strings.Repeat("b", i%7) + string(rune('a'+i%26)) + strings.ToLower(strings.Repeat("xyz", i%5))
		names.WriteString("<" + name + ">1</" + name + ">")
		attributes.WriteString(" p" + string(rune('a'+i%26)) + strings.Repeat("q", i/26%300) + strings.Repeat("r", i/7800) + ":b=''")
		same.WriteString("<a/>")
		pieces.WriteString("x<!---->")
	}
	for _, text := range []string{names.String(), same.String(), pieces.String()} {
		if err := newXML("<r>" + text + "</r>").End(); err != nil {
			t.Error(err)
		}
	}
	if err := newXML("<r" + attributes.String() + "/>").End(); err != nil {
		t.Error(err)
	}
}
