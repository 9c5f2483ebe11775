package server

import (
	"cmp"
	"errors"
	"net/http"

	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/gateway/execute"
	"github.com/portico-gateway/portico/gateway/operation"
	"github.com/portico-gateway/portico/gateway/playground"
	"github.com/portico-gateway/portico/gateway/problem"
)

// anyFrontend is the path of requests that tell their frontend otherwise.
const anyFrontend = "/graphql"

// The paths below that of a frontend.
const (
	schemaPath    = "/schema.graphql"
	routesPath    = "/routes.json"
	documentsPath = "/documents.json"
)

// public are the routes of the public address. Paths of frontends are found without the mux if they are written
// without escapes, as by all clients: it takes longer, and sees what is escaped.
type public struct {
	frontends map[string]http.Handler // by path
	all       *http.ServeMux
}

// ServeHTTP is part of [http.Handler].
func (p *public) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if frontend, ok := p.frontends[r.URL.Path]; ok && r.URL.RawPath == "" {
		frontend.ServeHTTP(w, r)
		return
	}
	p.all.ServeHTTP(w, r)
}

// newPublic returns the routes of the public address.
func (s *Server) newPublic(of *state, frontends []execute.Frontend) (http.Handler, error) {
	if len(of.names) == 0 {
		return nil, errors.New("there is no frontend: run make generate")
	}
	mux, cfg := http.NewServeMux(), of.config
	handlers, schemas := map[string]http.Handler{}, map[string]http.Handler{}
	routes, trusted := map[string]http.Handler{}, map[string]http.Handler{}
	for _, f := range frontends {
		operations, middlewares := of.operations[f.Name], s.frontendMiddlewares(of, f.Name)
		handlers[f.Name] = chain(s.transports[f.Name], middlewares)
		schemas[f.Name] = unstored(chain(schemaHandler(operations), middlewares))
		routes[f.Name] = unstored(chain(s.routesHandler(of, f), middlewares))
		trusted[f.Name] = unstored(chain(trustedHandler(operations), middlewares))
	}
	fallback := cmp.Or(cfg.Routing.Default, of.names[0])
	byName := &choice{handlers: handlers, hosts: cfg.Routing.Hosts, fallback: fallback}
	paths := map[string]http.Handler{anyFrontend: byName}
	for name, handler := range handlers {
		paths[anyFrontend+"/"+name] = handler
	}
	mux.Handle(anyFrontend, byName)
	mux.Handle(anyFrontend+"/{frontend}", byName)
	mux.Handle("GET /graphql/{frontend}"+schemaPath, &choice{handlers: schemas})
	mux.Handle("GET /graphql/{frontend}"+routesPath, &choice{handlers: routes})
	mux.Handle("GET /graphql/{frontend}"+documentsPath, &choice{handlers: trusted})
	if cfg.Playground.Enabled {
		if err := errors.Join(addPlayground(mux, cfg, frontends, fallback), s.addDocs(mux, of, frontends)); err != nil {
			return nil, err
		}
	}
	mux.HandleFunc("/", nothingHere)
	return &public{paths, mux}, nil
}

func addPlayground(mux *http.ServeMux, cfg *config.Config, frontends []execute.Frontend, fallback string) error {
	page := playground.Config{Default: fallback}
	for _, f := range frontends {
		of, at := cfg.Of(f.Name), anyFrontend+"/"+f.Name
		shown := playground.Frontend{
			Name: f.Name, Endpoint: at, SchemaURL: at + schemaPath, RoutesURL: at + routesPath, DocumentsURL: at + documentsPath, DocsURL: "/docs/" + f.Name,
			Explain: of.Explain, Documents: of.Documents.Mode, Operations: []playground.Operation{},
		}
		for _, op := range f.Operations {
			shown.Operations = append(shown.Operations, playground.Operation{Name: op.Name, Query: op.Document})
		}
		page.Frontends = append(page.Frontends, shown)
	}
	if cfg.Playground.TokenURL != "" {
		page.TokenURL = "/playground/token"
		mux.Handle("POST /playground/token", playground.Token(cfg.Playground.TokenURL))
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
			nothingHere(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		_, _ = w.Write(text) // the caller left: nothing to do
	})
}

// unstored keeps answers that depend on the caller, also refusals, out of caches.
func unstored(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

func nothingHere(w http.ResponseWriter, r *http.Request) {
	writeProblem(w, r, http.StatusNotFound, problem.New(problem.BadRequest, "There is nothing here. Frontends are at /graphql and /graphql/<frontend>."))
}
