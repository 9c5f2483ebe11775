package auth_test

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/portico-gateway/portico/gateway/auth"
	"github.com/portico-gateway/portico/gateway/problem"
)

func TestOfConnection(t *testing.T) {
	now := time.Now()
	v, err := auth.Open(auth.Config{
		Certificates: []auth.Certificate{{Subject: "spiffe://shop/web", Scopes: []string{"b", "a"}, Tier: "gold"}, {Subject: "web.shop", Scopes: []string{"c"}}},
		Now:          func() time.Time { return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	spiffe, err := url.Parse("spiffe://shop/web")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		of      x509.Certificate
		subject string // empty: it is refused
		scopes  []string
	}{
		"a URI":                         {x509.Certificate{URIs: []*url.URL{spiffe}, DNSNames: []string{"web.shop"}}, "spiffe://shop/web", []string{"a", "b"}},
		"a DNS name":                    {x509.Certificate{DNSNames: []string{"web.shop", "other"}, Subject: pkix.Name{CommonName: "x"}}, "web.shop", []string{"c"}},
		"a common name":                 {x509.Certificate{Subject: pkix.Name{CommonName: "cron"}}, "cron", nil},
		"a common name that is a URI":   {x509.Certificate{Subject: pkix.Name{CommonName: "spiffe://shop/web"}}, "", nil},
		"a DNS name that is a URI":      {x509.Certificate{DNSNames: []string{"spiffe://shop/web"}}, "", nil},
		"no name":                       {x509.Certificate{}, "", nil},
		"it has expired since it began": {x509.Certificate{DNSNames: []string{"web.shop"}, NotAfter: now.Add(-time.Second)}, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			if c.of.NotAfter.IsZero() {
				c.of.NotAfter = now.Add(time.Hour)
			}
			state := &tls.ConnectionState{PeerCertificates: []*x509.Certificate{&c.of}, VerifiedChains: [][]*x509.Certificate{{&c.of}}}
			p, err := v.OfConnection(state)
			if c.subject == "" {
				if p != nil || problem.CodeOf(err) != problem.Unauthenticated {
					t.Errorf("%+v, %v", p, err)
				}
				return
			}
			if err != nil || p.Subject != c.subject || !slices.Equal(p.Scopes, c.scopes) || !p.Expires.Equal(c.of.NotAfter) || p.ID() != "certificate:0::"+c.subject {
				t.Errorf("%+v, %v", p, err)
			}
			state.VerifiedChains = nil
			if p, err := v.OfConnection(state); p != nil || err != nil {
				t.Errorf("not verified: %+v, %v", p, err)
			}
		})
	}
	if p, err := v.OfConnection(nil); p != nil || err != nil {
		t.Errorf("plain text: %+v, %v", p, err)
	}
	for name, list := range map[string][]auth.Certificate{"no subject": {{}}, "twice": {{Subject: "a"}, {Subject: "a"}}, "an empty scope": {{Subject: "a", Scopes: []string{""}}}} {
		if _, err := auth.Open(auth.Config{Certificates: list}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
