package server

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"github.com/portico-gateway/portico/gateway/auth"
	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/internal/certtest"
)

// whoFields answer with the caller.
func whoFields() map[string]field {
	who := func(ctx context.Context, _ map[string]any) (any, error) { return auth.From(ctx).ID(), nil }
	return map[string]field{"who": who, "me": who, "scoped": who}
}

// mutual is a gateway that verifies the certificates of clients.
func mutual(t *testing.T, clients *certtest.Authority, mode string) *running {
	t.Helper()
	sum := sha256.Sum256([]byte("hunter2"))
	return runGateway(t, whoFields(), func(c *config.Config) {
		c.Server.TLS.ClientCA, c.Server.TLS.ClientCertificates = clients.File, mode
		c.Auth.Certificates = []config.ClientCertificate{{Subject: "spiffe://shop/web", Scopes: []string{"read"}}}
		c.Auth.Keys = config.Secret(fmt.Sprintf("[{sha256: %s, principal: cron}]", hex.EncodeToString(sum[:])))
	})
}

func TestClientCertificates(t *testing.T) {
	clients := certtest.New(t)
	r := mutual(t, clients, "optional")
	certificate := func(of certtest.Subject) *tls.Certificate {
		pair := clients.Issue(t, of)
		return &pair.Certificate
	}
	web, plain := certificate(certtest.Subject{URI: "spiffe://shop/web"}), certificate(certtest.Subject{Name: "cron"})
	const denied = `"code":"UNAUTHENTICATED"`
	for major := 1; major <= 2; major++ {
		for _, c := range []struct {
			name        string
			certificate *tls.Certificate
			document    string
			header      []string
			want        string // a part of the answer
		}{
			{"none", nil, "{who}", nil, denied},
			{"a subject with rights", web, "{who}", nil, `"certificate:0::spiffe://shop/web"`},
			{"its scope", web, "{scoped}", nil, `"certificate:0::spiffe://shop/web"`},
			{"a subject without rights", plain, "{who}", nil, `"certificate:0::cron"`},
			{"which has no scope", plain, "{scoped}", nil, `"code":"FORBIDDEN"`},
			{"an API key, which is who calls", web, "{who}", []string{"X-Api-Key: hunter2"}, `"key:0::cron"`},
			{"whose scopes count", web, "{scoped}", []string{"X-Api-Key: hunter2"}, `"code":"FORBIDDEN"`},
			{"a bad API key is not ignored", web, "{who}", []string{"X-Api-Key: x"}, denied},
			{"no name", certificate(certtest.Subject{}), "{__typename}", nil, denied},
			{"a header", nil, "{who}", []string{"X-Forwarded-Client-Cert: URI=spiffe://shop/web"}, denied},
			{"cached for one", web, "{me}", nil, `"certificate:0::spiffe://shop/web"`},
			{"and not for another", plain, "{me}", nil, `"certificate:0::cron"`},
			{"nor for the key of that name", web, "{me}", []string{"X-Api-Key: hunter2"}, `"key:0::cron"`},
			{"nor for anonymous callers", nil, "{me}", nil, `{"me":""}`},
		} {
			if _, text, err := r.query(r.client(major, c.certificate), c.document, c.header...); err != nil || !strings.Contains(text, c.want) {
				t.Errorf("HTTP/%d, %s: %s %v, want %s", major, c.name, text, err, c.want)
			}
		}
		// A client with a certificate that is not accepted is not taken for one without.
		for name, bad := range map[string]tls.Certificate{
			"another authority": certtest.New(t).Issue(t, certtest.Subject{URI: "spiffe://shop/web"}).Certificate,
			"expired":           clients.Issue(t, certtest.Subject{URI: "spiffe://shop/web", Expired: true}).Certificate,
		} {
			if resp, text, err := r.query(r.client(major, &bad), "{__typename}"); err == nil {
				t.Errorf("HTTP/%d, %s: %d %s", major, name, resp.StatusCode, text)
			}
		}
	}
}

func TestRequiredClientCertificates(t *testing.T) {
	clients := certtest.New(t)
	r := mutual(t, clients, "required")
	pair := clients.Issue(t, certtest.Subject{DNS: []string{"web.shop"}})
	for major := 1; major <= 2; major++ {
		if _, _, err := r.query(r.client(major, nil), "{__typename}"); err == nil {
			t.Error("a client without a certificate is served")
		}
		if _, text, err := r.query(r.client(major, &pair.Certificate), "{who}"); err != nil || text != `{"data":{"who":"certificate:0::web.shop"}}` {
			t.Errorf("%s %v", text, err)
		}
	}
}

// Clients of an authority that was replaced are not let in by the session that they have.
func TestReplacedClientAuthority(t *testing.T) {
	before, after := certtest.New(t), certtest.New(t)
	r := mutual(t, before, "required")
	pair := before.Issue(t, certtest.Subject{Name: "web"})
	client := r.client(1, &pair.Certificate)
	transport := client.Transport.(*http.Transport)
	transport.DisableKeepAlives, transport.TLSClientConfig.ClientSessionCache = true, tls.NewLRUClientSessionCache(1)
	for range 2 {
		if resp, _, err := r.query(client, "{who}"); err != nil || resp.TLS.DidResume {
			t.Fatal(resp, err)
		}
	}
	open := r.client(1, &pair.Certificate)
	if resp, _, err := r.query(open, "{who}"); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatal(resp, err)
	}
	changed := *r.server.now().config
	settings := *changed.Server.TLS
	settings.ClientCA = after.File
	changed.Server.TLS = &settings
	if err := r.server.change(t.Context(), &changed); err != nil {
		t.Fatal(err)
	}
	if _, text, err := r.query(client, "{who}"); err == nil {
		t.Error(text)
	}
	if resp, text, err := r.query(open, "{who}"); err != nil || resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("on a connection that was open: %v %s %v", resp, text, err)
	}
	if _, text, err := r.query(open, "{who}"); err == nil {
		t.Errorf("on the next connection: %s", text)
	}
}

// A WebSocket has the principal of the certificate, unless connection_init has another.
func TestClientCertificatesOfWebSockets(t *testing.T) {
	clients := certtest.New(t)
	r := mutual(t, clients, "optional")
	pair := clients.Issue(t, certtest.Subject{URI: "spiffe://shop/web"})
	for begin, want := range map[string]string{
		`{"type":"connection_init"}`:                                     `"certificate:0::spiffe://shop/web"`,
		`{"type":"connection_init","payload":{"X-Api-Key":"hunter2"}}`:   `"key:0::cron"`,
		`{"type":"connection_init","payload":{"X-Client-Cert":"other"}}`: `"certificate:0::spiffe://shop/web"`,
	} {
		conn, _, err := websocket.Dial(t.Context(), r.url+"/graphql/toy", &websocket.DialOptions{
			HTTPClient: r.client(1, &pair.Certificate), Subprotocols: []string{"graphql-transport-ws"},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.CloseNow() //nolint:errcheck // the test is over
		for _, text := range []string{begin, `{"type":"subscribe","id":"1","payload":{"query":"{who}"}}`} {
			if err := conn.Write(t.Context(), websocket.MessageText, []byte(text)); err != nil {
				t.Fatal(err)
			}
			_, got, err := conn.Read(t.Context())
			if err != nil || !strings.Contains(string(got), "connection_ack") && !strings.Contains(string(got), want) {
				t.Errorf("%s: %s %v", text, got, err)
			}
		}
	}
}
