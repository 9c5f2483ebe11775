package server

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/portico-gateway/portico/gateway/execute"
	"github.com/portico-gateway/portico/gateway/operation"
	"github.com/portico-gateway/portico/gateway/persisted"
)

// picture says how requests of a frontend are routed.
type picture struct {
	Frontend string            `json:"frontend"`
	Routes   []execute.Route   `json:"routes"`
	Services []picturedService `json:"services"` // of the configuration, by name
}

// picturedService is a service of the picture.
type picturedService struct {
	Name      string             `json:"name"`
	Protocol  string             `json:"protocol"` // http or grpc
	Status    string             `json:"status"`   // ok, down or unknown, by the latest check
	Endpoints []picturedEndpoint `json:"endpoints"`
}

// picturedEndpoint is an endpoint of a service.
type picturedEndpoint struct {
	Address   string `json:"address"`
	Version   string `json:"version,omitempty"` // absent for the main one
	Available bool   `json:"available"`         // it is not ejected, and its health checks succeed
	Open      int    `json:"open"`              // calls and streams that are under way
}

// picture returns how requests of a frontend are routed at this moment.
func (s *Server) picture(ctx context.Context, of *state, f execute.Frontend) picture {
	s.health.refresh(ctx)
	states, _ := s.health.known()
	out := picture{Frontend: f.Name, Routes: slices.Clip(f.Routes), Services: []picturedService{}}
	if out.Routes == nil {
		out.Routes = []execute.Route{}
	}
	endpoints := map[string][]picturedEndpoint{}
	for _, e := range s.services.Endpoints() {
		endpoints[e.Service] = append(endpoints[e.Service], picturedEndpoint{Address: e.Address, Version: e.Version, Available: e.Available, Open: e.Open})
	}
	for name := range of.config.Services {
		one := picturedService{Name: name, Protocol: "http", Status: states[name].Status, Endpoints: endpoints[name]}
		if _, err := s.services.GRPC(name); err == nil {
			one.Protocol = "grpc"
		}
		if one.Endpoints == nil {
			one.Endpoints = []picturedEndpoint{}
		}
		out.Services = append(out.Services, one)
	}
	slices.SortFunc(out.Services, func(a, b picturedService) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// routesHandler answers how requests of a frontend are routed, to callers who may have explanations.
func (s *Server) routesHandler(of *state, f execute.Frontend) http.Handler {
	may := of.operations[f.Name].MayExplain
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !may(r.Context()) {
			nothingHere(w, r)
			return
		}
		writeJSON(w, s.picture(r.Context(), of, f))
	})
}

// trustedHandler answers with the trusted documents of a frontend, to callers who may read the schema.
func trustedHandler(f *operation.Frontend) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !f.MayIntrospect(r.Context()) {
			nothingHere(w, r)
			return
		}
		mode, documents := f.Trusted()
		writeJSON(w, struct {
			Mode      persisted.Mode       `json:"mode"`
			Documents []persisted.Document `json:"documents"`
		}{mode, documents})
	})
}

func writeJSON(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_ = json.NewEncoder(w).Encode(value) // the caller left: nothing to do
}
