package decode_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/portico-gateway/portico/gateway/decode"
)

func TestForms(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	read := map[string]func(*decode.JSON) (any, error){
		"int":    func(d *decode.JSON) (any, error) { return decode.IntText(d) },
		"int64":  func(d *decode.JSON) (any, error) { return decode.Int64Text(d) },
		"float":  func(d *decode.JSON) (any, error) { return decode.FloatText(d) },
		"bool":   func(d *decode.JSON) (any, error) { return decode.BoolText(d) },
		"bit":    func(d *decode.JSON) (any, error) { return decode.BoolNumber(d) },
		"unix":   func(d *decode.JSON) (any, error) { return formatted(decode.UnixSeconds(d)) },
		"millis": func(d *decode.JSON) (any, error) { return formatted(decode.UnixMillis(d)) },
		"local":  func(d *decode.JSON) (any, error) { return formatted(decode.LocalTime(d, berlin)) },
	}
	for _, c := range []struct{ form, text, want string }{
		{"int", `"42"`, "42"}, {"int", `42`, "42"}, {"int", `"-7.0"`, "-7"}, {"int", `" 5 "`, "5"}, {"int", `"3000000000"`, "error"}, {"int", `"x"`, "error"},
		{"int", `""`, "missing"}, {"int", `null`, "missing"}, {"int", `true`, "error"}, {"int", `{}`, "error"}, {"int", `"0x10"`, "error"},
		{"int64", `"9223372036854775807"`, "9223372036854775807"}, {"int64", `"9223372036854775808"`, "error"},
		{"float", `"1.5e3"`, "1500"}, {"float", `"NaN"`, "error"}, {"float", `"Inf"`, "error"}, {"float", `"1_0"`, "error"}, {"float", `"1e999"`, "error"},
		{"bool", `"TRUE"`, "true"}, {"bool", `"0"`, "false"}, {"bool", `"yes"`, "error"},
		{"bit", `1`, "true"}, {"bit", `0`, "false"}, {"bit", `2`, "error"}, {"bit", `-1`, "error"}, {"bit", `true`, "error"},
		{"unix", `1.7673224455E9`, "2026-01-02T02:54:05.5Z"}, {"unix", `17673224455e-1`, "2026-01-02T02:54:05.5Z"}, {"unix", `1e41`, "error"}, {"unix", `1e-41`, "error"},
		{"unix", `0`, "1970-01-01T00:00:00Z"}, {"unix", `1767322445`, "2026-01-02T02:54:05Z"}, {"unix", `"1767322445.25"`, "2026-01-02T02:54:05.25Z"},
		{"unix", `-0.5`, "1969-12-31T23:59:59.5Z"}, {"unix", `1e3`, "1970-01-01T00:16:40Z"}, {"unix", `253402300800`, "error"}, {"unix", `-62135596801`, "error"},
		{"unix", `9223372036854775807`, "error"}, {"unix", `-9223372036854775808`, "error"}, {"unix", `99999999999999999999`, "error"}, {"unix", `"2026"`, "1970-01-01T00:33:46Z"},
		{"millis", `1767322445123`, "2026-01-02T02:54:05.123Z"}, {"millis", `-1`, "1969-12-31T23:59:59.999Z"}, {"millis", `0.5`, "1970-01-01T00:00:00.0005Z"},
		{"local", `"2026-01-02"`, "2026-01-02T00:00:00+01:00"}, {"local", `"2026-07-02 15:04"`, "2026-07-02T15:04:00+02:00"},
		{"local", `"2026-07-02T15:04:05.5"`, "2026-07-02T15:04:05.5+02:00"}, {"local", `"2026-07-02T15:04:05Z"`, "2026-07-02T15:04:05Z"},
		{"local", `"02.07.2026"`, "error"}, {"local", `1`, "error"}, {"local", `""`, "missing"},
	} {
		d := decode.NewJSON(c.text, decode.Source{})
		v, err := read[c.form](d)
		got := fmt.Sprint(v)
		switch {
		case err == decode.ErrMissing: //nolint:errorlint // it is never wrapped
			got = "missing"
		case err != nil:
			got = "error"
		}
		if end := d.End(); got != c.want || end != nil {
			t.Errorf("%s of %s: got %s (%v, %v), want %s", c.form, c.text, got, err, end, c.want)
		}
	}
	if strings.Contains(fmt.Sprint(decode.Bit(int32(7))), "<nil>") {
		t.Error("7 is a bit")
	}
}

// A text of a message is read as one of JSON is: without what is around it, and an empty one is missing.
func TestFormsOfMessages(t *testing.T) {
	for text, want := range map[string]string{" 5 ": "5 5 5", "": "missing missing missing", " ": "missing missing missing", "x": "error error error"} {
		var got []string
		note := func(v any, err error) {
			switch {
			case err == decode.ErrMissing: //nolint:errorlint // it is never wrapped
				got = append(got, "missing")
			case err != nil:
				got = append(got, "error")
			default:
				got = append(got, fmt.Sprint(v))
			}
		}
		whole, err := decode.OfIntText(text)
		note(whole, err)
		big, err := decode.OfInt64Text(text)
		note(big, err)
		number, err := decode.OfFloatText(text)
		note(number, err)
		if strings.Join(got, " ") != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	for text, want := range map[string]bool{"TRUE": true, "0": false} {
		if got, err := decode.OfBoolText(text); got != want || err != nil {
			t.Errorf("%q: %t %v", text, got, err)
		}
	}
}

func formatted(t time.Time, err error) (any, error) { return t.Format(time.RFC3339Nano), err }

func FuzzForms(f *testing.F) {
	for _, seed := range []string{"0", "-1.5", "1e9", "253402300799", "+.5", "-", "1.", "00012", "9e18", "2026-01-02T15:04"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d := decode.NewJSON(`"`+text+`"`, decode.Source{})
		if v, err := decode.UnixMillis(d); err == nil && (v.Year() < 1 || v.Year() > 9999) {
			t.Errorf("%q is %v", text, v)
		}
		d = decode.NewJSON(`"`+text+`"`, decode.Source{})
		if v, err := decode.LocalTime(d, time.UTC); err == nil && (v.Year() < 0 || v.Year() > 9999) {
			t.Errorf("%q is %v", text, v)
		}
	})
}
