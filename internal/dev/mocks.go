package dev

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/internal/mock"
)

// mocks answer for services that do not.
type mocks struct {
	root string
	seed uint64

	at      map[string]string // the URLs of mocks, by service
	missing map[string]bool   // the services of which it was said that they have no mock
	said    string            // which of them, the last time
	servers []*http.Server
	wait    sync.WaitGroup
}

func newMocks(root string, seed uint64) *mocks {
	return &mocks{root: root, seed: seed, at: map[string]string{}, missing: map[string]bool{}}
}

func (m *mocks) close() {
	for _, server := range m.servers {
		_ = server.Close()
	}
	m.wait.Wait()
}

// settings returns what makes a gateway call mocks for the services that nothing answers for.
func (m *mocks) settings(ctx context.Context, cfg *config.Config, print *printer) []string {
	var set, mocked []string
	for _, name := range slices.Sorted(maps.Keys(cfg.Services)) {
		of := cfg.Services[name]
		target, err := url.Parse(of.URL)
		if of.URL == "" || err != nil || reachable(ctx, addressOf(target)) {
			continue // several URLs, or those of a file, are not of a machine of a developer
		}
		at, err := m.start(ctx, name, target)
		switch {
		case err == nil:
			set, mocked = append(set, redirect(name, of, at)...), append(mocked, name)
			continue
		case m.missing[name]:
		case errors.Is(err, mock.ErrNoDocument):
			print.line(plain, "%s does not answer at %s, and has no document to mock it from", name, of.URL)
		default:
			print.line(red, "%s does not answer at %s, and can't be mocked: %v", name, of.URL, err)
		}
		m.missing[name] = true
	}
	if names := strings.Join(mocked, ", "); names != m.said {
		m.said = names
		print.line(plain, "mocked, since they do not answer: %s", cmp.Or(names, "none any more"))
	}
	return set
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
	for setting, is := range map[string]bool{
		"tls": of.TLS != config.TLS{}, "versions": of.Versions != nil, "mirror": of.Mirror != nil, "fallback": of.Fallback != "", "healthCheck": of.HealthCheck != nil,
	} {
		if is {
			set = append(set, "services."+name+"."+setting+"=null")
		}
	}
	return set
}

// start returns the URL of a service's mock, which it starts if there is none.
func (m *mocks) start(ctx context.Context, name string, target *url.URL) (string, error) {
	if at := m.at[name]; at != "" {
		return at, nil
	}
	handler, err := mock.Service(ctx, m.root, name, target.String(), m.seed)
	if err != nil {
		return "", err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute, Protocols: new(http.Protocols)}
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetUnencryptedHTTP2(true)
	m.servers = append(m.servers, server)
	m.wait.Go(func() { _ = server.Serve(listener) })
	scheme := "http"
	if strings.HasPrefix(target.Scheme, "grpc") {
		scheme = "grpc"
	}
	m.at[name] = fmt.Sprintf("%s://%s", scheme, listener.Addr())
	return m.at[name], nil
}
