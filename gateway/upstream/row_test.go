package upstream_test

import (
	stdjson "encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/upstream"
)

func TestMapAndApply(t *testing.T) {
	if upstream.Map[int](nil, func(int) int { return 1 }) != nil || upstream.Apply(nil, func(int) int { return 1 }) != nil {
		t.Error("nil became something")
	}
	if got := upstream.Map([]int{}, func(int) int { return 1 }); got == nil {
		t.Error("an empty list became none")
	}
	if got := upstream.Apply(new(3), strconv.Itoa); *got != "3" {
		t.Errorf("got %s, want 3", *got)
	}
}

// The values of a joined text are those that were joined.
func FuzzJoin(f *testing.F) {
	for _, seed := range []string{"", "a", ",", "a,b", "|", "é", "\x00", " "} {
		f.Add(seed, "b", ",")
		f.Add("a", seed, "|")
		f.Add(seed, seed, "é")
	}
	f.Fuzz(func(t *testing.T, a, b, separator string) {
		if len([]rune(separator)) != 1 || separator == "\ufffd" {
			return // longer ones can arise between a value and the next
		}
		values := []string{a, b, a}
		joined, err := upstream.Join(values, separator)
		refused := strings.Contains(a, separator) || strings.Contains(b, separator)
		if refused != (err != nil) || err != nil && (problem.CodeOf(err) != problem.BadUserInput || joined != "") {
			t.Fatalf("%q by %q: %q, %v", values, separator, joined, err)
		}
		if got := strings.Split(joined, separator); !refused && !slices.Equal(got, values) {
			t.Errorf("%q by %q became %q", values, separator, got)
		}
	})
}

// Whatever the body of an error is, of it callers get JSON of at most 64 KiB, by
// the names that the binding gives it.
func FuzzExplain(f *testing.F) {
	for _, body := range []string{
		``, `{`, `null`, `[]`, `"a"`, `{"error":{"id":"p1","n":5,"ok":true,"inner":{"x":1},"list":[1]}}`, `{"error":null}`, `{"error":"id"}`,
		`{"error":{"id":null}}`, `{"error":{"id":{"id":"deep"}}}`, "{\"error\":{\"id\":\"\xff\"}}", `{"error":{"id":1e400}}`,
		strings.Repeat("[", 20000), strings.Repeat(`{"error":`, 20000), `{"error":{"id":1},"error":{"id":2}}`,
	} {
		f.Add([]byte(body), "id")
		f.Add([]byte(body), "inner")
		f.Add([]byte(body), "")
	}
	f.Fuzz(func(t *testing.T, body []byte, name string) {
		status := &upstream.StatusError{Service: "s", Status: http.StatusConflict, Body: body}
		err := upstream.Explain(problem.Wrap(status, problem.ServiceError, "The service failed."), "TAKEN", "It is taken: 100%.",
			upstream.Detail{Name: "a", Path: []string{"error", name}}, upstream.Detail{Name: "b", Path: []string{name}}, upstream.Detail{Name: "c"})
		p, ok := errors.AsType[*problem.Error](err)
		if !ok || p.Code != "TAKEN" || p.Message != "It is taken: 100%." || !upstream.IsStatus(err, http.StatusConflict) {
			t.Fatalf("got %v", err)
		}
		for key, value := range p.Extensions {
			switch value.(type) {
			case string, bool, stdjson.Number, []any, map[string]any:
			default:
				t.Errorf("%q: the extension %s is %T", body, key, value)
			}
			if key != "a" && key != "b" && key != "c" {
				t.Errorf("%q: there is an extension %s", body, key)
			}
		}
		if _, err := stdjson.Marshal(p.Extensions); err != nil {
			t.Errorf("%q: extensions that are no JSON: %v", body, err)
		}
	})
}

func TestExplain(t *testing.T) {
	other := errors.New("another")
	if err := upstream.Explain(other, "TAKEN", "m"); err != other { //nolint:errorlint // it is to be the same
		t.Errorf("got %v", err)
	}
	status := &upstream.StatusError{Status: 409, Body: []byte(`{"error":{"id":"p1","left":0,"ok":false,"why":{"secret":1},"all":[1],"no":null}}`)}
	var details []upstream.Detail
	for _, name := range []string{"id", "left", "ok", "why", "all", "no", "none"} {
		details = append(details, upstream.Detail{Name: name, Path: []string{"error", name}})
	}
	details = append(details, upstream.Detail{Name: "first", Path: []string{"error", "all", "0"}})
	p, _ := errors.AsType[*problem.Error](upstream.Explain(status, "TAKEN", "m", details...))
	if got := fmt.Sprint(p.Extensions); got != "map[all:[1] first:1 id:p1 left:0 ok:false why:map[secret:1]]" {
		t.Errorf("got %s", got)
	}
}
