package config

import (
	"fmt"
	"slices"
	"strings"
)

// ServerTLS is how frontends are served over TLS.
type ServerTLS struct {
	// Certificates are the gateway's certificates. A client gets the first one that matches
	// its server name, or else the first one.
	Certificates []Certificate `yaml:"certificates"`
	// MinVersion is the minimum version of TLS.
	MinVersion string `yaml:"minVersion" enum:"1.2,1.3"`
	// ClientCA is a PEM file with the CA certificates for client certificates.
	ClientCA string `yaml:"clientCA"`
	// ClientCertificates is whether clients present a certificate: optional verifies it if
	// there is one, required rejects clients without one.
	ClientCertificates string `yaml:"clientCertificates" enum:"none,optional,required"`
}

// Certificate is a certificate of the gateway.
type Certificate struct {
	// Certificate is a PEM file with the certificate and its intermediate certificates.
	Certificate string `yaml:"certificate"`
	// Key is the PEM file with its private key.
	Key string `yaml:"key"`
}

// setDefaults sets what the section may leave out.
func (t *ServerTLS) setDefaults() {
	*t = ServerTLS{MinVersion: "1.2", ClientCertificates: "none"}
}

func (s *Server) check(p *problems) {
	p.need(s.Connections > 0, "server.connections", "must be more than 0")
	p.need(s.ConnectionsPerAddress > 0, "server.connectionsPerAddress", "must be more than 0")
	t := s.TLS
	if t == nil {
		return
	}
	p.need(!s.H2C, "server.h2c", "is for plain text: remove it, since clients choose HTTP/2 over TLS")
	p.need(len(t.Certificates) > 0, "server.tls.certificates", "must have at least one: write [{certificate: server.pem, key: server.key}]")
	for i, c := range t.Certificates {
		path := fmt.Sprintf("server.tls.certificates[%d]", i)
		p.need(c.Certificate != "", path+".certificate", "must be a file with a certificate in PEM")
		p.need(c.Key != "", path+".key", "must be the file with the certificate's private key")
	}
	needed := t.ClientCertificates != "none"
	p.need(!needed || t.ClientCA != "", "server.tls.clientCA",
		"must be a file with the authorities of clients, since clientCertificates is "+t.ClientCertificates)
	p.need(needed || t.ClientCA == "", "server.tls.clientCertificates", "must be optional or required, since there is clientCA")
}

// ClientCertificate is what clients with a certificate of a subject may do.
type ClientCertificate struct {
	// Subject is a URI of the certificate, such as spiffe://shop/web, or a DNS name, or its
	// common name.
	Subject string `yaml:"subject"`
	// Scopes are the scopes of such clients.
	Scopes []string `yaml:"scopes"`
	// Tier is the name of a tier of rate limits; empty for none.
	Tier string `yaml:"tier"`
}

// checkCertificates has the rules of gateway/auth.
func (c *Config) checkCertificates(p *problems) {
	t := c.Server.TLS
	verifies := t != nil && t.ClientCertificates != "none"
	seen := map[string]bool{}
	for i, of := range c.Auth.Certificates {
		path := fmt.Sprintf("auth.certificates[%d]", i)
		p.need(verifies, path, "is never verified: set server.tls.clientCertificates to optional or required")
		p.need(of.Subject != "", path+".subject", "must be the name in the certificate, such as spiffe://shop/web")
		p.need(!seen[of.Subject], path+".subject", "is there twice: write one item with all scopes")
		p.need(!slices.Contains(of.Scopes, ""), path+".scopes", "must not have an empty scope")
		seen[of.Subject] = true
	}
}

// isListenAddress reports whether a text is host:port, or unix: and an absolute path that a
// socket can have.
func isListenAddress(text string) bool {
	const longest = 80 // of about 104: while it is made, it is in a folder beside its own
	if path, ok := strings.CutPrefix(text, "unix:"); ok {
		return strings.HasPrefix(path, "/") && len(path) > 1 && len(path) <= longest
	}
	return isAddress(text)
}
