package upstream

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/portico-gateway/portico/gateway/cache"
)

// gotHead is what gateways share of an answer besides its entry and its body.
type gotHead struct {
	Status         int
	Header         http.Header
	Fresh          time.Duration
	Said           bool
	MustRevalidate bool
}

// codec shares answers with other gateways.
func codec(store *cache.Store) *cache.Codec {
	return &cache.Codec{
		Encode: func(value any) (any, []byte) {
			g := value.(*got) //nolint:forcetypeassert // see gotOf
			return gotHead{g.status, g.header, g.fresh, g.said, g.mustRevalidate}, append([]byte{}, g.body...)
		},
		Decode: func(raw json.RawMessage, body []byte, e *cache.Entry) error {
			var head gotHead
			if err := json.Unmarshal(raw, &head); err != nil {
				return err
			}
			if head.Header == nil {
				head.Header = http.Header{}
			}
			g := &got{
				status: head.Status, header: head.Header, body: string(body),
				born: e.Born, fresh: head.Fresh, said: head.Said, mustRevalidate: head.MustRevalidate,
			}
			e.Value, e.Cost, g.part = g, g.size(), store.PartOf(e)
			return nil
		},
	}
}

// gotOf returns the answer that an entry has.
func gotOf(e *cache.Entry) *got { return e.Value.(*got) } //nolint:forcetypeassert // the caches of services have no other

// size returns about how many bytes the answer has.
func (g *got) size() int64 { return int64(len(g.body)) + 1<<10 }
