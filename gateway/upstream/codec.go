package upstream

import (
	"cmp"
	"net/http"
	"time"

	"github.com/portico-gateway/portico/gateway/cache"
)

// gotHead is what other gateways are told of an answer, besides its body.
type gotHead struct {
	Status                    int
	Header                    http.Header
	Asked                     time.Time
	Fresh, Revalidate, Errors time.Duration
	Stale                     time.Duration // of the entry
	Said                      bool
	Tags                      []string
}

// codec shares answers with other gateways.
func codec(store *cache.Store) *cache.Codec[*got] {
	return &cache.Codec[*got]{
		Encode: func(g *got, e *cache.Entry) []byte {
			return cache.Frame(gotHead{g.status, g.header, g.asked, g.fresh, g.whileRevalidate, g.ifError, e.Stale, g.said, e.Tags}, []byte(g.body))
		},
		Decode: func(text []byte) (*got, *cache.Entry, error) {
			var head gotHead
			body, err := cache.Unframe(text, &head)
			if err != nil {
				return nil, nil, err
			}
			g := &got{status: cmp.Or(head.Status, http.StatusOK), header: head.Header, body: string(body),
				asked: head.Asked, fresh: head.Fresh, said: head.Said, whileRevalidate: head.Revalidate, ifError: head.Errors}
			return g, g.entry(store, head.Stale, head.Tags), nil
		},
	}
}

// entry is what the answer is kept as, but for its key.
func (g *got) entry(store *cache.Store, stale time.Duration, tags []string) *cache.Entry {
	e := &cache.Entry{
		Value: g, Cost: int64(len(g.body)) + 1<<10, // about that of the header
		Born: g.asked, Fresh: max(g.fresh, 0), Stale: stale, Tags: tags, Part: true,
	}
	g.part = store.PartOf(e)
	return e
}
