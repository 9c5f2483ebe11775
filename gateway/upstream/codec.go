package upstream

import (
	"net/http"
	"time"
	"weak"

	"github.com/portico-gateway/portico/gateway/cache"
)

// gotHead is what other gateways are told of an answer, besides its body.
type gotHead struct {
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
		Encode: func(g *got) []byte {
			if g.part == nil || g.part.entry.Value() == nil {
				return nil
			}
			entry := g.part.entry.Value()
			return cache.Frame(gotHead{g.header, g.asked, g.fresh, g.whileRevalidate, g.ifError, entry.Stale, g.said, entry.Tags}, g.body)
		},
		Decode: func(text []byte) (*got, *cache.Entry, error) {
			var head gotHead
			body, err := cache.Unframe(text, &head)
			if err != nil {
				return nil, nil, err
			}
			g := &got{header: head.Header, body: body, asked: head.Asked, fresh: head.Fresh, said: head.Said, whileRevalidate: head.Revalidate, ifError: head.Errors}
			entry := g.entry(head.Stale, head.Tags)
			g.part = &part{store, weak.Make(entry)}
			return g, entry, nil
		},
	}
}

// entry is what the answer is kept as, but for its key.
func (g *got) entry(stale time.Duration, tags []string) *cache.Entry {
	return &cache.Entry{
		Value: g, Cost: int64(len(g.body)) + 1<<10, // about that of the header
		Born: g.asked, Fresh: max(g.fresh, 0), Stale: stale, Tags: tags, Part: true,
	}
}
