package server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/gateway/transport"
)

// readTLS reads the files of server.tls. It is nil if frontends are served in plain text.
// Its error has the positions of the settings.
func readTLS(cfg *config.Config) (out *tls.Config, err error) {
	settings := cfg.Server.TLS
	if settings == nil {
		return nil, nil //nolint:nilnil // documented
	}
	out = &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}
	if settings.MinVersion == "1.3" {
		out.MinVersion = tls.VersionTLS13
	}
	err = cfg.Check(func(need config.Need) {
		for i, c := range settings.Certificates {
			pair, err := tls.LoadX509KeyPair(c.Certificate, c.Key)
			need(err == nil, fmt.Sprintf("server.tls.certificates[%d]", i), fmt.Sprintf("can't be used: %v", err))
			out.Certificates = append(out.Certificates, pair)
		}
		readClientCA(settings, out, need)
	})
	return out, err
}

// readClientCA sets how certificates of clients are verified.
func readClientCA(settings *config.ServerTLS, out *tls.Config, need config.Need) {
	switch settings.ClientCertificates {
	case "optional":
		out.ClientAuth = tls.VerifyClientCertIfGiven
	case "required":
		out.ClientAuth = tls.RequireAndVerifyClientCert
	default:
		return
	}
	// A session that is resumed has a certificate that was verified before: it may have
	// expired.
	out.SessionTicketsDisabled = true
	out.ClientCAs = x509.NewCertPool()
	text, err := os.ReadFile(settings.ClientCA)
	need(err == nil, "server.tls.clientCA", fmt.Sprintf("can't be read: %v", err))
	need(err != nil || out.ClientCAs.AppendCertsFromPEM(text), "server.tls.clientCA", "has no certificate in PEM")
}

// openTLS returns the TLS of the public address; nil for plain text.
func openTLS(cfg *config.Config) (*transport.TLS, error) {
	read, err := readTLS(cfg)
	if read == nil || err != nil {
		return nil, err
	}
	return transport.NewTLS(read), nil
}

// ReloadTLS reads the files of a configuration's server.tls again, for new connections. If
// there is an error, nothing changes. A gateway can't change to TLS or to plain text while
// it runs.
func (s *Server) ReloadTLS(cfg *config.Config) error {
	read, err := readTLS(cfg)
	switch {
	case err != nil:
		return err
	case (read == nil) != (s.tls == nil):
		return errors.New("server.tls: restart the gateway to change between TLS and plain text")
	case read != nil:
		s.tls.Set(read)
	}
	return nil
}

// listeners are where the gateway is reached.
type listeners struct{ public, admin *transport.Listener }

func (s *Server) listen(ctx context.Context) (listeners, error) {
	public, err := listen(ctx, "server.listen", s.config.Server.Listen, publicMode)
	if err != nil {
		return listeners{}, err
	}
	admin, err := listen(ctx, "admin.listen", s.config.Admin.Listen, adminMode)
	if err != nil {
		return listeners{}, errors.Join(err, public.Close())
	}
	cfg := s.config.Server
	timeout := time.Duration(cfg.WriteTimeout)
	return listeners{
		public: transport.NewListener(public, transport.ListenerConfig{
			WriteTimeout: timeout, TLS: s.tls, H2C: cfg.H2C, Log: s.log,
			Connections: cfg.Connections, ConnectionsPerAddress: cfg.ConnectionsPerAddress, Unlimited: proxies(cfg).Trust,
		}),
		admin: transport.NewListener(admin, transport.ListenerConfig{WriteTimeout: timeout, Log: s.log}),
	}, nil
}

// listen listens at host:port, or at unix:/path on a socket with a mode.
func listen(ctx context.Context, setting, address string, mode fs.FileMode) (net.Listener, error) {
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		l, err := listenUnix(ctx, path, mode)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", setting, err)
		}
		return l, nil
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("%s: %w (is another gateway running? Stop it, or set another address)", setting, err)
	}
	return l, nil
}

// publicServer serves frontends.
func (s *Server) publicServer(handler http.Handler) *http.Server {
	cfg := s.config.Server
	server := s.httpServer(transport.PaceStreams(s.leaving(handler), time.Duration(cfg.WriteTimeout)))
	server.Protocols = new(http.Protocols)
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetHTTP2(cfg.TLS != nil)
	server.Protocols.SetUnencryptedHTTP2(cfg.H2C)
	// What net/http keeps of bodies that no handler has read is not in server.bodyBudget.
	server.HTTP2 = &http.HTTP2Config{
		MaxConcurrentStreams:          250,
		MaxReadFrameSize:              16 << 10,
		MaxReceiveBufferPerConnection: 128 << 10,
		MaxReceiveBufferPerStream:     64 << 10,
	}
	return server
}

// urlOf returns where a listener is, as a URL without a path; that of a socket as nginx
// has it.
func urlOf(l *transport.Listener) string {
	at := l.Addr().String()
	if l.Addr().Network() == "unix" {
		at = "unix:" + at + ":"
	}
	if l.TLS() {
		return "https://" + at
	}
	return "http://" + at
}
