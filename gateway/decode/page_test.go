package decode_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/portico-gateway/portico/gateway/decode"
)

func TestIn(t *testing.T) {
	for text, want := range map[string]string{
		`{"a":{"b":"x"}}`:               "x",
		`{"a":{"c":1,"b":"x"},"b":"y"}`: "x",
		`{"a":{"b":"x"},"a":{"b":"y"}}`: "y",
		`{"a":{}}`:                      "is missing or null",
		`{"a":null}`:                    "is missing or null",
		`{}`:                            "is missing or null",
		`null`:                          "is missing or null",
		`{"a":{"b":5}}`:                 `is not a string: "5"`,
		`{"a":[]}`:                      `is not an object: "[]"`,
		`5`:                             `is not an object: "5"`,
	} {
		d := decode.NewJSON(text, service)
		got, err := decode.In((*decode.JSON).String, "a", "b")(d)
		if err != nil {
			got = err.Error()
		}
		if end := d.End(); got != want || end != nil {
			t.Errorf("%s: got %q, want %q; %v", text, got, want, end)
		}
	}
	for text, want := range map[string]string{
		`<r><a b="x"/></r>`: "x",
		`<r><a/></r>`:       "is missing or null",
		`<r/>`:              "is missing or null",
	} {
		got, err := decode.In((*decode.XML).String, "a", "@b")(decode.NewXML(text, "", service))
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}

func TestCursors(t *testing.T) {
	for text, want := range map[string][]string{
		`[{"at":{"c":"x"}},{"at":{"c":12}},{},null,5,{"at":{"c":{}}}]`: {"x", "12", "", "", "", ""},
		`[]`:   nil,
		`null`: nil,
		`{}`:   nil,
	} {
		d := decode.NewJSON(text, service)
		if got := decode.Cursors(d, 6, "at", "c"); !slices.Equal(got, want) || d.End() != nil {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
		d = decode.NewJSON(text, service)
		if got := decode.Cursors(d, 2, "at", "c"); !slices.Equal(got, want[:min(2, len(want))]) || d.End() != nil {
			t.Errorf("%s: of two rows: got %q, want %q", text, got, want)
		}
	}
	if err := decode.Given(""); !errors.Is(err, decode.ErrMissing) {
		t.Errorf("an empty cursor: %v", err)
	}
	if err := decode.Given("x"); err != nil {
		t.Errorf("a cursor: %v", err)
	}
}
