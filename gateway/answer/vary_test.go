package answer

import (
	"net/http"
	"strings"
	"testing"

	"github.com/portico-gateway/portico/gateway/cache"
	"github.com/portico-gateway/portico/gateway/provenance"
	"github.com/portico-gateway/portico/gateway/upstream"
)

// Answers that were made with a version of a service are for requests that get it. Caches
// of others are not told.
func TestVaryByVersion(t *testing.T) {
	ctx, record := provenance.Begin(t.Context())
	record.UsesVersion("shop")
	record.UsesHeader("X-Lang")
	known := NewVariation(false).add(record.Summary())
	key := func(versions map[string]string) cache.Key {
		return known.key(upstream.WithCaller(ctx, upstream.Caller{Versions: versions, Headers: http.Header{"X-Lang": {"en"}}}), cache.Key{})
	}
	main, v2, other := key(nil), key(map[string]string{"shop": "v2"}), key(map[string]string{"other": "v2"})
	if main == v2 || main != other {
		t.Errorf("the key of requests of v2 is another one: %t; that of others: %t", main != v2, main != other)
	}
	if field := strings.Join(known.field(), ""); field != "Accept, Accept-Encoding, X-Lang" {
		t.Errorf("Vary: %s", field)
	}
}
