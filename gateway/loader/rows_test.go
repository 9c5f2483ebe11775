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

func TestOne(t *testing.T) {
	for name, c := range map[string]struct {
		keys, rows []string
		want       map[string]string
	}{
		"none":             {nil, nil, map[string]string{}},
		"in another order": {[]string{"b", "a"}, []string{"2", "1"}, map[string]string{"a": "1", "b": "2"}},
		"the last counts":  {[]string{"a", "a"}, []string{"1", "2"}, map[string]string{"a": "2"}},
		"without a key":    {[]string{"", "a"}, []string{"x", "1"}, map[string]string{"a": "1"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := loader.One(c.keys, c.rows)
			for _, key := range []string{"", "a", "b"} {
				if got[key] != c.want[key] {
					t.Errorf("%q got %q, want %q", key, got[key], c.want[key])
				}
			}
		})
	}
}

func TestMany(t *testing.T) {
	got := loader.Many([]string{"a", "b", "d"}, []string{"b", "a", "", "b", "other"}, []string{"1", "2", "x", "3", "y"})
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

// rowsOf makes rows of bytes: the upper half is the key, of which 0 is none.
func rowsOf(bytes []byte) (keys, rows []string) {
	for i, b := range bytes {
		key := ""
		if b>>4 > 0 {
			key = fmt.Sprint("k", b>>4)
		}
		keys, rows = append(keys, key), append(rows, strconv.Itoa(i))
	}
	return keys, rows
}

// own returns the rows of a key, found in the simplest way.
func own(keys, rows []string, key string) []string {
	out := []string{}
	for i := range rows {
		if key != "" && keys[i] == key {
			out = append(out, rows[i])
		}
	}
	return out
}

// Whatever rows come for keys, in whatever order and however often: each key
// gets its own, in their order.
func FuzzKeyedRows(f *testing.F) {
	for _, seed := range []string{"", "\x10", "\x10\x20\x30", "\x30\x10\x10\x20", "\x13\x10", "\x10\x13", "\xff\x00\x10", "\xf0\xe0\x10\x13\x23"} {
		f.Add([]byte(seed), uint8(3))
	}
	f.Fuzz(func(t *testing.T, bytes []byte, n uint8) {
		rowKeys, rows := rowsOf(bytes)
		var keys []string
		for i := range n % 16 {
			keys = append(keys, fmt.Sprint("k", i+1))
		}
		one := loader.New(5, func(context.Context, []string) (map[string]string, error) { return loader.One(rowKeys, rows), nil })
		many := loader.New(5, func(_ context.Context, keys []string) (map[string][]string, error) {
			return loader.Many(keys, rowKeys, rows), nil
		})
		ctx := loader.WithScope(t.Context())
		last, lastErr := one.LoadAll(ctx, keys)
		lists, listsErr := many.LoadAll(ctx, keys)
		if lastErr != nil || listsErr != nil {
			t.Fatalf("got %v, %v", lastErr, listsErr)
		}
		for i, key := range keys {
			want := own(rowKeys, rows, key)
			if !slices.Equal(lists[i], want) || lists[i] == nil {
				t.Errorf("%q got %q, want %q", key, lists[i], want)
			}
			if want = append([]string{""}, want...); last[i] != want[len(want)-1] {
				t.Errorf("%q got %q, want the last of %q", key, last[i], want)
			}
		}
	})
}

// No rows are wanted, however many there are.
func TestManyOfNone(t *testing.T) {
	for _, most := range []int{0, -1} {
		got := loader.Many([]string{"a", "b"}, []string{"a", "a", "b", "", "c"}, []int{1, 2, 3, 4, 5}, most)
		if len(got) != 2 || got["a"] == nil || len(got["a"])+len(got["b"]) > 0 {
			t.Errorf("%d: %v", most, got)
		}
	}
	got := loader.Many([]string{"a", "b"}, []string{"a", "b", "a", "a", "c"}, []int{1, 2, 3, 4, 5}, 2)
	if fmt.Sprint(got) != "map[a:[1 3] b:[2] c:[5]]" {
		t.Errorf("two: %v", got)
	}
}

// Keys that failed keep their errors, and others without a value get one.
func TestEveryAfterFailures(t *testing.T) {
	missing, broken := errors.New("missing"), errors.New("broken")
	values := map[string]int{"a": 1, "b": 0}
	_, err := loader.Every([]string{"a", "b", "c"}, values, missing, loader.KeyErrors[string]{"b": broken})
	failed, ok := errors.AsType[loader.KeyErrors[string]](err)
	if !ok || len(failed) != 2 || !errors.Is(failed["b"], broken) || !errors.Is(failed["c"], missing) {
		t.Errorf("got %v", failed)
	}
	if _, err := loader.Every([]string{"a"}, values, missing, nil); err != nil {
		t.Errorf("got %v", err)
	}
}

func TestFilled(t *testing.T) {
	lists := loader.Filled([]string{"a", "b", "c"}, map[string][]int{"a": {1}, "b": nil})
	if lists["b"] == nil || lists["c"] == nil || len(lists["a"]) != 1 {
		t.Errorf("got %v", lists)
	}
}
