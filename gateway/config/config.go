// Package config reads portico.yaml.
//
// Unknown keys and wrong values fail, all of them in one error with their
// lines. Values may hold ${NAME} and ${NAME:-default}, which are replaced from
// the environment. Nothing is opened unless the file opens it: CORS, the
// playground and introspection are off, and no service is sent the caller's
// token.
package config

import (
	"net/url"
	"time"
)

// Config is a gateway's configuration. Every part of the gateway is given its
// own section only.
type Config struct {
	Server     Server             `yaml:"server"`
	Admin      Admin              `yaml:"admin"`
	Frontends  Frontends          `yaml:"frontends"`
	Limits     Limits             `yaml:"limits"`
	CORS       CORS               `yaml:"cors"`
	Playground Playground         `yaml:"playground"`
	Services   map[string]Service `yaml:"services"`
}

// Server is where frontends are served.
type Server struct {
	// Listen is host:port.
	Listen string `yaml:"listen"`
	// Drain is how long requests that are under way may take when the gateway
	// stops.
	Drain Duration `yaml:"drain"`
}

// Admin is where operators look. Never expose it.
type Admin struct {
	// Listen is host:port.
	Listen string `yaml:"listen"`
}

// Frontends tells how a request finds its frontend when the path names none.
type Frontends struct {
	// Default is the frontend of requests that name none; empty for the first
	// by name.
	Default string `yaml:"default"`
	// Hosts maps the Host of a request, without the port, to a frontend.
	Hosts map[string]string `yaml:"hosts"`
	// Introspection lets frontends ask for their schema, and serves it as SDL.
	Introspection bool `yaml:"introspection"`
}

// Limits bound what one request can cost.
type Limits struct {
	// Body is the most that a request's body may have.
	Body Bytes `yaml:"body"`
	// Tokens is the most that a document may have.
	Tokens int `yaml:"tokens"`
	// Documents is how many parsed documents are kept, for each frontend.
	Documents int `yaml:"documents"`
	// Timeout is the most that a query or a mutation may take.
	Timeout Duration `yaml:"timeout"`
	// Operations is how many operations a WebSocket may have open.
	Operations int `yaml:"operations"`
}

// CORS tells which origins browsers may call from.
type CORS struct {
	// Origins are allowed, such as https://shop.example; none by default.
	Origins []string `yaml:"origins"`
	// Credentials lets these origins send cookies and HTTP authentication.
	Credentials bool `yaml:"credentials"`
}

// Playground is the page at /playground.
type Playground struct {
	// Enabled serves it.
	Enabled bool `yaml:"enabled"`
	// TokenURL mints demo tokens; empty for no button.
	TokenURL string `yaml:"tokenURL"`
}

// Service is a backend.
type Service struct {
	// URL is its address: http, https, grpc (plain text) or grpcs.
	URL string `yaml:"url"`
	// Timeout is the most that one call may take.
	Timeout Duration `yaml:"timeout"`
	// MaxBatch is how many keys one call may have.
	MaxBatch int `yaml:"maxBatch"`
	// MaxResponse is the most that an answer may have.
	MaxResponse Bytes `yaml:"maxResponse"`
	// ForwardAuthorization sends the service the caller's Authorization.
	ForwardAuthorization bool `yaml:"forwardAuthorization"`
	// Config has what bindings find as $config.
	Config map[string]string `yaml:"config"`
	// Required makes the gateway ready only when the service answers.
	Required bool `yaml:"required"`
}

// Defaults are the values of what a file leaves out.
func Defaults() Config {
	return Config{
		Server: Server{Listen: "127.0.0.1:8080", Drain: Duration(10 * time.Second)},
		Admin:  Admin{Listen: "127.0.0.1:9090"},
		Limits: Limits{
			Body:       1 << 20,
			Tokens:     2000,
			Documents:  1000,
			Timeout:    Duration(30 * time.Second),
			Operations: 100,
		},
	}
}

// serviceDefaults are the values of what a service leaves out.
func serviceDefaults(s *Service) {
	if s.Timeout == 0 {
		s.Timeout = Duration(5 * time.Second)
	}
	if s.MaxBatch == 0 {
		s.MaxBatch = 100
	}
	if s.MaxResponse == 0 {
		s.MaxResponse = 8 << 20
	}
}

// check adds what is wrong with the values to p.
func (c *Config) check(p *problems) {
	p.need(c.Server.Listen != "", "server.listen", "must be host:port")
	p.need(c.Admin.Listen != "", "admin.listen", "must be host:port")
	p.need(c.Server.Listen != c.Admin.Listen || c.Server.Listen == "127.0.0.1:0", "admin.listen", "must not be that of the server: operators and frontends need different doors")
	p.need(c.Server.Drain >= 0, "server.drain", "must not be negative")
	p.need(c.Limits.Body > 0, "limits.body", "must be more than 0")
	p.need(c.Limits.Tokens > 0, "limits.tokens", "must be more than 0")
	p.need(c.Limits.Documents > 0, "limits.documents", "must be more than 0")
	p.need(c.Limits.Timeout > 0, "limits.timeout", "must be more than 0")
	p.need(c.Limits.Operations > 0, "limits.operations", "must be more than 0")
	for _, origin := range c.CORS.Origins {
		p.need(origin != "*" || !c.CORS.Credentials, "cors.origins", "must not be * with credentials: every site could act for your users")
	}
	for name, s := range c.Services {
		s.check(p, "services."+name)
	}
}

func (s *Service) check(p *problems, path string) {
	u, err := url.Parse(s.URL)
	known := map[string]bool{"http": true, "https": true, "grpc": true, "grpcs": true}
	p.need(err == nil && known[u.Scheme] && u.Host != "", path+".url", "must be a URL such as http://host:port, https://…, grpc://host:port or grpcs://…")
	p.need(s.Timeout > 0, path+".timeout", "must be more than 0")
	p.need(s.MaxBatch > 0, path+".maxBatch", "must be more than 0")
	p.need(s.MaxResponse > 0, path+".maxResponse", "must be more than 0")
}
