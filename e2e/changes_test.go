package e2e_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/portico-gateway/portico/demo/demotest"
)

// changes is a service whose streams send what the test passes to them.
type changes struct {
	texts chan string   // are sent; a stream breaks when it gets an empty one
	left  chan struct{} // gets a value when the gateway has closed a stream
}

// ServeHTTP answers with a stream or, for the fields below its events, with a row.
func (c *changes) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/changes" {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `[{"id":"1","n":7}]`)
		return
	}
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("Content-Type", "text/event-stream")
	_, _ = io.WriteString(w, ": "+string(body)+"\n\n")
	for {
		_ = http.NewResponseController(w).Flush()
		select {
		case text := <-c.texts:
			if text == "" {
				panic(http.ErrAbortHandler)
			}
			_, _ = io.WriteString(w, text)
		case <-r.Context().Done():
			c.left <- struct{}{}
			return
		}
	}
}

// Server-sent events of a service are those of a subscription, each when it comes.
// A stream that breaks is a problem, and one whose subscriber leaves is closed.
func TestStreamsOverHTTP(t *testing.T) {
	const document = `subscription { it: changed(ids: ["1", "2"]) { id st sub { n } } }`
	service := &changes{texts: make(chan string), left: make(chan struct{}, 1)}
	server := httptest.NewServer(service)
	defer server.Close()
	d := demotest.Start(t)
	g := startExtended(t, d, loopback+authDemo(d), map[string]string{"echo": server.URL})
	change := func(row string) string { return "event: change\ndata: {\"row\": " + row + "}\n\n" }
	for name, open := range map[string]func(*testing.T, *gateway, string, string) stream{"WebSocket": openSocketOf, "server-sent events": openEventsOf} {
		t.Run(name, func(t *testing.T) {
			s := open(t, g, "rows", document)
			for _, c := range []struct{ sent, want string }{
				{change(`{"id":"1","st":"open"}`), `{"data":{"it":{"id":"1","st":"OPEN","sub":{"n":7}}}}`},
				{"event: ping\ndata: {}\n\n" + change(`{"id":"2"}`), `{"data":{"it":{"id":"2","st":null,"sub":null}}}`},
				{change(`{"id":"1","st":"x"}`), `"path":["it","st"]`},
				{change(`null`), `"path":["it"]`},
				{change(`{`), `"path":["it"]`},
				{change(`{"id":"1"}`), `{"data":{"it":{"id":"1","st":null,"sub":{"n":7}}}}`},
				{"", `"code":"DOWNSTREAM_SERVICE_ERROR"`},
			} {
				service.texts <- c.sent
				if got := s.next(t); !strings.Contains(got, c.want) {
					t.Errorf("after %q: %s", c.sent, got)
				}
			}
			s.close()
			s = open(t, g, "rows", document)
			service.texts <- change(`{"id":"1"}`)
			s.next(t)
			s.close()
			<-service.left
		})
	}
}
