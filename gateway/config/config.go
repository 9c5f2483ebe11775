// Package config reads portico.yaml.
//
// Unknown keys and wrong values fail, all of them in one error with their
// lines. Values may hold ${NAME} and ${NAME:-default}, which are replaced from
// the environment. Nothing is opened unless the file opens it: CORS, the
// playground and introspection are off, and no service is sent the caller's
// token.
package config

import "time"

// Config is a gateway's configuration. Every part of the gateway is given its
// own section only.
//
// The tags of its fields are read for the file, for its JSON Schema and for messages:
// yaml is the key; enum has the values that a text may have; secret marks texts that are
// not shown.
type Config struct {
	Server     Server              `yaml:"server"`
	Admin      Admin               `yaml:"admin"`
	Routing    Routing             `yaml:"routing"`
	Auth       Auth                `yaml:"auth"`
	Frontend   Frontend            `yaml:"frontend"`  // what holds for every frontend
	Frontends  map[string]Frontend `yaml:"frontends"` // what differs for one; complete after Load
	Cache      Cache               `yaml:"cache"`
	Redis      Redis               `yaml:"redis"`
	Playground Playground          `yaml:"playground"`
	Discovery  Discovery           `yaml:"discovery"`
	Services   map[string]Service  `yaml:"services"`

	source *problems // where settings are in the file; nil without a file
}

// Of is what holds for a frontend.
func (c *Config) Of(frontend string) Frontend {
	if f, ok := c.Frontends[frontend]; ok {
		return f
	}
	return c.Frontend
}

// Server is where frontends are served.
type Server struct {
	// Listen is host:port.
	Listen string `yaml:"listen"`
	// Drain is how long requests that are under way may take when the gateway
	// stops.
	Drain Duration `yaml:"drain"`
	// ReadTimeout is how long a request may take to come in, with its body.
	ReadTimeout Duration `yaml:"readTimeout"`
	// WriteTimeout is how long a client may take nothing of an answer that is
	// written to it.
	WriteTimeout Duration `yaml:"writeTimeout"`
	// BodyBudget is the most memory that the bodies of requests under way may
	// take, all together: their texts, and as much again for what is decoded from
	// them. Those of up to 8 KiB do not count.
	BodyBudget Bytes `yaml:"bodyBudget"`
	// TrustedProxies are the addresses, or networks in CIDR notation, whose
	// headers tell who the client is; none by default.
	TrustedProxies []Network `yaml:"trustedProxies"`
	// ForwardedHeader is the one in which they tell it: X-Forwarded-For or
	// Forwarded.
	ForwardedHeader string `yaml:"forwardedHeader" enum:"X-Forwarded-For,Forwarded"`
}

// Admin is where operators look. Never expose it.
type Admin struct {
	// Listen is host:port.
	Listen string `yaml:"listen"`
}

// Routing tells how a request finds its frontend when the path names none.
type Routing struct {
	// Default is the frontend of requests that name none; empty for the first
	// by name.
	Default string `yaml:"default"`
	// Hosts maps the Host of a request, without the port, to a frontend.
	Hosts map[string]string `yaml:"hosts"`
}

// Frontend is what a frontend may do.
type Frontend struct {
	// Introspection lets the frontend ask for its schema, and serves it as SDL.
	Introspection bool `yaml:"introspection"`
	// IntrospectionScope is the scope that it needs for that; empty for none.
	IntrospectionScope string `yaml:"introspectionScope"`
	// CancelMutations cancels a mutation when its caller leaves.
	CancelMutations bool      `yaml:"cancelMutations"`
	Limits          Limits    `yaml:"limits"`
	Cost            Cost      `yaml:"cost"`
	RateLimit       RateLimit `yaml:"rateLimit"`
	Documents       Documents `yaml:"documents"`
	Caching         Caching   `yaml:"caching"`
	CORS            CORS      `yaml:"cors"`
	Errors          Errors    `yaml:"errors"`
}

// Errors says what answers have of problems.
type Errors struct {
	// Services tells them which service a problem is of.
	Services bool `yaml:"services"`
}

// Limits bound what one request can be.
type Limits struct {
	// Body is the most that a request's body may have, uncompressed.
	Body Bytes `yaml:"body"`
	// Batch is how many operations a request may have; 1 for no batches.
	Batch int `yaml:"batch"`
	// Timeout is the most that a query or a mutation may take.
	Timeout Duration `yaml:"timeout"`
	// Operations is how many operations a WebSocket may have open.
	Operations int `yaml:"operations"`
	// Sockets is how many WebSockets a caller may have open.
	Sockets int `yaml:"sockets"`
	// CallerOperations is how many operations a caller may have open on all its
	// WebSockets.
	CallerOperations int `yaml:"callerOperations"`
	// Queue is the most that messages may have which wait until a caller reads,
	// on all its WebSockets.
	Queue Bytes `yaml:"queue"`

	// Document is the most bytes that the text of a document may have.
	Document Bytes `yaml:"document"`
	// Tokens is the most that a document may have.
	Tokens int `yaml:"tokens"`
	// Depth is how deep fields are nested.
	Depth int `yaml:"depth"`
	// Fields is how many fields a document selects, fragments included.
	Fields int `yaml:"fields"`
	// Aliases is how many fields of an operation have an alias.
	Aliases int `yaml:"aliases"`
	// RootFields is how many stand at its root.
	RootFields int `yaml:"rootFields"`
	// PerKey is how often a key of the answer is selected in one place.
	PerKey int `yaml:"perKey"`
	// Directives is how many a document has.
	Directives int `yaml:"directives"`
	// Spreads is how many fragments a document spreads.
	Spreads int `yaml:"spreads"`
	// SpreadDepth is how deep spreads are nested in fragments.
	SpreadDepth int `yaml:"spreadDepth"`
	// InputDepth is how deep values are nested.
	InputDepth int `yaml:"inputDepth"`
	// InputItems is how many items and members an operation has in its
	// variables, and in all of its request.
	InputItems int `yaml:"inputItems"`
}

// Cost is about what one operation may cost.
type Cost struct {
	// Max is the most that one operation may be estimated to cost.
	Max float64 `yaml:"max"`
	// ListSize is the length of lists without @listSize.
	ListSize int `yaml:"listSize"`
	// Parse is what a document costs that has to be parsed and validated; 0 for
	// nothing. It is paid besides the operation.
	Parse float64 `yaml:"parse"`
	// Report tells when extensions.cost is answered.
	Report Report `yaml:"report" enum:"always,requested,never"`
}

// RateLimit is about what a principal may ask for in a time.
type RateLimit struct {
	// Anonymous is the bucket of a client's address; none when absent.
	Anonymous *Bucket `yaml:"anonymous"`
	// Authenticated is the bucket of a principal; none when absent.
	Authenticated *Bucket `yaml:"authenticated"`
	// Tiers are the buckets of principals with a tier, by its name.
	Tiers map[string]*Bucket `yaml:"tiers"`
}

// Bucket is a token bucket.
type Bucket struct {
	// Capacity is how many points it holds.
	Capacity float64 `yaml:"capacity"`
	// Refill is how many points a second fill it.
	Refill float64 `yaml:"refill"`
}

// Documents is about persisted documents.
type Documents struct {
	// Memory is what the parsed documents that were used last may take.
	Memory Bytes `yaml:"memory"`
	// Mode tells what trusted documents are for: off, allow, log-unknown, only.
	Mode string `yaml:"mode" enum:"off,allow,log-unknown,only"`
	// Manifest is the file with them, in Apollo's or Relay's format.
	Manifest string `yaml:"manifest"`
	// Automatic lets callers persist documents (APQ).
	Automatic bool `yaml:"automatic"`
}

// Caching is what holds for fields whose @cacheControl does not say it.
type Caching struct {
	// MaxAge is how long the answers of root fields and of fields with objects
	// are kept.
	MaxAge Duration `yaml:"maxAge"`
	// StaleWhileRevalidate is how long an answer is served after its maxAge
	// while it is made anew.
	StaleWhileRevalidate Duration `yaml:"staleWhileRevalidate"`
	// StaleIfError is how long it is served after its maxAge when services fail.
	StaleIfError Duration `yaml:"staleIfError"`
}

// CORS tells which origins browsers may call from.
type CORS struct {
	// Origins are allowed, such as https://shop.example; none by default.
	Origins []string `yaml:"origins"`
	// Credentials lets these origins send cookies and HTTP authentication.
	Credentials bool `yaml:"credentials"`
}

// Auth tells whose tokens and keys are accepted.
type Auth struct {
	// Issuers are those whose tokens are.
	Issuers []Issuer `yaml:"issuers"`
	// KeyHeader has an API key.
	KeyHeader string `yaml:"keyHeader"`
	// Keys is a list of API keys in YAML: usually ${API_KEYS}.
	Keys Secret `yaml:"keys"`
	// KeyFile is a file with such a list.
	KeyFile string `yaml:"keyFile"`
}

// Issuer makes tokens.
type Issuer struct {
	// Issuer is the claim iss.
	Issuer string `yaml:"issuer"`
	// JWKS is where its keys are; empty to discover that (OpenID Connect).
	JWKS string `yaml:"jwks"`
	// Audiences are those of which the claim aud must have one.
	Audiences []string `yaml:"audiences"`
	// Algorithms are those that are accepted.
	Algorithms []string `yaml:"algorithms" enum:"RS256,RS384,RS512,PS256,PS384,PS512,ES256,ES384,ES512,EdDSA"`
	// Leeway is how much clocks may differ.
	Leeway Duration `yaml:"leeway"`
	// Scopes are the claims that have scopes.
	Scopes []string `yaml:"scopes"`
	// Subject is the claim with the subject.
	Subject string `yaml:"subject"`
	// Tier is the claim with the tier of rate limits.
	Tier string `yaml:"tier"`
	// Refresh is how often keys are fetched.
	Refresh Duration `yaml:"refresh"`
}

// Cache is the memory for answers.
type Cache struct {
	// Size is the most that is kept; 0 for nothing.
	Size Bytes `yaml:"size"`
	// Missing is how long it is kept that a service has nothing for a key.
	Missing Duration `yaml:"missing"`
	// Coalesce lets callers who ask the same at the same time share one execution,
	// and one GET of a service.
	Coalesce bool `yaml:"coalesce"`
}

// Redis is what several gateways share.
type Redis struct {
	// URL is redis:// or rediss://; empty for none.
	URL Secret `yaml:"url"`
	// Timeout is how long a request waits for it at most.
	Timeout Duration `yaml:"timeout"`
	// LocalShare is the share of each bucket that a gateway has to itself while
	// it can't reach Redis.
	LocalShare float64 `yaml:"localShare"`
	// Prefix is that of all keys.
	Prefix string `yaml:"prefix"`
}

// Playground is the page at /playground.
type Playground struct {
	// Enabled serves it.
	Enabled bool `yaml:"enabled"`
	// TokenURL mints demo tokens; empty for no button.
	TokenURL string `yaml:"tokenURL"`
}

// Defaults are the values of what a file leaves out.
func Defaults() Config {
	return Config{
		Server: Server{
			Listen:          "127.0.0.1:8080",
			Drain:           Duration(10 * time.Second),
			ReadTimeout:     Duration(10 * time.Second),
			WriteTimeout:    Duration(10 * time.Second),
			BodyBudget:      8 << 20,
			ForwardedHeader: "X-Forwarded-For",
		},
		Admin: Admin{Listen: "127.0.0.1:9090"},
		Auth:  Auth{KeyHeader: "X-Api-Key"},
		Cache: Cache{Size: 64 << 20, Missing: Duration(time.Second), Coalesce: true},
		Redis: Redis{Timeout: Duration(50 * time.Millisecond), LocalShare: 0.5, Prefix: "portico"},
		Frontend: Frontend{
			Limits: Limits{
				Body:       1 << 20,
				Batch:      1,
				Timeout:    Duration(30 * time.Second),
				Operations: 100,

				Sockets:          100,
				CallerOperations: 1000,
				Queue:            16 << 20,

				Document:    64 << 10,
				Tokens:      2000,
				Depth:       20,
				Fields:      1000,
				Aliases:     50,
				RootFields:  20,
				PerKey:      10,
				Directives:  50,
				Spreads:     100,
				SpreadDepth: 10,
				InputDepth:  10,
				InputItems:  1000,
			},
			Cost:      Cost{Max: 5000, ListSize: 10, Parse: 10, Report: ReportRequested},
			Documents: Documents{Memory: 16 << 20, Mode: "off"},
		},
	}
}
