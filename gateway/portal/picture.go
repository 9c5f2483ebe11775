package portal

import (
	"context"
	"net/http"
	"slices"

	"github.com/portico-gateway/portico/gateway/execute"
	"github.com/portico-gateway/portico/gateway/middleware"
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
func (c *Config) picture(ctx context.Context, f Frontend) picture {
	states := c.Health.Services(ctx)
	out := picture{Frontend: f.Name, Routes: slices.Clip(f.Routes), Services: []picturedService{}}
	if out.Routes == nil {
		out.Routes = []execute.Route{}
	}
	endpoints := map[string][]picturedEndpoint{}
	for _, e := range c.Services.Endpoints() {
		endpoints[e.Service] = append(endpoints[e.Service], picturedEndpoint{Address: e.Address, Version: e.Version, Available: e.Available, Open: e.Open})
	}
	for _, name := range c.Names {
		one := picturedService{Name: name, Protocol: "http", Status: states[name].Status, Endpoints: endpoints[name]}
		if _, err := c.Services.GRPC(name); err == nil {
			one.Protocol = "grpc"
		}
		if one.Endpoints == nil {
			one.Endpoints = []picturedEndpoint{}
		}
		out.Services = append(out.Services, one)
	}
	return out
}

// routesHandler answers how requests of a frontend are routed, to callers who may have explanations.
func (c *Config) routesHandler(f Frontend) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !f.Operations.MayExplain(r.Context()) {
			middleware.NotFound(w, r)
			return
		}
		writeJSON(w, c.picture(r.Context(), f))
	})
}
