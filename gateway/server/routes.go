package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/gateway/execute"
	"github.com/portico-gateway/portico/gateway/operation"
	"github.com/portico-gateway/portico/gateway/playground"
	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/transport"
)

// anyFrontend is the path of requests that tell their frontend otherwise.
const anyFrontend = "/graphql"

// routes are what the public address serves.
type routes struct {
	mux        *http.ServeMux
	names      []string // of the frontends, sorted
	transports []*transport.Handler
	operations []*operation.Frontend
}

func (s *Server) newRoutes(frontends []execute.Frontend) (*routes, error) {
	r := &routes{mux: http.NewServeMux()}
	handlers, schemas := map[string]http.Handler{}, map[string]http.Handler{}
	for _, f := range frontends {
		cfg := s.config.Of(f.Name)
		operations, err := operation.New(f, s.operationConfig(cfg))
		if err != nil {
			return nil, fmt.Errorf("frontend %s: %w", f.Name, err)
		}
		handler := transport.New(operations, s.writer, s.transportConfig(f.Name, cfg))
		r.names, r.transports, r.operations = append(r.names, f.Name), append(r.transports, handler), append(r.operations, operations)
		handlers[f.Name] = chain(handler, s.middlewares(f.Name, cfg))
		schemas[f.Name] = chain(schemaHandler(operations), s.middlewares(f.Name, cfg))
	}
	slices.Sort(r.names)
	cfg := s.config
	fallback, err := r.checkNames(cfg)
	if err != nil {
		return nil, err
	}
	byName := &choice{handlers: handlers, hosts: cfg.Routing.Hosts, fallback: fallback}
	r.mux.Handle(anyFrontend, byName)
	for name, handler := range handlers { // a path without a wildcard is found faster
		r.mux.Handle(anyFrontend+"/"+name, handler)
	}
	r.mux.Handle(anyFrontend+"/{frontend}", byName)
	r.mux.Handle("GET /graphql/{frontend}/schema.graphql", &choice{handlers: schemas})
	if cfg.Playground.Enabled {
		if err := r.addPlayground(cfg, frontends, fallback); err != nil {
			return nil, err
		}
	}
	r.mux.HandleFunc("/", nothingHere)
	return r, nil
}

// close ends the streams of all frontends and waits for them, or for ctx.
func (r *routes) close(ctx context.Context) error {
	var errs []error
	for _, t := range r.transports {
		errs = append(errs, t.Shutdown(ctx))
	}
	return errors.Join(errs...)
}

// checkNames checks that the configuration names frontends that exist, and
// returns the default one.
func (r *routes) checkNames(cfg *config.Config) (string, error) {
	if len(r.names) == 0 {
		return "", errors.New("there is no frontend: run make generate")
	}
	if cfg.Routing.Default != "" {
		return cfg.Routing.Default, cfg.CheckFrontends(r.names)
	}
	return r.names[0], cfg.CheckFrontends(r.names)
}

func (r *routes) addPlayground(cfg *config.Config, frontends []execute.Frontend, fallback string) error {
	page := playground.Config{Default: fallback}
	for _, f := range frontends {
		shown := playground.Frontend{
			Name:      f.Name,
			Endpoint:  "/graphql/" + f.Name,
			SchemaURL: "/graphql/" + f.Name + "/schema.graphql",
		}
		for _, op := range f.Operations {
			shown.Operations = append(shown.Operations, playground.Operation{Name: op.Name, Query: op.Document})
		}
		page.Frontends = append(page.Frontends, shown)
	}
	if cfg.Playground.TokenURL != "" {
		page.TokenURL = "/playground/token"
		r.mux.Handle("POST /playground/token", playground.Token(cfg.Playground.TokenURL))
	}
	handler, err := playground.Handler(page)
	if err != nil {
		return err
	}
	r.mux.Handle("/playground/", http.StripPrefix("/playground", handler))
	r.mux.Handle("GET /playground", http.RedirectHandler("/playground/", http.StatusTemporaryRedirect))
	r.mux.Handle("GET /{$}", http.RedirectHandler("/playground/", http.StatusTemporaryRedirect))
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

func nothingHere(w http.ResponseWriter, r *http.Request) {
	writeProblem(w, r, http.StatusNotFound, problem.New(problem.BadRequest, "There is nothing here. Frontends are at /graphql and /graphql/<frontend>."))
}
