package dev

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/portico-gateway/portico/gateway/config"
)

// front is how the proxy is reached: at the addresses of the configuration.
type front struct {
	root    string
	at      addresses
	url     string // for people
	servers []*http.Server
	wait    sync.WaitGroup
}

// open makes the proxy serve at the addresses of a configuration; nothing changes if it does already.
func (f *front) open(ctx context.Context, cfg *config.Config, to *proxy) error {
	at := addresses{cfg.Server.Listen, cfg.Admin.Listen}
	if f.at == at {
		return nil
	}
	f.close() // one of the addresses may be the same
	public, err := listen(ctx, "server.listen", at.public)
	if err != nil {
		return err
	}
	admin, err := listen(ctx, "admin.listen", at.admin)
	if err != nil {
		return errors.Join(err, public.Close())
	}
	if public, err = withTLS(public, cfg, f.root); err != nil {
		return errors.Join(err, admin.Close())
	}
	f.at, f.url = at, urlOf(public.Addr(), cfg)
	f.serve(public, to.public(), cfg.Server.H2C)
	f.serve(admin, to.admin(), false)
	return nil
}

// close closes the connections of callers.
func (f *front) close() {
	for _, server := range f.servers {
		_ = server.Close()
	}
	f.servers, f.at = nil, addresses{}
	f.wait.Wait()
}

// urlOf returns where people open a gateway that listens at an address.
func urlOf(at net.Addr, cfg *config.Config) string {
	scheme, host := "http://", at.String()
	if cfg.Server.TLS != nil {
		scheme = "https://"
	}
	if tcp, ok := at.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		host = fmt.Sprintf("127.0.0.1:%d", tcp.Port)
	}
	return scheme + host
}

// serve serves a handler at a listener until close.
func (f *front) serve(l net.Listener, handler http.Handler, h2c bool) {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, Protocols: new(http.Protocols)}
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetHTTP2(true)
	server.Protocols.SetUnencryptedHTTP2(h2c)
	f.servers = append(f.servers, server)
	f.wait.Go(func() { _ = server.Serve(l) })
}
