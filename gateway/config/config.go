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
	Admin      Admin               `yaml:"admin"`                // the address for operators
	Routing    Routing             `yaml:"routing"`              // the frontend of requests that name none
	Auth       Auth                `yaml:"auth"`                 // issuers of accepted tokens, API keys and client certificates
	Frontend   Frontend            `yaml:"frontend"`             // the settings of every frontend
	Frontends  map[string]Frontend `yaml:"frontends"`            // settings of one frontend; absent ones are those of frontend; complete after Load
	Cache      Cache               `yaml:"cache" reload:"false"` // the memory for answers
	Redis      Redis               `yaml:"redis" reload:"false"` // the Redis that several gateways share
	Playground Playground          `yaml:"playground"`           // the page at /playground
	AccessLog  AccessLog           `yaml:"accessLog"`            // the log of requests
	OTLP       OTLP                `yaml:"otlp"`                 // where traces and metrics are sent
	Usage      Usage               `yaml:"usage"`                // the record of which clients use which parts of the schemas
	Discovery  Discovery           `yaml:"discovery"`            // service discovery
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
	// Listen is the address that serves frontends, host:port, or unix:/path for a Unix domain
	// socket.
	Listen string `yaml:"listen" reload:"false"`
	// TLS enables HTTPS, with HTTP/2 and HTTP/1.1; absent for plain text.
	TLS *ServerTLS `yaml:"tls"`
	// H2C also accepts plain-text HTTP/2 from clients that use prior knowledge.
	H2C bool `yaml:"h2c" reload:"false"`
	// Connections is the maximum number of client connections.
	Connections int `yaml:"connections" reload:"false"`
	// ConnectionsPerAddress is the maximum number of connections per address or IPv6 /64
	// network; trusted proxies are exempt.
	ConnectionsPerAddress int `yaml:"connectionsPerAddress" reload:"false"`
	// LameDuck is how long requests are still served after SIGTERM, while the gateway reports
	// that it is not ready.
	LameDuck Duration `yaml:"lameDuck"`
	// Drain is how long requests in flight may take when the gateway stops.
	Drain Duration `yaml:"drain"`
	// ReadTimeout is the timeout for receiving a request with its body.
	ReadTimeout Duration `yaml:"readTimeout" reload:"false"`
	// WriteTimeout is how long a client may read nothing of an answer before its connection is
	// closed.
	WriteTimeout Duration `yaml:"writeTimeout" reload:"false"`
	// BodyBudget is the maximum memory for the bodies of all requests in flight: twice their
	// size, since decoding takes as much again. Bodies of up to 8 KiB do not count.
	BodyBudget Bytes `yaml:"bodyBudget" reload:"false"`
	// TrustedProxies are the addresses or CIDR networks of proxies whose header names the
	// client.
	TrustedProxies []Network `yaml:"trustedProxies"`
	// ForwardedHeader is the header in which trusted proxies name the client.
	ForwardedHeader string `yaml:"forwardedHeader" enum:"X-Forwarded-For,Forwarded"`
}

// Admin is where operators look. Never expose it.
type Admin struct {
	// Listen is the address for operators, host:port or unix:/path; never expose it.
	Listen string `yaml:"listen" reload:"false"`
	// Token is what operators send as Authorization: Bearer, except for probes; empty for
	// none. Without it, changes need an API key or a token with the scope.
	Token Secret `yaml:"token"`
}

// Routing says how a request finds its frontend when the path names none.
type Routing struct {
	// Default is the frontend of requests that name none; empty for the first by name.
	Default string `yaml:"default"`
	// Hosts is the frontend for each host name, without the port.
	Hosts map[string]string `yaml:"hosts"`
}

// Frontend is what a frontend may do.
type Frontend struct {
	// Introspection lets callers query the schema, and serves it as SDL.
	Introspection bool `yaml:"introspection"`
	// IntrospectionScope is the scope required for introspection; empty for none.
	IntrospectionScope string `yaml:"introspectionScope"`
	// Explain lets callers request extensions.explain by {"extensions": {"explain": true}}:
	// the calls to services with their addresses and times, the cache and the cost.
	Explain bool `yaml:"explain"`
	// ExplainScope is the scope required for explanations; empty for none.
	ExplainScope string `yaml:"explainScope"`
	// CancelMutations cancels a mutation when its caller disconnects.
	CancelMutations bool `yaml:"cancelMutations"`

	Limits    Limits    `yaml:"limits"`    // limits of one request
	Cost      Cost      `yaml:"cost"`      // the cost of operations
	RateLimit RateLimit `yaml:"rateLimit"` // rate limits of callers
	Documents Documents `yaml:"documents"` // persisted documents
	Caching   Caching   `yaml:"caching"`   // cache durations of fields that do not set them
	CORS      CORS      `yaml:"cors"`      // origins that browsers may send requests from
	Errors    Errors    `yaml:"errors"`    // what errors reveal
}

// Errors says what answers have of problems.
type Errors struct {
	// Services adds the name of the failed service to errors, in extensions.service.
	Services bool `yaml:"services"`
}

// Limits bound what one request can be.
type Limits struct {
	// Body is the maximum size of a request body, uncompressed.
	Body Bytes `yaml:"body"`
	// Batch is the maximum number of operations per request; 1 disables batches.
	Batch int `yaml:"batch"`
	// Timeout is the timeout of a query or mutation.
	Timeout Duration `yaml:"timeout"`
	// Operations is the maximum number of open operations per WebSocket.
	Operations int `yaml:"operations"`
	// Sockets is the maximum number of open WebSockets per caller.
	Sockets int `yaml:"sockets"`
	// CallerOperations is the maximum number of open operations on all WebSockets of a caller.
	CallerOperations int `yaml:"callerOperations"`
	// Subscriptions is the maximum number of open subscriptions, of all callers.
	Subscriptions int `yaml:"subscriptions"`
	// CallerSubscriptions is the maximum number of open subscriptions per caller, over event
	// streams and WebSockets.
	CallerSubscriptions int `yaml:"callerSubscriptions"`
	// Queue is the maximum size of queued messages that a caller has not read, on all its
	// WebSockets.
	Queue Bytes `yaml:"queue"`
	// Response is the maximum size of the data of a response, before compression.
	Response Bytes `yaml:"response"`

	// Document is the maximum size of a document's text.
	Document Bytes `yaml:"document"`
	// Tokens is the maximum number of tokens in a document.
	Tokens int `yaml:"tokens"`
	// Depth is the maximum nesting of fields.
	Depth int `yaml:"depth"`
	// Fields is the maximum number of fields that a document selects, including those of
	// fragments.
	Fields int `yaml:"fields"`
	// Aliases is the maximum number of aliased fields in an operation.
	Aliases int `yaml:"aliases"`
	// RootFields is the maximum number of root fields in an operation.
	RootFields int `yaml:"rootFields"`
	// PerKey is how often one response key may be selected in the same place.
	PerKey int `yaml:"perKey"`
	// Directives is the maximum number of directives in a document.
	Directives int `yaml:"directives"`
	// Spreads is the maximum number of fragment spreads in a document.
	Spreads int `yaml:"spreads"`
	// SpreadDepth is the maximum nesting of fragment spreads.
	SpreadDepth int `yaml:"spreadDepth"`
	// InputDepth is the maximum nesting of input values.
	InputDepth int `yaml:"inputDepth"`
	// InputItems is the maximum number of list items and object members in the variables of an
	// operation, and in a request.
	InputItems int `yaml:"inputItems"`
}

// Cost is about what one operation may cost.
type Cost struct {
	// Max is the maximum estimated cost of an operation.
	Max float64 `yaml:"max"`
	// ListSize is the estimated length of lists without @listSize.
	ListSize int `yaml:"listSize"`
	// Parse is the cost of parsing and validating a document that is not cached, in addition
	// to its operation's cost.
	Parse float64 `yaml:"parse"`
	// Report is when answers have extensions.cost; requested means by {"extensions": {"cost":
	// true}}.
	Report Report `yaml:"report" enum:"always,requested,never"`
}

// RateLimit is about what a principal may ask for in a time.
type RateLimit struct {
	// Anonymous is the bucket of each address of anonymous callers; none if absent.
	Anonymous *Bucket `yaml:"anonymous"`
	// Authenticated is the bucket of each principal; none if absent.
	Authenticated *Bucket `yaml:"authenticated"`
	// Tiers are the buckets of principals with a tier, by its name.
	Tiers map[string]*Bucket `yaml:"tiers"`
}

// Bucket is a token bucket.
type Bucket struct {
	// Capacity is the maximum number of points in the bucket.
	Capacity float64 `yaml:"capacity"`
	// Refill is the number of points added each second.
	Refill float64 `yaml:"refill"`
}

// Documents is about persisted documents.
type Documents struct {
	// Memory is the maximum memory for parsed documents; the least recently used are evicted.
	Memory Bytes `yaml:"memory"`
	// Mode is how trusted documents are used: off does not use them, allow also executes
	// documents by id, log-unknown also logs other documents, only rejects other documents.
	// Every mode but off requires a manifest.
	Mode string `yaml:"mode" enum:"off,allow,log-unknown,only"`
	// Manifest is the file with the trusted documents, in Apollo's or Relay's format; requires
	// a mode other than off.
	Manifest string `yaml:"manifest"`
	// Automatic lets callers persist documents (APQ); not with mode only.
	Automatic bool `yaml:"automatic"`
}

// Caching is what holds for fields whose @cacheControl does not say it.
type Caching struct {
	// MaxAge is how long answers of root fields and of fields with objects are cached, if
	// @cacheControl does not set it.
	MaxAge Duration `yaml:"maxAge"`
	// StaleWhileRevalidate is how long after its maxAge an answer is served while it is
	// refreshed.
	StaleWhileRevalidate Duration `yaml:"staleWhileRevalidate"`
	// StaleIfError is how long after its maxAge an answer is served when services fail.
	StaleIfError Duration `yaml:"staleIfError"`
}

// CORS says which origins browsers may call from.
type CORS struct {
	// Origins are the origins that browsers may send requests from, such as
	// https://shop.example.
	Origins []string `yaml:"origins"`
	// Credentials lets these origins send cookies and HTTP authentication; not allowed with *.
	Credentials bool `yaml:"credentials"`
}

// Auth says whose tokens and keys are accepted.
type Auth struct {
	// Issuers are those whose tokens are accepted.
	Issuers []Issuer `yaml:"issuers"`
	// KeyHeader is the header with an API key.
	KeyHeader string `yaml:"keyHeader"`
	// Keys is a list of API keys in YAML, as a string: usually ${API_KEYS}.
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
	// Audiences are the accepted audiences: the claim aud must contain one; empty for any.
	Audiences []string `yaml:"audiences"`
	// Algorithms are the accepted signature algorithms; empty for all secure ones.
	Algorithms []string `yaml:"algorithms" enum:"RS256,RS384,RS512,PS256,PS384,PS512,ES256,ES384,ES512,EdDSA"`
	// Leeway is the allowed clock skew between issuer and gateway.
	Leeway Duration `yaml:"leeway"`
	// Scopes are the claims that contain scopes.
	Scopes []string `yaml:"scopes"`
	// Subject is the claim with the subject.
	Subject string `yaml:"subject"`
	// Tier is the claim with the tier of rate limits.
	Tier string `yaml:"tier"`
	// Refresh is how often the issuer's keys are fetched.
	Refresh Duration `yaml:"refresh"`
}

// Cache is the memory for answers.
type Cache struct {
	// Size is the maximum memory for cached answers; 0 disables the cache.
	Size Bytes `yaml:"size"`
	// Missing is how long it is cached that a service has nothing for a key (negative cache).
	Missing Duration `yaml:"missing"`
	// Coalesce lets identical concurrent requests share one execution, and one GET to a
	// service.
	Coalesce bool `yaml:"coalesce"`
}

// Redis is what several gateways share.
type Redis struct {
	// URL is redis://host:port or rediss://host:port, or several separated by commas; empty
	// for no Redis.
	URL Secret `yaml:"url"`
	// Timeout is how long a request waits for Redis at most.
	Timeout Duration `yaml:"timeout"`
	// LocalShare is the share of each bucket that a gateway grants by itself while it cannot
	// reach Redis.
	LocalShare float64 `yaml:"localShare"`
	// Prefix is the prefix of all keys in Redis.
	Prefix string `yaml:"prefix"`
}

// Playground is the page at /playground.
type Playground struct {
	// Enabled serves the playground at /playground and API documentation at /docs; both need
	// introspection.
	Enabled bool `yaml:"enabled"`
	// TokenURL is the URL from which the playground's button gets demo tokens; empty for no
	// button.
	TokenURL string `yaml:"tokenURL"`
}

// AccessLog is the log of requests.
type AccessLog struct {
	// Enabled logs each request as a line.
	Enabled bool `yaml:"enabled"`
	// Sample is the share of requests without errors that are logged, from 0 to 1.
	Sample float64 `yaml:"sample"`
	// Slow is the duration above which an operation is always logged; 0 to disable.
	Slow Duration `yaml:"slow"`
}

// OTLP is where traces and metrics are sent, by the protocol of OpenTelemetry.
type OTLP struct {
	// Endpoint is the URL of a collector: http://host:4318 or https for OTLP over HTTP,
	// grpc://host:4317 or grpcs for OTLP over gRPC; empty to send nothing.
	Endpoint string `yaml:"endpoint" reload:"false"`
	// Headers are sent with each request to the collector, such as Authorization.
	Headers map[string]Secret `yaml:"headers" reload:"false"`
	// CA is a PEM file with CA certificates that replace the system's; empty for the system's.
	CA string `yaml:"ca" reload:"false"`
	// Metrics is the interval at which metrics are sent; 0 for never.
	Metrics Duration `yaml:"metrics" reload:"false"`
	// Sample is the share of requests without a trace context that are traced, from 0 to 1.
	// Requests with a trace context are traced if it is sampled.
	Sample float64 `yaml:"sample"`
	// SampleCallers is the maximum number of requests per second that are traced because of
	// their trace context.
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
				Response:         64 << 20,

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
