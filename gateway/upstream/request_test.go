package upstream_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/upstream"
)

// What can't be sent is refused, and is no failure of the service.
func TestRequestsThatAreRefused(t *testing.T) {
	client := open(t, upstream.Config{URL: serve(t, func(_ http.ResponseWriter, r *http.Request) { t.Errorf("the service was asked %s", r.RequestURI) })})
	for name, r := range map[string]upstream.Request{
		"an empty segment": {Path: []string{"rows", ""}},
		"a dot":            {Path: []string{"rows", "."}},
		"two dots":         {Path: []string{"..", "admin"}},
		"a line break":     {Header: http.Header{"X-A": {"b\r\nX-Evil: 1"}}},
		"a zero byte":      {Header: http.Header{"X-A": {"fine", "b\x00"}}},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := upstream.GetJSON[row](t.Context(), client, r); problem.CodeOf(err) != problem.BadUserInput {
				t.Errorf("got %v", err)
			}
		})
	}
}

// A path ends with a slash if the binding's does.
func TestPathsThatEndWithASlash(t *testing.T) {
	seen := ""
	client := open(t, upstream.Config{URL: serve(t, func(w http.ResponseWriter, r *http.Request) {
		seen = r.RequestURI
		answers(200, "application/json", `{}`)(w, r)
	})})
	for want, r := range map[string]upstream.Request{
		"/rows/?a=b": {Path: []string{"rows"}, Slash: true, Query: url.Values{"a": {"b"}}},
		"/rows?a=b":  {Path: []string{"rows"}, Query: url.Values{"a": {"b"}}},
	} {
		if _, err := upstream.GetJSON[row](t.Context(), client, r); err != nil || seen != want {
			t.Errorf("%v; the service got %s, want %s", err, seen, want)
		}
	}
}

// The payload of a WebSocket can have any text as Authorization.
func TestAuthorizationThatIsNoHeader(t *testing.T) {
	forward := upstream.Config{ForwardAuthorization: true}
	services := serveGRPC(t, forward, nil, func(context.Context) error { t.Error("the gRPC service was called"); return nil })
	forward.URL = serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the HTTP service was called") })
	client := open(t, forward)
	for _, authorization := range []string{"Bearer a\r\nX: y", "Bearer \x00", "Bearer ü"} {
		ctx := upstream.WithCaller(t.Context(), upstream.Caller{Authorization: authorization})
		if _, err := upstream.GetJSON[row](ctx, client, upstream.Request{}); problem.CodeOf(err) != problem.Unauthenticated {
			t.Errorf("HTTP, %q: %v", authorization, err)
		}
		if err := getStock(t, ctx, services); problem.CodeOf(err) != problem.Unauthenticated {
			t.Errorf("gRPC, %q: %v", authorization, err)
		}
	}
}

// Whatever is in a value, the service sees exactly one segment, one parameter
// and one header with it; or the request is refused, and nothing is sent.
func FuzzRequest(f *testing.F) {
	var seen *http.Request
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = r
		answers(200, "application/json", `{}`)(w, r)
	}))
	server.Config.MaxHeaderBytes = 1 << 30
	server.Start()
	f.Cleanup(server.Close)
	client := open(f, upstream.Config{URL: server.URL + "/v1"})
	for _, seed := range []string{
		"p1", "", ".", "..", "../admin?x#", "%2e%2e", "%2e%2e%2fadmin", "a/b", `..\admin`, ";x=1", "a&b=c+d", "a\r\nHost: admin",
		"\x00", "\xff", "é", " ", "\t", "//", strings.Repeat("a", 64<<10), strings.Repeat("/", 64<<10),
	} {
		f.Add(seed, seed, seed)
		f.Add("p1", seed, "fine") // or what is refused would hide the others
		f.Add("p1", "fine", seed)
		f.Add(seed, "fine", "fine")
	}
	f.Fuzz(func(t *testing.T, segment, parameter, header string) {
		seen = nil
		_, err := upstream.GetJSON[row](t.Context(), client, upstream.Request{
			Path:   []string{"rows", segment, "end"},
			Query:  url.Values{"q": {parameter}},
			Header: http.Header{"X-Value": {header}},
		})
		if err != nil {
			long := len(url.PathEscape(segment))+len(url.QueryEscape(parameter)) > 127<<10
			if seen != nil || !long && !refusable(segment, header) || problem.CodeOf(err) != problem.BadUserInput {
				t.Errorf("sent %t: %v", seen != nil, err)
			}
			return
		}
		path, rawQuery, _ := strings.Cut(seen.RequestURI, "?")
		parts := strings.Split(path, "/")
		if len(parts) != 5 || parts[1] != "v1" || parts[2] != "rows" || parts[4] != "end" {
			t.Fatalf("path %q", path)
		}
		if got, err := url.PathUnescape(parts[3]); err != nil || got != segment {
			t.Errorf("segment %q came as %q, %v", segment, got, err)
		}
		query, err := url.ParseQuery(rawQuery)
		if err != nil || len(query) != 1 || len(query["q"]) != 1 || query.Get("q") != parameter {
			t.Errorf("parameter %q came as %v, %v", parameter, query, err)
		}
		if got := seen.Header["X-Value"]; len(got) != 1 || got[0] != strings.Trim(header, " \t") { // white space around is no part of it: RFC 9110
			t.Errorf("header %q came as %q", header, got)
		}
	})
}

func refusable(segment, header string) bool {
	return segment == "" || segment == "." || segment == ".." ||
		strings.ContainsFunc(header, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
}
