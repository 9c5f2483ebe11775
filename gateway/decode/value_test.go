package decode_test

import (
	stdjson "encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/portico-gateway/portico/gateway/decode"
)

func TestAny(t *testing.T) {
	for text, want := range map[string]any{
		`null`: nil, `true`: true, `false`: false, `"a\n"`: "a\n", `""`: "", `1.50`: stdjson.Number("1.50"), `-0`: stdjson.Number("-0"), `1e400`: stdjson.Number("1e400"),
		`[]`: []any{}, `{}`: map[string]any{}, `[null,[1]]`: []any{nil, []any{stdjson.Number("1")}},
		`{"a":{"b":[]},"c":null}`: map[string]any{"a": map[string]any{"b": []any{}}, "c": nil}, `{"a":1,"a":{"b":true}}`: map[string]any{"a": map[string]any{"b": true}},
		`{"a":[1],"a":[2]}`: map[string]any{"a": []any{stdjson.Number("2")}}, `{"\u0061":true,"":false}`: map[string]any{"a": true, "": false},
	} {
		t.Run(text, func(t *testing.T) {
			got, err := readAny(text)
			wants(t, got, err, want, "")
		})
	}
}

// color has a decoder of its own.
type color struct{ name string }

func (c *color) UnmarshalText(text []byte) error {
	if c.name = string(text); c.name == "none" {
		return errors.New("no color")
	}
	return nil
}

func TestValue(t *testing.T) {
	t.Run("its own decoder", func(t *testing.T) {
		got, err := decode.Value[color](decode.NewJSON(` "r\u0065d" `, service))
		wants(t, got, err, color{"red"}, "")
	})
	t.Run("a struct", func(t *testing.T) {
		got, err := decode.Value[struct{ A []int }](decode.NewJSON(`{"A":[0],"A":[1,2]}`, service))
		wants(t, got, err, struct{ A []int }{[]int{1, 2}}, "")
	})
	t.Run("invalid UTF-8", func(t *testing.T) {
		got, err := decode.Value[map[string]string](decode.NewJSON("{\"a\":\"\xff\"}", service))
		wants(t, got, err, map[string]string{"a": "\ufffd"}, "")
	})
	t.Run("null", func(t *testing.T) {
		got, err := decode.Value[*color](decode.NewJSON(`null`, service))
		wants(t, got, err, (*color)(nil), missing)
	})
	for name, text := range map[string]string{"its error": `"none"`, "another type": `{"a":1}`} {
		t.Run(name, func(t *testing.T) {
			d := decode.NewJSON(`[`+text+`,"red"]`, service)
			if d.Array() != nil || !d.Item() {
				t.Fatal("not entered")
			}
			got, err := decode.Value[color](d)
			mismatch, ok := errors.AsType[*decode.Mismatch](err)
			if got != (color{}) || !ok || mismatch.Have != text || !strings.HasPrefix(mismatch.Want, "a value of its type: ") {
				t.Errorf("got %v, %v", got, err)
			}
			if !d.Item() {
				t.Fatal("no next item")
			}
			got, err = decode.Value[color](d)
			wants(t, got, err, color{"red"}, "")
		})
	}
	for _, text := range []string{`[1`, `nul`, `{"a":tru}`, "\"\n\"", ``} {
		d := decode.NewJSON(text, service)
		if _, err := decode.Value[any](d); err == nil || !errors.Is(err, d.End()) {
			t.Errorf("%q: %v, at the end %v", text, err, d.End())
		}
	}
}
