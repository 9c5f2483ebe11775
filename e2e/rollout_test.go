package e2e_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/portico-gateway/portico/demo/demotest"
	"github.com/portico-gateway/portico/e2e/faultproxy"
	"github.com/portico-gateway/portico/e2e/fleettest"
	"github.com/portico-gateway/portico/e2e/redistest"
	"github.com/portico-gateway/portico/internal/longtest"
)

// Two gateways behind a proxy are restarted one after the other, under load. No request fails, no
// mutation is sent twice, and subscriptions end with their protocol's closing.
func TestRollingRestart(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]startProxy{"HAProxy": haproxy, "nginx": nginxBalancer} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rollingRestart(t, start, 10*time.Millisecond, 500)
		})
	}
}

// The same with more requests, as many as the machine can do.
func TestRollingRestartLong(t *testing.T) {
	longtest.Only(t)
	for name, start := range map[string]startProxy{"HAProxy": haproxy, "nginx": nginxBalancer} {
		t.Run(name, func(t *testing.T) { rollingRestart(t, start, 0, 10_000) })
	}
}

func rollingRestart(t *testing.T, start startProxy, pace time.Duration, requests int64) {
	t.Helper()
	replicas, ledger := startReplicas(t, 2)
	p := start(t, replicas)
	front := &gateway{demo: replicas[0].demo, url: "http://" + p.address}
	var streams []*watched
	for i := range 6 {
		open := map[bool]func(*testing.T, *gateway, string, string) stream{true: openSocketOf, false: openEventsOf}[i%2 == 0]
		document := fmt.Sprintf(`subscription { watchedPart(id: "w%d") }`, i)
		streams = append(streams, watch(t, open(t, front, "fleet", document)))
	}
	l := startRawLoad(t, &rawLoad{address: p.address}, pace)
	t.Cleanup(func() {
		for _, replica := range replicas {
			if t.Failed() {
				t.Logf("the log of the gateway at %s:\n%s", replica.port, replica.log)
			}
		}
	})
	for _, replica := range replicas {
		l.await(t, 100)
		replica.terminate(t)
		p.awaitDown(t, replica)
		replica.awaitEnd(t)
		replica.restart(t)
		p.awaitUp(t, replica, l)
	}
	l.await(t, max(requests-l.sent.Load(), 100))
	l.check(t, ledger)
	for _, s := range streams {
		s.checkEnd(t)
	}
}

// watched is a subscription whose events are read until it ends.
type watched struct {
	events []string
	ended  chan struct{}
}

func watch(t *testing.T, s stream) *watched {
	t.Helper()
	w := &watched{ended: make(chan struct{})}
	go func() {
		defer close(w.ended)
		defer s.close()
		for {
			event := s.next(t)
			w.events = append(w.events, event)
			if !strings.HasPrefix(event, `{"data"`) {
				return
			}
		}
	}()
	return w
}

// checkEnd fails the test unless the subscription had its event, and then an end that makes clients subscribe again:
// of a WebSocket 1001, and of an event stream, the end of its body without complete.
func (w *watched) checkEnd(t *testing.T) {
	t.Helper()
	<-w.ended
	if n := len(w.events); n != 2 || w.events[1] != "the stream ended: <nil>" && !strings.Contains(w.events[1], "StatusGoingAway") {
		t.Errorf("a subscription had these events: %q", w.events)
	}
}

// replica is a gateway that is restarted at its address.
type replica struct {
	*gateway

	extension       *extension
	file            string // its configuration
	port, adminPort string
}

// lameDuckOfReplicas is longer than it takes a proxy to notice, also on a busy machine.
const lameDuckOfReplicas = 2 * time.Second

// startReplicas runs gateways before services of both protocols. The ledger has the mutations that the
// service got.
func startReplicas(t *testing.T, n int) ([]*replica, *fleettest.Ledger) {
	t.Helper()
	e, err := extended()
	if err != nil {
		t.Fatal(err)
	}
	d, ledger := demotest.Start(t), &fleettest.Ledger{}
	items := fleettest.StartHTTP(t, "127.0.0.1:0", fleettest.Options{Ledger: ledger, Latency: 2 * time.Millisecond})
	parts := fleettest.StartGRPC(t, "127.0.0.1:0", fleettest.Options{})
	var list []*replica
	for range n {
		r := &replica{
			extension: e, file: filepath.Join(t.TempDir(), "portico.yaml"),
			port: strconv.Itoa(faultproxy.FreePort(t, "127.0.0.1")), adminPort: strconv.Itoa(faultproxy.FreePort(t, "127.0.0.1")),
		}
		var b strings.Builder
		fmt.Fprintf(&b, "server: {listen: '127.0.0.1:%s', lameDuck: %v}\nadmin: {listen: '127.0.0.1:%s'}\ncache: {size: 0}\n%s%s",
			r.port, lameDuckOfReplicas, r.adminPort, authDemo(d), services(d))
		for name, url := range noServices {
			switch name {
			case overREST.service:
				url = "http://" + items.Addr + overREST.base
			case overGRPC.service:
				url = "grpc://" + parts.Addr
			}
			fmt.Fprintf(&b, "  %s: {url: %q}\n", name, url)
		}
		write(t, r.file, b.String())
		r.gateway = startBeside(t, d, e.dir, e.binary, "-config", r.file)
		list = append(list, r)
	}
	return list, ledger
}

// terminate signals a gateway to stop, as Kubernetes does.
func (r *replica) terminate(t *testing.T) {
	t.Helper()
	if err := r.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
}

// awaitEnd waits until the gateway has ended, which must be well.
func (r *replica) awaitEnd(t *testing.T) {
	t.Helper()
	cut := time.AfterFunc(patience, func() { _ = r.cmd.Process.Kill() })
	defer cut.Stop()
	if err := r.cmd.Wait(); err != nil {
		t.Errorf("the gateway ended with %v:\n%s", err, r.log)
	}
	r.check(t)
}

// restart runs the gateway again, and waits until it is ready.
func (r *replica) restart(t *testing.T) {
	t.Helper()
	r.gateway = startBeside(t, r.demo, r.extension.dir, r.extension.binary, "-config", r.file)
}

// balancer is a proxy that distributes requests over replicas.
type balancer struct {
	address   string
	awaitDown func(t *testing.T, r *replica)             // until no request is sent to a replica any more
	awaitUp   func(t *testing.T, r *replica, l *rawLoad) // until requests are sent to it again
}

// startProxy starts a balancer that is set as docs/operations.md says.
type startProxy func(t *testing.T, replicas []*replica) *balancer

// haproxy repeats no request, so that each failure is one of a client.
func haproxy(t *testing.T, replicas []*replica) *balancer {
	t.Helper()
	dir, address := t.TempDir(), "127.0.0.1:"+redistest.FreePort(t)
	stats := filepath.Join(dir, "stats")
	var b strings.Builder
	fmt.Fprintf(&b, `global
  stats socket %s
defaults
  mode http
  retries 0
  no option redispatch
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  timeout tunnel 1h
frontend public
  bind %s
  default_backend gateways
backend gateways
  balance roundrobin
  option httpchk GET /readyz
  default-server check inter 500ms fall 1 rise 1
`, stats, address)
	for _, r := range replicas {
		fmt.Fprintf(&b, "  server %[1]s 127.0.0.1:%[1]s port %[2]s\n", r.port, r.adminPort)
	}
	write(t, filepath.Join(dir, "haproxy.cfg"), b.String())
	runServer(t, address, "haproxy", "-db", "-f", filepath.Join(dir, "haproxy.cfg"))
	is := func(t *testing.T, r *replica, status string) {
		t.Helper()
		await(t, "HAProxy says "+status, func() bool { return haproxyStatus(t, stats, r.port) == status })
	}
	for _, r := range replicas {
		is(t, r, "UP")
	}
	return &balancer{
		address:   address,
		awaitDown: func(t *testing.T, r *replica) { t.Helper(); is(t, r, "DOWN") },
		awaitUp:   func(t *testing.T, r *replica, _ *rawLoad) { t.Helper(); is(t, r, "UP") },
	}
}

// haproxyStatus asks HAProxy for the status of a server; empty if it has none yet.
func haproxyStatus(t *testing.T, socket, server string) string {
	t.Helper()
	conn, err := net.Dial("unix", socket)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
		return "" // it may listen for clients before
	}
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "show stat\n"); err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Split(line, ","); len(fields) > 17 && fields[0] == "gateways" && fields[1] == server {
			return fields[17]
		}
	}
	return ""
}

// nginxBalancer does not check gateways: when one does not accept a connection, it sends the request to the other.
func nginxBalancer(t *testing.T, replicas []*replica) *balancer {
	t.Helper()
	dir, address := t.TempDir(), "127.0.0.1:"+redistest.FreePort(t)
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	var servers strings.Builder
	for _, r := range replicas {
		fmt.Fprintf(&servers, "server 127.0.0.1:%s max_fails=1 fail_timeout=1s; ", r.port)
	}
	write(t, filepath.Join(dir, "nginx.conf"), fmt.Sprintf(`daemon off; master_process off; pid %[1]s/pid; error_log %[1]s/error.log;
events {}
http {
  access_log off;
  client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
  keepalive_requests 1000000;
  map $http_upgrade $connection_upgrade { default upgrade; "" ""; }
  upstream gateways { %[3]s keepalive 16; }
  server {
    listen %[2]s;
    location / {
      proxy_pass http://gateways; proxy_http_version 1.1; proxy_read_timeout 1h; proxy_connect_timeout 5s; add_header X-Upstream $upstream_addr;
      proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade; proxy_next_upstream error timeout;
    }
  }
}
`, dir, address, &servers))
	t.Cleanup(func() {
		if text, err := os.ReadFile(filepath.Join(dir, "error.log")); err == nil && t.Failed() {
			t.Logf("the log of nginx:\n%s", text)
		}
	})
	runServer(t, address, "nginx", "-e", filepath.Join(dir, "error.log"), "-c", filepath.Join(dir, "nginx.conf"))
	return &balancer{
		address:   address,
		awaitDown: func(*testing.T, *replica) {},
		awaitUp: func(t *testing.T, r *replica, l *rawLoad) {
			t.Helper()
			before := l.servedBy("127.0.0.1:" + r.port)
			await(t, "nginx sends requests to it", func() bool { return l.servedBy("127.0.0.1:"+r.port) > before })
		},
	}
}
