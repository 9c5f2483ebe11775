package server

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/gateway/execute"
)

// documented serves frontends with documentation. The keys of a and b have the scopes a and b.
func documented(t *testing.T, change func(*config.Config), names ...string) *httptest.Server {
	t.Helper()
	cfg := config.Defaults()
	cfg.Playground.Enabled, cfg.Frontend.Introspection = true, true
	var keys strings.Builder
	for _, name := range []string{"a", "b"} {
		sum := sha256.Sum256([]byte(keyOf(name)))
		fmt.Fprintf(&keys, "- {sha256: %s, principal: %s, scopes: [%s]}\n", hex.EncodeToString(sum[:]), name, name)
	}
	cfg.Auth.Keys = config.Secret(keys.String())
	change(&cfg)
	s, err := New(&cfg, slog.New(slog.DiscardHandler), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	schema := gqlparser.MustLoadSchema(&ast.Source{Name: "docs.graphqls", Input: cachingDirectives + `type Query { "One of them." n(first: Int): Int @authenticated }`})
	var frontends []execute.Frontend
	for _, name := range names {
		frontends = append(frontends, execute.Frontend{
			Name: name, Schema: toy(schema, nil), Routes: []execute.Route{{Field: "Query.n", Service: "numbers", Call: "GET /numbers"}},
			Operations: []execute.Operation{{Name: "N", Document: "{ n }"}},
		})
	}
	if err := s.open(frontends, nil); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return server
}

// read sends a request without a body and follows no redirect.
func read(t *testing.T, method, url string, header ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(text)
}

func TestDocs(t *testing.T) {
	server := documented(t, func(*config.Config) {}, "tv", "web")
	for path, want := range map[string][]string{
		"/docs":                 {"text/html", `href="/docs/tv"`, `href="/docs/web"`},
		"/docs/":                {"text/html", `href="/docs/tv"`},
		"/docs/web":             {"text/html", `id="Query.n"`, "One of them.", "signed in", "limits.depth", "UNAUTHENTICATED", `id="example-N"`, `data-run-at="/graphql/web"`},
		"/docs/web/":            {"text/html", `id="Query.n"`},
		"/docs/web.md":          {"text/markdown", "#### Query.n", "One of them."},
		"/docs/assets/docs.css": {"text/css", ".portico-docs"},
		"/docs/assets/docs.js":  {"text/javascript", "export function enhance"},
	} {
		resp, body := read(t, http.MethodGet, server.URL+path)
		for _, text := range want[1:] {
			if !strings.Contains(body, text) {
				t.Errorf("%s lacks %s", path, text)
			}
		}
		header := resp.Header
		if resp.StatusCode != http.StatusOK || !strings.HasPrefix(header.Get("Content-Type"), want[0]) || header.Get("Cache-Control") != "no-cache" ||
			header.Get("X-Content-Type-Options") != "nosniff" || header.Get("Referrer-Policy") != "no-referrer" ||
			!strings.HasPrefix(header.Get("Content-Security-Policy"), "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'") {
			t.Errorf("%s: %d %v", path, resp.StatusCode, header)
		}
		head, nothing := read(t, http.MethodHead, server.URL+path)
		if head.StatusCode != http.StatusOK || nothing != "" || head.ContentLength != int64(len(body)) || head.Header.Get("Etag") != header.Get("Etag") {
			t.Errorf("HEAD %s: %d %v", path, head.StatusCode, head.Header)
		}
		if same, body := read(t, http.MethodGet, server.URL+path, "If-None-Match", header.Get("Etag")); same.StatusCode != http.StatusNotModified || body != "" {
			t.Errorf("%s did not change: %d", path, same.StatusCode)
		}
		if post, body := read(t, http.MethodPost, server.URL+path); post.StatusCode != http.StatusMethodNotAllowed || post.Header.Get("Allow") != "GET, HEAD" {
			t.Errorf("POST %s: %d %v %s", path, post.StatusCode, post.Header, body)
		}
	}
	if resp, body := read(t, http.MethodGet, server.URL+"/docs/none"); resp.StatusCode != http.StatusNotFound || !strings.Contains(body, "FRONTEND_NOT_FOUND") {
		t.Errorf("there is no such frontend: %d %s", resp.StatusCode, body)
	}
}

// The list of one frontend is that frontend.
func TestDocsOfOneFrontend(t *testing.T) {
	server := documented(t, func(*config.Config) {}, "web")
	if resp, _ := read(t, http.MethodGet, server.URL+"/docs"); resp.StatusCode != http.StatusTemporaryRedirect || resp.Header.Get("Location") != "/docs/web" {
		t.Errorf("%d %v", resp.StatusCode, resp.Header)
	}
}

// Documentation is for those who may read the schema, and names services to those who may have explanations.
func TestWhoReadsDocs(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*config.Config)
		key    string
		status int
		routes bool
		cache  string
	}{
		"by default, explain is off":      {func(*config.Config) {}, "", 200, false, "no-cache"},
		"explain":                         {func(c *config.Config) { c.Frontend.Explain = true }, "", 200, true, "no-cache"},
		"explain needs a scope":           {func(c *config.Config) { c.Frontend.Explain, c.Frontend.ExplainScope = true, "a" }, "b", 200, false, "private, no-cache"},
		"explain needs a scope, has it":   {func(c *config.Config) { c.Frontend.Explain, c.Frontend.ExplainScope = true, "a" }, "a", 200, true, "private, no-cache"},
		"no introspection":                {func(c *config.Config) { c.Frontend.Introspection = false }, "a", 404, false, "no-store"},
		"introspection needs a scope":     {func(c *config.Config) { c.Frontend.IntrospectionScope = "a" }, "b", 404, false, "no-store"},
		"nobody has no scope":             {func(c *config.Config) { c.Frontend.IntrospectionScope = "a" }, "", 404, false, "no-store"},
		"introspection, having the scope": {func(c *config.Config) { c.Frontend.IntrospectionScope = "a" }, "a", 200, false, "private, no-cache"},
		"no playground":                   {func(c *config.Config) { c.Playground.Enabled = false }, "a", 404, false, ""},
	} {
		server := documented(t, c.change, "web")
		var header []string
		if c.key != "" {
			header = []string{"X-Api-Key", keyOf(c.key)}
		}
		for _, path := range []string{"/docs/web", "/docs/web.md"} {
			resp, body := read(t, http.MethodGet, server.URL+path, header...)
			if resp.StatusCode != c.status || strings.Contains(body, "numbers") != c.routes || resp.Header.Get("Cache-Control") != c.cache {
				t.Errorf("%s: %s: %d, %s, services: %v", name, path, resp.StatusCode, resp.Header.Get("Cache-Control"), strings.Contains(body, "numbers"))
			}
			if c.status != http.StatusNotFound || name == "no playground" {
				continue
			}
			if _, refused := read(t, http.MethodGet, server.URL+"/graphql/web/schema.graphql", header...); body != refused {
				t.Errorf("%s: %s, but of the schema %s", name, body, refused)
			}
		}
	}
}

// Only frontends whose schemas may be read are listed.
func TestListOfDocs(t *testing.T) {
	server := documented(t, func(c *config.Config) {
		c.Frontend.Introspection = false
		open := c.Frontend
		open.Introspection = true
		c.Frontends = map[string]config.Frontend{"tv": open, "phone": open}
	}, "web", "tv", "phone")
	if _, body := read(t, http.MethodGet, server.URL+"/docs"); strings.Contains(body, "web") || !strings.Contains(body, "tv") {
		t.Error(body)
	}
	server = documented(t, func(c *config.Config) { c.Frontend.Introspection = false }, "web", "tv")
	if resp, _ := read(t, http.MethodGet, server.URL+"/docs"); resp.StatusCode != http.StatusNotFound {
		t.Errorf("none can be read: %d", resp.StatusCode)
	}
}

// Caches keep nothing that depends on the caller, neither an answer nor a refusal.
func TestAnswersThatDependOnTheCallerAreNotStored(t *testing.T) {
	server := documented(t, func(cfg *config.Config) {
		cfg.Frontend.Explain, cfg.Frontend.IntrospectionScope, cfg.Frontend.ExplainScope = true, "a", "a"
	}, "web")
	for _, path := range []string{"/graphql/web/schema.graphql", "/graphql/web/routes.json", "/graphql/web/documents.json", "/docs/web", "/docs/web.md"} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			for _, c := range []struct {
				caller, key string
				status      int
				caching     []string
			}{
				{"may", keyOf("a"), http.StatusOK, []string{"no-store", "private, no-cache"}},
				{"may not", keyOf("b"), http.StatusNotFound, []string{"no-store"}},
				{"is unknown", keyOf("c"), http.StatusUnauthorized, []string{"no-store"}},
			} {
				resp, _ := read(t, method, server.URL+path, "X-Api-Key", c.key)
				if got := resp.Header.Get("Cache-Control"); resp.StatusCode != c.status || !slices.Contains(c.caching, got) {
					t.Errorf("%s %s of one who %s: status %d, Cache-Control %q", method, path, c.caller, resp.StatusCode, got)
				}
			}
		}
	}
}
