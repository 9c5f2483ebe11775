package decode_test

import (
	stdjson "encoding/json"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/portico-gateway/portico/gateway/decode"
)

// found returns what a path with dots leads to, in JSON.
func found(t *testing.T, text, path string) decode.Found {
	t.Helper()
	all, err := decode.NewJSON(text, service).Find(names(path))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return all[0]
}

// foundXML is like found for XML.
func foundXML(t *testing.T, text, path string) decode.Found {
	t.Helper()
	all, err := decode.NewXML(text, "", service).Find(names(path))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return all[0]
}

func names(path string) []string {
	if path == "" {
		return nil
	}
	return strings.Split(path, ".")
}

const anySize = 1 << 20

func asJSON(t *testing.T, f decode.Found) string {
	t.Helper()
	value, _ := f.Any(anySize)
	text, err := stdjson.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestFind(t *testing.T) {
	const text = "\ufeff" + ` {"a" : {"b" : [ {"c":1} , [2, "x\n"], null ], "0":"zero"}, "n":null, "a\u0062":true, "twice":{"x":1}, "twice":{"y":[]}} `
	for path, want := range map[string]string{
		"a.b.0.c":     `1`,
		"a.b.0":       `{"c":1}`,
		"a.b.1.1":     `"x\n"`,
		"a.b.2":       `null`,
		"a.b.3":       `null`,
		"a.b.00":      `null`,
		"a.b.-1":      `null`,
		"a.b.c":       `null`,
		"a.0":         `"zero"`,
		"a.b":         `[{"c":1},[2,"x\n"],null]`,
		"n":           `null`,
		"n.x":         `null`,
		"ab":          `true`,
		"ab.x":        `null`,
		"twice.x":     `null`,
		"twice.y":     `[]`,
		"twice":       `{"y":[]}`,
		"nowhere.a.b": `null`,
	} {
		if got := asJSON(t, found(t, text, path)); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
	if got := asJSON(t, found(t, ` [1] `, "")); got != "[1]" {
		t.Errorf("the whole text: got %s", got)
	}
}

// Several paths are found in one pass, also if one leads through another.
func TestFindSeveral(t *testing.T) {
	all, err := decode.NewJSON(`{"a":{"b":[1,2]},"c":3}`, service).Find(
		names("a.b.1"), names("c"), names("a"), names("a.b"), nil, names("a.b.1"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range all {
		got = append(got, asJSON(t, f))
	}
	if got := strings.Join(got, " "); got != `2 3 {"b":[1,2]} [1,2] {"a":{"b":[1,2]},"c":3} 2` {
		t.Errorf("got %s", got)
	}
}

func TestFindMalformed(t *testing.T) {
	for _, text := range []string{``, `{`, `{"a":1`, `{"a":1}}`, `{"a":tru}`, `{"a":{"b":1},}`, strings.Repeat(`{"a":`, 1000)} {
		if all, err := decode.NewJSON(text, service).Find(names("a")); err == nil || all != nil {
			t.Errorf("%q: got %v and no error", text, all)
		}
		if all, err := decode.NewXML(text, "", service).Find(names("a")); err == nil || all != nil {
			t.Errorf("%q as XML: got %v and no error", text, all)
		}
	}
}

func TestFindInXML(t *testing.T) {
	const text = `<r xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" version="2"><error code="7"><field>name</field><field>size</field></error>` +
		`<error code="8"> text </error><state>FAILED</state><none xsi:nil="true"/><empty/></r>`
	for path, want := range map[string]string{
		"state":           `"FAILED"`,
		"state.0":         `"FAILED"`,
		"state.1":         `null`,
		"state.0.0":       `"FAILED"`,
		"error.0.@code":   `"7"`,
		"error.@code":     `"8"`,
		"error.0.field.1": `"size"`,
		"error.0.field":   `["name","size"]`,
		"error":           `[{"@code":"7","field":["name","size"]},{"$":" text ","@code":"8"}]`,
		"error.2":         `null`,
		"none":            `null`,
		"empty":           `""`,
		"nowhere":         `null`,
		"@version":        `"2"`,
		"r":               `null`,
	} {
		if got := asJSON(t, foundXML(t, text, path)); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
	if got := asJSON(t, foundXML(t, text, "")); !strings.HasPrefix(got, `{"@version":"2","empty":"","error":[{`) || !strings.Contains(got, `"none":null`) {
		t.Errorf("the root: got %s", got)
	}
}

// A value that is too large is left out.
func TestAnyIsBounded(t *testing.T) {
	const text = `{"a":["long","longer"]}`
	if v, size := found(t, text, "a").Any(len(`["long","longer"]`)); v == nil || size != len(`["long","longer"]`) {
		t.Errorf("got %v of %d bytes", v, size)
	}
	if v, size := found(t, text, "a").Any(5); v != nil || size != 0 {
		t.Errorf("got %v of %d bytes", v, size)
	}
	xml := "<r>" + strings.Repeat("<a><b>text</b></a>", 100) + "</r>"
	for most, want := range map[int]bool{0: false, 100: false, 1000: false, 10000: true} {
		if v, size := foundXML(t, xml, "a").Any(most); (v != nil) != want || size > most {
			t.Errorf("%d: got %v of %d bytes", most, v, size)
		}
	}
}

func TestConditions(t *testing.T) {
	for _, c := range []struct {
		text string
		is   []string
		want bool
	}{
		{`false`, nil, false}, {`true`, nil, true}, {`null`, nil, false}, {`""`, nil, false}, {`"false"`, nil, true}, {`[ ]`, nil, false}, {`{ }`, nil, false},
		{`[0]`, nil, true}, {`{"a":null}`, nil, true}, {`0`, nil, false}, {`-0.0e5`, nil, false}, {`0.01`, nil, true}, {`" "`, nil, true},
		{`false`, []string{`false`}, true}, {`"false"`, []string{`false`}, false}, {`true`, []string{`false`}, false},
		{`null`, []string{`null`}, true}, {`0`, []string{`null`}, false}, {`null`, []string{`false`, `null`}, true},
		{`"a\u0062"`, []string{`"ab"`}, true}, {`"ab"`, []string{`"a\u0062"`}, true}, {`"7"`, []string{`7`}, false}, {`7`, []string{`"7"`}, false},
		{`7`, []string{`7.0`}, true}, {`70e-1`, []string{`7`}, true}, {`0.7E1`, []string{`7`}, true}, {`-7`, []string{`7`}, false}, {`-0`, []string{`0`}, true},
		{`9007199254740993`, []string{`9007199254740992`}, false}, {`1e400`, []string{`10e399`}, true}, {`100`, []string{`1`}, false},
		{`[false]`, []string{`false`}, false}, {`{}`, []string{`null`}, false}, {`"x"`, []string{`"y"`, `"x"`}, true},
	} {
		if got := (decode.Condition{Is: c.is}).Holds(found(t, c.text, "")); got != c.want {
			t.Errorf("%s is %q: got %v", c.text, c.is, got)
		}
	}
	for is, want := range map[string]bool{"": false, "null": true, "false": false} {
		condition := decode.Condition{}
		if is != "" {
			condition.Is = []string{is}
		}
		if got := condition.Holds(decode.Found{}); got != want {
			t.Errorf("no value is %q: got %v", is, got)
		}
	}
}

func TestConditionsInXML(t *testing.T) {
	for _, c := range []struct {
		element string
		is      []string
		want    bool
	}{
		{`<a/>`, nil, false}, {`<a> </a>`, nil, false}, {`<a>false</a>`, nil, false}, {`<a>0</a>`, nil, false}, {`<a>no</a>`, nil, true}, {`<a b=""/>`, nil, true},
		{`<a><b/></a>`, nil, true}, {`<a>x</a><a/>`, nil, false}, {`<a i:nil="1">x</a>`, nil, false},
		{`<a> false </a>`, []string{`false`}, true}, {`<a>7.0</a>`, []string{`7`}, false}, {`<a>7</a>`, []string{`7`, `"8"`}, true}, {`<a>FAILED</a>`, []string{`"FAILED"`}, true},
		{`<a i:nil="1"/>`, []string{`null`}, true}, {`<a/>`, []string{`null`}, false}, {`<b/>`, []string{`null`}, true}, {`<a>null</a>`, []string{`null`}, false},
		{`<a><b/></a>`, []string{`""`}, false}, {`<a/>`, []string{`""`}, true}, {`<a>x</a><a>y</a>`, []string{`"x"`}, false},
	} {
		root := `<r xmlns:i="http://www.w3.org/2001/XMLSchema-instance">` + c.element + `</r>`
		if got := (decode.Condition{Is: c.is}).Holds(foundXML(t, root, "a")); got != c.want {
			t.Errorf("%s is %q: got %v", c.element, c.is, got)
		}
	}
}

// FuzzFind compares Find with a walk through the value that another decoder has
// read.
func FuzzFind(f *testing.F) {
	for _, list := range [][]string{wellFormed(), malformed(), objects()} {
		for _, text := range list {
			f.Add(text, "a.0", `"a"`)
			f.Add(text, "", "1")
		}
	}
	f.Add(`{"errors":[{"code":1e3}],"a":{"0":[]},"a":[[7]]}`, "errors.0.code", "1000")
	f.Add(`{"errors":[{"code":1e3}],"a":{"0":[]},"a":[[7]]}`, "a.0.0", "7.0")
	f.Add(`{"a":"x"}`, "a", "")
	f.Fuzz(func(t *testing.T, text, path, is string) {
		want, depth, wantErr := reference(text)
		got, err := decode.NewJSON(text, service).Find(names(path), nil, names(path+".0"))
		if (err == nil) != (wantErr == nil && depth <= decode.MaxDepth) {
			t.Fatalf("%q: error %v, want %v (depth %d)", text, err, wantErr, depth)
		}
		if err != nil {
			return
		}
		for i, path := range [][]string{names(path), nil, names(path + ".0")} {
			value, _ := got[i].Any(len(text))
			if want := walk(want, path); !reflect.DeepEqual(value, want) {
				t.Fatalf("%q: %q: got %#v, want %#v", text, path, value, want)
			}
			same := decode.Condition{Is: []string{is}}.Holds(got[i])
			if stdjson.Valid([]byte(is)) && strings.TrimSpace(is) == is && is[0] != '[' && is[0] != '{' {
				if _, ok := value.(string); ok && same != (scalar(t, is) == value) {
					t.Errorf("%q is %s: %v", value, is, same)
				}
			}
			_ = got[i].IsEmpty()
		}
	})
}

func scalar(t *testing.T, text string) any {
	t.Helper()
	v, err := decode.OrNull(decode.NewJSON(text, service).Any())
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func walk(value any, path []string) any {
	for _, name := range path {
		switch of := value.(type) {
		case map[string]any:
			value = of[name]
		case []any:
			n, err := strconv.Atoi(name)
			if err != nil || n < 0 || n >= len(of) || strconv.Itoa(n) != name {
				return nil
			}
			value = of[n]
		default:
			return nil
		}
	}
	return value
}

// FuzzFindXML reads whatever there is in a document.
func FuzzFindXML(f *testing.F) {
	f.Add(`<r><a b="1">x</a><a><c/></a></r>`, "a.0.@b")
	f.Add(`<r><a b="1">x</a><a><c/></a></r>`, "a.1.c")
	f.Fuzz(func(t *testing.T, text, path string) {
		all, err := decode.NewXML(text, "", service).Find(names(path), nil)
		if err != nil {
			return
		}
		for _, found := range all {
			if value, size := found.Any(100); value == nil && size != 0 || size > 100 {
				t.Errorf("%q: %v of %d bytes", text, value, size)
			}
			asJSON(t, found)
			_ = found.IsEmpty()
			_ = decode.Condition{Is: []string{`"x"`, "null", "1", ""}}.Holds(found)
		}
	})
}

func BenchmarkFind(b *testing.B) {
	text := `{"items":[` + strings.Repeat(`{"id":1,"name":"some name","tags":["a","b"]},`, 500) + `{}],"success":true}`
	path := []string{"success"}
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := decode.NewJSON(text, service).Find(path); err != nil {
			b.Fatal(err)
		}
	}
}
