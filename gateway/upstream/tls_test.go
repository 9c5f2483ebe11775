package upstream_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/portico-gateway/portico/gateway/upstream"
)

// writePEM writes a file of one block and returns its path.
func writePEM(t *testing.T, name, kind string, block []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: block}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// certificate returns a certificate for clients, which is its own authority, and the
// files of it and its key.
func certificate(t *testing.T) (of *x509.Certificate, cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "gateway"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	of, errOf := x509.ParseCertificate(der)
	bytes, errKey := x509.MarshalPKCS8PrivateKey(private)
	if errOf != nil || errKey != nil {
		t.Fatal(errOf, errKey)
	}
	return of, writePEM(t, "cert.pem", "CERTIFICATE", der), writePEM(t, "key.pem", "PRIVATE KEY", bytes)
}

// A service with TLS is called over HTTP/2 if its certificate is of a known authority
// and for its name, with the gateway's certificate.
func TestTLS(t *testing.T) {
	of, cert, key := certificate(t)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		caller := "nobody"
		if len(r.TLS.PeerCertificates) > 0 {
			caller = r.TLS.PeerCertificates[0].Subject.CommonName
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, "%q", r.Proto+" from "+caller)
	}))
	server.EnableHTTP2 = true
	trusted := x509.NewCertPool()
	trusted.AddCert(of)
	server.TLS = &tls.Config{ClientAuth: tls.VerifyClientCertIfGiven, ClientCAs: trusted}
	server.StartTLS()
	defer server.Close()
	ca := writePEM(t, "ca.pem", "CERTIFICATE", server.Certificate().Raw)
	for name, c := range map[string]struct {
		tls  upstream.TLS
		want string
	}{
		"an unknown authority":   {upstream.TLS{}, "error"},
		"a known authority":      {upstream.TLS{CA: ca}, "HTTP/2.0 from nobody"},
		"with a certificate":     {upstream.TLS{CA: ca, Cert: cert, Key: key}, "HTTP/2.0 from gateway"},
		"its name":               {upstream.TLS{CA: ca, ServerName: "example.com"}, "HTTP/2.0 from nobody"},
		"another name":           {upstream.TLS{CA: ca, ServerName: "shop.example"}, "error"},
		"another one's key":      {upstream.TLS{CA: ca, Cert: cert, Key: ca}, "invalid"},
		"a key without its pair": {upstream.TLS{CA: ca, Key: key}, "invalid"},
		"no authority":           {upstream.TLS{CA: key}, "invalid"},
		"no file":                {upstream.TLS{CA: "missing.pem"}, "invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			services, err := upstream.Open([]upstream.Config{{Name: "shop", URL: server.URL, Attempts: 1, TLS: c.tls}})
			if err != nil {
				if c.want != "invalid" || !strings.Contains(err.Error(), "services.shop.tls.c") && !strings.Contains(err.Error(), "neither") {
					t.Fatal(err)
				}
				return
			}
			defer services.Close()
			client, err := services.HTTP("shop")
			if err != nil {
				t.Fatal(err)
			}
			got, err := upstream.GetJSON[string](t.Context(), client, upstream.Request{})
			if err != nil {
				got = "error"
			}
			if got != c.want {
				t.Errorf("got %s, %v, want %s", got, err, c.want)
			}
		})
	}
}
