package loader_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"testing"

	"github.com/portico-gateway/portico/gateway/loader"
)

// found is a row of a service.
type found struct {
	key  string
	text string
	bad  bool
}

func keyOf(row *found) string { return row.key }

var errBad = errors.New("bad")

func textOf(row *found) (string, error) {
	if row.bad {
		return "", errBad
	}
	return row.text, nil
}

func TestOne(t *testing.T) {
	row := func(key, text string) *found { return &found{key: key, text: text} }
	bad := func(key string) *found { return &found{key: key, bad: true} }
	for name, c := range map[string]struct {
		rows   []*found
		want   map[string]string
		failed []string
	}{
		"none":                   {nil, map[string]string{}, nil},
		"in another order":       {[]*found{row("b", "2"), row("a", "1")}, map[string]string{"a": "1", "b": "2"}, nil},
		"the last counts":        {[]*found{row("a", "1"), row("a", "2")}, map[string]string{"a": "2"}, nil},
		"null, or without a key": {[]*found{nil, row("", "x"), row("a", "1")}, map[string]string{"a": "1"}, nil},
		"bad":                    {[]*found{bad("b"), row("a", "1")}, map[string]string{"a": "1"}, []string{"b"}},
		"bad, then good":         {[]*found{bad("a"), row("a", "1")}, map[string]string{"a": "1"}, nil},
		"good, then bad":         {[]*found{row("a", "1"), bad("a")}, map[string]string{}, []string{"a"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := loader.One(c.rows, keyOf, textOf)
			checkFailed(t, err, c.failed)
			for _, key := range []string{"", "a", "b"} {
				if !slices.Contains(c.failed, key) && got[key] != c.want[key] {
					t.Errorf("%q got %q, want %q", key, got[key], c.want[key])
				}
			}
		})
	}
}

// checkFailed wants an error of exactly these keys.
func checkFailed(t *testing.T, err error, keys []string) {
	t.Helper()
	failed, ok := errors.AsType[loader.KeyErrors[string]](err)
	if (err != nil) != ok || len(failed) != len(keys) {
		t.Fatalf("got %v, want errors of %q", err, keys)
	}
	for _, key := range keys {
		if !errors.Is(failed[key], errBad) {
			t.Errorf("the error of %q is %v", key, failed[key])
		}
	}
}

func TestMany(t *testing.T) {
	rows := []*found{{key: "b", text: "1"}, nil, {key: "a", text: "2"}, {key: "", text: "x"}, {key: "b", text: "3"}, {key: "c", bad: true}, {key: "other", text: "y"}}
	got, err := loader.Many([]string{"a", "b", "c", "d"}, rows, keyOf, textOf)
	checkFailed(t, err, []string{"c"})
	for key, want := range map[string][]string{"a": {"2"}, "b": {"1", "3"}, "d": {}} {
		if !slices.Equal(got[key], want) || got[key] == nil {
			t.Errorf("%q got %q, want %q", key, got[key], want)
		}
	}
}

func TestOptionalArguments(t *testing.T) {
	one := 1
	if got := loader.Some(&one).Pointer(); got == nil || *got != 1 {
		t.Errorf("got %v, want 1", got)
	}
	if loader.Some[int](nil).Pointer() != nil || loader.Some[int](nil) == loader.Some(new(int)) {
		t.Error("none is not told from 0")
	}
}

// rowsOf makes rows of bytes: the upper half is the key, of which 0 is none;
// 0xff is null; every fourth row is bad.
func rowsOf(bytes []byte) []*found {
	var rows []*found
	for i, b := range bytes {
		row := &found{text: strconv.Itoa(i), bad: b&3 == 3}
		if b>>4 > 0 {
			row.key = fmt.Sprint("k", b>>4)
		}
		if b == 0xff {
			row = nil
		}
		rows = append(rows, row)
	}
	return rows
}

// own are the rows of a key, found in the simplest way.
func own(rows []*found, key string) []*found {
	return slices.DeleteFunc(slices.Clone(rows), func(row *found) bool { return row == nil || row.key != key })
}

// Whatever rows come for keys, in whatever order and however often: each key
// gets its own, in their order, and the errors of its own.
func FuzzKeyedRows(f *testing.F) {
	for _, seed := range []string{"", "\x10", "\x10\x20\x30", "\x30\x10\x10\x20", "\x13\x10", "\x10\x13", "\xff\x00\x10", "\xf0\xe0\x10\x13\x23"} {
		f.Add([]byte(seed), uint8(3))
	}
	f.Fuzz(func(t *testing.T, bytes []byte, n uint8) {
		rows := rowsOf(bytes)
		keys := []string{""}
		for i := range n % 16 {
			keys = append(keys, fmt.Sprint("k", i+1))
		}
		one := loader.New(5, func(context.Context, []string) (map[string]string, error) { return loader.One(rows, keyOf, textOf) })
		many := loader.New(5, func(_ context.Context, keys []string) (map[string][]string, error) {
			return loader.Many(keys, rows, keyOf, textOf)
		})
		ctx := loader.WithScope(t.Context())
		last, lastErr := one.LoadAll(ctx, keys)
		lists, listsErr := many.LoadAll(ctx, keys)
		for i, key := range keys {
			checkOne(t, key, own(rows, key), last[i], errorAt(t, lastErr, i))
			checkMany(t, key, own(rows, key), lists[i], errorAt(t, listsErr, i))
		}
	})
}

// errorAt is the error of one key.
func errorAt(t *testing.T, err error, i int) error {
	t.Helper()
	if err == nil {
		return nil
	}
	list, ok := errors.AsType[loader.Errors](err)
	if !ok {
		t.Fatalf("%v is not the errors of keys", err)
	}
	return list[i]
}

func checkOne(t *testing.T, key string, own []*found, got string, err error) {
	t.Helper()
	want := found{}
	if key != "" && len(own) > 0 {
		want = *own[len(own)-1]
	}
	if (err != nil) != want.bad || !want.bad && got != want.text {
		t.Errorf("%q got %q, %v; want %+v", key, got, err, want)
	}
}

func checkMany(t *testing.T, key string, own []*found, got []string, err error) {
	t.Helper()
	if key == "" { // none is not fetched
		if got != nil || err != nil {
			t.Errorf("no key got %q, %v", got, err)
		}
		return
	}
	want := []string{}
	for _, row := range own {
		if row.bad {
			if err == nil {
				t.Errorf("%q has a bad row and no error", key)
			}
			return
		}
		want = append(want, row.text)
	}
	if err != nil || got == nil || !slices.Equal(got, want) {
		t.Errorf("%q got %q, %v; want %q", key, got, err, want)
	}
}
