// Package certtest makes certificates for tests.
package certtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Authority issues certificates.
type Authority struct {
	// File is its certificate in PEM.
	File string
	// Pool has its certificate only.
	Pool *x509.CertPool

	pair tls.Certificate
}

// Subject is whom a certificate is for.
type Subject struct {
	Name string   // the common name
	DNS  []string // names; an address is taken for one
	URI  string   // empty for none
	// Expired makes the certificate one of yesterday.
	Expired bool
}

// Pair is a certificate with its key.
type Pair struct {
	tls.Certificate

	CertFile, KeyFile string // in PEM
}

// New returns an authority.
func New(t testing.TB) *Authority {
	t.Helper()
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: "test authority"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	pair := issue(t, template, nil)
	a := &Authority{File: pair.CertFile, Pool: x509.NewCertPool(), pair: pair.Certificate}
	a.Pool.AddCert(pair.Leaf)
	return a
}

// Issue returns a certificate for servers and clients.
func (a *Authority) Issue(t testing.TB, to Subject) Pair {
	t.Helper()
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: to.Name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if to.Expired {
		template.NotBefore, template.NotAfter = time.Now().Add(-48*time.Hour), time.Now().Add(-24*time.Hour)
	}
	for _, name := range to.DNS {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	if to.URI != "" {
		uri, err := url.Parse(to.URI)
		if err != nil {
			t.Fatal(err)
		}
		template.URIs = []*url.URL{uri}
	}
	return issue(t, template, a)
}

// issue signs a certificate, with its own key if there is no authority.
func issue(t testing.TB, template *x509.Certificate, by *Authority) Pair {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	parent, signer := template, any(key)
	if by != nil {
		parent, signer = by.pair.Leaf, by.pair.PrivateKey
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	pair := Pair{CertFile: write(t, dir, "certificate.pem", "CERTIFICATE", der), KeyFile: write(t, dir, "key.pem", "PRIVATE KEY", private)}
	pair.Certificate, err = tls.LoadX509KeyPair(pair.CertFile, pair.KeyFile)
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

// write writes a file of one block, and returns its path.
func write(t testing.TB, dir, name, kind string, der []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
