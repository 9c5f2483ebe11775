package server

import (
	"cmp"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/portico-gateway/portico/gateway/config"
)

// readJSON is read of a JSON file.
func readJSON(t *testing.T, url string, into any, header ...string) (int, http.Header) {
	t.Helper()
	resp, text := read(t, http.MethodGet, url, header...)
	if resp.StatusCode == http.StatusOK {
		if err := json.Unmarshal([]byte(text), into); err != nil {
			t.Fatal(err)
		}
	}
	return resp.StatusCode, resp.Header
}

// picture is what routes.json answers.
type picture struct {
	Frontend string
	Routes   []any
	Services []picturedService
}

type picturedService struct {
	Name, Protocol, Status string
	Endpoints              []struct {
		Address   string
		Available bool
	}
}

// The picture has the routes of fields, and services with their endpoints and health.
func TestPicture(t *testing.T) {
	_, server, _ := tracedGateway(t, "", func(c *config.Config) { c.Frontend.Explain = true })
	var got picture
	status, header := readJSON(t, server.URL+"/graphql/toy/routes.json", &got)
	if status != http.StatusOK || header.Get("Cache-Control") != "no-store" || got.Frontend != "toy" || got.Routes == nil {
		t.Fatalf("%d %v %+v", status, header, got)
	}
	names := map[string]picturedService{}
	for _, s := range got.Services {
		names[s.Name] = s
	}
	for name, protocol := range map[string]string{"things": "http", "health": "grpc"} {
		s := names[name]
		if s.Protocol != protocol || s.Status == "" || len(s.Endpoints) != 1 || !s.Endpoints[0].Available || s.Endpoints[0].Address == "" {
			t.Errorf("%s: %+v", name, s)
		}
	}
	if !slices.IsSortedFunc(got.Services, func(a, b picturedService) int { return cmp.Compare(a.Name, b.Name) }) {
		t.Errorf("services are not in order: %+v", got.Services)
	}
}

// It is for callers who may have explanations.
func TestWhoMayHaveThePicture(t *testing.T) {
	_, closed, _ := tracedGateway(t, "", nil)
	if status, _ := readJSON(t, closed.URL+"/graphql/toy/routes.json", nil); status != http.StatusNotFound {
		t.Errorf("it is on by default: %d", status)
	}
	_, scoped, _ := tracedGateway(t, "", func(c *config.Config) { c.Frontend.Explain, c.Frontend.ExplainScope = true, "a" })
	for scope, want := range map[string]int{"a": http.StatusOK, "b": http.StatusNotFound} {
		if status, _ := readJSON(t, scoped.URL+"/graphql/toy/routes.json", new(picture), "X-Api-Key", keyOf(scope)); status != want {
			t.Errorf("%s: %d, want %d", scope, status, want)
		}
	}
	if status, _ := readJSON(t, scoped.URL+"/graphql/other/routes.json", nil); status != http.StatusNotFound {
		t.Errorf("of a frontend that is not there: %d", status)
	}
}

// Trusted documents are listed by their ids, to callers who may read the schema.
func TestTrustedDocuments(t *testing.T) {
	manifest := filepath.Join(t.TempDir(), "manifest.json")
	if err := os.WriteFile(manifest, []byte(`{"b": "query B { n }", "a": "query A { things }"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, open := range []bool{true, false} {
		_, server, _ := tracedGateway(t, "", func(c *config.Config) {
			c.Frontend.Introspection = open
			c.Frontend.Documents = config.Documents{Mode: "only", Manifest: manifest, Memory: c.Frontend.Documents.Memory}
		})
		var got struct {
			Mode      string
			Documents []struct{ ID, Document string }
		}
		status, _ := readJSON(t, server.URL+"/graphql/toy/documents.json", &got)
		if !open {
			if status != http.StatusNotFound {
				t.Errorf("without introspection: %d", status)
			}
			continue
		}
		if status != http.StatusOK || got.Mode != "only" || len(got.Documents) != 2 || got.Documents[0].ID != "a" || got.Documents[1].Document != "query B { n }" {
			t.Errorf("%d %+v", status, got)
		}
	}
}
