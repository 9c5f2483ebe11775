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
	return resolved(t, loader.ResolveLists, parents)
}

// resolve is [loader.ResolveLists] or [loader.ResolvePresent].
type resolve = func(context.Context, *loader.Loader[string, string], []string, func(string, *loader.Texts) []string, ...int) ([][]string, error)

func resolved(t *testing.T, by resolve, parents []string, most ...int) (got [][]string, failed []error, calls [][]string) {
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
	got, err := by(loader.WithScope(t.Context()), l, parents, func(parent string, _ *loader.Texts) []string {
		switch parent {
		case "-":
			return nil
		case "":
			return []string{}
		}
		return strings.Split(parent, ",")
	}, most...)
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

func TestResolvePresent(t *testing.T) {
	got, failed, _ := resolved(t, loader.ResolvePresent, []string{"a,x,c", "-", "", "x", "a,b"})
	if text := fmt.Sprintf("%q", got); text != `[["A" "C"] [] [] [] []]` || got[1] != nil || got[3] == nil || len(failed) != 5 || failed[0] != nil || failed[4] == nil {
		t.Errorf("got %s, %v", text, failed)
	}
}

func TestMostOfLists(t *testing.T) {
	every, present := loader.ResolveLists[string, string, string], loader.ResolvePresent[string, string, string]
	parents := []string{"a,x,c,d", "-", "", "x,c", "d"}
	for name, c := range map[string]struct {
		by    resolve
		most  int
		want  string
		calls string
	}{
		"two":           {every, 2, `[["A" ""] [] [] ["" "C"] ["D"]]`, "[[a x c d]]"},
		"one":           {every, 1, `[["A"] [] [] [""] ["D"]]`, "[[a x d]]"},
		"none":          {every, 0, `[[] [] [] [] []]`, "[]"},
		"two that are":  {present, 2, `[["A" "C"] [] [] ["C"] ["D"]]`, "[[a x c d]]"},
		"none that are": {present, 0, `[[] [] [] [] []]`, "[[a x c d]]"},
	} {
		t.Run(name, func(t *testing.T) {
			got, failed, calls := resolved(t, c.by, parents, c.most)
			if text := fmt.Sprintf("%q", got); text != c.want || fmt.Sprint(calls) != c.calls || got[1] != nil || got[0] == nil || got[2] == nil || failed != nil {
				t.Errorf("got %s, %v with %v", text, failed, calls)
			}
		})
	}
}
