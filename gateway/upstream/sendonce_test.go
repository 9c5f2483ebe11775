package upstream_test

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/provenance"
	"github.com/portico-gateway/portico/gateway/upstream"
)

// A call of a mutation is sent once even if it is a GET and the service closes the
// connection instead of answering, which makes net/http send a GET again. It has no
// body.
func TestMutationsAreSentOnce(t *testing.T) {
	var closing atomic.Bool
	var sent atomic.Int64
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		sent.Add(1)
		if r.ContentLength != 0 || len(r.TransferEncoding) > 0 {
			t.Errorf("the request has a body: %d, %v", r.ContentLength, r.TransferEncoding)
		}
		if closing.Load() {
			panic(http.ErrAbortHandler)
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{}`))
	})
	for name, c := range map[string]struct {
		context context.Context
		sent    int64
	}{
		"a mutation": {provenance.Writing(t.Context()), 1},
		"a query":    {t.Context(), 2}, // the connection that was used before, and a new one
	} {
		client := open(t, upstream.Config{URL: url, Attempts: 1})
		call := func() error { return client.Done(c.context, upstream.Request{Path: []string{"touch"}}) }
		closing.Store(false)
		if err := call(); err != nil {
			t.Fatal(err)
		}
		sent.Store(0)
		closing.Store(true)
		if err := call(); problem.CodeOf(err) != problem.ServiceError || sent.Load() != c.sent {
			t.Errorf("%s was sent %d times, want %d: %v", name, sent.Load(), c.sent, err)
		}
	}
}
