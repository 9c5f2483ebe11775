package listen

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"slices"

	"github.com/portico-gateway/portico/gateway/config"
)

// TLS is what server.tls says, with the contents of its files. It is immutable; nil is for plain text.
type TLS struct {
	config      *tls.Config
	authorities map[string]bool // of client certificates, by their bytes
}

// Config returns the configuration of connections; nil for plain text. It must not be modified.
func (t *TLS) Config() *tls.Config {
	if t == nil {
		return nil
	}
	return t.config
}

// TLSFiles returns the names of the files of server.tls, by setting. A name may be empty.
func TLSFiles(cfg *config.Config) map[string]string {
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

// NewTLS returns what server.tls says, with the contents of files by their names. It is nil for plain
// text. Its errors are [config.Mistakes].
func NewTLS(cfg *config.Config, files map[string]string) (*TLS, error) {
	settings := cfg.Server.TLS
	if settings == nil {
		return nil, nil //nolint:nilnil // documented
	}
	out := &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}
	if settings.MinVersion == "1.3" {
		out.MinVersion = tls.VersionTLS13
	}
	authorities := map[string]bool{}
	err := cfg.Check(func(need config.Need) {
		for i, c := range settings.Certificates {
			pair, err := tls.X509KeyPair([]byte(files[c.Certificate]), []byte(files[c.Key]))
			need(err == nil, fmt.Sprintf("server.tls.certificates[%d]", i), fmt.Sprintf("can't be used: %v", err))
			out.Certificates = append(out.Certificates, pair)
		}
		switch settings.ClientCertificates {
		case "optional":
			out.ClientAuth = tls.VerifyClientCertIfGiven
		case "required":
			out.ClientAuth = tls.RequireAndVerifyClientCert
		default:
			return
		}
		// The certificate of a session that is resumed was verified before: it may have expired.
		out.SessionTicketsDisabled = true
		out.ClientCAs = x509.NewCertPool()
		text := files[settings.ClientCA]
		need(out.ClientCAs.AppendCertsFromPEM([]byte(text)), "server.tls.clientCA", "has no certificate in PEM")
		authorities = certificatesIn(text)
	})
	return &TLS{out, authorities}, err
}

// Trusts reports whether the certificate of a client, if it has one, is of an authority that is
// accepted. That it was when the connection began does not count.
func (t *TLS) Trusts(connection *tls.ConnectionState) bool {
	if connection == nil || len(connection.VerifiedChains) == 0 {
		return true
	}
	return t != nil && slices.ContainsFunc(connection.VerifiedChains, func(chain []*x509.Certificate) bool {
		return t.authorities[string(chain[len(chain)-1].Raw)]
	})
}

// certificatesIn returns the certificates of a text in PEM, by their bytes.
func certificatesIn(text string) map[string]bool {
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
