package server

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"golang.org/x/net/http2"

	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/gateway/execute"
	"github.com/portico-gateway/portico/internal/certtest"
)

// running is a gateway that runs as its program does, with a toy frontend.
type running struct {
	*testing.T
	server     *Server
	url, admin string
	authority  *certtest.Authority // of the gateway's certificate
	stop       context.CancelCauseFunc
	ended      chan error
	log        *readyLog
}

// readyLog waits for the line that says where the gateway is.
type readyLog struct {
	slog.Handler

	mu    sync.Mutex
	lines bytes.Buffer
	ready chan [2]string
}

func newReadyLog() *readyLog {
	l := &readyLog{ready: make(chan [2]string, 1)}
	l.Handler = slog.NewTextHandler(l, nil)
	return l
}

func (l *readyLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lines.Write(p)
}

func (l *readyLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lines.String()
}

func (l *readyLog) Handle(ctx context.Context, record slog.Record) error {
	var at [2]string
	record.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "graphql":
			at[0] = strings.TrimSuffix(a.Value.String(), "/graphql")
		case "health":
			at[1] = strings.TrimSuffix(a.Value.String(), "/readyz")
		}
		return true
	})
	if at[0] != "" {
		l.ready <- at
	}
	return l.Handler.Handle(ctx, record)
}

const runningSchema = `
	type Query { who: String @authenticated me: String @cacheControl(maxAge: 60) scoped: String @requiresScopes(scopes: [["read"]]) public: String @cacheControl(maxAge: 60) }`

// runGateway runs a gateway over TLS, unless change makes it otherwise.
func runGateway(t *testing.T, fields map[string]field, change func(*config.Config)) *running {
	t.Helper()
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: "running.graphqls", Input: cachingDirectives + runningSchema})
	if err != nil {
		t.Fatal(err)
	}
	r := &running{T: t, authority: certtest.New(t), ended: make(chan error, 1), log: newReadyLog()}
	own := r.authority.Issue(t, certtest.Subject{Name: "first", DNS: []string{"127.0.0.1"}})
	cfg := config.Defaults()
	cfg.Server.Listen, cfg.Admin.Listen = "127.0.0.1:0", "127.0.0.1:0"
	cfg.Server.TLS = &config.ServerTLS{
		MinVersion: "1.2", ClientCertificates: "none", Certificates: []config.Certificate{{Certificate: own.CertFile, Key: own.KeyFile}},
	}
	if change != nil {
		change(&cfg)
	}
	if r.server, err = New(&cfg, slog.New(r.log), Options{}); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancelCause(context.Background())
	r.stop = stop
	go func() {
		r.ended <- r.server.Run(ctx, []execute.Frontend{{Name: "toy", Schema: toy(schema, fields)}}, nil)
	}()
	select {
	case at := <-r.log.ready:
		r.url, r.admin = at[0], at[1]
	case err := <-r.ended:
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop(nil)
		if err := <-r.ended; err != nil {
			t.Errorf("the gateway ended with %v", err)
		}
		_ = r.server.Close()
	})
	return r
}

// client returns a client of HTTP/1 or HTTP/2, with a certificate if that is not nil.
func (r *running) client(major int, certificate *tls.Certificate) *http.Client {
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: r.authority.Pool}, Protocols: new(http.Protocols)}
	if certificate != nil {
		// As a client that does not look at the authorities that the server names.
		transport.TLSClientConfig.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return certificate, nil }
	}
	transport.Protocols.SetHTTP1(major == 1)
	transport.Protocols.SetHTTP2(major == 2)
	r.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// query asks by POST.
func (r *running) query(client *http.Client, document string, header ...string) (*http.Response, string, error) {
	req, err := http.NewRequestWithContext(r.Context(), http.MethodPost, r.url+"/graphql/toy", strings.NewReader(fmt.Sprintf(`{"query":%q}`, document)))
	if err != nil {
		r.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		req.Header.Set(name, value)
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp, string(text), err
}

func TestServesOverTLS(t *testing.T) {
	r := runGateway(t, nil, func(c *config.Config) { c.Frontend.CORS = config.CORS{Origins: []string{"https://shop.example"}} })
	for major := 1; major <= 2; major++ {
		client := r.client(major, nil)
		resp, text, err := r.query(client, "{__typename}", "Origin: https://shop.example")
		if err != nil || resp.ProtoMajor != major || text != `{"data":{"__typename":"Query"}}` {
			t.Fatal(resp, text, err)
		}
		if resp.Header.Get("Access-Control-Allow-Origin") != "https://shop.example" || resp.Header.Get("X-Request-Id") == "" {
			t.Errorf("HTTP/%d: %v", major, resp.Header)
		}
	}
	conn, err := tls.Dial("tcp", strings.TrimPrefix(r.url, "https://"), &tls.Config{RootCAs: r.authority.Pool, NextProtos: []string{"h2"}})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, http2.ClientPreface); err != nil {
		t.Fatal(err)
	}
	frame, err := http2.NewFramer(conn, conn).ReadFrame()
	if err != nil {
		t.Fatal(err)
	}
	if settings, ok := frame.(*http2.SettingsFrame); !ok {
		t.Errorf("the first frame is %v", frame)
	} else if streams, _ := settings.Value(http2.SettingMaxConcurrentStreams); streams != 250 {
		t.Errorf("a client may have %d streams", streams)
	}
	old := r.client(1, nil)
	old.Transport.(*http.Transport).TLSClientConfig.MaxVersion = tls.VersionTLS11
	if _, _, err := r.query(old, "{__typename}"); err == nil {
		t.Error("TLS 1.1 is accepted")
	}
}

// A trusted proxy may have any number of connections, and a client may not.
func TestConnectionsOfProxies(t *testing.T) {
	for _, trusted := range []bool{true, false} {
		r := runGateway(t, nil, func(c *config.Config) {
			c.Server.TLS, c.Server.ConnectionsPerAddress = nil, 1
			if trusted {
				c.Server.TrustedProxies = []config.Network{config.Network(netip.MustParsePrefix("127.0.0.0/8"))}
			}
		})
		if _, _, err := r.query(r.client(1, nil), "{__typename}"); err != nil { // it keeps its connection
			t.Fatal(err)
		}
		if _, _, err := r.query(r.client(1, nil), "{__typename}"); (err == nil) != trusted {
			t.Errorf("trusted: %t: %v", trusted, err)
		}
	}
}

// HTTP/2 in plain text is accepted only if the configuration says so.
func TestServesH2C(t *testing.T) {
	for _, allowed := range []bool{true, false} {
		r := runGateway(t, nil, func(c *config.Config) { c.Server.TLS, c.Server.H2C = nil, allowed })
		transport := &http.Transport{Protocols: new(http.Protocols)}
		transport.Protocols.SetUnencryptedHTTP2(true)
		resp, text, err := r.query(&http.Client{Transport: transport}, "{__typename}")
		if got := err == nil && resp.ProtoMajor == 2 && text == `{"data":{"__typename":"Query"}}`; got != allowed {
			t.Errorf("allowed: %t: %s %v", allowed, text, err)
		}
		transport.CloseIdleConnections()
		if _, text, err := r.query(r.client(1, nil), "{__typename}"); err != nil || text != `{"data":{"__typename":"Query"}}` {
			t.Errorf("HTTP/1.1: %s %v", text, err)
		}
	}
}

// In the lame duck period, each answer makes its client leave the connection, also over
// HTTP/2, and no request is lost.
func TestLameDuckOverTLS(t *testing.T) {
	r := runGateway(t, nil, func(c *config.Config) { c.Server.LameDuck = config.Duration(time.Hour) })
	clients := []*http.Client{r.client(1, nil), r.client(2, nil)}
	for _, client := range clients {
		if _, _, err := r.query(client, "{__typename}"); err != nil {
			t.Fatal(err)
		}
	}
	r.server.health.Stop()
	for _, client := range clients {
		dialed := 0
		ctx := httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{GotConn: func(got httptrace.GotConnInfo) {
			if !got.Reused {
				dialed++
			}
		}})
		const requests = 20
		for range requests {
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url+"/graphql/toy", strings.NewReader(`{"query":"{__typename}"}`))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/json")
			resp, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != http.StatusOK {
				t.Fatal(resp.Status, err)
			}
			resp.Body.Close()
		}
		if dialed < requests/2 {
			t.Errorf("%d connections for %d requests", dialed, requests)
		}
	}
}

// Files of certificates are read again while connections go on.
func TestReloadsTLS(t *testing.T) {
	r := runGateway(t, nil, nil)
	before := r.client(1, nil)
	name := func(client *http.Client) string {
		resp, _, err := r.query(client, "{__typename}")
		if err != nil {
			t.Fatal(err)
		}
		return resp.TLS.PeerCertificates[0].Subject.CommonName
	}
	if got := name(before); got != "first" {
		t.Fatal(got)
	}
	second := r.authority.Issue(t, certtest.Subject{Name: "second", DNS: []string{"127.0.0.1"}})
	changed := *r.server.now().config
	changed.Server.TLS = &config.ServerTLS{
		MinVersion: "1.3", ClientCertificates: "none", Certificates: []config.Certificate{{Certificate: second.CertFile, Key: second.KeyFile}},
	}
	if err := r.server.change(t.Context(), &changed); err != nil {
		t.Fatal(err)
	}
	if old, fresh := name(before), name(r.client(2, nil)); old != "first" || fresh != "second" {
		t.Errorf("a connection of before: %s, a new one: %s", old, fresh)
	}
	if err := os.WriteFile(second.KeyFile, []byte("not a key"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := r.server.change(t.Context(), &changed); err == nil || !strings.Contains(err.Error(), "server.tls.certificates[0]") {
		t.Errorf("a key that is none: %v", err)
	}
	if got := name(r.client(1, nil)); got != "second" {
		t.Errorf("after an error: %s", got)
	}
	changed.Server.TLS = nil
	if err := r.server.change(t.Context(), &changed); err == nil {
		t.Error("a gateway can't change to plain text")
	}
}
