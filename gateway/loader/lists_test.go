package loader_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/portico-gateway/portico/gateway/loader"
)

// lists returns what parents get whose keys have commas between them: "-" is null. The
// value of a key is the key in capitals; x has none, and b fails.
func lists(t *testing.T, parents ...string) (got [][]string, failed []error, calls [][]string) {
	t.Helper()
	l := loader.New(10, func(_ context.Context, keys []string) (map[string]string, error) {
		calls = append(calls, keys)
		values := map[string]string{}
		for _, key := range keys {
			if key != "x" {
				values[key] = strings.ToUpper(key)
			}
		}
		if slices.Contains(keys, "b") {
			return values, loader.KeyErrors[string]{"b": errors.New("b failed")}
		}
		return values, nil
	})
	got, err := loader.ResolveLists(loader.WithScope(t.Context()), l, parents, func(parent string, _ *loader.Texts) []string {
		switch parent {
		case "-":
			return nil
		case "":
			return []string{}
		}
		return strings.Split(parent, ",")
	})
	if some, ok := errors.AsType[loader.Errors](err); ok {
		failed = some
	} else if err != nil {
		t.Fatal(err)
	}
	return got, failed, calls
}

func TestResolveLists(t *testing.T) {
	got, failed, calls := lists(t, "c,a,c", "-", "", "a,x", ",d")
	if text := fmt.Sprintf("%q", got); text != `[["C" "A" "C"] [] [] ["A" ""] ["" "D"]]` || got[1] != nil || got[2] == nil || failed != nil {
		t.Errorf("got %s, %v", text, failed)
	}
	if text := fmt.Sprint(calls); text != "[[c a x d]]" {
		t.Errorf("calls %s", text)
	}
	if got, _, calls := lists(t, "-", ""); len(calls) > 0 || got[0] != nil || got[1] == nil {
		t.Errorf("got %v with %d calls", got, len(calls))
	}
}

func TestErrorsOfLists(t *testing.T) {
	got, failed, _ := lists(t, "a,b", "c", "b,b")
	if fmt.Sprint(got) != "[[] [C] []]" || len(failed) != 3 || failed[0] == nil || failed[1] != nil || failed[2] == nil {
		t.Errorf("got %v, %v", got, failed)
	}
}

func TestPresent(t *testing.T) {
	failure := errors.New("failed")
	got, err := loader.Present([][]string{{"a", "", "b"}, nil, {}, {""}}, failure)
	if fmt.Sprint(got) != "[[a b] [] [] []]" || got[1] != nil || got[3] == nil || !errors.Is(err, failure) {
		t.Errorf("got %v, %v", got, err)
	}
}
