package upstream_test

import (
	"context"
	"net/http"
	"slices"
	"testing"

	"google.golang.org/grpc/metadata"

	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/upstream"
)

// What a service believes of its caller comes from the gateway only.
func TestSubject(t *testing.T) {
	const header = "X-User-Id"
	trace := http.Header{"Traceparent": {"00-a-b-01"}, "Tracestate": {"x=1"}, "X-Other": {"1"}}
	for name, c := range map[string]struct {
		caller        upstream.Caller
		config, bound string // the header's name, and what a binding sends in it
		want          string
	}{
		"sent":              {upstream.Caller{Subject: "u1"}, header, "", "u1"},
		"not configured":    {upstream.Caller{Subject: "u1"}, "", "", ""},
		"over a binding's":  {upstream.Caller{Subject: "u1"}, header, "admin", "u1"},
		"none is none":      {upstream.Caller{}, header, "admin", ""},
		"a binding's alone": {upstream.Caller{}, "", "any", "any"},
	} {
		t.Run(name, func(t *testing.T) {
			var got http.Header
			base := serve(t, func(w http.ResponseWriter, r *http.Request) {
				got = r.Header
				answers(200, "application/json", `{"id":"a"}`)(w, r)
			})
			c.caller.Headers = trace
			request := upstream.Request{}
			if c.bound != "" {
				request.Header = http.Header{header: {c.bound}}
			}
			client := open(t, upstream.Config{URL: base, SubjectHeader: c.config})
			if _, err := upstream.GetJSON[row](upstream.WithCaller(t.Context(), c.caller), client, request); err != nil {
				t.Fatal(err)
			}
			if got.Get(header) != c.want || got.Get("Traceparent") != "00-a-b-01" || got.Get("Tracestate") != "x=1" || got.Get("X-Other") != "" {
				t.Errorf("the service got %v", got)
			}
		})
	}
}

func TestSubjectOfGRPC(t *testing.T) {
	var got metadata.MD
	services := serveGRPC(t, upstream.Config{SubjectHeader: "X-User-Id"}, nil, func(ctx context.Context) error {
		got, _ = metadata.FromIncomingContext(ctx)
		return nil
	})
	ctx := upstream.WithCaller(t.Context(), upstream.Caller{Subject: "u1", Headers: http.Header{"Traceparent": {"00-a-b-01"}}})
	if err := getStock(t, ctx, services); err != nil {
		t.Fatal(err)
	}
	if id, trace := got.Get("x-user-id"), got.Get("traceparent"); len(id) != 1 || id[0] != "u1" || len(trace) != 1 || trace[0] != "00-a-b-01" {
		t.Errorf("the service got %v", got)
	}
	err := getStock(t, upstream.WithCaller(t.Context(), upstream.Caller{Subject: "a\nb"}), services)
	if problem.CodeOf(err) != problem.Unauthenticated {
		t.Errorf("a subject of two lines: %v", err)
	}
}

// Services get the id of the request, and calls that differ only in it are one.
func TestRequestID(t *testing.T) {
	o, client := newOrigin(t, upstream.Config{})
	o.set(200, "Cache-Control", "max-age=60")
	for _, id := range []string{"first", "second"} {
		ctx := upstream.WithCaller(t.Context(), upstream.Caller{RequestID: id})
		if got := read(t, ctx, client); got != "a" {
			t.Errorf("%s: %s", id, got)
		}
	}
	if asked, ids := o.asked(), o.requestIDs(); asked != "get" || !slices.Equal(ids, []string{"first"}) {
		t.Errorf("asked %s, with the ids %q", asked, ids)
	}
	read(t, upstream.WithCaller(t.Context(), upstream.Caller{RequestID: "a\nb"}), client, "X-Other", "1")
	if ids := o.requestIDs(); !slices.Equal(ids, []string{""}) {
		t.Errorf("an id with a line break became %q", ids)
	}
}
