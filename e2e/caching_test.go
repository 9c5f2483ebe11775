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
	"regexp"
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
	"github.com/portico-gateway/portico/internal/longtest"
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

// newCrowd opens connections and sends a first request on each, so that the
// gateway does not close it for being idle.
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
		if _, err := conn.Write(c.request); err != nil {
			t.Fatal(err)
		}
		c.connections, c.readers = append(c.connections, conn), append(c.readers, bufio.NewReaderSize(conn, 1024))
	}
	if failed := c.read(t, `{"data"`); failed > 0 {
		t.Fatalf("%d of %d can't ask", failed, size)
	}
	return c
}

// ask sends the request on all connections, and calls sent before it reads the
// first answer. It returns how many answers are not the wanted one.
func (c *crowd) ask(t *testing.T, want string, sent func()) (failed int64) {
	t.Helper()
	for _, conn := range c.connections {
		if _, err := conn.Write(c.request); err != nil {
			t.Fatal(err)
		}
	}
	sent()
	return c.read(t, want)
}

// read reads an answer on each connection and returns how many are not the
// wanted one.
func (c *crowd) read(t *testing.T, want string) (failed int64) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for _, conn := range c.connections {
		_ = conn.SetDeadline(deadline)
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

// Callers that all ask at the moment at which an answer expires are one call to
// each service; when the services are down, none of them fails.
func TestExpiryUnderLoad(t *testing.T) {
	t.Parallel()
	expiryUnderLoad(t, binary, 200)
}

// The same with 10,000 callers, at a gateway without the race detector.
func TestExpiryUnderLoadLong(t *testing.T) {
	longtest.Only(t)
	callers := 10_000
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err == nil && files.Cur < uint64(callers)+500 {
		callers = int(files.Cur) - 500 //nolint:gosec // it is less than 10,000
		t.Logf("with %d callers: a process may open %d files here", callers, files.Cur)
	}
	expiryUnderLoad(t, plainGateway(t), callers)
}

func expiryUnderLoad(t *testing.T, binary string, callers int) {
	t.Helper()
	const (
		maxAge  = 5 * time.Second // of stockQuery
		expired = maxAge + 100*time.Millisecond
	)
	d := demotest.Start(t)
	config := filepath.Join(t.TempDir(), "portico.yaml")
	// No call times out: while it hangs, callers gather.
	patient := regexp.MustCompile(`url: "[^"]*"`).ReplaceAllString(services(d), "$0, timeout: 60s")
	many := strings.Replace(loopback, `"127.0.0.1:0"`, `"127.0.0.1:0", connectionsPerAddress: 20000`, 1)
	write(t, config, many+authDemo(d)+cached+"frontend: {limits: {timeout: 60s}}\n"+patient)
	g := startBeside(t, d, "..", binary, "-config", config)
	want := strings.TrimSuffix(string(g.query(t, "web", stockQuery, nil).body), "}")
	crowd := newCrowd(t, g, callers, stockQuery)
	time.Sleep(expired) // at least that long, whenever the answer was made
	d.Reset()
	demotest.Fault(t, d, demo.Catalog, demo.Fault{Hang: true})
	var made time.Time
	if failed := crowd.ask(t, want, func() {
		await(t, "a call is under way", func() bool { return strings.Contains(g.calls(t), "catalog") })
		time.Sleep(time.Second) // most are read by then, and wait; others find the new answer
		made = time.Now()
		d.Heal()
	}); failed != 0 {
		t.Errorf("%d of %d failed", failed, callers)
	}
	// On a slow machine the new answer expires before the last is answered.
	expiries := 1 + int(time.Since(made)/maxAge)
	for service, routes := range d.Calls() {
		for route, n := range routes {
			if n > expiries {
				t.Errorf("%d calls of %s %s, the answer expired %d times", n, service, route, expiries)
			}
		}
	}
	time.Sleep(expired)
	demotest.Fault(t, d, demo.Catalog, demo.Fault{ErrorRate: 1})
	demotest.Fault(t, d, demo.Inventory, demo.Fault{ErrorRate: 1})
	if failed := crowd.ask(t, want, func() {}); failed != 0 {
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

// recorder is a proxy that records what a cache before the gateway asked it.
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
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("%s:\n%s", name, &out)
		}
	})
	await(t, name+" listens", func() bool {
		c, err := net.Dial("tcp", address)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})
}

// Real caches before the gateway serve what may be kept for as long as it may,
// ask whether it changed by its tag, and keep nothing that is one caller's.
func TestCacheBeforeTheGateway(t *testing.T) {
	t.Parallel()
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
			await(t, "the gateway has had the answer for 2 s", func() bool {
				age, _ := strconv.Atoi(get(g.url, public).Header.Get("Age"))
				return age >= 2
			})
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
// at the other soon. Docs promise 100 ms, which depends on the machine: the test
// logs how long it took.
func TestGatewaysShareAnswers(t *testing.T) {
	redis, d := redistest.Start(t), demotest.Start(t)
	config := loopback + authDemo(d) + cached + fmt.Sprintf("redis: {url: %q}\n", redis.URL())
	a, b := startWith(t, d, config), startWith(t, d, config)
	// Requests wait for Redis for a few milliseconds only, so that on a busy
	// machine a gateway can miss what is there. Each attempt has a product of its
	// own.
	attempt := 0
	await(t, "one gateway serves what the other made", func() bool {
		const products = 50
		id, before := "", redis.Size(t)
		await(t, "Redis has an answer", func() bool {
			if id != "" && redis.Size(t) > before {
				return true
			}
			attempt++ // on a busy machine a gateway may not have stored the last one
			id = fmt.Sprint("p", attempt%products+1)
			a.query(t, "web", strings.Replace(stockQuery, "p1", id, 1), nil)
			return redis.Size(t) > before
		})
		d.Reset()
		got := b.query(t, "web", strings.Replace(stockQuery, "p1", id, 1), nil)
		if len(got.Errors) > 0 {
			t.Fatalf("%s", got.body)
		}
		if calls := b.calls(t); calls != "" {
			t.Logf("attempt %d: the other gateway called %q", attempt, calls)
			return false
		}
		// Another answer with the same entity.
		got = b.query(t, "web", fmt.Sprintf(`{ product(id: %q) { name stock { available } } }`, id), nil)
		if len(got.Errors) > 0 {
			t.Fatalf("%s", got.body)
		}
		if calls := b.calls(t); calls != "catalog GET /products/{id} 1" {
			t.Logf("attempt %d: for the entity, the other gateway called %q", attempt, calls)
			return false
		}
		return true
	})
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
		await(t, "the other gateway knows", func() bool {
			now, err := stockOf(t, http.DefaultClient, reader)
			if err != nil {
				t.Fatal(err)
			}
			return now == before-1
		})
		t.Logf("the other gateway knew after %v", time.Since(written))
	}
}

// A gateway that is stopped while Redis hangs sends it what it invalidated as soon as
// it can, within the time of draining; what it could not send is in its log.
func TestStoppedWhileRedisHangs(t *testing.T) {
	t.Parallel()
	const key = "auth:\n  keys: |\n    - {sha256: " + purgerHash + ", principal: purger, scopes: ['cache:purge']}\n"
	for name, c := range map[string]struct {
		drain  string
		resume bool
	}{"it comes back": {"60s", true}, "it does not": {"1s", false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			redis, d := redistest.Start(t), demotest.Start(t)
			t.Cleanup(redis.Resume)
			config := "server: {listen: '127.0.0.1:0', drain: " + c.drain + "}\nadmin: {listen: '127.0.0.1:0'}\n" + key + cached + fmt.Sprintf("redis: {url: %q}\n", redis.URL())
			a, b := startWith(t, d, config), startWith(t, d, config)
			hit := func() bool { return b.query(t, "web", stockQuery, nil).header.Get("Age") != "" }
			await(t, "it is cached", hit)
			redis.Pause()
			if status, body := a.purge(t, `{"types": ["Stock"]}`); status != http.StatusAccepted || !strings.Contains(body, `"shared": false`) {
				t.Errorf("purged with %d %s", status, body)
			}
			ended := make(chan error, 1)
			go func() { ended <- a.end() }()
			if !c.resume {
				await(t, "the log says it", func() bool {
					return strings.Contains(a.log.String(), "other gateways do not know what was invalidated")
				})
				if err := <-ended; err != nil {
					t.Error(err)
				}
				return
			}
			await(t, "it is stopping", func() bool { return strings.Contains(a.log.String(), "stopping") })
			redis.Resume()
			if err := <-ended; err != nil || strings.Contains(a.log.String(), "do not know") {
				t.Errorf("%v\n%s", err, a.log)
			}
			// At the latest when it noticed that Redis was away, the other gateway dropped
			// its answer; the one that it took from Redis since is invalid, too.
			if hit() {
				t.Error("the other gateway has what was invalidated")
			}
		})
	}
}

// purgerHash is the SHA-256 of the API key "purger".
const purgerHash = "5c0cf895aca74643ec127b79769afc5a8b6f3893bd5ff38ca808b4f5a826e1ee"

// purge purges at the admin address, as a principal that may.
func (g *gateway) purge(t *testing.T, body string) (status int, answer string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, g.admin+"/cache/purge", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Api-Key", "purger")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// An object that is not there is cached for a second, not for the maxAge of its
// type, also at the root.
func TestMissingObject(t *testing.T) {
	d := demotest.Start(t)
	g := startWith(t, d, loopback+authDemo(d)+cached)
	for query, want := range map[string]string{
		`{ product(id: "none") { id } }`: "public, max-age=1",
		`{ product(id: "p1") { id } }`:   "public, max-age=60, stale-while-revalidate=30, stale-if-error=600",
	} {
		got := g.do(t, http.MethodGet, "/graphql/web?query="+url.QueryEscape(query), map[string]string{"Graphql-Require-Preflight": "1"}, nil)
		if control := got.header.Get("Cache-Control"); control != want {
			t.Errorf("%s: %q, want %q", query, control, want)
		}
	}
}

// While Redis is killed, restarted and paused under load, no request fails, and
// none reads what is older than the answer may be.
func TestSharedCacheFailsUnderLoad(t *testing.T) {
	t.Parallel()
	sharedCacheFailsUnderLoad(t, 1, 500*time.Millisecond)
}

func TestSharedCacheFailsUnderLoadLong(t *testing.T) {
	longtest.Only(t)
	sharedCacheFailsUnderLoad(t, 3, 3*time.Second)
}

// stockHistory is when which amount was replaced by the next, and what readers
// saw of it.
type stockHistory struct {
	mu       sync.Mutex
	replaced map[int]time.Time

	reads   atomic.Int64
	slowest atomic.Int64 // request
}

func (h *stockHistory) replace(amount int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.replaced[amount] = time.Now()
}

// read reads an amount that is not older than it may be: an answer is kept for
// 5 s, counted from when it was made, which takes as long as a request.
func (h *stockHistory) read(t *testing.T, client *http.Client, g *gateway) bool {
	t.Helper()
	began := time.Now()
	got, err := stockOf(t, client, g)
	if err != nil {
		t.Errorf("a request failed: %v", err)
		return false
	}
	h.reads.Add(1)
	raise(&h.slowest, int64(time.Since(began)))
	h.mu.Lock()
	at, gone := h.replaced[got]
	h.mu.Unlock()
	if age := began.Sub(at); gone && age > 5*time.Second+500*time.Millisecond+time.Duration(h.slowest.Load()) {
		t.Errorf("%d was read, %v after it was replaced", got, age)
		return false
	}
	return true
}

// raise makes n the largest of what it was raised to.
func raise(n *atomic.Int64, to int64) {
	for have := n.Load(); have < to && !n.CompareAndSwap(have, to); have = n.Load() {
	}
}

func sharedCacheFailsUnderLoad(t *testing.T, rounds int, pause time.Duration) {
	t.Helper()
	redis, d := redistest.Start(t), demotest.Start(t)
	// An order more or less in a minute does not matter here.
	config := loopback + authDemo(d) + cached + fmt.Sprintf("redis: {url: %q}\n", redis.URL())
	gateways := []*gateway{startWith(t, d, config), startWith(t, d, config)}
	left, err := stockOf(t, http.DefaultClient, gateways[0])
	if err != nil {
		t.Fatal(err)
	}
	history := &stockHistory{replaced: map[int]time.Time{}}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}}
	defer client.CloseIdleConnections()
	var group sync.WaitGroup
	for n := range 8 {
		group.Go(func() {
			for ctx.Err() == nil && history.read(t, client, gateways[n%2]) {
				time.Sleep(2 * time.Millisecond)
			}
		})
	}
	group.Go(func() {
		for i := 0; ctx.Err() == nil && left > 0; i++ {
			token := "Bearer " + demotest.Token(t, d, fmt.Sprint("u", 1+i%9), "orders:write") // 30 orders a minute are allowed to each
			if got := gateways[i%2].query(t, "web", orderOne, nil, "Authorization", token); len(got.Errors) > 0 {
				t.Errorf("an order failed: %s", got.body)
				return
			}
			history.replace(left)
			left--
			time.Sleep(400 * time.Millisecond)
		}
	})
	// logged waits until both gateways have told something so many times.
	logged := func(text string, times int) {
		await(t, "both gateways tell: "+text, func() bool {
			before := history.reads.Load()
			if t.Failed() {
				cancel()
				t.FailNow()
			}
			return strings.Count(gateways[0].log.String(), text) >= times && strings.Count(gateways[1].log.String(), text) >= times && before > 0
		})
		before := history.reads.Load()
		await(t, "requests are answered", func() bool { return t.Failed() || history.reads.Load() >= before+100 })
		time.Sleep(pause)
	}
	const away, back = "Redis is not available", "Redis is available again"
	steps := 0
	for range rounds {
		for _, c := range []struct{ fail, heal func() }{{redis.Kill, func() { redis.Restart(t) }}, {redis.Pause, redis.Resume}} {
			steps++
			c.fail()
			logged(away, steps)
			c.heal()
			logged(back, steps)
		}
	}
	cancel()
	group.Wait()
	t.Logf("%d reads, the slowest took %v", history.reads.Load(), time.Duration(history.slowest.Load()))
}
