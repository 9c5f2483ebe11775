package upstream

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/portico-gateway/portico/gateway/cache"
)

// An answer from Redis without a header can be validated as any other.
func TestDecodedWithoutHeader(t *testing.T) {
	e := &cache.Entry{}
	if err := codec(cache.Nothing()).Decode(json.RawMessage(`{"Status":200,"Header":null}`), []byte("x"), e); err != nil {
		t.Fatal(err)
	}
	if got := updated(gotOf(e).header, http.Header{"Date": {"x"}}); got.Get("Date") != "x" {
		t.Errorf("%v", got)
	}
}
