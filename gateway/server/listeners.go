package server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"os"
	"reflect"
	"slices"
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

// tlsFiles returns the files that server.tls names, by setting.
func tlsFiles(cfg *config.Config) map[string]string {
	names := map[string]string{}
	if settings := cfg.Server.TLS; settings != nil {
		names["server.tls.clientCA"] = settings.ClientCA
		for i, c := range settings.Certificates {
			at := fmt.Sprintf("server.tls.certificates[%d]", i)
			names[at+".certificate"], names[at+".key"] = c.Certificate, c.Key
		}
	}
	return names
}

// nextTLS returns the TLS of a state, which is that of the state before if the settings and the
// files are the same. A gateway can't change to TLS or to plain text while it runs.
func nextTLS(next, before *state) (*tls.Config, error) {
	cfg := next.config
	if before == nil {
		return readTLS(cfg)
	}
	if (before.tls == nil) != (cfg.Server.TLS == nil) {
		return nil, &settingError{"server.tls", errors.New("restart the gateway to change between TLS and plain text")}
	}
	same := reflect.DeepEqual(cfg.Server.TLS, before.config.Server.TLS)
	for _, name := range tlsFiles(cfg) {
		same = same && next.files[name] == before.files[name]
	}
	if same {
		return before.tls, nil
	}
	return readTLS(cfg)
}

// trusts reports whether the certificate of a client, if it has one, is of an authority that is
// accepted: it was when the connection began.
func (s *state) trusts(connection *tls.ConnectionState) bool {
	if connection == nil || len(connection.VerifiedChains) == 0 {
		return true
	}
	if s.tls == nil {
		return false
	}
	return slices.ContainsFunc(connection.VerifiedChains, func(chain []*x509.Certificate) bool {
		return s.authorities[string(chain[len(chain)-1].Raw)]
	})
}

// authoritiesIn returns the certificates of a text in PEM, by their bytes.
func authoritiesIn(text string) map[string]bool {
	out := map[string]bool{}
	for rest := []byte(text); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return out
		}
		if block.Type == "CERTIFICATE" {
			out[string(block.Bytes)] = true
		}
	}
}

// listeners are where the gateway is reached.
type listeners struct{ public, admin *transport.Listener }

func (s *Server) listen(ctx context.Context, of *config.Config) (listeners, error) {
	public, err := listen(ctx, "server.listen", of.Server.Listen, publicMode)
	if err != nil {
		return listeners{}, err
	}
	admin, err := listen(ctx, "admin.listen", of.Admin.Listen, adminMode)
	if err != nil {
		return listeners{}, errors.Join(err, public.Close())
	}
	cfg := of.Server
	timeout := time.Duration(cfg.WriteTimeout)
	return listeners{
		public: transport.NewListener(public, transport.ListenerConfig{
			WriteTimeout: timeout, TLS: s.tls, H2C: cfg.H2C, Log: s.log,
			Connections: cfg.Connections, ConnectionsPerAddress: cfg.ConnectionsPerAddress, Unlimited: s.trustsAddress,
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
	var config net.ListenConfig
	config.SetMultipathTCP(false) // for which Drain can't drop what opens a connection
	l, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("%s: %w (is another gateway running? Stop it, or set another address)", setting, err)
	}
	return l, nil
}

// trustsAddress reports whether an address is that of a trusted proxy.
func (s *Server) trustsAddress(address netip.Addr) bool {
	return proxies(s.now().config.Server).Trust(address)
}

// publicServer serves frontends.
func (s *Server) publicServer(handler http.Handler) *http.Server {
	cfg := s.now().config.Server
	server := s.httpServer(s.leaving(handler))
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
