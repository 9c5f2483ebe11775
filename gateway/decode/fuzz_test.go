package decode_test

import (
	"encoding/base64"
	stdjson "encoding/json"
	"errors"
	"io"
	"math"
	"math/big"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/portico-gateway/portico/gateway/decode"
)

// FuzzJSON compares the reader with another implementation of RFC 8259.
func FuzzJSON(f *testing.F) {
	for _, list := range [][]string{wellFormed(), malformed(), objects()} {
		for _, text := range list {
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		want, depth, wantErr := reference(text)
		got, err := readAny(text)
		switch {
		case (err == nil) != (wantErr == nil && depth <= decode.MaxDepth):
			t.Fatalf("%q: error %v, want %v (depth %d)", text, err, wantErr, depth)
		case err == nil && !reflect.DeepEqual(got, want):
			t.Fatalf("%q: got %#v, want %#v", text, got, want)
		}
		sameErrors(t, text, err)
		if err == nil {
			sameMembers(t, text)
		}
	})
}

func readAny(text string) (any, error) {
	d := decode.NewJSON(text, service)
	v, err := decode.OrNull(d.Any())
	return v, decode.First(d.End(), err)
}

// reference reads what Any reads, and how deep it is nested.
func reference(text string) (v any, depth int, err error) {
	text = strings.TrimPrefix(text, "\ufeff")
	d := jsontext.NewDecoder(strings.NewReader(text), jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))
	if v, err = referenceValue(d, &depth); err != nil {
		return nil, depth, err
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, depth, errors.New("something after the value")
	}
	return v, depth, nil
}

func referenceValue(d *jsontext.Decoder, depth *int) (any, error) {
	token, err := d.ReadToken()
	if err != nil {
		return nil, err
	}
	*depth = max(*depth, d.StackDepth())
	switch token.Kind() {
	case '{':
		object := map[string]any{}
		for d.PeekKind() != '}' {
			name, err := d.ReadToken()
			if err != nil {
				return nil, err
			}
			key := name.String() // the token is void after the next one
			if object[key], err = referenceValue(d, depth); err != nil {
				return nil, err
			}
		}
		_, err = d.ReadToken()
		return object, err
	case '[':
		list := []any{}
		for d.PeekKind() != ']' {
			item, err := referenceValue(d, depth)
			if err != nil {
				return nil, err
			}
			list = append(list, item)
		}
		_, err = d.ReadToken()
		return list, err
	case '"':
		return token.String(), nil
	case 'n':
		return nil, nil //nolint:nilnil // null
	case 't', 'f':
		return token.Bool(), nil
	}
	return stdjson.Number(token.String()), nil
}

// sameErrors checks that a text is well-formed or not however it is read.
func sameErrors(t *testing.T, text string, want error) {
	t.Helper()
	for name, read := range map[string]func(d *decode.JSON){
		"skipping":            func(*decode.JSON) {},
		"as members":          func(d *decode.JSON) { readMembers(d) },
		"as a list":           func(d *decode.JSON) { _, _ = decode.Optionals(d, (*decode.JSON).Int) },
		"as rows":             func(d *decode.JSON) { _, _ = decode.Rows(d, readPost) },
		"up to the first":     func(d *decode.JSON) { _ = d.Object() == nil && d.Next() },
		"up to the first one": func(d *decode.JSON) { _ = d.Array() == nil && d.Item() },
		"with a type":         func(d *decode.JSON) { _, _ = decode.Value[jsontext.Value](d) },
		"twice": func(d *decode.JSON) {
			from := d.Mark()
			first, _ := decode.OrNull(d.Any())
			d.Rewind(from)
			if second, err := decode.OrNull(d.Any()); err == nil && !reflect.DeepEqual(first, second) {
				t.Errorf("%q: first %#v, then %#v", text, first, second)
			}
		},
	} {
		d := decode.NewJSON(text, service)
		read(d)
		if err := d.End(); (err == nil) != (want == nil) || err != nil && err.Error() != want.Error() {
			t.Errorf("%q: %s: error %v, want %v", text, name, err, want)
		}
	}
}

// field is a member that is read with a method, and what it should give.
type field struct {
	read func(d *decode.JSON) (any, error)
	want func(text jsontext.Value) (any, bool)
}

func method[T any](read func(d *decode.JSON) (T, error)) func(d *decode.JSON) (any, error) {
	return func(d *decode.JSON) (any, error) { return read(d) }
}

// fields have the members by name, which are those of the texts in objects.
func fields() map[string]field {
	return map[string]field{
		"int":    {method((*decode.JSON).Int), wantWhole(math.MinInt32, math.MaxInt32, func(n *big.Int) any { return int(n.Int64()) })},
		"int64":  {method((*decode.JSON).Int64), wantWhole(math.MinInt64, math.MaxInt64, func(n *big.Int) any { return n.Int64() })},
		"uint64": {method((*decode.JSON).Uint64), wantWhole(0, math.MaxUint64, func(n *big.Int) any { return n.Uint64() })},
		"float":  {method((*decode.JSON).Float), unmarshal[float64]},
		"string": {method((*decode.JSON).String), unmarshal[string]},
		"text": {method((*decode.JSON).Text), func(text jsontext.Value) (any, bool) {
			if text.Kind() == '0' {
				return string(text), true
			}
			return unmarshal[string](text)
		}},
		"bool": {method((*decode.JSON).Bool), unmarshal[bool]},
		"time": {method((*decode.JSON).Time), unmarshal[time.Time]},
		"bytes": {method((*decode.JSON).Bytes), func(text jsontext.Value) (any, bool) {
			s, ok := unmarshal[string](text)
			if !ok {
				return nil, false
			}
			data, err := base64.StdEncoding.DecodeString(s.(string))
			return data, err == nil
		}},
		"map":   {method(decode.Value[map[string]int]), unmarshal[map[string]int]},
		"texts": {method(func(d *decode.JSON) ([]string, error) { return decode.List(d, (*decode.JSON).String) }), unmarshal[[]string]},
		"any": {method((*decode.JSON).Any), func(text jsontext.Value) (any, bool) {
			v, _, err := reference(string(text))
			return v, err == nil
		}},
	}
}

func unmarshal[T any](text jsontext.Value) (any, bool) {
	var v T
	err := json.Unmarshal(text, &v, jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))
	return v, err == nil
}

// wantWhole returns a function for the value of a number that is whole and within bounds.
func wantWhole(least int64, most uint64, as func(*big.Int) any) func(text jsontext.Value) (any, bool) {
	low, high := big.NewInt(least), new(big.Int).SetUint64(most)
	return func(text jsontext.Value) (any, bool) {
		if text.Kind() != '0' {
			return nil, false
		}
		mantissa, exponent, _ := strings.Cut(strings.ToLower(string(text)), "e")
		if n, err := strconv.Atoi("0" + strings.TrimLeft(exponent, "+-")); err != nil || n > 1000 {
			// It would take a number of as many digits: it is out of bounds unless it is zero.
			return as(new(big.Int)), strings.Trim(mantissa, "-0.") == ""
		}
		n, ok := new(big.Rat).SetString(string(text))
		if !ok || !n.IsInt() || n.Num().Cmp(low) < 0 || n.Num().Cmp(high) > 0 {
			return nil, false
		}
		return as(n.Num()), true
	}
}

type outcome struct {
	value any
	err   error
}

// readMembers returns the members that fields has, if the text is an object.
func readMembers(d *decode.JSON) map[string]outcome {
	got := map[string]outcome{}
	if d.Object() != nil {
		return got
	}
	fields := fields()
	for d.Next() {
		name := d.Name()
		if f, ok := fields[name]; ok {
			v, err := f.read(d)
			got[name] = outcome{v, err}
		}
	}
	return got
}

// sameMembers checks the members of a text that is well-formed.
func sameMembers(t *testing.T, text string) {
	t.Helper()
	var members map[string]jsontext.Value
	trimmed := []byte(strings.TrimPrefix(text, "\ufeff"))
	if json.Unmarshal(trimmed, &members, jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true)) != nil {
		return // it is no object
	}
	got := readMembers(decode.NewJSON(text, service))
	for name, f := range fields() {
		member, ok := members[name]
		have, read := got[name]
		if ok != read {
			t.Fatalf("%q: %s is in the text: %v, was read: %v", text, name, ok, read)
		}
		if !ok {
			continue
		}
		want, matches := f.want(member)
		mismatch, isMismatch := errors.AsType[*decode.Mismatch](have.err)
		switch {
		case member.Kind() == 'n':
			if !errors.Is(have.err, decode.ErrMissing) {
				t.Errorf("%q: %s: error %v, want that it is missing", text, name, have.err)
			}
		case !matches && !isMismatch:
			t.Errorf("%q: %s: got %#v, %v, want a mismatch", text, name, have.value, have.err)
		case !matches && (len(mismatch.Have) > 100 || mismatch.Want == ""):
			t.Errorf("%q: %s: bad mismatch %v", text, name, mismatch)
		case matches && (have.err != nil || !reflect.DeepEqual(have.value, want)):
			t.Errorf("%q: %s: got %#v, %v, want %#v", text, name, have.value, have.err, want)
		}
	}
}
