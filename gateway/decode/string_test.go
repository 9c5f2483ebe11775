package decode_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"
	"unsafe"

	"github.com/portico-gateway/portico/gateway/decode"
)

// partOf reports whether a string shares the memory of a text.
func partOf(text, s string) bool {
	at, start := uintptr(unsafe.Pointer(unsafe.StringData(s))), uintptr(unsafe.Pointer(unsafe.StringData(text)))
	return start <= at && at < start+uintptr(len(text))
}

func TestString(t *testing.T) {
	for name, c := range map[string]struct{ text, want, fault string }{
		"plain":                      {`"abc"`, "abc", ""},
		"empty":                      {`""`, "", ""},
		"a long one":                 {`"` + strings.Repeat("abc ", 100) + `"`, strings.Repeat("abc ", 100), ""},
		"escapes":                    {`"\"\\\/\b\f\n\r\t"`, "\"\\/\b\f\n\r\t", ""},
		"escapes between":            {`"a\nb\u0041c"`, "a\nbAc", ""},
		"hex digits":                 {`"\u00e9\u00E9\u20aC\u0000"`, "éé€\x00", ""},
		"a pair of surrogates":       {`"\ud83d\ude00"`, "😀", ""},
		"two pairs":                  {`"\ud83d\ude00\uD83D\uDE01"`, "😀😁", ""},
		"a high surrogate":           {`"a\ud83db"`, "a\ufffdb", ""},
		"a high surrogate at end":    {`"\ud83d"`, "\ufffd", ""},
		"a low surrogate":            {`"\ude00a"`, "\ufffda", ""},
		"surrogates the wrong way":   {`"\ude00\ud83d"`, "\ufffd\ufffd", ""},
		"two high, one low":          {`"\ud83d\ud83d\ude00"`, "\ufffd😀", ""},
		"a high one, another escape": {`"\ud83d\n"`, "\ufffd\n", ""},
		"a high one, no escape":      {`"\ud83d\\ude00"`, "\ufffd\\ude00", ""},
		"a high one, a letter":       {`"\ud83d\u0041"`, "\ufffdA", ""},
		"other letters":              {`"Grüße, 世界 😀"`, "Grüße, 世界 😀", ""},
		"an invalid byte":            {"\"a\xffb\"", "a\ufffdb", ""},
		"several of them":            {"\"\xff\xfe\xe2\x82x\"", "\ufffd\ufffd\ufffd\ufffdx", ""},
		"a surrogate in UTF-8":       {"\"\xed\xa0\x80\"", "\ufffd\ufffd\ufffd", ""},
		"too long a form":            {"\"\xc0\xaf\"", "\ufffd\ufffd", ""},
		"beyond Unicode":             {"\"\xf4\x90\x80\x80\"", "\ufffd\ufffd\ufffd\ufffd", ""},
		"invalid, and an escape":     {"\"\xe2\\n\x82\xac\"", "\ufffd\n\ufffd\ufffd", ""},
		"U+FFFD itself":              {"\"\ufffd\"", "\ufffd", ""},
		"DEL":                        {"\"\x7f\"", "\x7f", ""},
		"a byte order mark inside":   {"\"\ufeff\"", "\ufeff", ""},
		"null":                       {`null`, "", missing},
		"a number":                   {`1.50`, "", `a string: 1.50`},
		"true":                       {`true`, "", `a string: true`},
		"a list":                     {`["a"]`, "", `a string: ["a"]`},
		"an object":                  {`{"a":"b"}`, "", `a string: {"a":"b"}`},
	} {
		t.Run(name, func(t *testing.T) {
			for _, doCopy := range []bool{false, true} {
				d := decode.NewJSON(c.text, service)
				d.Copy = doCopy
				got, err := d.String()
				wants(t, got, err, c.want, c.fault)
				if !utf8.ValidString(got) {
					t.Errorf("%q is not UTF-8", got)
				}
				if err := d.End(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// What ends a plain part of a string is found at each place of a word, after
// each kind of bytes.
func TestStringsOfEveryLength(t *testing.T) {
	for length := range 40 {
		for _, fill := range []string{"a", "~", " ", "!", "#", "[", "]", "\x7f"} {
			start := strings.Repeat(fill, length)
			for raw, want := range map[string]string{``: "", `\"`: `"`, `\\`: `\`, `\n`: "\n", "ü": "ü", "\xff": "\ufffd", `ü\u0041`: "üA"} {
				for _, rest := range []string{"", "b", "bbbbbbbbbbbb"} {
					text := `"` + start + raw + rest + `"`
					if got, err := decode.NewJSON(text, service).String(); got != start+want+rest || err != nil {
						t.Fatalf("%q: %q, %v", text, got, err)
					}
				}
			}
			for c := range byte(' ') {
				text := `"` + start + string(c) + `12345678"`
				_, err := decode.NewJSON(text, service).String()
				if skipped := decode.NewJSON(text, service).End(); err == nil || skipped == nil {
					t.Fatalf("%q: read %v, skipped %v", text, err, skipped)
				}
			}
		}
	}
}

func TestText(t *testing.T) {
	const want = "a string or a number: "
	for name, c := range map[string]struct{ text, want, fault string }{
		"a string":          {`"a-1"`, "a-1", ""},
		"escapes":           {`"\u0041"`, "A", ""},
		"a number":          {`17`, "17", ""},
		"an exact decimal":  {`-1.50`, "-1.50", ""},
		"a large number":    {`123456789012345678901234567890`, "123456789012345678901234567890", ""},
		"a power":           {`1e400`, "1e400", ""},
		"zero, with a sign": {`-0`, "-0", ""},
		"null":              {`null`, "", missing},
		"true":              {`true`, "", want + "true"},
		"a list":            {`[1]`, "", want + "[1]"},
		"an object":         {`{}`, "", want + "{}"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := decode.NewJSON(c.text, service).Text()
			wants(t, got, err, c.want, c.fault)
		})
	}
}

func TestBool(t *testing.T) {
	const want = "true or false: "
	for text, c := range map[string]struct {
		want  bool
		fault string
	}{
		`true`: {true, ""}, `false`: {false, ""}, `null`: {false, missing}, `1`: {false, want + "1"}, `"true"`: {false, want + `"true"`}, `[true]`: {false, want + "[true]"},
	} {
		t.Run(text, func(t *testing.T) {
			got, err := decode.NewJSON(text, service).Bool()
			wants(t, got, err, c.want, c.fault)
		})
	}
	for _, text := range []string{"tru", "trux", "fals", "nul"} {
		if got, err := decode.NewJSON(text, service).Bool(); got || err == nil {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
}

func TestTime(t *testing.T) {
	const want = "a time (RFC 3339): "
	for text, c := range map[string]struct {
		want  time.Time
		fault string
	}{
		`"2024-05-06T07:08:09Z"`:           {time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC), ""},
		`"2024-05-06T07:08:09.123456789Z"`: {time.Date(2024, 5, 6, 7, 8, 9, 123456789, time.UTC), ""},
		`"2024-05-06T07:08:09+02:00"`:      {time.Date(2024, 5, 6, 5, 8, 9, 0, time.UTC), ""},
		`"\u0032024-05-06T07:08:09Z"`:      {time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC), ""},
		`"2024-05-06T7:08:09Z"`:            {time.Time{}, want + "2024-05-06T7:08:09Z"},
		`"2024-05-06T07:08:09,5Z"`:         {time.Time{}, want + "2024-05-06T07:08:09,5Z"},
		`"2024-05-06T07:08:09+24:00"`:      {time.Time{}, want + "2024-05-06T07:08:09+24:00"},
		`"2024-05-06T07:08:09+01:60"`:      {time.Time{}, want + "2024-05-06T07:08:09+01:60"},
		`"2024-05-06T07:08:09-00:00"`:      {time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC), ""},
		`"2024-02-30T07:08:09Z"`:           {time.Time{}, want + "2024-02-30T07:08:09Z"},
		`"2024-05-06"`:                     {time.Time{}, want + "2024-05-06"},
		`"2024-05-06 07:08:09Z"`:           {time.Time{}, want + "2024-05-06 07:08:09Z"},
		`"2024-05-06T07:08:09"`:            {time.Time{}, want + "2024-05-06T07:08:09"},
		`""`:                               {time.Time{}, want},
		`null`:                             {time.Time{}, missing},
		`1714979289`:                       {time.Time{}, "a string: 1714979289"},
	} {
		t.Run(text, func(t *testing.T) {
			got, err := decode.NewJSON(text, service).Time()
			wants(t, got.UTC(), err, c.want, c.fault)
		})
	}
}

func TestBytes(t *testing.T) {
	for text, c := range map[string]struct {
		want  []byte
		fault string
	}{
		`"aGk="`: {[]byte("hi"), ""}, `""`: {[]byte{}, ""}, `"\u0061Gk="`: {[]byte("hi"), ""}, `"+/+/"`: {[]byte{0xfb, 0xff, 0xbf}, ""},
		`"aGk"`: {nil, "base64: aGk"}, `"-_-_"`: {nil, "base64: -_-_"}, `"?"`: {nil, "base64: ?"},
		`null`: {nil, missing}, `12`: {nil, "a string: 12"}, `[1,2]`: {nil, "a string: [1,2]"},
	} {
		t.Run(text, func(t *testing.T) {
			got, err := decode.NewJSON(text, service).Bytes()
			wants(t, got, err, c.want, c.fault)
		})
	}
}
