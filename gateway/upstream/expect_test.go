package upstream_test

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/portico-gateway/portico/gateway/upstream"
)

// suspicions collects what is suspected.
type suspicions struct {
	mu   sync.Mutex
	list []string
}

func (s *suspicions) add(found upstream.Suspicion) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = append(s.list, found.Service+" "+found.Binding+" "+found.Message)
}

// Names that no answer has are noticed, and only those.
func TestExpectations(t *testing.T) {
	for name, c := range map[string]struct {
		paths   []string
		strict  bool
		answers []string
		want    []string // a part of each
	}{
		"all there":           {[]string{"items", "items.id"}, true, []string{`{"items":[{"id":1}]}`}, nil},
		"null is there":       {[]string{"items", "items.id"}, true, []string{`{"items":[{"id":null}]}`}, nil},
		"a select":            {[]string{"itmes", "itmes.id"}, true, []string{`{"items":[{"id":1}]}`}, []string{"none of 1 answers had itmes;"}},
		"a source":            {[]string{"items", "items.idd"}, true, []string{`{"items":[{"id":1}]}`}, []string{"none of 1 answers had items.idd;"}},
		"in one row":          {[]string{"items", "items.id"}, true, []string{`{"items":[{"x":1},{"id":1}]}`}, nil},
		"an empty list":       {[]string{"items", "items.id"}, true, []string{`{"items":[]}`}, nil},
		"an object in a row":  {[]string{"a.b.c"}, true, []string{`[{"a":{"b":{"d":1}}}]`}, []string{"a.b.c"}},
		"few answers":         {[]string{"id"}, false, slices.Repeat([]string{`{}`}, 19), nil},
		"many answers":        {[]string{"id"}, false, slices.Repeat([]string{`{}`}, 100), []string{"none of 20 answers had id;"}},
		"one of many has it":  {[]string{"id"}, false, append([]string{`{"id":1}`}, slices.Repeat([]string{`{}`}, 100)...), nil},
		"nothing is expected": {nil, true, []string{`{}`}, nil},
		"no objects":          {[]string{"id"}, true, []string{`[]`, `1`, `null`, `"x"`}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var found suspicions
			next := 0
			url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				_, _ = w.Write([]byte(c.answers[next]))
			})
			client := open(t, upstream.Config{URL: url, Suspect: found.add, Strict: c.strict})
			expect := client.Expect("schema/web/a.graphqls:1:2", c.paths...)
			for next = range c.answers {
				if _, err := upstream.GetJSON[any](t.Context(), client, upstream.Request{Expect: expect}); err != nil {
					t.Fatal(err)
				}
			}
			if len(found.list) != len(c.want) {
				t.Fatalf("suspected %q, want %q", found.list, c.want)
			}
			for i, want := range c.want {
				if !strings.Contains(found.list[i], "schema/web/a.graphqls:1:2 ") || !strings.Contains(found.list[i], want) {
					t.Errorf("suspected %q, want %q", found.list[i], want)
				}
			}
		})
	}
}

// Rows of which none has a requested key are noticed, once.
func TestMatching(t *testing.T) {
	var found suspicions
	client := open(t, upstream.Config{URL: "http://127.0.0.1:1", Suspect: found.add, Strict: true})
	expect := client.Expect("a:1:2")
	expect.Matching([]string{"a"}, nil)
	for range 2 {
		expect.Matching([]string{"a", "", "b"}, []string{"x", ""})
	}
	if len(found.list) != 1 || !strings.Contains(found.list[0], "1 answers had rows, but none with a requested key") {
		t.Errorf("suspected %q", found.list)
	}
	found.list = nil
	other := client.Expect("a:1:2")
	other.Matching([]string{"a"}, []string{"a"})
	other.Matching([]string{"a"}, []string{"b"})
	if len(found.list) > 0 {
		t.Errorf("it matched before: %q", found.list)
	}
}
