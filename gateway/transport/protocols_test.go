package transport_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/portico-gateway/portico/gateway/transport"
	"github.com/portico-gateway/portico/internal/certtest"
)

// protocol is what clients of a test speak.
type protocol struct {
	name        string
	major       int
	secure, h2c bool
}

func protocols() []protocol {
	return []protocol{
		{"HTTP 1.1 in plain text", 1, false, false}, {"HTTP 1.1 beside h2c", 1, false, true}, {"HTTP 2 in plain text", 2, false, true},
		{"HTTP 1.1 over TLS", 1, true, false}, {"HTTP 2 over TLS", 2, true, false},
	}
}

// serve starts a gateway for clients that speak p.
func (p protocol) serve(t *testing.T, timeouts timeouts, config transport.Config, changes ...func(*transport.ListenerConfig)) *gateway {
	t.Helper()
	g := &gateway{resolvers: newResolvers(), log: &safeBuffer{}}
	config.Log = slog.New(slog.NewTextHandler(g.log, nil))
	g.handler = transport.New(newSource(t, g.resolvers, timeouts, config.Log, nil), newWriter(t), config)
	g.Server = httptest.NewUnstartedServer(g.handler)
	settings := transport.ListenerConfig{WriteTimeout: timeouts.write, H2C: p.h2c, Log: config.Log}
	client := &http.Transport{Protocols: new(http.Protocols)}
	if p.secure {
		authority := certtest.New(t)
		own := authority.Issue(t, certtest.Subject{DNS: []string{"127.0.0.1"}})
		settings.TLS = transport.NewTLS(&tls.Config{Certificates: []tls.Certificate{own.Certificate}, NextProtos: []string{"h2", "http/1.1"}})
		client.TLSClientConfig = &tls.Config{RootCAs: authority.Pool}
	}
	for _, change := range changes {
		change(&settings)
	}
	g.Listener = transport.NewListener(g.Listener, settings)
	transport.Attach(g.Config, timeouts.write)
	g.Config.ReadTimeout, g.Config.Protocols = timeouts.read, new(http.Protocols)
	g.Config.Protocols.SetHTTP1(true)
	g.Config.Protocols.SetHTTP2(p.secure)
	g.Config.Protocols.SetUnencryptedHTTP2(p.h2c)
	client.Protocols.SetHTTP1(p.major == 1)
	client.Protocols.SetHTTP2(p.major == 2 && p.secure)
	client.Protocols.SetUnencryptedHTTP2(p.major == 2 && p.h2c)
	g.Start()
	g.Client().Transport = client
	if p.secure {
		g.URL = "https" + strings.TrimPrefix(g.URL, "http")
	}
	t.Cleanup(func() {
		g.shutdown(t)
		client.CloseIdleConnections()
		g.Close()
	})
	return g
}

// Every way in, over every protocol.
func TestProtocols(t *testing.T) {
	const query, want = `{"query":"{ echo(text: \"a\") }"}`, `{"data":{"echo":"a"}}`
	for _, p := range protocols() {
		t.Run(p.name, func(t *testing.T) {
			g := p.serve(t, timeouts{}, transport.Config{MaxBatch: 2})
			if a := g.post(t, query); a.status != http.StatusOK || a.body != want {
				t.Errorf("POST: %d %s", a.status, a.body)
			}
			get := "/?query=" + `%7Becho(text:%22a%22)%7D`
			if a := g.send(t, http.MethodGet, get, "", "GraphQL-Require-Preflight: 1"); a.status != http.StatusOK || a.body != want {
				t.Errorf("GET: %d %s", a.status, a.body)
			}
			a := g.send(t, http.MethodGet, get, "")
			if a.status != http.StatusForbidden {
				t.Errorf("GET by another site: %d %s", a.status, a.body)
			}
			checkErrors(t, a, "CSRF_BLOCKED")
			if a := g.post(t, "["+query+","+query+"]"); a.body != "["+want+","+want+"]" {
				t.Errorf("a batch: %d %s", a.status, a.body)
			}
			if a := g.post(t, `{"query":"{large(bytes:100000)}"}`, "Accept-Encoding: gzip"); a.header.Get("Content-Encoding") != "gzip" || len(a.body) > 50_000 {
				t.Errorf("compressed: %v, %d bytes", a.header, len(a.body))
			}
			const size = 3 << 20
			if a := g.post(t, fmt.Sprintf(`{"query":"{large(bytes:%d)}"}`, size), "Accept-Encoding: identity"); len(a.body) < size {
				t.Errorf("%d bytes of a large answer", len(a.body))
			}
			if a := g.post(t, `{"query":"subscription{counter(to:1)}"}`, acceptEvents); a.body != ":\n\n"+next(`{"data":{"counter":1}}`)+complete {
				t.Errorf("events: %d %s", a.status, a.body)
			}
			a = g.post(t, strings.Repeat(" ", 2<<20))
			if a.status != http.StatusRequestEntityTooLarge {
				t.Errorf("a large body: %d %s", a.status, a.body)
			}
			if p.major == 1 {
				checkSocket(t, g)
			}
		})
	}
}

// A request over HTTP/2 that is not read to its end does not end the connection, which may
// be a proxy's, with requests of others.
func TestRefusalsKeepConnectionsOfHTTP2(t *testing.T) {
	for _, p := range protocols() {
		g := p.serve(t, timeouts{}, transport.Config{})
		var reused []bool
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(got httptrace.GotConnInfo) { reused = append(reused, got.Reused) }})
		for range 3 {
			r, err := http.NewRequestWithContext(ctx, http.MethodPost, g.URL, strings.NewReader(strings.Repeat(" ", 2<<20)))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/json")
			resp, err := g.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != http.StatusRequestEntityTooLarge {
				t.Error(resp.Status, err)
			}
			resp.Body.Close()
		}
		if want := p.major == 2; len(reused) != 3 || reused[1] != want || reused[2] != want {
			t.Errorf("%s: the connection is used again: %v", p.name, reused)
		}
	}
}

func checkSocket(t *testing.T, g *gateway) {
	t.Helper()
	c, status := g.dial(t, &websocket.DialOptions{HTTPClient: g.Client(), Subprotocols: []string{"graphql-transport-ws"}})
	if c == nil {
		t.Fatal(status)
	}
	c.send(`{"type":"connection_init"}`)
	c.expect(`{"type":"connection_ack"}`)
	c.send(subscribe("1", `{ echo(text: "a") }`))
	c.expect(`{"type":"next","id":"1","payload":{"data":{"echo":"a"}}}`, `{"type":"complete","id":"1"}`)
}

// TestCutsAClientWithoutAWindow: over HTTP/2 a client can read the connection and take
// nothing of an answer, or of an event stream.
func TestCutsAClientWithoutAWindow(t *testing.T) {
	for name, c := range map[string]struct {
		request string
		window  int
	}{
		"an answer":                        {`{"query":"{large(bytes:1000000)}"}`, 0},
		"an answer that is tiny":           {`{"query":"{__typename}"}`, 0},
		"an answer that has begun":         {`{"query":"{large(bytes:1000000)}"}`, 20_000},
		"a subscription":                   {`{"query":"subscription{counter(to:1000000000)}"}`, 0},
		"a subscription that has begun":    {`{"query":"subscription{counter(to:1000000000)}"}`, 1000},
		"a subscription, its first event":  {`{"query":"subscription{counter(to:1000000000)}"}`, 3},
		"the comments of one without more": {`{"query":"subscription{waiting}"}`, 80},
	} {
		for _, p := range protocols() {
			if p.major == 1 {
				continue
			}
			t.Run(p.name+", "+name, func(t *testing.T) {
				g := p.serve(t, timeouts{write: 100 * time.Millisecond}, transport.Config{KeepAlive: 10 * time.Millisecond})
				client := dialFrames(t, g, p, c.window)
				client.request(c.request)
				client.awaitReset(c.window)
			})
		}
	}
}

// A client that reads slowly gets all of an answer, also over HTTP/2.
func TestServesASlowReaderOverEveryProtocol(t *testing.T) {
	const timeout, size = 6 * time.Second, 32 << 20 // the machine may have no time for a client for seconds
	for _, p := range protocols() {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			g := p.serve(t, timeouts{write: timeout}, transport.Config{})
			client := g.Client().Transport.(*http.Transport)
			client.HTTP2 = &http.HTTP2Config{MaxReceiveBufferPerStream: 64 << 10}
			client.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
				conn, err := new(net.Dialer).DialContext(ctx, network, address)
				if err == nil {
					err = conn.(*net.TCPConn).SetReadBuffer(64 << 10)
				}
				return conn, err
			}
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, g.URL, strings.NewReader(fmt.Sprintf(`{"query":"{large(bytes:%d)}"}`, size)))
			if err != nil {
				t.Fatal(err)
			}
			setHeaders(r, []string{"Content-Type: application/json", "Accept-Encoding: identity"})
			resp, err := g.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if n, err := io.Copy(io.Discard, slowly{resp.Body, time.Now(), timeout + time.Second}); err != nil || n < size {
				t.Errorf("%d bytes, %v", n, err)
			}
		})
	}
}

// A stream whose client reads it lasts longer than the timeout of writes.
func TestStreamsOutliveTheWriteTimeout(t *testing.T) {
	const timeout = 20 * time.Millisecond
	for _, p := range protocols() {
		t.Run(p.name, func(t *testing.T) {
			g := p.serve(t, timeouts{write: timeout}, transport.Config{KeepAlive: 3 * timeout})
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, g.URL, strings.NewReader(`{"query":"subscription{waiting}"}`))
			if err != nil {
				t.Fatal(err)
			}
			setHeaders(r, []string{"Content-Type: application/json", acceptEvents})
			resp, err := g.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			lines := bufio.NewReader(resp.Body)
			for range 10 {
				if line, err := lines.ReadString('\n'); err != nil {
					t.Fatalf("%q, %v", line, err)
				}
			}
		})
	}
}

// Over TLS, heads of HTTP/1 are checked as in plain text.
func TestRefusesTwoLengthsOverTLS(t *testing.T) {
	g := protocol{secure: true}.serve(t, timeouts{}, transport.Config{})
	conn := dialTLS(t, g, "http/1.1")
	if _, err := io.WriteString(conn, bothLengths); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusBadRequest || !resp.Close {
		t.Errorf("%d, closes: %t", resp.StatusCode, resp.Close)
	}
}

// The preface of HTTP/2 in plain text is refused unless it is allowed, and bytes that begin
// like it are requests of HTTP/1 that are checked.
func TestPrefaceOfHTTP2(t *testing.T) {
	const begin = "PRI * HTTP/2.0\r\n\r\n"
	for name, c := range map[string]struct {
		h2c    bool
		sent   []string // one after the other
		status int
	}{
		"without h2c":             {false, []string{begin + "SM\r\n\r\n"}, http.StatusMethodNotAllowed},
		"half of it":              {true, []string{begin + "SX\r\n\r\n"}, http.StatusMethodNotAllowed},
		"the first byte":          {true, []string{"P", strings.TrimPrefix(bothLengths, "P")}, http.StatusBadRequest},
		"another method":          {true, []string{bothLengths}, http.StatusBadRequest},
		"by Upgrade":              {true, []string{headOfPost + "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\nContent-Length: 24\r\n\r\n{\"query\":\"{__typename}\"}"}, http.StatusOK},
		"by Upgrade, without h2c": {false, []string{headOfPost + "Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 24\r\n\r\n{\"query\":\"{__typename}\"}"}, http.StatusOK},
	} {
		t.Run(name, func(t *testing.T) {
			conn := protocol{h2c: c.h2c}.serve(t, timeouts{}, transport.Config{}).raw(t)
			for _, text := range c.sent {
				conn.write(text)
			}
			if a := conn.answer(); a.status != c.status {
				t.Errorf("%d %s", a.status, a.body)
			}
		})
	}
}

// Clients that are slow in their handshakes, or do none, delay nobody.
func TestSlowHandshakes(t *testing.T) {
	g := protocol{secure: true, major: 1}.serve(t, timeouts{}, transport.Config{})
	const silent = 1100 // more than are kept
	for i := range silent {
		conn, err := net.Dial("tcp", g.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		if i%2 == 0 { // a part of a ClientHello
			if _, err := conn.Write([]byte{22, 3, 1, 2, 0, 1, 0}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if a := g.post(t, `{"query":"{__typename}"}`); a.status != http.StatusOK {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestHandshakesTimeOut(t *testing.T) {
	g := protocol{secure: true, major: 1}.serve(t, timeouts{}, transport.Config{}, func(c *transport.ListenerConfig) { c.HandshakeTimeout = 50 * time.Millisecond })
	for _, sent := range []string{"", "\x16\x03\x01\x02\x00\x01\x00"} {
		conn := g.raw(t)
		conn.write(sent)
		conn.ends()
	}
	if a := g.post(t, `{"query":"{__typename}"}`); a.status != http.StatusOK {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestPlainTextToTLS(t *testing.T) {
	g := protocol{secure: true, major: 1}.serve(t, timeouts{}, transport.Config{})
	conn := g.raw(t)
	conn.write(headOfPost + "Content-Length: 2\r\n\r\n{}")
	if a := conn.answer(); a.status != http.StatusBadRequest || !strings.Contains(a.body, "HTTPS") {
		t.Errorf("%d %s", a.status, a.body)
	}
	conn.ends()
}

// Certificates are replaced for new connections; a session of before is not resumed.
func TestReplacesCertificates(t *testing.T) {
	authority := certtest.New(t)
	config := func(name string) *tls.Config {
		return &tls.Config{Certificates: []tls.Certificate{authority.Issue(t, certtest.Subject{Name: name, DNS: []string{"127.0.0.1"}}).Certificate}}
	}
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	settings := transport.NewTLS(config("old"))
	listener := transport.NewListener(inner, transport.ListenerConfig{TLS: settings})
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.TLS.DidResume)
	})}
	transport.Attach(server, 0)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	sessions := tls.NewLRUClientSessionCache(1)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: authority.Pool, ClientSessionCache: sessions}}}
	ask := func() (certificate, resumed string) {
		resp, err := client.Get("https://" + inner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, _ := io.ReadAll(resp.Body)
		return resp.TLS.PeerCertificates[0].Subject.CommonName, string(text)
	}
	for i, want := range []string{"old false", "old true"} {
		if name, resumed := ask(); name+" "+resumed != want {
			t.Errorf("request %d: %s %s, want %s", i, name, resumed, want)
		}
	}
	settings.Set(config("new"))
	if name, resumed := ask(); name != "new" || resumed != "false" {
		t.Errorf("afterwards: %s, resumed: %s", name, resumed)
	}
	_ = server.Close()
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		t.Error(err)
	}
}

func dialTLS(t *testing.T, g *gateway, protocol string) *tls.Conn {
	t.Helper()
	config := g.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	config.NextProtos = []string{protocol}
	conn, err := tls.Dial("tcp", g.Listener.Addr().String(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// frames is a client of HTTP/2 that grants streams a window once.
type frames struct {
	*testing.T
	net.Conn
	reader *bufio.Reader
}

func dialFrames(t *testing.T, g *gateway, p protocol, window int) *frames {
	t.Helper()
	var conn net.Conn
	if p.secure {
		conn = dialTLS(t, g, "h2")
	} else {
		conn = g.raw(t).Conn
	}
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	f := &frames{t, conn, bufio.NewReader(conn)}
	f.write([]byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))
	f.frame(4, 0, 0, binary.BigEndian.AppendUint32([]byte{0, 4}, uint32(window))) // SETTINGS_INITIAL_WINDOW_SIZE
	return f
}

func (f *frames) write(p []byte) {
	f.Helper()
	if _, err := f.Write(p); err != nil {
		f.Fatal(err)
	}
}

func (f *frames) frame(kind, flags, stream byte, payload []byte) {
	f.Helper()
	f.write(append([]byte{0, byte(len(payload) >> 8), byte(len(payload)), kind, flags, 0, 0, 0, stream}, payload...))
}

// request sends a POST on the stream 1.
func (f *frames) request(body string) {
	f.Helper()
	var head bytes.Buffer
	head.Write([]byte{0x83, 0x86, 0x84}) // :method POST, :scheme http, :path /
	literal := func(name, value string) {
		head.WriteString("\x00" + string(rune(len(name))) + name + string(rune(len(value))) + value)
	}
	literal(":authority", "x")
	literal("content-type", "application/json")
	literal("accept", "application/json, text/event-stream")
	f.frame(1, 4, 1, head.Bytes()) // END_HEADERS
	f.frame(0, 1, 1, []byte(body)) // END_STREAM
}

// awaitReset reads frames until the stream is reset. There must be no more data before than
// the window has.
func (f *frames) awaitReset(window int) {
	f.Helper()
	for {
		var head [9]byte
		if _, err := io.ReadFull(f.reader, head[:]); err != nil {
			if os.IsTimeout(err) {
				f.Fatal("the stream was not reset")
			}
			f.Fatal(err)
		}
		length := int(head[0])<<16 | int(head[1])<<8 | int(head[2])
		if _, err := f.reader.Discard(length); err != nil {
			f.Fatal(err)
		}
		switch kind, stream := head[3], head[8]; {
		case kind == 3 && stream == 1:
			return
		case kind == 0:
			if window -= length; window < 0 {
				f.Fatalf("%d bytes of data more than the window", -window)
			}
		case kind == 4 && head[4] == 0:
			f.frame(4, 1, 0, nil)
		}
	}
}
