package upstream_test

import (
	"context"
	"net/http"
	"reflect"
	"testing"

	"github.com/portico-gateway/portico/gateway/cache"
	"github.com/portico-gateway/portico/gateway/provenance"
	"github.com/portico-gateway/portico/gateway/upstream"
)

// passes asks a service for an answer in an operation, and returns what it passes
// to the caller.
func passes(in context.Context, client upstream.HTTP, r upstream.Request) provenance.Summary {
	ctx, record := provenance.Begin(in)
	_, _ = client.GetJSON(ctx, r)
	return record.Summary()
}

func TestPassing(t *testing.T) {
	service, client := newOrigin(t, upstream.Config{Attempts: 1})
	all := &upstream.Passing{Headers: []string{"X-A", "X-B"}, Cookies: []string{"a", "b"}}
	kept := []string{"Cache-Control", "public, max-age=60", "Etag", `"1"`}
	for _, c := range []struct {
		name   string
		status int
		header []string
		passes *upstream.Passing
		want   http.Header
	}{
		{"nothing is named", 200, []string{"X-A", "1"}, &upstream.Passing{}, nil},
		{"headers", 200, []string{"X-A", "1", "X-A", "2", "X-C", "3"}, all, http.Header{"X-A": {"1, 2"}}},
		{"cookies", 200, []string{"Set-Cookie", "a=1; Path=/", "Set-Cookie", "A=1", "Set-Cookie", "ab=1", "Set-Cookie", "a", "Set-Cookie", "b="}, all,
			http.Header{"Set-Cookie": {"a=1; Path=/", "b="}}},
		{"bytes", 200, []string{"X-A", "ä\t1", "X-B", "", "Set-Cookie", `a={"x": "ö"}`}, all, http.Header{"X-A": {"ä\t1"}, "Set-Cookie": {`a={"x": "ö"}`}}},
		{"control characters", 500, []string{"X-A", "1\x01", "X-A", "2", "Set-Cookie", "a=\x1b"}, all, nil}, // net/http refuses the answer
		{"an error", 500, []string{"X-A", "1"}, all, http.Header{"X-A": {"1"}}},
		{"not found", 404, []string{"Set-Cookie", "a=; Max-Age=0"}, all, http.Header{"Set-Cookie": {"a=; Max-Age=0"}}},
	} {
		service.set(c.status, append(c.header, kept...)...)
		for _, method := range []string{http.MethodGet, http.MethodGet, http.MethodPost} {
			r := upstream.Request{Method: method, Path: []string{"x"}, Passes: c.passes, Binding: "a:1:1"}
			got := passes(t.Context(), client, r)
			if !reflect.DeepEqual(got.Header(), c.want) || got.Caller != provenance.Everything {
				t.Errorf("%s: got %v, %v", c.name, got.Header(), got.Caller)
			}
			if c.status == 200 && got.Expires.IsZero() {
				t.Errorf("%s: it is not noted how long the answer is fresh", c.name)
			}
		}
		if got := service.asked(); got != "get,get,post" {
			t.Errorf("%s: calls %s", c.name, got)
		}
	}
}

// Neither an answer that is kept nor one that is under way is shared with a call
// that passes headers, nor the other way round.
func TestPassingSharesNothing(t *testing.T) {
	service, client := newOrigin(t, upstream.Config{})
	service.set(200, "Cache-Control", "public, max-age=60", "Set-Cookie", "a=1")
	plain := upstream.Request{Path: []string{"x"}}
	one, other := plain, plain
	one.Passes = &upstream.Passing{Cookies: []string{"a"}}
	other.Passes = &upstream.Passing{Headers: []string{"a"}}
	for i, want := range []string{"get,get,get", "get,get", "get,get"} { // plain is kept
		ctx := cache.Shared(cache.WithScope(t.Context()))
		for range 2 { // in one operation
			passes(ctx, client, plain)
			passes(ctx, client, one)
			passes(ctx, client, other)
		}
		if got := service.asked(); got != want {
			t.Errorf("operation %d: calls %s, want %s", i, got, want)
		}
	}
	if got := passes(provenance.Writing(t.Context()), client, one); got.Header().Get("Set-Cookie") != "a=1" {
		t.Errorf("a mutation passes %v", got.Header())
	}
	if _, err := client.GetJSON(t.Context(), one); err != nil { // without a record
		t.Error(err)
	}
}
