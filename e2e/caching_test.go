package e2e_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/portico-gateway/portico/demo"
	"github.com/portico-gateway/portico/demo/demotest"
	"github.com/portico-gateway/portico/e2e/redistest"
)

// stockQuery is fresh for 5 s and may be served for 60 s more when services
// fail.
const stockQuery = `query Stock { product(id: "p1") { id stock { available } } }`

const cached = "\ncache: {size: 32MiB}\n"

// crowd is many connections that all ask the same.
type crowd struct {
	connections []net.Conn
	readers     []*bufio.Reader
	request     []byte
}

func newCrowd(t *testing.T, g *gateway, size int, document string) *crowd {
	t.Helper()
	address := strings.TrimPrefix(g.url, "http://")
	body := fmt.Sprintf(`{"query":%q}`, document)
	c := &crowd{request: []byte(fmt.Sprintf("POST /graphql/web HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body))}
	for range size {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatalf("connection %d: %v", len(c.connections)+1, err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		c.connections, c.readers = append(c.connections, conn), append(c.readers, bufio.NewReaderSize(conn, 1024))
	}
	return c
}

// ask sends the request on all connections before it reads the first answer,
// and returns how many answers are not the wanted one.
func (c *crowd) ask(t *testing.T, want string) (failed int64) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for _, conn := range c.connections {
		_ = conn.SetDeadline(deadline)
		if _, err := conn.Write(c.request); err != nil {
			t.Fatal(err)
		}
	}
	var wrong atomic.Int64
	var group sync.WaitGroup
	const readers = 50
	for n := range readers {
		group.Go(func() {
			for i := n; i < len(c.readers); i += readers {
				resp, err := http.ReadResponse(c.readers[i], nil)
				if err != nil {
					wrong.Add(1)
					continue
				}
				body, err := io.ReadAll(resp.Body)
				_ = resp.Body.Close()
				if err != nil || resp.StatusCode != http.StatusOK || !strings.HasPrefix(string(body), want) {
					if wrong.Add(1) < 3 {
						t.Errorf("%d %s", resp.StatusCode, body)
					}
				}
			}
		})
	}
	group.Wait()
	return wrong.Load()
}

// plainBinary builds the gateway without the race detector, which bounds the
// number of goroutines to 8128.
func plainBinary(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "gateway")
	if out, err := exec.Command("go", "build", "-o", file, "../cmd/gateway").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return file
}

// 10,000 callers at the moment at which an answer expires are one call to each
// service; when the services are down, none of them fails.
func TestExpiryUnderLoad(t *testing.T) {
	callers := 10_000
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err == nil && files.Cur < uint64(callers)+500 {
		callers = int(files.Cur) - 500 //nolint:gosec // it is less than 10,000
		t.Logf("with %d callers: a process may open %d files here", callers, files.Cur)
	}
	d := demotest.Start(t)
	config := filepath.Join(t.TempDir(), "portico.yaml")
	write(t, config, loopback+authDemo(d)+cached+services(d))
	g := startBeside(t, d, "..", plainBinary(t), "-config", config)
	want := strings.TrimSuffix(string(g.query(t, "web", stockQuery, nil).body), "}")
	start := time.Now()
	time.Sleep(2 * time.Second) // a connection without a request is cut after 5 s
	crowd := newCrowd(t, g, callers, stockQuery)
	time.Sleep(5*time.Second - time.Since(start))
	demotest.Fault(t, d, demo.Catalog, demo.Fault{Delay: 2 * time.Second}) // until all have asked
	d.Reset()
	if failed := crowd.ask(t, want); failed != 0 {
		t.Errorf("%d of %d failed", failed, callers)
	}
	if calls := g.calls(t); calls != "catalog GET /products/{id} 1, inventory GetStock 1" {
		t.Errorf("calls %q", calls)
	}
	start = time.Now()
	demotest.Fault(t, d, demo.Catalog, demo.Fault{ErrorRate: 1})
	demotest.Fault(t, d, demo.Inventory, demo.Fault{ErrorRate: 1})
	time.Sleep(6*time.Second - time.Since(start))
	if failed := crowd.ask(t, want); failed != 0 {
		t.Errorf("while services are down, %d of %d failed", failed, callers)
	}
	if a := g.query(t, "web", stockQuery, nil); !bytes.Contains(a.body, []byte(`"status":"stale"`)) || a.header.Get("Age") == "" {
		t.Errorf("a stale answer says %s %v", a.body, a.header)
	}
}

// Who orders sees the stock that is left, at once.
func TestReadYourWrites(t *testing.T) {
	d := demotest.Start(t)
	g := startWith(t, d, loopback+authDemo(d)+cached)
	const stock = `{ product(id: "p1") { stock { available } } }`
	const order = `mutation { placeOrder(input: {items: [{productId: "p1", quantity: 1}]}) { order { id } } }`
	token := "Bearer " + demotest.Token(t, d, "u1", "orders:write")
	before := g.query(t, "web", stock, nil)
	if again := g.query(t, "web", stock, nil); again.header.Get("Age") == "" || !bytes.Equal(again.Data, before.Data) {
		t.Fatalf("it is not cached: %v", again.header)
	}
	if a := g.query(t, "web", order, nil, "Authorization", token); len(a.Errors) > 0 {
		t.Fatalf("%s", a.body)
	}
	after := g.query(t, "web", stock, nil)
	if bytes.Equal(after.Data, before.Data) || after.header.Get("Age") != "" {
		t.Errorf("after the order: %s as before, age %q", after.Data, after.header.Get("Age"))
	}
}

// recorder is a proxy that tells what a cache before the gateway asked it.
type recorder struct {
	*httptest.Server

	mu  sync.Mutex
	log []string
}

func newRecorder(t *testing.T, target string) *recorder {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{}
	proxy := httputil.NewSingleHostReverseProxy(u)
	proxy.ModifyResponse = func(resp *http.Response) error {
		r.mu.Lock()
		defer r.mu.Unlock()
		line := strconv.Itoa(resp.StatusCode)
		if resp.Request.Header.Get("If-None-Match") != "" {
			line += " conditional"
		}
		r.log = append(r.log, line)
		return nil
	}
	r.Server = httptest.NewServer(proxy)
	t.Cleanup(r.Close)
	return r
}

// asked is what was asked since it was asked last.
func (r *recorder) asked() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := strings.Join(r.log, ", ")
	r.log = nil
	return all
}

// edge is a cache before the gateway; it is run until the test ends and
// returns its address.
type edge func(t *testing.T, origin string) (address string)

func varnish(t *testing.T, origin string) string {
	t.Helper()
	dir, port := t.TempDir(), redistest.FreePort(t)
	u, _ := url.Parse(origin)
	write(t, filepath.Join(dir, "edge.vcl"), fmt.Sprintf(`vcl 4.1;
backend gateway { .host = %q; .port = %q; }
sub vcl_recv { unset req.http.Cookie; }
sub vcl_backend_response { set beresp.grace = 0s; set beresp.keep = 10m; }
`, u.Hostname(), u.Port()))
	runServer(t, "127.0.0.1:"+port, "varnishd", "-F", "-n", dir, "-a", "127.0.0.1:"+port, "-f", filepath.Join(dir, "edge.vcl"), "-s", "malloc,16m", "-T", "none", "-j", "none")
	return "http://127.0.0.1:" + port
}

func nginx(t *testing.T, origin string) string {
	t.Helper()
	dir, port := t.TempDir(), redistest.FreePort(t)
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "nginx.conf"), fmt.Sprintf(`daemon off; master_process off; pid %[1]s/pid; error_log %[1]s/error.log;
events {}
http {
  access_log off;
  client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
  proxy_cache_path %[1]s/cache keys_zone=gateway:1m;
  server {
    listen 127.0.0.1:%[2]s;
    location / { proxy_pass %[3]s; proxy_cache gateway; proxy_cache_revalidate on; proxy_http_version 1.1; }
  }
}
`, dir, port, origin))
	runServer(t, "127.0.0.1:"+port, "nginx", "-e", filepath.Join(dir, "error.log"), "-c", filepath.Join(dir, "nginx.conf"))
	return "http://127.0.0.1:" + port
}

// runServer runs a server until the test ends, and waits until it listens.
func runServer(t *testing.T, address, name string, args ...string) {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if path, err = exec.LookPath("/usr/sbin/" + name); err != nil {
			t.Fatalf("there is no %s: run `make test`, which installs it (e2e/setup.sh)", name)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	var out lockedBuffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait() // it was told to end
	})
	for start := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		if c, err := net.Dial("tcp", address); err == nil {
			_ = c.Close()
			return
		}
		if time.Since(start) > 30*time.Second {
			t.Fatalf("%s does not listen:\n%s", name, &out)
		}
	}
}

// Real caches before the gateway serve what may be kept for as long as it may,
// ask whether it changed by its tag, and keep nothing that is one caller's.
func TestCacheBeforeTheGateway(t *testing.T) {
	d := demotest.Start(t)
	for name, c := range map[string]struct {
		edge edge
		age  bool // whether it heeds Age
	}{"varnish": {varnish, true}, "nginx": {nginx, false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := startWith(t, d, loopback+authDemo(d)+"frontend: {documents: {automatic: true}}\n"+cached)
			origin := newRecorder(t, g.url)
			front := c.edge(t, origin.URL)
			public := persist(t, g, "web", stockQuery)
			private := persist(t, g, "mobile", `query Top { product(id: "p1") { topReview { authorName } } }`)
			get := func(base, path string, header ...string) *http.Response {
				t.Helper()
				req, err := http.NewRequest(http.MethodGet, base+path, nil)
				if err != nil {
					t.Fatal(err)
				}
				req.Header.Set("Graphql-Require-Preflight", "1")
				for i := 0; i+1 < len(header); i += 2 {
					req.Header.Set(header[i], header[i+1])
				}
				resp, err := http.DefaultClient.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				if body := readAll(t, resp); resp.StatusCode == http.StatusOK && !strings.HasPrefix(body, `{"data":{"product":{`) {
					t.Errorf("%s: %s", path, body)
				}
				return resp
			}
			// The gateway has it for 2 s when the cache before it gets it.
			get(g.url, public)
			time.Sleep(2100 * time.Millisecond)
			for range 5 {
				if resp := get(front, public); resp.StatusCode != http.StatusOK || resp.Header.Get("Cache-Control") != "public, max-age=5, stale-if-error=60" {
					t.Errorf("%d %v", resp.StatusCode, resp.Header)
				}
			}
			if asked := origin.asked(); asked != "200" {
				t.Errorf("five requests asked the gateway: %s", asked)
			}
			etag := get(front, public).Header.Get("Etag")
			if resp := get(front, public, "If-None-Match", etag); resp.StatusCode != http.StatusNotModified || etag == "" {
				t.Errorf("%d for the tag %s", resp.StatusCode, etag)
			}
			origin.asked()
			// 3.3 s later it is 5.4 s old: too old, for who heeds Age.
			time.Sleep(3300 * time.Millisecond)
			if !c.age {
				time.Sleep(3500 * time.Millisecond) // it counts whole seconds, from when it got it
			}
			get(front, public)
			get(front, public)
			if asked := origin.asked(); asked != "304 conditional" {
				t.Errorf("when it is too old, the gateway was asked: %q", asked)
			}
			for range 3 {
				if resp := get(front, private); resp.Header.Get("Cache-Control") != "private, no-store" || resp.Header.Get("Etag") != "" {
					t.Errorf("%v", resp.Header)
				}
			}
			if asked := origin.asked(); asked != "200, 200, 200" {
				t.Errorf("what is private was asked for: %s", asked)
			}
		})
	}
}

// persist makes a document known to the gateway and returns the path that asks
// for it.
func persist(t *testing.T, g *gateway, frontend, document string) string {
	t.Helper()
	sum := sha256.Sum256([]byte(document))
	extension := fmt.Sprintf(`{"persistedQuery":{"version":1,"sha256Hash":%q}}`, hex.EncodeToString(sum[:]))
	body := fmt.Sprintf(`{"query":%q,"extensions":%s}`, document, extension)
	if a := g.do(t, http.MethodPost, "/graphql/"+frontend, map[string]string{"Content-Type": "application/json"}, strings.NewReader(body)); len(a.Errors) > 0 {
		t.Fatalf("%s", a.body)
	}
	return "/graphql/" + frontend + "?extensions=" + url.QueryEscape(extension)
}

// stockOf is what a gateway says there is of p1.
func stockOf(t *testing.T, client *http.Client, g *gateway) (available int, err error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, g.url+"/graphql/web", strings.NewReader(fmt.Sprintf(`{"query":%q}`, stockQuery)))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	var answer struct {
		Data struct {
			Product struct{ Stock struct{ Available int } }
		}
		Errors []any
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return 0, err
	}
	if resp.StatusCode != http.StatusOK || len(answer.Errors) > 0 {
		return 0, fmt.Errorf("%d %v", resp.StatusCode, answer.Errors)
	}
	return answer.Data.Product.Stock.Available, nil
}

const orderOne = `mutation { placeOrder(input: {items: [{productId: "p1", quantity: 1}]}) { order { id } } }`

// What one gateway has made, the other need not; what is written at one is read
// at the other within 100 ms.
func TestGatewaysShareAnswers(t *testing.T) {
	redis, d := redistest.Start(t), demotest.Start(t)
	config := loopback + authDemo(d) + cached + fmt.Sprintf("redis: {url: %q}\n", redis.URL())
	a, b := startWith(t, d, config), startWith(t, d, config)
	a.query(t, "web", stockQuery, nil)
	time.Sleep(100 * time.Millisecond) // nobody waits until Redis has it
	d.Reset()
	if got := b.query(t, "web", stockQuery, nil); len(got.Errors) > 0 || b.calls(t) != "" {
		t.Errorf("the other gateway called %q for %s", b.calls(t), got.body)
	}
	// Another answer with the same entity.
	if got := b.query(t, "web", `{ product(id: "p1") { name stock { available } } }`, nil); len(got.Errors) > 0 || b.calls(t) != "catalog GET /products/{id} 1" {
		t.Errorf("the other gateway called %q for %s", b.calls(t), got.body)
	}
	token := "Bearer " + demotest.Token(t, d, "u1", "orders:write")
	for i := range 6 {
		writer, reader := a, b
		if i%2 == 1 {
			writer, reader = b, a
		}
		before, err := stockOf(t, http.DefaultClient, reader)
		if err != nil {
			t.Fatal(err)
		}
		if got := writer.query(t, "web", orderOne, nil, "Authorization", token); len(got.Errors) > 0 {
			t.Fatalf("%s", got.body)
		}
		written := time.Now()
		for now := before; now != before-1; {
			if now, err = stockOf(t, http.DefaultClient, reader); err != nil {
				t.Fatal(err)
			}
			if time.Since(written) > 100*time.Millisecond {
				t.Fatalf("after %v the other gateway says %d, not %d", time.Since(written), now, before-1)
			}
		}
		t.Logf("the other gateway knew after %v", time.Since(written))
	}
}

// While Redis is killed, restarted and paused under load, no request fails, and
// none reads what is older than the answer may be.
func TestSharedCacheFailsUnderLoad(t *testing.T) {
	redis, d := redistest.Start(t), demotest.Start(t)
	config := loopback + authDemo(d) + cached + fmt.Sprintf("redis: {url: %q}\n", redis.URL())
	gateways := []*gateway{startWith(t, d, config), startWith(t, d, config)}
	token := "Bearer " + demotest.Token(t, d, "u1", "orders:write")
	left, err := stockOf(t, http.DefaultClient, gateways[0])
	if err != nil {
		t.Fatal(err)
	}
	// When which amount was replaced by the next.
	var mu sync.Mutex
	replaced := map[int]time.Time{}
	const bound = 5*time.Second + 500*time.Millisecond // maxAge, and what a request takes
	ctx, cancel := context.WithTimeout(t.Context(), 14*time.Second)
	defer cancel()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}}
	defer client.CloseIdleConnections()
	var group sync.WaitGroup
	var reads atomic.Int64
	var oldest atomic.Int64
	for n := range 8 {
		group.Go(func() {
			for ctx.Err() == nil {
				began := time.Now()
				got, err := stockOf(t, client, gateways[n%2])
				if err != nil {
					t.Errorf("a request failed: %v", err)
					return
				}
				reads.Add(1)
				mu.Lock()
				at, gone := replaced[got]
				mu.Unlock()
				if age := began.Sub(at); gone && age > bound {
					t.Errorf("%d was read, %v after it was replaced", got, age)
					return
				} else if gone {
					oldest.Store(max(oldest.Load(), int64(age)))
				}
				time.Sleep(2 * time.Millisecond)
			}
		})
	}
	group.Go(func() {
		for i := 0; ctx.Err() == nil && i < 25; i++ { // 30 a minute are allowed
			if got := gateways[i%2].query(t, "web", orderOne, nil, "Authorization", token); len(got.Errors) > 0 {
				t.Errorf("an order failed: %s", got.body)
				return
			}
			mu.Lock()
			replaced[left] = time.Now()
			mu.Unlock()
			left--
			time.Sleep(400 * time.Millisecond)
		}
	})
	for _, step := range []func(){redis.Kill, func() { redis.Restart(t) }, redis.Pause, redis.Resume, redis.Kill, func() { redis.Restart(t) }} {
		time.Sleep(2 * time.Second)
		step()
	}
	group.Wait()
	t.Logf("%d reads; the oldest was replaced %v before", reads.Load(), time.Duration(oldest.Load()))
	if reads.Load() < 1000 {
		t.Errorf("%d reads", reads.Load())
	}
}
