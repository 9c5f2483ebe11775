package server

import (
	"errors"
	"maps"
	"net/http"
	"os"
	"reflect"
	"slices"

	"github.com/portico-gateway/portico/gateway/access"
	"github.com/portico-gateway/portico/gateway/auth"
	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/gateway/execute"
	"github.com/portico-gateway/portico/gateway/listen"
	"github.com/portico-gateway/portico/gateway/middleware"
	"github.com/portico-gateway/portico/gateway/operation"
	"github.com/portico-gateway/portico/gateway/persisted"
	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/reload"
	"github.com/portico-gateway/portico/gateway/transport"
	"github.com/portico-gateway/portico/gateway/upstream"
)

// state is what the gateway does according to its configuration. It is immutable: another
// configuration makes another state, which reuses the parts of the one before whose settings
// are the same.
type state struct {
	config      *config.Config
	files       reload.Files // that the configuration names, as they were read
	credentials middleware.Credentials
	tls         *listen.TLS // of the public address; nil for plain text
	names       []string    // of the frontends, sorted
	operations  map[string]*operation.Frontend
	handler     http.Handler // of the public address
}

// parts are those that run.
func (s *state) parts() []reload.Runner {
	out := []reload.Runner{s.credentials.Verifier}
	for _, operations := range s.operations {
		out = append(out, operations)
	}
	return out
}

// filesOf returns the files whose contents are given to parts when they are opened, by setting. Other files are
// read again by the parts themselves. cfg may be nil.
func filesOf(cfg *config.Config) map[string]string {
	if cfg == nil {
		return nil
	}
	of := listen.TLSFiles(cfg)
	of["auth.keyFile"] = cfg.Auth.KeyFile
	for name, s := range cfg.Services {
		of["services."+name+".tls.ca"] = s.TLS.CA
	}
	maps.DeleteFunc(of, func(_, name string) bool { return name == "" })
	return of
}

// readFiles reads the files of a configuration.
func readFiles(cfg *config.Config) (reload.Files, error) {
	out := reload.Files{}
	var errs []error
	for setting, name := range filesOf(cfg) {
		if _, done := out[name]; done {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			errs = append(errs, cfg.At(setting, err))
			continue
		}
		out[name] = string(text)
	}
	return out, errors.Join(errs...)
}

// newState returns the state of a configuration without frontends. before is the state that
// it is to replace; nil if there is none.
func (s *Server) newState(cfg *config.Config, before *state) (*state, error) {
	f, err := readFiles(cfg)
	next := &state{config: cfg, files: f, operations: map[string]*operation.Frontend{}}
	verifier, errOfAuth := s.nextVerifier(next, before)
	if err = errors.Join(err, errOfAuth); err == nil {
		next.tls, err = nextTLS(next, before)
	}
	if err := cfg.At("", err); err != nil {
		return nil, err
	}
	// An API key lets its bearer act for its principal: services need none.
	own := []string{http.CanonicalHeaderKey(cfg.Auth.KeyHeader)}
	for _, service := range cfg.Services {
		if service.SubjectHeader != "" {
			own = append(own, http.CanonicalHeaderKey(service.SubjectHeader))
		}
	}
	next.credentials = middleware.Credentials{Verifier: verifier, KeyHeader: cfg.Auth.KeyHeader, Own: own, Trusts: next.tls.Trusts}
	return next, nil
}

// nextVerifier returns the verifier of a state.
func (s *Server) nextVerifier(next, before *state) (*auth.Verifier, error) {
	if before == nil {
		return openVerifier(next.config, next.files, s.log, new(auth.Verifier))
	}
	name := next.config.Auth.KeyFile
	if reflect.DeepEqual(next.config.Auth, before.config.Auth) && next.files[name] == before.files[name] {
		return before.credentials.Verifier, nil
	}
	return openVerifier(next.config, next.files, s.log, before.credentials.Verifier)
}

// nextTLS returns the TLS of a state, which is that of the state before if the settings and the
// files are the same. A gateway can't change to TLS or to plain text while it runs.
func nextTLS(next, before *state) (*listen.TLS, error) {
	cfg := next.config
	if before == nil {
		return listen.NewTLS(cfg, next.files)
	}
	if (before.tls == nil) != (cfg.Server.TLS == nil) {
		return nil, cfg.At("server.tls", errors.New("restart the gateway to change between TLS and plain text"))
	}
	same := reflect.DeepEqual(cfg.Server.TLS, before.config.Server.TLS)
	for _, name := range listen.TLSFiles(cfg) {
		same = same && next.files[name] == before.files[name]
	}
	if same {
		return before.tls, nil
	}
	return listen.NewTLS(cfg, next.files)
}

// serve adds to a state the frontends and what they are served with. before is the state
// that it replaces; nil if there is none.
func (s *Server) serve(next, before *state, frontends []execute.Frontend) error {
	cfg := next.config
	for _, f := range frontends {
		next.names = append(next.names, f.Name)
	}
	slices.Sort(next.names)
	if err := errors.Join(checkReceivers(cfg, frontends), cfg.CheckFrontends(next.names)); err != nil {
		return err
	}
	var errs []error
	for _, f := range frontends {
		if before != nil && reflect.DeepEqual(cfg.Of(f.Name), before.config.Of(f.Name)) {
			next.operations[f.Name] = before.operations[f.Name]
			continue
		}
		operations, err := operation.New(f, s.operationConfig(cfg.Of(f.Name)))
		if err != nil {
			path := "frontends." + f.Name
			if of, ok := errors.AsType[*persisted.ManifestError](err); ok {
				path, err = path+".documents.manifest", of.Unwrap()
			}
			errs = append(errs, cfg.At(path, err))
			continue
		}
		next.operations[f.Name] = operations
	}
	if err := cfg.At("", errors.Join(errs...)); err != nil {
		return err
	}
	routes, err := s.newPublic(next, frontends)
	if err != nil {
		return err
	}
	next.handler = middleware.Chain(routes, s.middlewares(next))
	return nil
}

// open makes the first state serve frontends.
func (s *Server) open(frontends []execute.Frontend, policies map[string]access.Policy) error {
	s.frontends, s.policies = frontends, policies
	next := *s.now()
	s.transports = map[string]*transport.Handler{}
	for _, f := range frontends {
		s.transports[f.Name] = transport.New(nil, s.writer, transport.Config{}) // until apply
		s.observer.Metrics().Error(f.Name, string(problem.Internal))
	}
	if err := s.serve(&next, nil, frontends); err != nil {
		return err
	}
	s.apply(&next)
	return nil
}

// now returns the state. It may be replaced at any time.
func (s *Server) now() *state { return s.current.Load() }

// apply makes a state the one that new requests see.
func (s *Server) apply(next *state) {
	for _, name := range next.names {
		s.transports[name].Change(next.operations[name], s.transportConfig(name, next.config.Of(name)))
	}
	required := map[string]bool{}
	for name, service := range next.config.Services {
		required[name] = service.Required
	}
	s.health.Change(required)
	s.observer.Change(telemetrySettings(next.config))
	if s.tls != nil && next.tls != s.now().tls {
		s.tls.Set(next.tls.Config())
	}
	s.current.Store(next)
}

// ServeHTTP serves the public address.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.now().handler.ServeHTTP(w, r) }

// changedServices returns the configurations of services that differ in two states, and
// the names of those that only the first has.
func (s *Server) changedServices(before, next *state) (changed []upstream.Config, removed []string) {
	same := func(name string) bool {
		a, had := before.config.Services[name]
		b := next.config.Services[name]
		return had && reflect.DeepEqual(a, b) && before.files[a.TLS.CA] == next.files[b.TLS.CA] &&
			before.config.Discovery == next.config.Discovery
	}
	for _, c := range s.serviceConfigs(next.config) {
		if !same(c.Name) {
			changed = append(changed, c)
		}
	}
	for name := range before.config.Services {
		if _, stays := next.config.Services[name]; !stays {
			removed = append(removed, name)
		}
	}
	return changed, removed
}

// othersAnswer reports whether answers can be others with the next configuration: a service
// has another address, or receives other headers or values.
func othersAnswer(before, next *config.Config) bool {
	type deciding struct {
		config.Service
		hasRules bool // then keys of answers have the version
	}
	telling := func(s config.Service) deciding {
		return deciding{config.Service{
			URL: s.URL, URLs: s.URLs, URLsFile: s.URLsFile, Versions: s.Versions, Config: s.Config,
			Headers: s.Headers, ForwardAuthorization: s.ForwardAuthorization, SubjectHeader: s.SubjectHeader,
		}, len(s.Canary) > 0}
	}
	if before.Discovery.Resolver != next.Discovery.Resolver {
		return true
	}
	for name, s := range next.Services {
		if had, ok := before.Services[name]; ok && !reflect.DeepEqual(telling(had), telling(s)) {
			return true
		}
	}
	return false
}
