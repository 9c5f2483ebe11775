package e2e_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/portico-gateway/portico/demo"
	"github.com/portico-gateway/portico/demo/demotest"
)

// get reads a URL.
func get(t *testing.T, url string) (status int, header http.Header, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultTransport.RoundTrip(req) // follows no redirect
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(text)
}

func TestHealth(t *testing.T) {
	t.Parallel()
	g := start(t)
	if status, _, body := get(t, g.admin+"/livez"); status != 200 || body != "ok\n" {
		t.Errorf("livez: %d %q", status, body)
	}
	ready := func(what string, want int, text string) {
		t.Helper()
		await(t, "readyz "+what, func() bool { // services are checked in the background
			status, _, body := get(t, g.admin+"/readyz")
			return status == want && strings.Contains(body, text)
		})
	}
	ready("at first", 200, `"status":"ready"`)
	demotest.Fault(t, g.demo, demo.Shipping, demo.Fault{ErrorRate: 1})
	ready("without a service that is not required", 200, `"shipping":{"status":"down","required":false`)
	demotest.Fault(t, g.demo, demo.Catalog, demo.Fault{Hang: true})
	ready("without a required service", 503, "waiting for required services")
	if status, _, _ := get(t, g.admin+"/livez"); status != 200 {
		t.Errorf("livez without a service: %d", status)
	}
	if status, _, _ := get(t, g.url+"/readyz"); status != 404 {
		t.Errorf("the public address has /readyz: %d", status)
	}
}

func TestSchemas(t *testing.T) {
	g := shared(t)
	for frontend, c := range map[string]struct{ has, lacks string }{
		"web":    {"description: String", "thumbnailUrl"},
		"mobile": {"thumbnailUrl: String", "email"},
	} {
		status, _, body := get(t, g.url+"/graphql/"+frontend+"/schema.graphql")
		if status != 200 || !strings.Contains(body, c.has) || strings.Contains(body, c.lacks) || !strings.Contains(body, "type Query") {
			t.Errorf("%s: %d %s", frontend, status, body)
		}
	}
	if status, _, body := get(t, g.url+"/graphql/tv/schema.graphql"); status != 404 || !strings.Contains(body, "FRONTEND_NOT_FOUND") {
		t.Errorf("an unknown frontend: %d %s", status, body)
	}
}

func TestLandingPage(t *testing.T) {
	g := shared(t)
	for path, want := range map[string]string{"/": "/playground/", "/playground": "/playground/"} {
		if status, header, _ := get(t, g.url+path); status != 307 || header.Get("Location") != want {
			t.Errorf("%s: %d to %q", path, status, header.Get("Location"))
		}
	}
	status, header, body := get(t, g.url+"/playground/")
	if status != 200 || !strings.Contains(body, "<title>Portico</title>") || !strings.Contains(header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("the console: %d %v %s", status, header, body)
	}
}

// A request that is under way when the gateway is told to stop is answered, and
// the gateway ends without an error.
func TestStopsAfterItsRequests(t *testing.T) {
	g := start(t)
	demotest.Fault(t, g.demo, demo.Catalog, demo.Fault{Delay: 500 * time.Millisecond})
	answered := make(chan string, 1)
	go func() {
		req, _ := http.NewRequestWithContext(context.Background(), http.MethodPost, g.url+"/graphql", strings.NewReader(`{"query":"{ product(id: \"p1\") { id } }"}`))
		req.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			answered <- err.Error()
			return
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		answered <- string(body)
	}()
	for g.calls(t) == "" { // until the service has the call
		time.Sleep(time.Millisecond)
	}
	if err := g.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if got := <-answered; got != `{"data":{"product":{"id":"p1"}}}` {
		t.Errorf("got %s", got)
	}
	if err := g.cmd.Wait(); err != nil {
		t.Errorf("the gateway ended with %v:\n%s", err, g.log)
	}
}

func TestAddressInUse(t *testing.T) {
	g := start(t)
	_, err := runGateway(t, nil, "PORTICO_LISTEN="+strings.TrimPrefix(g.url, "http://"))
	if !strings.Contains(err, "server.listen") || !strings.Contains(err, "is another gateway running?") {
		t.Errorf("got %s", err)
	}
}

func TestWrongConfiguration(t *testing.T) {
	if code, err := runGateway(t, nil, "CATALOG_URL=ftp://x", "PORTICO_LISTEN=127.0.0.1:0", "PORTICO_ADMIN_LISTEN=127.0.0.1:0"); code != 1 || !strings.Contains(err, `services.catalog.url: it begins with "ftp": want`) || !strings.Contains(err, "(from CATALOG_URL)") {
		t.Errorf("code %d: %s", code, err)
	}
	if _, err := runGateway(t, nil, "REVIEWS_URL=http://127.0.0.1:1", "PORTICO_LISTEN=127.0.0.1:0", "PORTICO_ADMIN_LISTEN=127.0.0.1:0"); !strings.Contains(err, `no service "reviews" with a URL of grpc`) {
		t.Errorf("got %s", err)
	}
}
