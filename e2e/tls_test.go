package e2e_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/portico-gateway/portico/demo/demotest"
	"github.com/portico-gateway/portico/e2e/redistest"
	"github.com/portico-gateway/portico/internal/certtest"
)

// secured is a gateway over TLS that verifies the certificates of clients that have one.
type secured struct {
	*gateway
	server, clients *certtest.Authority
	web             certtest.Pair // of spiffe://shop/web
}

// startTLS runs a gateway with that example, with files of a test, and more settings of
// server.
func startTLS(t *testing.T, more string) *secured {
	t.Helper()
	s := &secured{server: certtest.New(t), clients: certtest.New(t)}
	shop := s.server.Issue(t, certtest.Subject{Name: "shop", DNS: []string{"shop.example", "127.0.0.1"}})
	mobile := s.server.Issue(t, certtest.Subject{Name: "mobile", DNS: []string{"m.shop.example"}})
	s.web = s.clients.Issue(t, certtest.Subject{URI: "spiffe://shop/web"})
	d := demotest.Start(t)
	config := strings.NewReplacer(
		"0.0.0.0:8443", "127.0.0.1:0"+more, "m.shop.pem", mobile.CertFile, "m.shop.key", mobile.KeyFile, "shop.pem", shop.CertFile, "shop.key", shop.KeyFile,
		"clients-ca.pem", s.clients.File, "\nauth:", "\nadmin: {listen: \"127.0.0.1:0\"}\nrouting: {default: web}\nauth:",
	).Replace(example(t, "TLS and protocols", "yaml"))
	file := filepath.Join(t.TempDir(), "portico.yaml")
	write(t, file, config+"frontend: {cors: {origins: [\"https://shop.example\"]}}\ncache: {size: 0}\n"+services(d))
	s.gateway = startBeside(t, d, "..", binary, "-config", file)
	return s
}

// TestTLS: curl and Node, over HTTP/1.1 and HTTP/2, with and without a certificate.
func TestTLS(t *testing.T) {
	t.Parallel()
	s := startTLS(t, "")
	curl := func(args ...string) string {
		args = append([]string{"-sS", "--cacert", s.server.File, "-w", " %{http_version} %{http_code}"}, args...)
		if slices.Contains(args, "-d") {
			args = append(args, "-H", "Content-Type: application/json")
		}
		out, err := exec.CommandContext(t.Context(), "curl", args...).CombinedOutput()
		if err != nil {
			t.Logf("curl: %v", err)
		}
		return string(out)
	}
	const anonymous, named = `{"query":"{ __typename }"}`, `{"query":"mutation { placeOrder(input: {items: []}) { order { id } } }"}`
	url := s.url + "/graphql/web"
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(s.url, "https://"))
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"HTTP/1.1":              {[]string{"--http1.1", url, "-d", anonymous}, `{"data":{"__typename":"Query"}} 1.1 200`},
		"HTTP/2":                {[]string{"--http2", url, "-d", anonymous}, `{"data":{"__typename":"Query"}} 2 200`},
		"another name":          {[]string{"--http2", "--connect-to", "m.shop.example:" + port + ":127.0.0.1:" + port, "https://m.shop.example:" + port + "/graphql/web", "-d", anonymous}, "2 200"},
		"another site":          {[]string{"--http2", url + "?query=%7B__typename%7D"}, "CSRF_BLOCKED"},
		"compressed":            {[]string{"--http2", "--compressed", url, "-d", anonymous}, `{"data":{"__typename":"Query"}} 2 200`},
		"anonymous":             {[]string{"--http2", url, "-d", named}, "UNAUTHENTICATED"},
		"a certificate":         {[]string{"--http2", "--cert", s.web.CertFile, "--key", s.web.KeyFile, url, "-d", named}, "FORBIDDEN"},
		"a certificate, HTTP/1": {[]string{"--http1.1", "--cert", s.web.CertFile, "--key", s.web.KeyFile, url, "-d", named}, "FORBIDDEN"},
		"plain text":            {[]string{"http://127.0.0.1:" + port + "/graphql/web", "-d", anonymous}, "This port is for HTTPS"},
		"an old version":        {[]string{"--tls-max", "1.1", url, "-d", anonymous}, " 0 000"},
	} {
		if got := curl(c.args...); !strings.Contains(got, c.want) {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	out, err := exec.CommandContext(t.Context(), "node", "clients/http2.mjs", s.url, s.server.File).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "event: next") || !strings.Contains(string(out), "subscriptions: 20") {
		t.Errorf("node: %v\n%s", err, out)
	}
}

// ask sends a query over HTTP/2, or HTTP/1.1, with a certificate if that is not nil.
func (s *secured) ask(h *hostile, major int, certificate *tls.Certificate, text string, headers ...string) (int, string) {
	transport := s.transport(h.T, major, certificate)
	req, err := http.NewRequestWithContext(h.Context(), http.MethodPost, s.url+"/graphql/web", strings.NewReader(body(text, nil)))
	if err != nil {
		h.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		req.Header.Set(name, value)
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return 0, "closed"
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, "closed"
	}
	return resp.StatusCode, codeOf(answer)
}

func (s *secured) transport(t *testing.T, major int, certificate *tls.Certificate) *http.Transport {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.server.Pool}, Protocols: new(http.Protocols)}
	if certificate != nil {
		transport.TLSClientConfig.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return certificate, nil }
	}
	transport.Protocols.SetHTTP1(major == 1)
	transport.Protocols.SetHTTP2(major == 2)
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

// host is the gateway's host and port.
func (s *secured) host() string { return strings.TrimPrefix(s.url, "https://") }

// tlsThreats are those to a gateway over TLS, which is started for the first of them.
func tlsThreats() []threat {
	var started *secured
	on := func(send func(h *hostile, s *secured) (int, string)) func(*hostile) (int, string) {
		return func(h *hostile) (int, string) {
			if started == nil {
				started = startTLS(h.all, "\n  writeTimeout: 500ms\n  connectionsPerAddress: 300")
			}
			return send(h, started)
		}
	}
	certificate := func(issue func(h *hostile, s *secured) certtest.Pair, major int) func(*hostile) (int, string) {
		return on(func(h *hostile, s *secured) (int, string) {
			pair := issue(h, s)
			return s.ask(h, major, &pair.Certificate, "{__typename}")
		})
	}
	other := func(h *hostile, _ *secured) certtest.Pair {
		return certtest.New(h.T).Issue(h, certtest.Subject{URI: "spiffe://shop/web"})
	}
	expired := func(h *hostile, s *secured) certtest.Pair {
		return s.clients.Issue(h, certtest.Subject{URI: "spiffe://shop/web", Expired: true})
	}
	unnamed := func(h *hostile, s *secured) certtest.Pair { return s.clients.Issue(h, certtest.Subject{}) }
	posing := func(h *hostile, s *secured) certtest.Pair {
		return s.clients.Issue(h, certtest.Subject{Name: "spiffe://shop/web"})
	}
	return []threat{
		{"plain text on the TLS port", "clients would get an unreadable answer", 400, "", on(plainToTLS)},
		{"1,200 clients that stall in the handshake, then a valid request", "no one else would be served until they time out", 200, "", on(slowHandshakes)},
		{"the 301st connection of an address, of 300", "exhaustion of memory and file descriptors", 0, "closed", on(tooManyConnections)},
		{"`Content-Length` and `Transfer-Encoding` over TLS", "request smuggling, invisible to a check of encrypted bytes", 400, "", on(lengthsOverTLS)},
		{"an HTTP/2 request without window for the answer", "callers could keep operations open", 0, "closed", on(noWindow(`{ me { id } }`))},
		{"an HTTP/2 subscription without window", "the same, forever", 0, "closed", on(noWindow(`subscription { stockChanged(productId: "p1") { available } }`))},
		{"a client certificate of an unknown CA", "anyone could issue certificates", 0, "closed", certificate(other, 2)},
		{"the same over HTTP/1.1", "a bypass through another protocol", 0, "closed", certificate(other, 1)},
		{"an expired client certificate", "revoked access would continue", 0, "closed", certificate(expired, 2)},
		{"a client certificate without a name", "all such clients would be one caller", 401, "UNAUTHENTICATED", certificate(unnamed, 2)},
		{"one whose common name is another client's URI", "CAs do not verify common names", 401, "UNAUTHENTICATED", certificate(posing, 2)},
		{"`me` with a header that claims a certificate", "anyone could impersonate anyone", 200, "UNAUTHENTICATED", on(func(h *hostile, s *secured) (int, string) {
			return s.ask(h, 2, nil, `{ me { id } }`, "X-Forwarded-Client-Cert: URI=spiffe://shop/web", "X-SSL-Client-S-DN: CN=u1")
		})},
		{"the plain-text HTTP/2 preface where h2c is off", "a bypass of checks of request headers", 400, "", sent("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")},
		{"`Upgrade: h2c`", "requests hidden from a proxy", 200, "", sent(fmt.Sprintf(
			"POST /graphql/web HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
			len(plainQuery), plainQuery))},
	}
}

// sent sends bytes in plain text.
func sent(text string) func(*hostile) (int, string) {
	return func(h *hostile) (int, string) {
		return exchange(h, "tcp", strings.TrimPrefix(h.g.url, "http://"), text)
	}
}

// exchange sends bytes and returns the status of the answer.
func exchange(h *hostile, network, address, text string) (int, string) {
	conn, err := net.Dial(network, address)
	if err != nil {
		h.Fatal(err)
	}
	return answered(h, conn, text)
}

func answered(h *hostile, conn net.Conn, text string) (int, string) {
	defer conn.Close()
	if _, err := io.WriteString(conn, text); err != nil {
		h.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0, "closed"
	}
	defer resp.Body.Close()
	answer, _ := io.ReadAll(resp.Body) // it may be cut
	return resp.StatusCode, codeOf(answer)
}

func plainToTLS(h *hostile, s *secured) (int, string) {
	return exchange(h, "tcp", s.host(), "POST /graphql/web HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
}

func slowHandshakes(h *hostile, s *secured) (int, string) {
	for i := range 1200 {
		dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 1, byte(i/200))}}
		conn, err := dialer.DialContext(h.Context(), "tcp", s.host())
		if err != nil {
			h.Fatal(err)
		}
		defer conn.Close()
		if i%2 == 0 {
			_, _ = conn.Write([]byte{22, 3, 1, 2, 0, 1, 0}) // half of a ClientHello; it may be cut
		}
	}
	return s.ask(h, 2, nil, "{__typename}")
}

func tooManyConnections(h *hostile, s *secured) (int, string) {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	secure := tls.Dialer{NetDialer: &dialer, Config: &tls.Config{RootCAs: s.server.Pool}}
	for range 300 {
		conn, err := secure.DialContext(h.Context(), "tcp", s.host())
		if err != nil {
			h.Fatal(err)
		}
		defer conn.Close()
		// With a request behind it, the connection is not closed for being slow while the others are opened.
		if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			h.Fatal(err)
		}
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			h.Fatal(err)
		}
		_ = response.Body.Close() // only that it was answered matters
	}
	if _, err := secure.DialContext(h.Context(), "tcp", s.host()); err == nil {
		return 200, ""
	}
	return 0, "closed"
}

func lengthsOverTLS(h *hostile, s *secured) (int, string) {
	conn, err := tls.Dial("tcp", s.host(), &tls.Config{RootCAs: s.server.Pool})
	if err != nil {
		h.Fatal(err)
	}
	return answered(h, conn, "POST /graphql/web HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n")
}

// noWindow sends an operation over HTTP/2, and takes no data.
func noWindow(text string) func(h *hostile, s *secured) (int, string) {
	return func(h *hostile, s *secured) (int, string) {
		conn, err := tls.Dial("tcp", s.host(), &tls.Config{RootCAs: s.server.Pool, NextProtos: []string{"h2"}})
		if err != nil {
			h.Fatal(err)
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(patience))
		framer := http2.NewFramer(conn, conn)
		var head bytes.Buffer
		encoder := hpack.NewEncoder(&head)
		for _, field := range [][2]string{
			{":method", "POST"}, {":scheme", "https"}, {":path", "/graphql/web"}, {":authority", "x"},
			{"content-type", "application/json"}, {"accept", "application/json, text/event-stream"},
		} {
			if err := encoder.WriteField(hpack.HeaderField{Name: field[0], Value: field[1]}); err != nil {
				h.Fatal(err)
			}
		}
		_, errPreface := io.WriteString(conn, http2.ClientPreface)
		err = errors.Join(errPreface, framer.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0}),
			framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: head.Bytes(), EndHeaders: true}),
			framer.WriteData(1, true, []byte(body(text, nil))))
		if err != nil {
			h.Fatal(err)
		}
		for {
			frame, err := framer.ReadFrame()
			if err != nil {
				if errors.Is(err, context.DeadlineExceeded) || os.IsTimeout(err) {
					return 200, ""
				}
				return 0, "closed"
			}
			if _, ok := frame.(*http2.RSTStreamFrame); ok {
				return 0, "closed"
			}
		}
	}
}

// example returns a code block of a section of docs/operations.md.
func example(t *testing.T, section, language string) string {
	t.Helper()
	return exampleOf(t, "docs/operations.md", section, language)
}

// exampleOf returns the first code block in a language of a section of a document.
func exampleOf(t *testing.T, document, section, language string) string {
	t.Helper()
	text, err := os.ReadFile("../" + document)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "\n## "+section+"\n")
	_, rest, _ = strings.Cut(rest, "```"+language+"\n")
	block, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatalf("%s has no example in %s of %s", document, language, section)
	}
	return block
}

// TestUnixSocket: the examples of docs/operations.md, with curl, and with nginx before the
// gateway.
func TestUnixSocket(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d, file := demotest.Start(t), filepath.Join(t.TempDir(), "portico.yaml")
	write(t, file, strings.ReplaceAll(example(t, "Unix domain sockets", "yaml"), "/run/portico", dir)+"routing: {default: web}\n"+services(d))
	g := launch(t, d, "..", binary, "-config", file)
	t.Cleanup(func() { g.stop(t) })
	port := redistest.FreePort(t)
	write(t, filepath.Join(dir, "nginx.conf"), fmt.Sprintf(`daemon off; master_process off; pid %[1]s/pid; error_log %[1]s/error.log;
events {}
http {
  access_log off;
  client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
  server { listen 127.0.0.1:%[2]s; %[3]s }
}
`, dir, port, strings.ReplaceAll(example(t, "Unix domain sockets", "nginx"), "/run/portico", dir)))
	runServer(t, "127.0.0.1:"+port, "nginx", "-e", filepath.Join(dir, "error.log"), "-c", filepath.Join(dir, "nginx.conf"))
	query := []string{"-H", "Content-Type: application/json", "-d", plainQuery}
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"the public socket": {append([]string{"--unix-socket", dir + "/public.sock", "http://gateway/graphql"}, query...), `{"data":{"__typename":"Query"}}`},
		"the admin socket":  {[]string{"--unix-socket", dir + "/admin.sock", "http://gateway/livez"}, "ok"},
		"nginx":             {append([]string{"http://127.0.0.1:" + port + "/graphql"}, query...), `{"data":{"__typename":"Query"}}`},
	} {
		if out, err := exec.CommandContext(t.Context(), "curl", append([]string{"-sS"}, c.args...)...).CombinedOutput(); err != nil || !strings.Contains(string(out), c.want) {
			t.Errorf("%s: %v %s", name, err, out)
		}
	}
}
