package decode_test

import (
	"testing"

	"github.com/portico-gateway/portico/gateway/decode"
)

func TestUTF8(t *testing.T) {
	for name, c := range map[string]struct{ text, charset, want string }{
		"nothing":                     {"", "", ""},
		"no charset":                  {`"é"`, "", `"é"`},
		"UTF-8":                       {`"é"`, " UTF-8 ", `"é"`},
		"ASCII that is UTF-8":         {`"é"`, "US-ASCII", `"é"`},
		"UTF-8 is not checked":        {"\"\xe9\"", "utf-8", "\"\xe9\""},
		"UTF-8 by another name":       {"\"\xe9\"", "utf8", "\"\xe9\""},
		"a mark of UTF-8":             {"\ufeff\"é\"", "latin1", `"é"`},
		"ISO-8859-1":                  {"\"\xe9\"", "ISO-8859-1", `"é"`},
		"windows-1252":                {"\"\x80\"", "windows-1252", `"€"`},
		"UTF-16 is little-endian":     {utf16Text(`"é"`, true), "utf-16", `"é"`},
		"UTF-16, big-endian":          {utf16Text(`"é"`, false), "UTF-16", `"é"`},
		"UTF-16BE":                    {utf16Text(`"é"`, false), "utf-16be", `"é"`},
		"a mark of UTF-16, little":    {"\xff\xfe" + utf16Text(`"é"`, true), "", `"é"`},
		"a mark of UTF-16, big":       {"\xfe\xff" + utf16Text(`"é"`, false), "utf-8", `"é"`},
		"half a character of UTF-16":  {"\"\x00a", "utf-16le", "\"\ufffd"},
		"not of the encoding":         {"\"\x81\x00\"", "shift_jis", "\"\ufffd\x00\""},
		"a text that is only a mark":  {"\xff\xfe", "", ""},
		"a charset of white space":    {`"é"`, " ", `"é"`},
		"a mark counts as it is once": {"\xff\xfe" + utf16Text("\ufeff1", true), "", "\ufeff1"},
	} {
		if got, err := decode.UTF8(c.text, c.charset); err != nil || got != c.want {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
	if _, err := decode.UTF8("1", "latin-9000"); err == nil || err.Error() != `unknown encoding "latin-9000"` {
		t.Errorf("an unknown charset: %v", err)
	}
	if n := testing.AllocsPerRun(100, func() { _, _ = decode.UTF8(`{"id":"é"}`, "utf-8") }); n != 0 {
		t.Errorf("UTF-8 takes %v allocations", n)
	}
}
