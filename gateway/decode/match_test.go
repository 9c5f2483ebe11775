package decode_test

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/portico-gateway/portico/gateway/decode"
)

// matched writes what a function of values of a batch returns. problems are the keys
// whose values have one.
func matched[T any](values []T, keys []string, errs []error, err error) string {
	var b strings.Builder
	for i, key := range keys {
		if errs[i] != nil {
			fmt.Fprintf(&b, "%s! ", key)
			continue
		}
		fmt.Fprintf(&b, "%s=%v ", key, values[i])
	}
	if err != nil {
		fmt.Fprintf(&b, "(%v)", err)
	}
	return strings.TrimSpace(b.String())
}

func TestMembers(t *testing.T) {
	for text, want := range map[string]string{
		`{"a":1,"b":null,"c":2}`: "a=1 c=2",
		`{"a":"x","b":[],"c":2}`: "a! b! c=2",
		`{}`:                     "",
		`null`:                   "",
		`[1]`:                    `(is not an object: "[1]")`,
		`{"a":1`:                 "a=1",
	} {
		d := decode.NewJSON(text, decode.Source{})
		if got := matched(decode.Members(d, "what", (*decode.JSON).Int)); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
		if err := d.End(); (err == nil) != (text != `{"a":1`) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestAligned(t *testing.T) {
	keys := []string{"a", "b", "c"}
	for text, want := range map[string]string{
		`[1,null,2]`: "a=1 c=2",
		`["x",3,{}]`: "a! b=3 c!",
		`[1,2]`:      "(is a list of 2 values for 3 keys)",
		`[1,2,3,[]]`: "(is a list of 4 values for 3 keys)",
		`[]`:         "(is a list of 0 values for 3 keys)",
		`null`:       "(is missing or null)",
		`{"a":1}`:    `(is not a list: "{\"a\":1}")`,
	} {
		d := decode.NewJSON(text, decode.Source{})
		if got := matched(decode.Aligned(d, "what", keys, (*decode.JSON).Int)); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
		if err := d.End(); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// A value that is a list has one problem, also if only some of its items have.
func TestValuesWithItems(t *testing.T) {
	read := func(d *decode.JSON) ([]*int, error) { return decode.Optionals(d, (*decode.JSON).Int) }
	_, _, errs, err := decode.Members(decode.NewJSON(`{"a":[1,"x"]}`, decode.Source{Service: "s"}), "what", read)
	if err != nil || len(errs) != 1 {
		t.Fatalf("got %v, %v", errs, err)
	}
	var items *decode.Items
	if errors.As(errs[0], &items) || !strings.Contains(errs[0].Error(), "what[1]") {
		t.Errorf("got %v", errs[0])
	}
}

func TestMapValues(t *testing.T) {
	of := map[int64]string{1: "a", 2: "", -3: "c"}
	read := func(text string) (string, error) {
		if text == "" {
			return "", decode.ErrMissing
		}
		return text, nil
	}
	values, keys, errs := decode.MapValues(decode.Source{}, "what", of, decode.Digits, read)
	parts := strings.Fields(matched(values, keys, errs, nil))
	slices.Sort(parts)
	if got := strings.Join(parts, " "); got != "-3=c 1=a 2!" {
		t.Errorf("got %s", got)
	}
}

func TestAlignedValues(t *testing.T) {
	read := func(n int) (string, error) { return strconv.Itoa(n), nil }
	from := decode.Source{Service: "s"}
	if got := matched(decode.AlignedValues(from, "what", []string{"a", "b"}, []int{1, 2}, read)); got != "a=1 b=2" {
		t.Errorf("got %s", got)
	}
	_, _, _, err := decode.AlignedValues(from, "what", []string{"a", "b"}, []int{1}, read)
	if err == nil || !strings.Contains(fmt.Sprint(errors.Unwrap(err)), "what: is a list of 1 values for 2 keys") {
		t.Errorf("got %v", err)
	}
}

func TestKeyedBy(t *testing.T) {
	const text = `[{"a":1,"b":{"c":"x"},"v":1},null,{"b":{"c":"y"},"v":2},{"a":"2","b":7,"v":"no"},7]`
	read := func(d *decode.JSON) (int, error) {
		err := d.Object()
		if err != nil {
			return 0, err
		}
		value := 0
		for d.Next() {
			if d.Name() == "v" {
				value, err = d.Int()
			}
		}
		return value, err
	}
	key := func(values []string) string { return strings.Join(values, "/") }
	d := decode.NewJSON(text, decode.Source{})
	got := matched(decode.KeyedBy(d, "what", read, key, []string{"a"}, []string{"b", "c"}))
	if got != "1/x=1 /y=2 2/! /!" {
		t.Errorf("got %s", got)
	}
	if err := d.End(); err != nil {
		t.Error(err)
	}
	if got := matched(decode.KeyedBy(decode.NewJSON(`null`, decode.Source{}), "what", read, key, []string{"a"})); got != "" {
		t.Errorf("got %s", got)
	}
}
