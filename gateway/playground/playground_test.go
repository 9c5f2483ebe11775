package playground_test

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/portico-gateway/portico/gateway/playground"
)

// serve mounts a playground as a gateway does.
func serve(t *testing.T) string {
	t.Helper()
	handler, err := playground.Handler(playground.Config{
		Default:   "web",
		Frontends: []playground.Frontend{{Name: "web", Endpoint: "/graphql/web", Operations: []playground.Operation{{Query: "# </script>\n{ a }"}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.StripPrefix("/playground", handler))
	t.Cleanup(server.Close)
	return server.URL + "/playground"
}

// get asks with headers (name, value, …), and unpacks nothing by itself.
func get(t *testing.T, method, url string, headers ...string) (*http.Response, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := (&http.Transport{DisableCompression: true, DisableKeepAlives: true}).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, body
}

func TestPage(t *testing.T) {
	resp, page := get(t, http.MethodGet, serve(t)+"/")
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/html; charset=utf-8" || resp.Header.Get("Cache-Control") != "no-cache" {
		t.Errorf("%d %v", resp.StatusCode, resp.Header)
	}
	for _, directive := range []string{"default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"} {
		if !strings.Contains(resp.Header.Get("Content-Security-Policy"), directive) {
			t.Errorf("the policy lacks %s", directive)
		}
	}
	if strings.Contains(string(page), "://") {
		t.Errorf("the page loads something from elsewhere: %s", page)
	}
}

// What the page loads is there, never changes, and is the same packed or not.
func TestAssets(t *testing.T) {
	base := serve(t)
	_, page := get(t, http.MethodGet, base+"/")
	names := regexp.MustCompile(`(?:src|href)="([^":]+-[^":]+)"`).FindAllStringSubmatch(string(page), -1)
	if len(names) < 3 { // a style sheet and two scripts; others are loaded early
		t.Fatalf("the page loads %q", names)
	}
	for _, name := range names {
		plain, text := get(t, http.MethodGet, base+"/"+name[1])
		packed, bytes := get(t, http.MethodGet, base+"/"+name[1], "Accept-Encoding", "br, gzip")
		if plain.StatusCode != 200 || packed.Header.Get("Content-Encoding") != "gzip" || !strings.Contains(packed.Header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %d %v", name[1], plain.StatusCode, packed.Header)
		}
		z, err := gzip.NewReader(strings.NewReader(string(bytes)))
		if err != nil {
			t.Fatal(err)
		}
		if unpacked, err := io.ReadAll(z); err != nil || string(unpacked) != string(text) {
			t.Errorf("%s: packed and plain differ, %v", name[1], err)
		}
		if plain.Header.Get("Etag") == packed.Header.Get("Etag") || plain.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%s: tags %s and %s", name[1], plain.Header.Get("Etag"), packed.Header.Get("Etag"))
		}
		if again, body := get(t, http.MethodGet, base+"/"+name[1], "If-None-Match", plain.Header.Get("Etag")); again.StatusCode != 304 || len(body) > 0 {
			t.Errorf("%s: %d for its tag", name[1], again.StatusCode)
		}
		if refused, _ := get(t, http.MethodGet, base+"/"+name[1], "Accept-Encoding", "gzip;q=0"); refused.Header.Get("Content-Encoding") != "" {
			t.Errorf("%s is packed for who refuses it", name[1])
		}
	}
}

func TestSettings(t *testing.T) {
	resp, body := get(t, http.MethodGet, serve(t)+"/config.json")
	var cfg playground.Config
	if err := json.Unmarshal(body, &cfg); err != nil || cfg.Default != "web" || cfg.Frontends[0].Operations[0].Query != "# </script>\n{ a }" {
		t.Errorf("%v %+v", err, cfg)
	}
	if resp.Header.Get("Cache-Control") != "no-cache" || strings.Contains(string(body), "</script>") {
		t.Errorf("%v %s", resp.Header, body)
	}
}

func TestMethodsAndPaths(t *testing.T) {
	base := serve(t)
	for _, c := range []struct {
		method, path string
		status       int
	}{
		{"HEAD", "/", 200}, {"POST", "/", 405}, {"DELETE", "/config.json", 405}, {"GET", "/nothing.js", 404},
		{"GET", "/index.html", 404}, {"GET", "/../playground.go", 404}, {"GET", "/licenses.txt", 200},
	} {
		resp, body := get(t, c.method, base+c.path)
		if resp.StatusCode != c.status || c.method == "HEAD" && len(body) > 0 {
			t.Errorf("%s %s: %d, want %d", c.method, c.path, resp.StatusCode, c.status)
		}
		if c.status == 405 && resp.Header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s %s: Allow %q", c.method, c.path, resp.Header.Get("Allow"))
		}
	}
}
