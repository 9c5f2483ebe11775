package server

import (
	"bufio"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/gateway/middleware"
	"github.com/portico-gateway/portico/gateway/upstream"
)

// What is for one connection is nobody's beyond it: neither the gateway's nor
// the bindings'.
func TestFieldsOfTheConnection(t *testing.T) {
	const trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	cfg, err := config.Load("../../portico.yaml", func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(cfg, slog.New(slog.DiscardHandler), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var got http.Header
	handler := middleware.Principal(s.callers("web"), s.now().credentials, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = http.Header{}
		for name := range r.Header {
			if value := upstream.Header(r.Context(), name); value != "" { // what a binding is given
				got.Set(name, value)
			}
		}
	}))
	server := httptest.NewServer(middleware.Chain(handler, s.middlewares(s.now())))
	defer server.Close()
	for name, c := range map[string]struct {
		lines []string
		want  []string // the names that are left
	}{
		"none":                         {[]string{"X-Lang: en"}, []string{"X-Lang"}},
		"named":                        {[]string{"X-Lang: en", "X-Other: a", "Connection: x-lang"}, []string{"X-Other"}},
		"several named":                {[]string{"X-Lang: en", "X-Other: a", "X-More: b", "Connection: keep-alive, X-Lang ,,x-more"}, []string{"X-Other"}},
		"named in two lines":           {[]string{"X-Lang: en", "X-Other: a", "Connection: X-Lang", "connection: X-Other"}, nil},
		"named, without being there":   {[]string{"X-Lang: en", "Connection: X-None"}, []string{"X-Lang"}},
		"credentials":                  {[]string{"Authorization: Bearer nonsense", "Connection: authorization"}, nil},
		"the request's id":             {[]string{"X-Request-Id: mine", "Connection: x-request-id"}, nil},
		"known ones":                   {[]string{"X-Lang: en", "Keep-Alive: timeout=5", "TE: trailers", "Proxy-Connection: keep-alive", "Proxy-Authorization: Basic eA==", "Proxy-Authenticate: Basic", "Upgrade: h2c"}, []string{"X-Lang"}},
		"an upgrade without its field": {[]string{"X-Lang: en", "Connection: Upgrade"}, []string{"X-Lang"}},
		"another protocol's upgrade":   {[]string{"Upgrade: websocket"}, nil},
		"an upgrade":                   {[]string{"X-Lang: en", "Connection: X-Lang, upgrade", "Upgrade: websocket"}, []string{"Connection", "Upgrade"}},
		"Connection itself":            {[]string{"Connection: connection"}, nil},
		"a trace":                      {[]string{"Traceparent: " + trace, "Tracestate: a=b"}, []string{"Traceparent", "Tracestate"}},
		"a trace that is none":         {[]string{"Traceparent: " + strings.ToUpper(trace), "Tracestate: a=b"}, nil},
		"a trace of zeros":             {[]string{"Traceparent: 00-" + strings.Repeat("0", 32) + "-b7ad6b7169203331-01", "Tracestate: a=b"}, nil},
		"a state that is none":         {[]string{"Traceparent: " + trace, "Tracestate: a"}, []string{"Traceparent"}},
		"a state of 600 bytes":         {[]string{"Traceparent: " + trace, "Tracestate: a=" + strings.Repeat("x", 250) + ",b=" + strings.Repeat("x", 250) + ",c=" + strings.Repeat("x", 90)}, []string{"Traceparent"}},
		"two traces":                   {[]string{"Traceparent: " + trace, "Traceparent: " + trace}, nil},
		"a trace of the connection":    {[]string{"Traceparent: " + trace, "Tracestate: a=b", "Connection: traceparent"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if status := raw(t, server, "/", c.lines); status != http.StatusOK {
				t.Fatalf("status %d", status)
			}
			if left := slices.Sorted(maps.Keys(got)); !slices.Equal(left, c.want) {
				t.Errorf("left %q, want %q", left, c.want)
			}
		})
	}
}

// A WebSocket is opened, whatever else is for the connection.
func TestUpgrade(t *testing.T) {
	server := serving(t, "type Query { a: Int }")
	for _, connection := range []string{"Upgrade", "keep-alive, upgrade", "upgrade, X-Lang"} {
		status := raw(t, server, "/graphql/web", []string{
			"Connection: " + connection, "Upgrade: websocket", "X-Lang: en", "TE: trailers",
			"Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol: graphql-transport-ws",
		})
		if status != http.StatusSwitchingProtocols {
			t.Errorf("Connection: %s: status %d", connection, status)
		}
	}
}

// raw sends a GET with these lines and no others, and returns the status.
func raw(t *testing.T, server *httptest.Server, path string, lines []string) int {
	t.Helper()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: gateway\r\n"+strings.Join(lines, "\r\n")+"\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.StatusCode
}
