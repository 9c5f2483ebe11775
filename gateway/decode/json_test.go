package decode_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/portico-gateway/portico/gateway/decode"
)

// wants checks what reading a value gave: a value, decode.ErrMissing, or a
// mismatch with a sample, which mismatch has as "want: have".
func wants(t *testing.T, got any, err error, want any, fault string) {
	t.Helper()
	have := ""
	if mismatch, ok := errors.AsType[*decode.Mismatch](err); ok {
		have = mismatch.Want + ": " + mismatch.Have
	} else if err != nil {
		have = err.Error()
	}
	if have != fault {
		t.Errorf("error %q, want %q", have, fault)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %#v, want %#v", got, want)
	}
}

const missing = "is missing or null"

func TestWellFormed(t *testing.T) {
	for _, text := range wellFormed() {
		if err := decode.NewJSON(text, service).End(); err != nil {
			t.Errorf("%q: skipped: %v", text, err)
		}
		if _, err := readAny(text); err != nil {
			t.Errorf("%q: read: %v", text, err)
		}
	}
}

func TestMalformed(t *testing.T) {
	for _, text := range malformed() {
		if err := decode.NewJSON(text, service).End(); err == nil {
			t.Errorf("%q: skipped without an error", text)
		}
		if _, err := readAny(text); err == nil {
			t.Errorf("%q: read without an error", text)
		}
	}
}

// Every text that is cut off is malformed, wherever it was cut.
func TestTruncated(t *testing.T) {
	for _, text := range objects()[:4] {
		for i := range len(text) {
			d := decode.NewJSON(text[:i], service)
			readMembers(d)
			if err := d.End(); err == nil || err.Error() != "the JSON ends too early" {
				t.Errorf("%q: error %v", text[:i], err)
			}
		}
	}
}

func TestErrorsOfATextSayWhere(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"nothing":               {"", "the JSON ends too early"},
		"white space":           {" \n", "the JSON ends too early"},
		"no value":              {`[1, x]`, `not JSON: want a value at byte 4, have "x]"`},
		"no digit":              {`[1.]`, `not JSON: want a digit at byte 3, have "]"`},
		"no digit of the power": {`[1e]`, `not JSON: want a digit at byte 3, have "]"`},
		"a leading zero":        {`[01]`, `not JSON: want ',' or ']' at byte 2, have "1]"`},
		"no comma":              {`{"a":1 "b":2}`, `not JSON: want ',' or '}' at byte 7, have "\"b\":2}"`},
		"no name":               {`{a:1}`, `not JSON: want the name of a member at byte 1, have "a:1}"`},
		"no colon":              {`{"a" 1}`, `not JSON: want ':' at byte 5, have "1}"`},
		"a control character":   {"[\"a\tb\"]", `not JSON: want no control character in a string at byte 3, have "\tb\"]"`},
		"an escape sequence":    {`["\x"]`, `not JSON: want an escape sequence at byte 2, have "\\x\"]"`},
		"something after it":    {`{} {}`, `not JSON: want the end at byte 3, have "{}"`},
		"too deep":              {nested("[", "", "]", decode.MaxDepth+1), "nested deeper than 512"},
		"a long rest":           {"?" + strings.Repeat("x", 200), `not JSON: want a value at byte 0, have "?` + strings.Repeat("x", 99) + `"`},
	} {
		t.Run(name, func(t *testing.T) {
			d := decode.NewJSON(c.text, service)
			if err := d.End(); err == nil || err.Error() != c.want {
				t.Errorf("skipped: error %v, want %s", err, c.want)
			}
			d = decode.NewJSON(c.text, service)
			if _, err := decode.OrNull(d.Any()); decode.First(err, d.End()).Error() != c.want {
				t.Errorf("read: error %v, want %s", err, c.want)
			}
		})
	}
}

// The first error counts, and nothing is read after it.
func TestNothingIsReadAfterAnError(t *testing.T) {
	d := decode.NewJSON(`{"a":[1,tru,2],"b":3}`, service)
	if err := d.Object(); err != nil || !d.Next() {
		t.Fatal(err)
	}
	mark := d.Mark()
	_, want := decode.OrNull(d.Any())
	if want == nil {
		t.Fatal("no error")
	}
	d.Rewind(mark)
	for name, read := range map[string]func() error{
		"Object": d.Object,
		"Array":  d.Array,
		"String": func() error { _, err := d.String(); return err },
		"Text":   func() error { _, err := d.Text(); return err },
		"Int":    func() error { _, err := d.Int(); return err },
		"Float":  func() error { _, err := d.Float(); return err },
		"Bool":   func() error { _, err := d.Bool(); return err },
		"Any":    func() error { _, err := decode.OrNull(d.Any()); return err },
		"Value":  func() error { _, err := decode.Value[int](d); return err },
		"Skip":   func() error { d.Skip(); return d.End() },
	} {
		if err := read(); !errors.Is(err, want) {
			t.Errorf("%s: error %v, want %v", name, err, want)
		}
	}
	if d.Next() || d.Item() || d.Null() {
		t.Error("something is read")
	}
}

// The error of a text comes before those of its values.
func TestMalformedLiterals(t *testing.T) {
	for name, read := range map[string]func(d *decode.JSON) error{
		"Object": (*decode.JSON).Object,
		"Array":  (*decode.JSON).Array,
		"String": func(d *decode.JSON) error { _, err := d.String(); return err },
		"Text":   func(d *decode.JSON) error { _, err := d.Text(); return err },
		"Int":    func(d *decode.JSON) error { _, err := d.Int(); return err },
		"Uint64": func(d *decode.JSON) error { _, err := d.Uint64(); return err },
		"Float":  func(d *decode.JSON) error { _, err := d.Float(); return err },
		"Bool":   func(d *decode.JSON) error { _, err := d.Bool(); return err },
		"Time":   func(d *decode.JSON) error { _, err := d.Time(); return err },
		"Bytes":  func(d *decode.JSON) error { _, err := d.Bytes(); return err },
		"Any":    func(d *decode.JSON) error { _, err := decode.OrNull(d.Any()); return err },
		"Value":  func(d *decode.JSON) error { _, err := decode.Value[any](d); return err },
		"Null and String": func(d *decode.JSON) error {
			_, err := decode.Optional(d, (*decode.JSON).String)
			return err
		},
	} {
		for _, text := range []string{"nul", "nxll", "trux", "-", "1.", `"`, "[1", ""} {
			d := decode.NewJSON(text, service)
			if err := decode.First(read(d), d.End()); err == nil || errors.Is(err, decode.ErrMissing) || errors.As(err, new(*decode.Mismatch)) {
				t.Errorf("%s of %q: error %v", name, text, err)
			}
		}
	}
}

func TestObject(t *testing.T) {
	for name, c := range map[string]struct {
		text  string
		want  []string
		fault string
	}{
		"members":              {`{"a":1,"b":"x","c":[1,{"a":2}],"d":null}`, []string{"a=1", "b=x", "c=[1 map[a:2]]", "d=<nil>"}, ""},
		"white space":          {" {\t\"a\" :\n1 ,\r\"b\": 2 } ", []string{"a=1", "b=2"}, ""},
		"empty":                {`{}`, nil, ""},
		"empty, white space":   {`{ }`, nil, ""},
		"a byte order mark":    {"\ufeff{\"a\":1}", []string{"a=1"}, ""},
		"a name twice":         {`{"a":1,"a":2}`, []string{"a=1", "a=2"}, ""},
		"names with escapes":   {`{"\u0061\n":1,"":2}`, []string{"a\n=1", "=2"}, ""},
		"names that aren't it": {"{\"\xff\":1,\"\\ud800\":2}", []string{"\ufffd=1", "\ufffd=2"}, ""},
		"null":                 {`null`, nil, missing},
		"a list":               {`[{"a":1}]`, nil, `an object: [{"a":1}]`},
		"a string":             {`"{}"`, nil, `an object: "{}"`},
		"a number":             {` 12 `, nil, `an object: 12`},
		"true":                 {`true`, nil, `an object: true`},
		"a long list":          {`[` + strings.Repeat("1,", 100) + `1]`, nil, `an object: [` + strings.Repeat("1,", 49) + `1`},
	} {
		t.Run(name, func(t *testing.T) {
			d := decode.NewJSON(c.text, service)
			var got []string
			err := d.Object()
			for err == nil && d.Next() {
				name := d.Name()
				v, err := decode.OrNull(d.Any())
				got = append(got, fmt.Sprintf("%s=%v", name, v))
				if err != nil {
					t.Error(err)
				}
			}
			wants(t, got, err, c.want, c.fault)
			if err := d.End(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestArray(t *testing.T) {
	for name, c := range map[string]struct {
		text  string
		want  []any
		fault string
	}{
		"items":       {`["a",true,null,["b"]]`, []any{"a", true, nil, []any{"b"}}, ""},
		"white space": {" [\n\"a\" , \"b\" ] ", []any{"a", "b"}, ""},
		"empty":       {`[]`, nil, ""},
		"null":        {`null`, nil, missing},
		"an object":   {`{"a":[]}`, nil, `a list: {"a":[]}`},
		"false":       {`false`, nil, `a list: false`},
	} {
		t.Run(name, func(t *testing.T) {
			d := decode.NewJSON(c.text, service)
			var got []any
			err := d.Array()
			for err == nil && d.Item() {
				v, err := decode.OrNull(d.Any())
				got = append(got, v)
				if err != nil {
					t.Error(err)
				}
			}
			wants(t, got, err, c.want, c.fault)
			if err := d.End(); err != nil {
				t.Error(err)
			}
		})
	}
}

// A value that does not match is skipped, and reading goes on after it.
func TestReadingGoesOnAfterAMismatch(t *testing.T) {
	for _, wrong := range []string{`{"b":[1,{"a":"}"}]}`, `[[],{}]`, `"a\"b"`, `true`, `false`, `-1.5e3`, `null`} {
		for name, read := range map[string]func(d *decode.JSON) error{
			"Object": func(d *decode.JSON) error { return skipped(d, d.Object(), '{') },
			"Array":  func(d *decode.JSON) error { return skipped(d, d.Array(), '[') },
			"String": func(d *decode.JSON) error { _, err := d.String(); return err },
			"Text":   func(d *decode.JSON) error { _, err := d.Text(); return err },
			"Int":    func(d *decode.JSON) error { _, err := d.Int(); return err },
			"Int64":  func(d *decode.JSON) error { _, err := d.Int64(); return err },
			"Uint64": func(d *decode.JSON) error { _, err := d.Uint64(); return err },
			"Float":  func(d *decode.JSON) error { _, err := d.Float(); return err },
			"Bool":   func(d *decode.JSON) error { _, err := d.Bool(); return err },
			"Time":   func(d *decode.JSON) error { _, err := d.Time(); return err },
			"Bytes":  func(d *decode.JSON) error { _, err := d.Bytes(); return err },
			"Value":  func(d *decode.JSON) error { _, err := decode.Value[struct{}](d); return err },
		} {
			d := decode.NewJSON(`[{"a": `+wrong+` ,"z":"last"},`+wrong+`,"end"]`, service)
			if d.Array() != nil || !d.Item() || d.Object() != nil || !d.Next() {
				t.Fatal("not entered")
			}
			inside := read(d)
			if !d.Next() || d.Name() != "z" {
				t.Fatalf("%s of %s: no next member: %v", name, wrong, d.End())
			}
			last, err := d.String()
			if last != "last" || err != nil || d.Next() || !d.Item() {
				t.Fatalf("%s of %s: the member after it is %q, %v", name, wrong, last, err)
			}
			if again := read(d); !reflect.DeepEqual(again, inside) || wrong == "null" && !errors.Is(again, decode.ErrMissing) {
				t.Errorf("%s of %s: error %v, then %v", name, wrong, inside, again)
			}
			if !d.Item() {
				t.Fatalf("%s of %s: no next item", name, wrong)
			}
			if end, err := d.String(); end != "end" || err != nil || d.Item() || d.End() != nil {
				t.Errorf("%s of %s: the item after it is %q, %v", name, wrong, end, err)
			}
		}
	}
}

// skipped goes through an object or a list without reading anything.
func skipped(d *decode.JSON, err error, open byte) error {
	for err == nil && (open == '{' && d.Next() || open == '[' && d.Item()) {
	}
	return err
}

func TestUnreadValuesAreSkipped(t *testing.T) {
	const text = `{"a":{"b":[1,{"c":"}]"}]},"d":[[1],[2,[3]],"]"],"e":1}`
	d := decode.NewJSON(text, service)
	if err := d.Object(); err != nil {
		t.Fatal(err)
	}
	var names []string
	for d.Next() {
		names = append(names, d.Name())
		if d.Name() != "d" {
			continue
		}
		items := 0
		for err := d.Array(); err == nil && d.Item(); items++ {
			d.Mark()
		}
		if items != 3 {
			t.Errorf("%d items", items)
		}
	}
	if err := d.End(); err != nil || !slices.Equal(names, []string{"a", "d", "e"}) {
		t.Errorf("%v, %v", names, err)
	}
}

// End reads on from wherever the reading stopped.
func TestEndAfterAnUnfinishedLoop(t *testing.T) {
	into := map[string]func(d *decode.JSON){
		"at the start":   func(*decode.JSON) {},
		"in the object":  func(d *decode.JSON) { _ = d.Object() },
		"at a member":    func(d *decode.JSON) { _ = d.Object() == nil && d.Next() },
		"after a member": func(d *decode.JSON) { _ = d.Object() == nil && d.Next() && skip(d) },
		"in the list":    func(d *decode.JSON) { _ = d.Object() == nil && d.Next() && d.Array() == nil },
		"at an item":     func(d *decode.JSON) { _ = d.Object() == nil && d.Next() && d.Array() == nil && d.Item() },
		"after an item":  func(d *decode.JSON) { _ = d.Object() == nil && d.Next() && d.Array() == nil && d.Item() && skip(d) },
		"after the list": func(d *decode.JSON) { _ = d.Object() == nil && d.Next() && d.Array() == nil && d.Item() && d.Item() },
	}
	for name, read := range into {
		for text, ok := range map[string]bool{
			`{"a":[1],"b":2}`: true, `{"a":[]}`: true, `{}`: true, `{"a":[1]`: false, `{"a":[1]]`: false, `{"a":[1`: false,
			`{"a":[1,`: false, `{"a":[1},`: false, `{"a":`: false, `{`: false, `{]`: false, `1}`: false, `1,"a":1}`: false, `{"a":[1]}}`: false, `{"a":[1],"b"}`: false,
		} {
			d := decode.NewJSON(text, service)
			read(d)
			if err := d.End(); (err == nil) != ok {
				t.Errorf("%s: %s: error %v", name, text, err)
			}
			if first, again := d.End(), d.End(); !errors.Is(again, first) {
				t.Errorf("%s: %s: the second error is %v, the first one %v", name, text, again, first)
			}
		}
	}
}

func skip(d *decode.JSON) bool {
	d.Skip()
	return true
}

// A bracket that nothing has opened is not the end of an object.
func TestNextWithoutAnObject(t *testing.T) {
	for _, text := range []string{`1}`, `[]}`, `1,"a":2}`, `{}}`} {
		d := decode.NewJSON(text, service)
		for d.Next() {
			d.Skip()
		}
		if d.End() == nil {
			t.Errorf("%s: no error", text)
		}
	}
}

func TestNull(t *testing.T) {
	d := decode.NewJSON(` [ null , 1, null]`, service)
	if err := d.Array(); err != nil {
		t.Fatal(err)
	}
	var got []bool
	for d.Item() {
		got = append(got, d.Null())
	}
	if err := d.End(); err != nil || !slices.Equal(got, []bool{true, false, true}) {
		t.Errorf("%v, %v", got, err)
	}
}

// A member that determines the type of another one may come after it.
func TestRewind(t *testing.T) {
	d := decode.NewJSON(`{"value":{"a":[1,"x"]},"kind":"int","last":true}`, service)
	if err := d.Object(); err != nil || !d.Next() {
		t.Fatal(err)
	}
	before := d.Mark()
	d.Skip()
	for d.Next() {
		d.Skip()
	}
	after := d.Mark()
	for range 2 {
		d.Rewind(before)
		v, err := decode.OrNull(d.Any())
		wants(t, fmt.Sprint(v), err, "map[a:[1 x]]", "")
		var names []string
		for d.Next() {
			names = append(names, d.Name())
		}
		if !slices.Equal(names, []string{"kind", "last"}) || d.Mark() != after {
			t.Errorf("then %v, up to %v, want %v", names, d.Mark(), after)
		}
	}
	// From inside of the value, which is then left again.
	d.Rewind(before)
	if d.Object() != nil || !d.Next() || d.Array() != nil || !d.Item() {
		t.Fatal("not entered")
	}
	d.Rewind(before)
	d.Skip()
	if !d.Next() || d.Name() != "kind" {
		t.Errorf("then %q", d.Name())
	}
	if err := d.End(); err != nil {
		t.Error(err)
	}
}

func TestDepth(t *testing.T) {
	for name, c := range map[string]struct{ open, inner, end string }{
		"lists":   {"[", "", "]"},
		"objects": {`{"a":`, "{}", "}"},
		"both":    {`{"a":[`, "1", "]}"},
	} {
		t.Run(name, func(t *testing.T) {
			deepest := decode.MaxDepth / strings.Count(c.open+c.end, c.end[:1]) / len(c.end)
			if c.inner == "{}" {
				deepest--
			}
			for text, ok := range map[string]bool{nested(c.open, c.inner, c.end, deepest): true, nested(c.open, c.inner, c.end, deepest+1): false} {
				_, err := readAny(text)
				if skipped := decode.NewJSON(text, service).End(); (err == nil) != ok || (skipped == nil) != ok {
					t.Errorf("%d bytes: read %v, skipped %v", len(text), err, skipped)
				}
			}
			// Depth is that of what contains one another, not of all.
			wide := "[" + strings.Repeat(nested(c.open, c.inner, c.end, 10)+",", 100) + "1]"
			if _, err := readAny(wide); err != nil {
				t.Error(err)
			}
		})
	}
}

// With Copy, nothing of what was read is a part of the text.
func TestCopy(t *testing.T) {
	for _, c := range []bool{false, true} {
		text := `["some text",12,` + `{"name":"x"},"` + strings.Repeat("y", 1000) + `"]`
		d := decode.NewJSON(text, service)
		d.Copy = c
		if err := d.Array(); err != nil || !d.Item() {
			t.Fatal(err)
		}
		s, _ := d.String()
		d.Item()
		n, _ := d.Text()
		d.Item()
		v, _ := decode.OrNull(d.Any())
		if s != "some text" || n != "12" || !reflect.DeepEqual(v, map[string]any{"name": "x"}) {
			t.Errorf("%q, %q, %v", s, n, v)
		}
		if partOf(text, s) == c || partOf(text, n) == c || partOf(text, v.(map[string]any)["name"].(string)) == c {
			t.Errorf("Copy is %v, and the strings are not", c)
		}
		for name := range v.(map[string]any) {
			if partOf(text, name) == c {
				t.Errorf("Copy is %v, and the name is not", c)
			}
		}
		d.Item()
		_, err := d.Int()
		if mismatch, ok := errors.AsType[*decode.Mismatch](err); !ok || partOf(text, mismatch.Have) {
			t.Errorf("the error %v has a part of the text", err)
		}
	}
}

// So it is if values in it whose ends are remembered are read again, too.
func TestReadingAgainIsBoundedWithRememberedEnds(t *testing.T) {
	reads := 0
	var read func(d *decode.JSON)
	read = func(d *decode.JSON) {
		if reads++; reads > 1<<22 || d.Object() != nil {
			return
		}
		for d.Next() {
			start := d.Mark()
			switch d.Name() {
			case "long":
				for range 8 {
					d.Skip()
					d.Rewind(start)
				}
			case "kid":
				read(d)
				d.Rewind(start)
				read(d)
			}
		}
	}
	const depth = 24
	long := `{"long":[` + strings.Repeat("1,", 3000) + `1],"numbers":[` + strings.Repeat("1,", 3000) + `1],"kid":`
	d := decode.NewJSON(strings.Repeat(long, depth)+"{}"+strings.Repeat("}", depth), service)
	read(d)
	if err := d.End(); err == nil || !strings.Contains(err.Error(), "read too often") {
		t.Errorf("%d reads, %v", reads, err)
	}
}

// A tree of objects whose types are found out before they are read, as those of interfaces, is read to any depth that an
// answer may have.
func TestTypesOfDeepTrees(t *testing.T) {
	const depth = decode.MaxDepth - 1
	var read func(d *decode.JSON) int
	read = func(d *decode.JSON) (n int) {
		name, err := decode.TypeName(d, "kind")
		if err != nil || name != "Node" || d.Object() != nil {
			return 0
		}
		n = 1
		for d.Next() {
			if d.Name() == "kid" {
				n += read(d)
			}
		}
		return n
	}
	const node = `{"id":"a name that is long enough to be read for a while","kid":`
	d := decode.NewJSON(strings.Repeat(node, depth)+"null"+strings.Repeat(`, "kind": "Node" }`, depth), service)
	if n, err := read(d), d.End(); n != depth || err != nil {
		t.Errorf("%d of %d objects, %v", n, depth, err)
	}
}

// Of members with the same name the last counts.
func TestMemberThatIsThereTwice(t *testing.T) {
	for text, want := range map[string]int{
		`{"a": {}, "b": {}}`: 0, `{"b": {}, "a": null}`: 1, `{"a": {}, "b": {}, "a": null}`: 1, `{"a": null, "a": 1}`: 0, `{"a": 1, "a": null}`: -1, `{}`: -1,
	} {
		if got, err := decode.Member(decode.NewJSON(text, service), "a", "b"); got != want || err != nil {
			t.Errorf("%s: %d %v, want %d", text, got, err, want)
		}
	}
}

// Objects in objects that are each read twice take no exponential time: the text is
// read again only so often.
func TestReadingAgainIsBounded(t *testing.T) {
	reads := 0
	var read func(d *decode.JSON)
	read = func(d *decode.JSON) {
		if reads++; d.Object() != nil {
			return
		}
		for d.Next() {
			start := d.Mark()
			read(d)
			d.Rewind(start)
			read(d)
		}
	}
	const depth = 40
	d := decode.NewJSON(strings.Repeat(`{"a":`, depth)+"{}"+strings.Repeat("}", depth), service)
	read(d)
	if err := d.End(); err == nil || !strings.Contains(err.Error(), "read too often") || reads > 1_000_000 {
		t.Errorf("%d reads, %v", reads, err)
	}
}
