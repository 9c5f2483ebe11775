// Package portal serves what developers see of a gateway: the console, the documentation of its APIs, and the schema,
// the routes and the trusted documents of each frontend. Each has its own rule of who may see it.
package portal

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"

	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/gateway/execute"
	"github.com/portico-gateway/portico/gateway/health"
	"github.com/portico-gateway/portico/gateway/middleware"
	"github.com/portico-gateway/portico/gateway/operation"
	"github.com/portico-gateway/portico/gateway/persisted"
	"github.com/portico-gateway/portico/gateway/playground"
	"github.com/portico-gateway/portico/gateway/upstream"
)

// The paths below that of a frontend.
const (
	schemaPath    = "/schema.graphql"
	routesPath    = "/routes.json"
	documentsPath = "/documents.json"
)

// Config is what the pages show.
type Config struct {
	Frontends []Frontend
	// Default is the frontend that the console shows first.
	Default string
	// Playground says whether the console and the documentation are served.
	Playground config.Playground
	// Names are those of the services of the configuration, sorted.
	Names    []string
	Services *upstream.Services
	Health   *health.Health
	Log      *slog.Logger
}

// Frontend is a frontend that the pages show.
type Frontend struct {
	execute.Frontend

	Config     config.Frontend
	Operations *operation.Frontend
	// Wrap wraps pages in the middlewares of the frontend.
	Wrap func(http.Handler) http.Handler
}

// serve returns the handler of a page.
func (f Frontend) serve(page http.Handler) http.Handler { return unstored(f.Wrap(page)) }

// Add adds the pages to a mux.
func Add(mux *http.ServeMux, c *Config) error {
	schemas, routes, trusted := map[string]http.Handler{}, map[string]http.Handler{}, map[string]http.Handler{}
	for _, f := range c.Frontends {
		schemas[f.Name] = f.serve(schemaHandler(f.Operations))
		routes[f.Name] = f.serve(c.routesHandler(f))
		trusted[f.Name] = f.serve(trustedHandler(f.Operations))
	}
	below := "GET " + middleware.Path + "/{frontend}"
	mux.Handle(below+schemaPath, &middleware.Choice{Handlers: schemas})
	mux.Handle(below+routesPath, &middleware.Choice{Handlers: routes})
	mux.Handle(below+documentsPath, &middleware.Choice{Handlers: trusted})
	if !c.Playground.Enabled {
		return nil
	}
	return errors.Join(c.addConsole(mux), c.addDocs(mux))
}

func (c *Config) addConsole(mux *http.ServeMux) error {
	page := playground.Config{Default: c.Default}
	for _, f := range c.Frontends {
		of, at := f.Config, middleware.Path+"/"+f.Name
		shown := playground.Frontend{
			Name: f.Name, Endpoint: at, SchemaURL: at + schemaPath, RoutesURL: at + routesPath, DocumentsURL: at + documentsPath, DocsURL: "/docs/" + f.Name,
			Explain: of.Explain, Documents: of.Documents.Mode, Operations: []playground.Operation{},
		}
		for _, op := range f.Frontend.Operations {
			shown.Operations = append(shown.Operations, playground.Operation{Name: op.Name, Query: op.Document})
		}
		page.Frontends = append(page.Frontends, shown)
	}
	if c.Playground.TokenURL != "" {
		page.TokenURL = "/playground/token"
		mux.Handle("POST /playground/token", playground.Token(c.Playground.TokenURL))
	}
	handler, err := playground.Handler(page)
	if err != nil {
		return err
	}
	mux.Handle("/playground/", http.StripPrefix("/playground", handler))
	mux.Handle("GET /playground", http.RedirectHandler("/playground/", http.StatusTemporaryRedirect))
	mux.Handle("GET /{$}", http.RedirectHandler("/playground/", http.StatusTemporaryRedirect))
	return nil
}

// schemaHandler answers with the schema of a frontend, if the caller may read it.
func schemaHandler(f *operation.Frontend) http.Handler {
	text := []byte(f.SDL())
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !f.MayIntrospect(r.Context()) {
			middleware.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		_, _ = w.Write(text) // the caller left: nothing to do
	})
}

// trustedHandler answers with the trusted documents of a frontend, to callers who may read the schema.
func trustedHandler(f *operation.Frontend) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !f.MayIntrospect(r.Context()) {
			middleware.NotFound(w, r)
			return
		}
		mode, documents := f.Trusted()
		writeJSON(w, struct {
			Mode      persisted.Mode       `json:"mode"`
			Documents []persisted.Document `json:"documents"`
		}{mode, documents})
	})
}

// unstored keeps answers that depend on the caller, also refusals, out of caches.
func unstored(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

func writeJSON(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_ = json.NewEncoder(w).Encode(value) // the caller left: nothing to do
}
