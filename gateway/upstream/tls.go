package upstream

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
)

// TLS configures calls of services with https and grpcs. The zero value uses the system's
// certificate authorities and no client certificate.
type TLS struct {
	// CA is a file with the certificates of authorities in PEM, which replace those of
	// the system; empty for these.
	CA string
	// Cert and Key are files with the gateway's certificate and its private key in PEM,
	// which are read for each connection; empty for none.
	Cert, Key string
	// ServerName is the name that the certificate of the service must have; empty for
	// the host of its URL.
	ServerName string
}

func (t TLS) config() (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.ServerName}
	if t.CA != "" {
		text, err := os.ReadFile(t.CA)
		if err != nil {
			return nil, &ofSetting{"tls.ca", err}
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(text) {
			return nil, &ofSetting{"tls.ca", fmt.Errorf("%s has no certificate in PEM", t.CA)}
		}
	}
	if (t.Cert == "") != (t.Key == "") {
		return nil, &ofSetting{"tls", errors.New("a certificate and its key are needed, or neither")}
	}
	if t.Cert != "" {
		load := func() (*tls.Certificate, error) {
			pair, err := tls.LoadX509KeyPair(t.Cert, t.Key)
			return &pair, err
		}
		if _, err := load(); err != nil {
			return nil, &ofSetting{"tls.cert", err}
		}
		c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return load() }
	}
	return c, nil
}
