package server

import (
	"cmp"
	"errors"
	"maps"
	"net/http"
	"slices"

	"github.com/portico-gateway/portico/gateway/execute"
	"github.com/portico-gateway/portico/gateway/middleware"
	"github.com/portico-gateway/portico/gateway/portal"
)

// public are the routes of the public address. Paths of frontends are found without the mux if they are written
// without escapes, as by all clients: it takes longer, and sees what is escaped.
type public struct {
	frontends map[string]http.Handler // by path
	all       http.Handler
}

// ServeHTTP is part of [http.Handler].
func (p *public) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if frontend, ok := p.frontends[r.URL.Path]; ok && r.URL.RawPath == "" {
		frontend.ServeHTTP(w, r)
		return
	}
	p.all.ServeHTTP(w, r)
}

// middlewares are what every request passes, outermost first.
func (s *Server) middlewares(of *state) []middleware.Middleware {
	list := []middleware.Middleware{
		{Name: "end to end", Wrap: middleware.EndToEnd},
		{Name: "request id", Wrap: middleware.RequestID},
		{Name: "observe", Wrap: func(next http.Handler) http.Handler { return middleware.Observe(s.observer, next) }},
		{Name: "recover", Wrap: func(next http.Handler) http.Handler { return middleware.Recover(s.log, next) }},
		{Name: "client address", Wrap: func(next http.Handler) http.Handler { return middleware.ClientAddress(proxies(of.config.Server), next) }},
	}
	if s.options.Unobserved {
		list = slices.DeleteFunc(list, func(m middleware.Middleware) bool { return m.Name == "observe" })
	}
	return list
}

// frontendMiddlewares are what the requests of one frontend pass, outermost first.
func (s *Server) frontendMiddlewares(of *state, frontend string) []middleware.Middleware {
	return []middleware.Middleware{
		{Name: "cors", Wrap: func(next http.Handler) http.Handler { return middleware.CORS(of.config.Of(frontend).CORS, next) }},
		{Name: "principal", Wrap: func(next http.Handler) http.Handler {
			return middleware.Principal(s.callers(frontend), of.credentials, next)
		}},
	}
}

// callers returns what determines the callers of a frontend.
func (s *Server) callers(frontend string) *middleware.Callers {
	return &middleware.Callers{
		Frontend: frontend, Services: s.services, Log: s.log, Credentials: func() middleware.Credentials { return s.now().credentials },
	}
}

// newPublic returns the routes of the public address.
func (s *Server) newPublic(of *state, frontends []execute.Frontend) (http.Handler, error) {
	if len(of.names) == 0 {
		return nil, errors.New("there is no frontend: run make generate")
	}
	mux, cfg := http.NewServeMux(), of.config
	pages := &portal.Config{
		Default: cmp.Or(cfg.Routing.Default, of.names[0]), Playground: cfg.Playground, Names: slices.Sorted(maps.Keys(cfg.Services)),
		Services: s.services, Health: s.health, Log: s.log,
	}
	byName := &middleware.Choice{Handlers: map[string]http.Handler{}, Hosts: cfg.Routing.Hosts, Default: pages.Default}
	paths := map[string]http.Handler{middleware.Path: byName}
	for _, f := range frontends {
		wrap := func(next http.Handler) http.Handler { return middleware.Chain(next, s.frontendMiddlewares(of, f.Name)) }
		byName.Handlers[f.Name] = wrap(s.transports[f.Name])
		paths[middleware.Path+"/"+f.Name] = byName.Handlers[f.Name]
		pages.Frontends = append(pages.Frontends, portal.Frontend{Frontend: f, Config: cfg.Of(f.Name), Operations: of.operations[f.Name], Wrap: wrap})
	}
	mux.Handle(middleware.Path, byName)
	mux.Handle(middleware.Path+"/{frontend}", byName)
	return &public{paths, middleware.Routes(mux, middleware.NotFound)}, portal.Add(mux, pages)
}
