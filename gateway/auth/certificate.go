package auth

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/portico-gateway/portico/gateway/problem"
)

// Certificate grants rights to the clients whose certificate has a subject. A client
// certificate without one proves who calls, and grants no scope.
type Certificate struct {
	// Subject is a URI, such as a SPIFFE ID, a DNS name or a common name: see
	// [Verifier.OfConnection].
	Subject string
	// Scopes are what the principal may do.
	Scopes []string
	// Tier is the name of a tier of rate limits; empty for none.
	Tier string
}

// openCertificates returns the certificates by subject.
func openCertificates(list []Certificate) (map[string]Certificate, error) {
	var errs []error
	known := map[string]Certificate{}
	for n, c := range list {
		_, twice := known[c.Subject]
		switch {
		case c.Subject == "":
			errs = append(errs, fmt.Errorf("certificate %d has no subject", n+1))
		case twice:
			errs = append(errs, fmt.Errorf("certificate %d: %s is there twice", n+1, c.Subject))
		case slices.Contains(c.Scopes, ""):
			errs = append(errs, fmt.Errorf("certificate %d: a scope of %s is empty", n+1, c.Subject))
		}
		known[c.Subject] = c
	}
	return known, errors.Join(errs...)
}

// OfConnection returns the principal that the client certificate of a connection is of,
// for a request that has no token or API key: nil, nil without TLS or without a
// certificate that was verified in the handshake.
//
// Its subject is the first URI of the certificate's alternative names, or else the first
// DNS name, or else the common name of its subject. The error is a *problem.Error,
// UNAUTHENTICATED, if the certificate has no such name, or has expired since the handshake.
func (v *Verifier) OfConnection(state *tls.ConnectionState) (*Principal, error) {
	if state == nil || len(state.VerifiedChains) == 0 || len(state.PeerCertificates) == 0 {
		return nil, nil //nolint:nilnil // documented
	}
	leaf := state.PeerCertificates[0]
	if v.config.Now().After(leaf.NotAfter) {
		return nil, problem.New(problem.Unauthenticated, "The client certificate has expired.")
	}
	subject := subjectOf(leaf)
	if subject == "" {
		return nil, problem.New(problem.Unauthenticated, "The client certificate has no name.")
	}
	rights := v.certificates[subject]
	return newPrincipal("certificate", Principal{
		Subject: subject, Scopes: slices.Clone(rights.Scopes), Tier: rights.Tier, Expires: leaf.NotAfter, source: &rights,
	}), nil
}

// subjectOf returns the name of a certificate's subject; empty for none. Only an
// alternative name can be a URI: authorities check these, and often not the common name.
func subjectOf(leaf *x509.Certificate) string {
	if len(leaf.URIs) > 0 {
		return leaf.URIs[0].String()
	}
	name := leaf.Subject.CommonName
	if len(leaf.DNSNames) > 0 {
		name = leaf.DNSNames[0]
	}
	if strings.Contains(name, ":") {
		return ""
	}
	return name
}
