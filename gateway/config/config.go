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
// not shown; reload is false for what takes effect only when the gateway starts.
type Config struct {
	Server     Server              `yaml:"server"`               // where frontends are served
	Admin      Admin               `yaml:"admin"`                // where operators look
	Routing    Routing             `yaml:"routing"`              // the frontend of requests that name none
	Auth       Auth                `yaml:"auth"`                 // whose tokens and keys are accepted
	Frontend   Frontend            `yaml:"frontend"`             // the settings of every frontend
	Frontends  map[string]Frontend `yaml:"frontends"`            // what differs for one frontend: the same settings; complete after Load
	Cache      Cache               `yaml:"cache" reload:"false"` // the memory for answers
	Redis      Redis               `yaml:"redis" reload:"false"` // what several gateways share
	Playground Playground          `yaml:"playground"`           // the page at /playground
	AccessLog  AccessLog           `yaml:"accessLog"`            // the log of requests
	OTLP       OTLP                `yaml:"otlp"`                 // where traces and metrics are sent
	Usage      Usage               `yaml:"usage"`                // the record of what clients request of the schemas
	Discovery  Discovery           `yaml:"discovery"`            // how endpoints of services are found
	Services   map[string]Service  `yaml:"services"`             // the services by name

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
	// Listen is the address where frontends are served, host:port, or unix:/path for a Unix
	// domain socket.
	Listen string `yaml:"listen" reload:"false"`
	// TLS is for HTTPS, with HTTP/2 and HTTP/1.1; absent for plain text.
	TLS *ServerTLS `yaml:"tls"`
	// H2C also accepts HTTP/2 in plain text, from clients that begin with it (prior
	// knowledge).
	H2C bool `yaml:"h2c" reload:"false"`
	// Connections is the most connections of clients.
	Connections int `yaml:"connections" reload:"false"`
	// ConnectionsPerAddress is the most connections of one address, or of a network of 64 bits
	// of IPv6; not of trusted proxies.
	ConnectionsPerAddress int `yaml:"connectionsPerAddress" reload:"false"`
	// LameDuck is how long requests are still served after SIGTERM, while the gateway is
	// not ready.
	LameDuck Duration `yaml:"lameDuck"`
	// Drain is how long requests that are under way may take when the gateway
	// stops.
	Drain Duration `yaml:"drain"`
	// ReadTimeout is how long a request may take to come in, with its body.
	ReadTimeout Duration `yaml:"readTimeout" reload:"false"`
	// WriteTimeout is how long a client may read nothing of an answer that is
	// written to it.
	WriteTimeout Duration `yaml:"writeTimeout" reload:"false"`
	// BodyBudget is the most memory that the bodies of requests under way may
	// take, all together: their texts, and as much again for what is decoded from
	// them. Those of up to 8 KiB do not count.
	BodyBudget Bytes `yaml:"bodyBudget" reload:"false"`
	// TrustedProxies are the addresses of proxies, or networks in CIDR notation, whose
	// header names the client.
	TrustedProxies []Network `yaml:"trustedProxies"`
	// ForwardedHeader is the header in which trusted proxies name the client.
	ForwardedHeader string `yaml:"forwardedHeader" enum:"X-Forwarded-For,Forwarded"`
}

// Admin is where operators look. Never expose it.
type Admin struct {
	// Listen is the address for operators, host:port or unix:/path; never expose it.
	Listen string `yaml:"listen" reload:"false"`
	// Token is what operators send as Authorization: Bearer, except for probes; empty for none.
	// Without it, changes need an API key or a token with the scope.
	Token Secret `yaml:"token"`
}

// Routing tells how a request finds its frontend when the path names none.
type Routing struct {
	// Default is the frontend of requests that name none; empty for the first
	// by name.
	Default string `yaml:"default"`
	// Hosts is the frontend of requests to a host, without the port.
	Hosts map[string]string `yaml:"hosts"`
}

// Frontend is what a frontend may do.
type Frontend struct {
	// Introspection lets callers query the schema, and serves it as SDL.
	Introspection bool `yaml:"introspection"`
	// IntrospectionScope is the scope that introspection needs; empty for none.
	IntrospectionScope string `yaml:"introspectionScope"`
	// Explain lets callers see how an answer was made, in extensions.explain, if the request has
	// {"extensions": {"explain": true}}: the calls of services with their addresses, their times,
	// the cache and the cost.
	Explain bool `yaml:"explain"`
	// ExplainScope is the scope that this needs; empty for none.
	ExplainScope string `yaml:"explainScope"`
	// CancelMutations cancels a mutation when its caller leaves.
	CancelMutations bool `yaml:"cancelMutations"`

	Limits    Limits    `yaml:"limits"`    // what one request can be
	Cost      Cost      `yaml:"cost"`      // what one operation may cost
	RateLimit RateLimit `yaml:"rateLimit"` // what a caller may ask for in a time
	Documents Documents `yaml:"documents"` // persisted documents
	Caching   Caching   `yaml:"caching"`   // for how long answers are cached whose fields do not say
	CORS      CORS      `yaml:"cors"`      // the origins that browsers may call from
	Errors    Errors    `yaml:"errors"`    // what answers say about problems
}

// Errors says what answers have of problems.
type Errors struct {
	// Services names the service that a problem is of in extensions.service.
	Services bool `yaml:"services"`
}

// Limits bound what one request can be.
type Limits struct {
	// Body is the largest body of a request, uncompressed.
	Body Bytes `yaml:"body"`
	// Batch is the most operations of a request; 1 for no batches.
	Batch int `yaml:"batch"`
	// Timeout is the most that a query or a mutation may take.
	Timeout Duration `yaml:"timeout"`
	// Operations is the most operations that a WebSocket may have open.
	Operations int `yaml:"operations"`
	// Sockets is the most WebSockets that a caller may have open.
	Sockets int `yaml:"sockets"`
	// CallerOperations is the most operations that a caller may have open on all its
	// WebSockets.
	CallerOperations int `yaml:"callerOperations"`
	// Subscriptions is the most subscriptions that may be open, of all callers.
	Subscriptions int `yaml:"subscriptions"`
	// CallerSubscriptions is the most subscriptions that a caller may have open, over event
	// streams and WebSockets.
	CallerSubscriptions int `yaml:"callerSubscriptions"`
	// Queue is the most bytes of messages that wait until a caller reads, on all its
	// WebSockets.
	Queue Bytes `yaml:"queue"`

	// Document is the largest text of a document.
	Document Bytes `yaml:"document"`
	// Tokens is the most tokens of a document.
	Tokens int `yaml:"tokens"`
	// Depth is the deepest nesting of fields.
	Depth int `yaml:"depth"`
	// Fields is the most fields that a document selects, with those of fragments.
	Fields int `yaml:"fields"`
	// Aliases is the most fields of an operation with an alias.
	Aliases int `yaml:"aliases"`
	// RootFields is the most fields at the root of an operation.
	RootFields int `yaml:"rootFields"`
	// PerKey is how often one key of the answer may be selected in one place.
	PerKey int `yaml:"perKey"`
	// Directives is the most directives of a document.
	Directives int `yaml:"directives"`
	// Spreads is the most fragment spreads of a document.
	Spreads int `yaml:"spreads"`
	// SpreadDepth is the deepest nesting of spreads in fragments.
	SpreadDepth int `yaml:"spreadDepth"`
	// InputDepth is the deepest nesting of input values.
	InputDepth int `yaml:"inputDepth"`
	// InputItems is the most list items and object members in the variables of an operation,
	// and in those of a request.
	InputItems int `yaml:"inputItems"`
}

// Cost is about what one operation may cost.
type Cost struct {
	// Max is the most that one operation may be estimated to cost.
	Max float64 `yaml:"max"`
	// ListSize is the length that lists without @listSize are estimated to have.
	ListSize int `yaml:"listSize"`
	// Parse is the cost of a document that must be parsed and validated, besides that of
	// its operation.
	Parse float64 `yaml:"parse"`
	// Report is when answers have extensions.cost: requested is by {"extensions": {"cost": true}}.
	Report Report `yaml:"report" enum:"always,requested,never"`
}

// RateLimit is about what a principal may ask for in a time.
type RateLimit struct {
	// Anonymous is the bucket of the address of an anonymous caller; none if absent.
	Anonymous *Bucket `yaml:"anonymous"`
	// Authenticated is the bucket of a principal; none if absent.
	Authenticated *Bucket `yaml:"authenticated"`
	// Tiers are the buckets of principals with a tier, by its name.
	Tiers map[string]*Bucket `yaml:"tiers"`
}

// Bucket is a token bucket.
type Bucket struct {
	// Capacity is the most points of the bucket.
	Capacity float64 `yaml:"capacity"`
	// Refill is the points that the bucket gets each second.
	Refill float64 `yaml:"refill"`
}

// Documents is about persisted documents.
type Documents struct {
	// Memory is the most memory for parsed documents, of which those that were used last are kept.
	Memory Bytes `yaml:"memory"`
	// Mode is what trusted documents are for: off is for nothing, allow lets callers send
	// their ids, log-unknown also logs other documents, only refuses other documents.
	Mode string `yaml:"mode" enum:"off,allow,log-unknown,only"`
	// Manifest is the file with the trusted documents, in Apollo's or Relay's format.
	Manifest string `yaml:"manifest"`
	// Automatic lets callers persist documents (APQ).
	Automatic bool `yaml:"automatic"`
}

// Caching is what holds for fields whose @cacheControl does not say it.
type Caching struct {
	// MaxAge is how long answers of root fields and of fields with objects are cached, if
	// @cacheControl does not say it.
	MaxAge Duration `yaml:"maxAge"`
	// StaleWhileRevalidate is how long after its maxAge an answer is served while it is
	// made anew.
	StaleWhileRevalidate Duration `yaml:"staleWhileRevalidate"`
	// StaleIfError is how long after its maxAge an answer is served when services fail.
	StaleIfError Duration `yaml:"staleIfError"`
}

// CORS tells which origins browsers may call from.
type CORS struct {
	// Origins are those that browsers may call from, such as https://shop.example.
	Origins []string `yaml:"origins"`
	// Credentials lets these origins send cookies and HTTP authentication; never with *.
	Credentials bool `yaml:"credentials"`
}

// Auth tells whose tokens and keys are accepted.
type Auth struct {
	// Issuers are those whose tokens are accepted.
	Issuers []Issuer `yaml:"issuers"`
	// KeyHeader is the header with an API key.
	KeyHeader string `yaml:"keyHeader"`
	// Keys is a text with a list of API keys in YAML: usually ${API_KEYS}.
	Keys Secret `yaml:"keys"`
	// KeyFile is a file with a list of API keys in YAML.
	KeyFile string `yaml:"keyFile"`
	// Certificates are the rights of client certificates by subject.
	Certificates []ClientCertificate `yaml:"certificates"`
}

// Issuer makes tokens.
type Issuer struct {
	// Issuer is the claim iss of the tokens.
	Issuer string `yaml:"issuer"`
	// JWKS is the URL of the issuer's keys; empty to discover it (OpenID Connect).
	JWKS string `yaml:"jwks"`
	// Audiences are those of which the claim aud must have one; empty for any.
	Audiences []string `yaml:"audiences"`
	// Algorithms are the algorithms of signatures that are accepted; empty for all that are safe.
	Algorithms []string `yaml:"algorithms" enum:"RS256,RS384,RS512,PS256,PS384,PS512,ES256,ES384,ES512,EdDSA"`
	// Leeway is how much the clocks of the issuer and of the gateway may differ.
	Leeway Duration `yaml:"leeway"`
	// Scopes are the claims that have scopes.
	Scopes []string `yaml:"scopes"`
	// Subject is the claim with the subject.
	Subject string `yaml:"subject"`
	// Tier is the claim with the tier of rate limits.
	Tier string `yaml:"tier"`
	// Refresh is the time after which the issuer's keys are fetched again.
	Refresh Duration `yaml:"refresh"`
}

// Cache is the memory for answers.
type Cache struct {
	// Size is the most memory for cached answers; 0 caches none.
	Size Bytes `yaml:"size"`
	// Missing is how long it is cached that a service has nothing for a key.
	Missing Duration `yaml:"missing"`
	// Coalesce lets identical concurrent requests share one execution, and one GET of a
	// service.
	Coalesce bool `yaml:"coalesce"`
}

// Redis is what several gateways share.
type Redis struct {
	// URL is redis://host:port or rediss://host:port, or several with commas; empty for no Redis.
	URL Secret `yaml:"url"`
	// Timeout is the longest time that a request waits for Redis.
	Timeout Duration `yaml:"timeout"`
	// LocalShare is the share of each bucket that a gateway has to itself while
	// it can't reach Redis.
	LocalShare float64 `yaml:"localShare"`
	// Prefix is the prefix of all keys in Redis.
	Prefix string `yaml:"prefix"`
}

// Playground is the page at /playground.
type Playground struct {
	// Enabled serves the playground at /playground and the documentation of APIs at /docs; both need introspection.
	Enabled bool `yaml:"enabled"`
	// TokenURL is where the playground's button gets demo tokens; empty for no button.
	TokenURL string `yaml:"tokenURL"`
}

// AccessLog is the log of requests.
type AccessLog struct {
	// Enabled logs requests, a line each.
	Enabled bool `yaml:"enabled"`
	// Sample is the share of requests that are logged, of those without errors; from 0 to 1.
	Sample float64 `yaml:"sample"`
	// Slow is how long an operation takes that is logged in any case; 0 for none.
	Slow Duration `yaml:"slow"`
}

// OTLP is where traces and metrics are sent, by the protocol of OpenTelemetry.
type OTLP struct {
	// Endpoint is the URL of a collector: http://host:4318 or https for OTLP over HTTP,
	// grpc://host:4317 or grpcs for OTLP over gRPC; empty to send nothing.
	Endpoint string `yaml:"endpoint" reload:"false"`
	// Headers are sent with each request to the collector, such as Authorization.
	Headers map[string]Secret `yaml:"headers" reload:"false"`
	// CA is a file with the certificates of authorities in PEM, which replace those of the
	// system; empty for these.
	CA string `yaml:"ca" reload:"false"`
	// Metrics is the time between two times that metrics are sent; 0 for never.
	Metrics Duration `yaml:"metrics" reload:"false"`
	// Sample is the share of requests without a trace context that are traced, from 0 to 1.
	// Others are traced if their callers' traces are sampled.
	Sample float64 `yaml:"sample"`
	// SampleCallers is how many of the latter are traced in a second at most.
	SampleCallers int `yaml:"sampleCallers"`
}

// setDefaults sets what an issuer may leave out.
func (i *Issuer) setDefaults() {
	*i = Issuer{
		Leeway:  Duration(30 * time.Second),
		Scopes:  []string{"scope", "scp", "roles"},
		Subject: "sub",
		Refresh: Duration(15 * time.Minute),
	}
}

// Defaults are the values of what a file leaves out.
func Defaults() Config {
	return Config{
		Server: Server{
			Listen:                "127.0.0.1:8080",
			Connections:           20_000,
			ConnectionsPerAddress: 1000,
			LameDuck:              Duration(5 * time.Second),
			Drain:                 Duration(10 * time.Second),
			ReadTimeout:           Duration(10 * time.Second),
			WriteTimeout:          Duration(10 * time.Second),
			BodyBudget:            8 << 20,
			ForwardedHeader:       "X-Forwarded-For",
		},
		Admin:     Admin{Listen: "127.0.0.1:9090"},
		Auth:      Auth{KeyHeader: "X-Api-Key"},
		Cache:     Cache{Size: 64 << 20, Missing: Duration(time.Second), Coalesce: true},
		AccessLog: AccessLog{Enabled: true, Sample: 1, Slow: Duration(time.Second)},
		OTLP:      OTLP{Metrics: Duration(time.Minute), Sample: 0.01, SampleCallers: 100},
		Usage:     Usage{Days: 90},
		Redis:     Redis{Timeout: Duration(50 * time.Millisecond), LocalShare: 0.5, Prefix: "portico"},
		Frontend: Frontend{
			Limits: Limits{
				Body:       1 << 20,
				Batch:      1,
				Timeout:    Duration(30 * time.Second),
				Operations: 100,

				Sockets:          100,
				CallerOperations: 1000,
				Queue:            16 << 20,

				Subscriptions:       10_000,
				CallerSubscriptions: 1000,

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
