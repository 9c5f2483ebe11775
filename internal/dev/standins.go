package dev

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/internal/mock"
	"github.com/portico-gateway/portico/internal/record"
)

// standIns answer for services, and for issuers of tokens: mocks for those that do not answer, recorders for all, or recordings
// for all.
type standIns struct {
	Options

	print   *printer
	at      map[string]string // the URLs of those that were started, by name
	mocks   map[string]*mocked
	project *mock.Project   // its mocks, as it was generated last
	missing map[string]bool // the services that have no mock, as was printed
	said    string          // which are mocked, as was printed
	servers []*http.Server
	wait    sync.WaitGroup
}

func newStandIns(o Options, print *printer) *standIns {
	s := &standIns{Options: o, print: print, at: map[string]string{}, mocks: map[string]*mocked{}, missing: map[string]bool{}}
	s.renew()
	return s
}

// mocked answers for a service as the project was when it was generated last.
type mocked struct {
	project *mock.Project
	handler atomic.Pointer[http.Handler]
}

// ServeHTTP implements [http.Handler].
func (m *mocked) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	(*m.handler.Load()).ServeHTTP(w, r)
}

// renew makes mocks answer by the project as it is now, when the next gateway starts.
func (s *standIns) renew() { s.project = mock.NewProject(s.Root) }

// close ends the servers when they have answered: a stream is recorded when it ends, which it does since its gateway has ended.
func (s *standIns) close() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	for _, server := range s.servers {
		if server.Shutdown(ctx) != nil {
			_ = server.Close()
		}
	}
	s.wait.Wait()
}

// settings returns what makes a gateway call the stand-ins.
func (s *standIns) settings(ctx context.Context, cfg *config.Config) []string {
	var set, mocked []string
	for _, name := range slices.Sorted(maps.Keys(cfg.Services)) {
		of := cfg.Services[name]
		target := targetOf(of)
		if target == nil {
			continue
		}
		at, err := s.standIn(ctx, name, target, of.TLS)
		if err != nil && !s.missing[name] {
			s.print.line(red, "%s: %v", name, err)
			s.missing[name] = true
		}
		if at != "" {
			set, mocked = append(set, redirect(name, of, at)...), append(mocked, name)
		}
	}
	if names := strings.Join(mocked, ", "); s.Record == "" && s.Replay == "" && names != s.said {
		s.said = names
		s.print.line(plain, "mocked, since they do not answer: %s", names)
	}
	return append(set, s.issuers(ctx, cfg)...)
}

// targetOf returns the URL that a service has, or the first one; nil if it is not one of a host.
func targetOf(of config.Service) *url.URL {
	text := of.URL
	if text == "" && len(of.URLs) > 0 {
		text = of.URLs[0].URL
	}
	target, err := url.Parse(text)
	if err != nil || !slices.Contains([]string{"http", "https", "grpc", "grpcs"}, target.Scheme) {
		return nil
	}
	return target
}

// standIn returns the URL of what answers for a service; empty if the service does.
func (s *standIns) standIn(ctx context.Context, name string, target *url.URL, settings config.TLS) (string, error) {
	if s.Replay == "" && s.Record == "" && (!s.Mocks || reachable(ctx, addressOf(target))) {
		return "", nil
	}
	if at := s.at[name]; at != "" {
		return at, s.update(ctx, name, target)
	}
	handler, err := s.handler(ctx, name, target, settings)
	if err != nil {
		return "", err
	}
	return s.start(ctx, name, target, handler)
}

// handler returns what answers for a service.
func (s *standIns) handler(ctx context.Context, name string, target *url.URL, settings config.TLS) (http.Handler, error) {
	dir := filepath.Join(s.Record+s.Replay, name) // one of them is empty
	report := func(err error) { s.print.line(red, "%s: %v", name, err) }
	switch {
	case s.Replay != "":
		return record.NewReplayer(dir, report), nil
	case s.Record != "":
		through, err := s.transportTo(target, settings)
		return record.NewRecorder(dir, target, through, report), err
	}
	s.mocks[name] = &mocked{}
	return s.mocks[name], s.update(ctx, name, target)
}

// update makes the mock of a service answer by the project as it was generated last. If it can't, it goes on as before.
func (s *standIns) update(ctx context.Context, name string, target *url.URL) error {
	m := s.mocks[name]
	if m == nil || m.project == s.project {
		return nil
	}
	handler, err := s.project.Service(ctx, name, target.String(), s.Seed)
	if err != nil {
		return fmt.Errorf("nothing answers at %s, and it can't be mocked: %w", target, err)
	}
	m.project = s.project
	m.handler.Store(&handler)
	return nil
}

// issuers returns the settings for the keys of issuers, which belong to a recording.
func (s *standIns) issuers(ctx context.Context, cfg *config.Config) []string {
	if s.Record == "" && s.Replay == "" {
		return nil
	}
	var set []string
	for i, issuer := range cfg.Auth.Issuers {
		target, err := url.Parse(issuer.JWKS)
		if err != nil || issuer.JWKS == "" {
			s.print.line(plain, "the keys of %s are not part of the recording: give the issuer's jwks", issuer.Issuer)
			continue
		}
		origin := &url.URL{Scheme: target.Scheme, Host: target.Host}
		name := fmt.Sprintf("issuer-%d", i)
		at, err := s.standIn(ctx, name, origin, config.TLS{})
		if err != nil {
			s.print.line(red, "%s: %v", issuer.Issuer, err)
			continue
		}
		set = append(set, fmt.Sprintf("auth.issuers[%d].jwks=%s%s", i, at, target.RequestURI()))
	}
	return set
}

// transportTo returns a transport for calls of a service.
func (s *standIns) transportTo(target *url.URL, settings config.TLS) (http.RoundTripper, error) {
	t := &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 100, Protocols: new(http.Protocols)}
	t.Protocols.SetHTTP1(!strings.HasPrefix(target.Scheme, "grpc"))
	t.Protocols.SetHTTP2(true)
	t.Protocols.SetUnencryptedHTTP2(target.Scheme == "grpc")
	if settings == (config.TLS{}) {
		return t, nil
	}
	t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, ServerName: settings.ServerName}
	if settings.CA != "" {
		text, err := os.ReadFile(inProject(s.Root, settings.CA))
		if err != nil {
			return nil, err
		}
		t.TLSClientConfig.RootCAs = x509.NewCertPool()
		t.TLSClientConfig.RootCAs.AppendCertsFromPEM(text)
	}
	if settings.Cert != "" {
		pair, err := tls.LoadX509KeyPair(inProject(s.Root, settings.Cert), inProject(s.Root, settings.Key))
		if err != nil {
			return nil, err
		}
		t.TLSClientConfig.Certificates = []tls.Certificate{pair}
	}
	return t, nil
}

// addressOf returns the host and the port of a URL.
func addressOf(u *url.URL) string {
	if u.Port() != "" {
		return u.Host
	}
	port := "80"
	if u.Scheme == "https" || u.Scheme == "grpcs" {
		port = "443"
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// redirect returns the settings that make another URL the only one of a service.
func redirect(name string, of config.Service, to string) []string {
	set := []string{"services." + name + ".url=" + to}
	for _, other := range []struct {
		setting string
		is      bool
	}{
		{"urls", of.URLs != nil}, {"tls", of.TLS != config.TLS{}}, {"versions", of.Versions != nil}, {"canary", len(of.Versions) > 0},
		{"mirror", of.Mirror != nil}, {"fallback", of.Fallback != ""}, {"healthCheck", of.HealthCheck != nil}, {"required", of.Required},
	} {
		if other.is {
			set = append(set, "services."+name+"."+other.setting+"=null")
		}
	}
	return set
}

// start starts a stand-in for a URL, and returns its own.
func (s *standIns) start(ctx context.Context, name string, target *url.URL, handler http.Handler) (string, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute, Protocols: new(http.Protocols)}
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetUnencryptedHTTP2(true)
	s.servers = append(s.servers, server)
	s.wait.Go(func() { _ = server.Serve(listener) })
	scheme := "http"
	if strings.HasPrefix(target.Scheme, "grpc") {
		scheme = "grpc"
	}
	s.at[name] = fmt.Sprintf("%s://%s", scheme, listener.Addr())
	return s.at[name], nil
}
