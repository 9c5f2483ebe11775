package upstream_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/upstream"
)

func TestObject(t *testing.T) {
	type pair struct {
		key   string
		value int
	}
	for name, c := range map[string]struct {
		list []*pair
		want string // empty for an error
	}{
		"no list":            {nil, `{"e":null}`},
		"an empty list":      {[]*pair{}, `{"o":{},"e":{}}`},
		"entries":            {[]*pair{{"b", 1}, nil, {"a", 2}}, `{"o":{"a":2,"b":1},"e":{"a":2,"b":1}}`},
		"the same key twice": {[]*pair{{"b", 1}, {"b", 1}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			entries := upstream.Object(c.list, func(p *pair) (string, int) { return p.key, p.value })
			text, err := json.Marshal(struct {
				O upstream.Entries[int] `json:"o,omitzero"`
				E upstream.Entries[int] `json:"e"`
			}{entries, entries})
			if string(text) != c.want {
				t.Errorf("got %s, want %s", text, c.want)
			}
			p, ok := errors.AsType[*problem.Error](err)
			if ok != (c.want == "") || ok && (p.Code != problem.BadUserInput || p.Message != "Two entries have the same key.") {
				t.Errorf("got the error %v", err)
			}
		})
	}
}
