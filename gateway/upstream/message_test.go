package upstream_test

import (
	"errors"
	"iter"
	"math"
	"slices"
	"strconv"
	"testing"

	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/upstream"
)

// A number of a caller that a service can't have is the caller's mistake.
func TestNumbersOfCallers(t *testing.T) {
	int32Of := func(n int) (string, error) { v, err := upstream.Int32(n); return strconv.FormatInt(int64(v), 10), err }
	uint32Of := func(n int) (string, error) {
		v, err := upstream.Uint32(n)
		return strconv.FormatUint(uint64(v), 10), err
	}
	uint64Of := func(n int) (string, error) { v, err := upstream.Uint64(n); return strconv.FormatUint(v, 10), err }
	for name, c := range map[string]struct {
		make    func(int) (string, error)
		good    []int
		refused []int
	}{
		"int32":  {int32Of, []int{0, math.MaxInt32, math.MinInt32}, []int{math.MaxInt32 + 1, math.MinInt32 - 1, math.MaxInt}},
		"uint32": {uint32Of, []int{0, math.MaxUint32}, []int{-1, math.MaxUint32 + 1, math.MinInt}},
		"uint64": {uint64Of, []int{0, math.MaxInt}, []int{-1, math.MinInt}},
	} {
		for _, n := range c.good {
			if got, err := c.make(n); err != nil || got != strconv.Itoa(n) {
				t.Errorf("%s of %d is %s, %v", name, n, got, err)
			}
		}
		for _, n := range c.refused {
			if got, err := c.make(n); problem.CodeOf(err) != problem.BadUserInput || got != "0" {
				t.Errorf("%s of %d is %s, %v", name, n, got, err)
			}
		}
	}
}

func TestIDsOfNumbers(t *testing.T) {
	parse := map[string]func(string) (string, error){
		"int32": func(id string) (string, error) {
			v, err := upstream.ParseInt[int32](id)
			return strconv.FormatInt(int64(v), 10), err
		},
		"int64": func(id string) (string, error) {
			v, err := upstream.ParseInt[int64](id)
			return strconv.FormatInt(v, 10), err
		},
		"uint32": func(id string) (string, error) {
			v, err := upstream.ParseUint[uint32](id)
			return strconv.FormatUint(uint64(v), 10), err
		},
		"uint64": func(id string) (string, error) {
			v, err := upstream.ParseUint[uint64](id)
			return strconv.FormatUint(v, 10), err
		},
	}
	fits := map[string][]string{
		"int32":  {"0", "2147483647", "-2147483648"},
		"int64":  {"0", "2147483648", "9223372036854775807", "-9223372036854775808"},
		"uint32": {"0", "4294967295"},
		"uint64": {"0", "18446744073709551615"},
	}
	refused := map[string][]string{
		"int32":  {"2147483648", "-2147483649"},
		"int64":  {"9223372036854775808"},
		"uint32": {"4294967296", "-1"},
		"uint64": {"18446744073709551616", "-1"},
	}
	for name, parse := range parse {
		for _, id := range fits[name] {
			if got, err := parse(id); err != nil || got != id {
				t.Errorf("%s of %q is %s, %v", name, id, got, err)
			}
		}
		for _, id := range append(refused[name], "", "x", "1.0", "1e3", " 1", "0x1", "1_0") {
			if got, err := parse(id); problem.CodeOf(err) != problem.BadUserInput || got != "0" {
				t.Errorf("%s of %q is %s, %v", name, id, got, err)
			}
		}
	}
}

func TestValues(t *testing.T) {
	got, err := upstream.Values([]string{"1", "2"}, upstream.ParseInt[int64])
	if err != nil || !slices.Equal(got, []int64{1, 2}) {
		t.Errorf("got %v, %v", got, err)
	}
	if got, err := upstream.Values(nil, upstream.ParseInt[int64]); err != nil || got == nil {
		t.Errorf("a repeated field without values is %v, %v; want an empty list", got, err)
	}
	got, err = upstream.Values([]string{"1", "x", "y"}, upstream.ParseInt[int64])
	if got != nil || problem.CodeOf(err) != problem.BadUserInput || err.Error()[:4] != "[1]:" {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestEvents(t *testing.T) {
	broken, odd := errors.New("broken"), errors.New("odd")
	stream := func(end error, numbers ...int) iter.Seq2[*int, error] {
		return func(yield func(*int, error) bool) {
			for _, n := range numbers {
				if !yield(&n, nil) {
					return
				}
			}
			if end != nil {
				yield(nil, end)
			}
		}
	}
	value := func(n *int) (int, error) {
		if *n%2 == 1 {
			return 0, odd
		}
		return *n * 10, nil
	}
	for name, c := range map[string]struct {
		stream iter.Seq2[*int, error]
		want   []string
	}{
		"nothing":            {stream(nil), nil},
		"all":                {stream(nil, 2, 4), []string{"20", "40"}},
		"the stream breaks":  {stream(broken, 2), []string{"20", "the end: broken"}},
		"messages are wrong": {stream(nil, 1, 2, 3, 4), []string{"odd", "20", "odd", "40"}},
		"both":               {stream(broken, 3), []string{"odd", "the end: broken"}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for event, err := range upstream.Events(c.stream, value) {
				_, ofEvent := errors.AsType[*problem.EventError](err)
				switch {
				case ofEvent && errors.Is(err, odd):
					got = append(got, err.Error())
				case err != nil:
					got = append(got, "the end: "+err.Error())
				default:
					got = append(got, strconv.Itoa(event))
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	// The stream's error is the last pair, even if the stream goes on.
	pairs := 0
	for event, err := range upstream.Events(func(yield func(*int, error) bool) { _ = yield(nil, broken) && yield(new(2), nil) }, value) {
		if pairs++; pairs > 1 || !errors.Is(err, broken) {
			t.Errorf("pair %d: %d, %v", pairs, event, err)
		}
	}
	// A loop that is left ends the stream, too.
	for event, err := range upstream.Events(stream(nil, 2, 4), value) {
		if err != nil || event != 20 {
			t.Errorf("got %d, %v", event, err)
		}
		break
	}
}
