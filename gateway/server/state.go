package server

import (
	"crypto/tls"
	"errors"
	"net/http"
	"os"
	"reflect"
	"slices"

	"github.com/portico-gateway/portico/gateway/access"
	"github.com/portico-gateway/portico/gateway/auth"
	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/gateway/execute"
	"github.com/portico-gateway/portico/gateway/operation"
	"github.com/portico-gateway/portico/gateway/persisted"
	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/transport"
	"github.com/portico-gateway/portico/gateway/upstream"
)

// state is what the gateway does according to its configuration. It is immutable: another
// configuration makes another state, which reuses the parts of the one before whose settings
// are the same.
type state struct {
	config      *config.Config
	files       files // that the configuration names, as they were read
	verifier    *auth.Verifier
	tls         *tls.Config     // of the public address; nil for plain text
	authorities map[string]bool // of client certificates, by their bytes
	ownHeaders  []string        // what services are not told by callers; canonical
	names       []string        // of the frontends, sorted
	operations  map[string]*operation.Frontend
	handler     http.Handler // of the public address
}

// files are the contents of files by their names.
type files map[string]string

// read reads files that settings name; an empty name is none.
func (f files) read(setting, name string) error {
	if _, done := f[name]; done || name == "" {
		return nil
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return &settingError{setting, err}
	}
	f[name] = string(text)
	return nil
}

// readFiles reads what is given to parts when they are opened. Other files are read again by
// the parts themselves.
func readFiles(cfg *config.Config) (files, error) {
	f := files{}
	var errs []error
	for setting, name := range filesOf(cfg) {
		errs = append(errs, f.read(setting, name))
	}
	return f, errors.Join(errs...)
}

// filesOf returns the settings and the names of files whose contents are given to parts.
func filesOf(cfg *config.Config) map[string]string {
	of := tlsFiles(cfg)
	of["auth.keyFile"] = cfg.Auth.KeyFile
	for name, s := range cfg.Services {
		of["services."+name+".tls.ca"] = s.TLS.CA
	}
	return of
}

// newState returns the state of a configuration without frontends. before is the state that
// it is to replace; nil if there is none.
func (s *Server) newState(cfg *config.Config, before *state) (*state, error) {
	f, errOfFiles := readFiles(cfg)
	var err error
	next := &state{config: cfg, files: f, operations: map[string]*operation.Frontend{}}
	switch {
	case before == nil:
		next.verifier, err = openVerifier(cfg.Auth, f, s.log, new(auth.Verifier))
	case reflect.DeepEqual(cfg.Auth, before.config.Auth) && f[cfg.Auth.KeyFile] == before.files[cfg.Auth.KeyFile]:
		next.verifier = before.verifier
	default:
		next.verifier, err = openVerifier(cfg.Auth, f, s.log, before.verifier)
	}
	if err == nil && errOfFiles == nil {
		next.tls, err = nextTLS(next, before)
	}
	if err := cfg.At("", errors.Join(errOfFiles, err)); err != nil {
		return nil, err
	}
	if next.tls != nil && next.tls.ClientCAs != nil {
		next.authorities = authoritiesIn(f[cfg.Server.TLS.ClientCA])
	}
	// An API key lets its bearer act for its principal: services need none.
	next.ownHeaders = []string{http.CanonicalHeaderKey(cfg.Auth.KeyHeader)}
	for _, service := range cfg.Services {
		if service.SubjectHeader != "" {
			next.ownHeaders = append(next.ownHeaders, http.CanonicalHeaderKey(service.SubjectHeader))
		}
	}
	return next, nil
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
	next.handler = chain(routes, s.middlewares(next))
	return nil
}

// open makes the first state serve frontends.
func (s *Server) open(frontends []execute.Frontend, policies map[string]access.Policy) error {
	s.frontends, s.policies = frontends, policies
	next := *s.now()
	s.transports = map[string]*transport.Handler{}
	for _, f := range frontends {
		s.transports[f.Name] = transport.New(nil, s.writer, transport.Config{}) // until apply
		s.observer.metrics.Error(f.Name, string(problem.Internal))
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
	s.health.change(next.config.Services)
	s.observer.access.Change(accessConfig(next.config.AccessLog))
	s.observer.tracing.sampling.Store(newSampling(next.config.OTLP))
	s.observer.usage.Retain(next.config.Usage.Days)
	if s.tls != nil && next.tls != s.now().tls {
		s.tls.Set(next.tls)
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
	for _, c := range serviceConfigs(next.config, s.store, s.observer.unless(s.options.Unobserved), s.log) {
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
