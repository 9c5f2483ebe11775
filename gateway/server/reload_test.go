package server

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/gateway/reload"
)

// reloadable is a gateway whose configuration a test changes.
type reloadable struct {
	*testing.T
	*Server
	server *httptest.Server
	config config.Config // that the next reload loads
}

const reloadSchema = `type Query { n: Int @cacheControl(maxAge: 60) a(x: Int): Query } type Mutation { set: Int } type Subscription { n: Int }`

func openReloadable(t *testing.T, fields map[string]field) *reloadable {
	t.Helper()
	r := &reloadable{T: t}
	r.server, r.Server = cachingGateway(t, reloadSchema, fields, func(c *config.Config) { r.config = *c })
	r.config = *r.now().config
	r.options.Load = func() (*config.Config, error) {
		loaded := r.config
		return &loaded, nil
	}
	return r
}

// reload reloads the configuration after a change.
func (r *reloadable) reload(change func(c *config.Config)) (reload.Outcome, error) {
	r.Helper()
	change(&r.config)
	return r.reloader.Ask(r.Context(), "a test")
}

// must is reload of a configuration that is valid.
func (r *reloadable) must(change func(c *config.Config)) reload.Outcome {
	r.Helper()
	of, err := r.reload(change)
	if err != nil {
		r.Fatal(err)
	}
	return of
}

// A reload changes what the settings say, and nothing else: cached answers stay.
func TestReload(t *testing.T) {
	var calls atomic.Int64
	r := openReloadable(t, map[string]field{"n": counter(&calls), "a": func(context.Context, map[string]any) (any, error) { return map[string]any{}, nil }})
	ask(t, r.server, http.MethodPost, "{n}")
	deep := "{a{a{a{n}}}}"
	if got := ask(t, r.server, http.MethodPost, deep); !strings.Contains(got.body, `"data"`) {
		t.Fatalf("before: %s", got.body)
	}
	of := r.must(func(c *config.Config) {
		c.Frontend.Limits.Depth = 2
		c.Server.Listen = "127.0.0.1:1"
		c.Cache.Size = 1 << 20
		c.Redis.Timeout++
	})
	if want := []string{"frontend.limits.depth"}; !slices.Equal(of.Changed, want) {
		t.Errorf("changed: %q, want %q", of.Changed, want)
	}
	if want := []string{"cache.size", "redis.timeout", "server.listen"}; !slices.Equal(of.Restart, want) {
		t.Errorf("need a restart: %q, want %q", of.Restart, want)
	}
	if got := ask(t, r.server, http.MethodPost, deep); !strings.Contains(got.body, "DEPTH") {
		t.Errorf("after: %s", got.body)
	}
	if got := ask(t, r.server, http.MethodPost, "{n}"); got.cache() != "hit" || calls.Load() != 1 {
		t.Errorf("the cached answer: %v %s, %d calls", got.header, got.body, calls.Load())
	}
	before := r.now().operations["toy"]
	r.must(func(c *config.Config) { c.Server.LameDuck++ })
	if r.now().operations["toy"] != before {
		t.Error("a frontend whose settings are the same is another one")
	}
}

// What is wrong keeps the configuration that is in effect; it is said, and where, until it is
// right again.
func TestReloadOfMistakes(t *testing.T) {
	r := openReloadable(t, map[string]field{})
	admin := httptest.NewServer(r.adminHandler())
	defer admin.Close()
	said := func() reload.State {
		t.Helper()
		resp, err := http.Get(admin.URL + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		var answer struct{ Configuration reload.State }
		if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
			t.Fatal(err)
		}
		return answer.Configuration
	}
	first := r.now()
	if of := said(); of.Error != "" || of.Loaded.IsZero() {
		t.Errorf("at first: %+v", of)
	}
	file := filepath.Join(t.TempDir(), "keys.yaml")
	for want, change := range map[string]func(c *config.Config){
		"frontends.tv": func(c *config.Config) { c.Frontends = map[string]config.Frontend{"tv": c.Frontend} },
		"auth.keyFile": func(c *config.Config) { c.Auth.KeyFile = file },
		"toy.documents.manifest: the": func(c *config.Config) { // all that is wrong is said at once, to those who ask and to those who read
			c.Services = map[string]config.Service{"broken": {URL: "nonsense"}}
			c.Frontend.Documents.Mode, c.Frontend.Documents.Manifest, c.Frontend.Documents.Automatic = "only", file, false
		},
		"services.broken": func(c *config.Config) { c.Services = map[string]config.Service{"broken": {URL: "nonsense"}} },
		"toy.documents.manifest": func(c *config.Config) {
			c.Frontend.Documents.Mode, c.Frontend.Documents.Manifest, c.Frontend.Documents.Automatic = "only", file, false
		},
	} {
		good := r.config
		if _, err := r.reload(change); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
		if of := said(); !strings.Contains(of.Error, want) || strings.HasSuffix(want, ": the") && !strings.Contains(of.Error, "services.broken") {
			t.Errorf("%s: /readyz says %+v", want, of)
		}
		if r.now() != first {
			t.Errorf("%s: the configuration has changed", want)
		}
		if of := r.Server.reload(t.Context()); want == "auth.keyFile" && of.Unread[want] != file {
			t.Errorf("%s: %v is not watched: %v", want, file, of.Unread)
		}
		r.config = good
	}
	r.must(func(*config.Config) {})
	if of := said(); of.Error != "" {
		t.Errorf("at last: %+v", of)
	}
	// What waits for a restart does so until it is what was started with.
	for _, c := range []struct{ listen, want string }{{"127.0.0.1:1", "[server.listen]"}, {"127.0.0.1:1", "[server.listen]"}, {first.config.Server.Listen, "[]"}} {
		if of := r.must(func(of *config.Config) { of.Server.Listen = c.listen }); fmt.Sprint(of.Restart) != c.want {
			t.Errorf("%s: %v need a restart, want %s", c.listen, of.Restart, c.want)
		}
	}
	r.options.Load = func() (*config.Config, error) {
		return config.Load(filepath.Join(t.TempDir(), "none.yaml"), func(string) string { return "" })
	}
	if _, err := r.reload(func(*config.Config) {}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
}

// Who is not accepted any more gets nothing more, also on a connection that is open.
func TestReloadEndsAccess(t *testing.T) {
	r := openReloadable(t, map[string]field{"set": func(context.Context, map[string]any) (any, error) { return 1, nil }})
	open := func(name string) *websocket.Conn {
		conn, resp, err := websocket.Dial(t.Context(), strings.Replace(r.server.URL, "http", "ws", 1)+"/graphql/toy", &websocket.DialOptions{
			Subprotocols: []string{"graphql-transport-ws"}, HTTPHeader: http.Header{"X-Api-Key": {keyOf(name)}},
		})
		if err != nil {
			t.Fatal(err)
		}
		if resp.Body != nil {
			_ = resp.Body.Close()
		}
		if err := conn.Write(t.Context(), websocket.MessageText, []byte(`{"type":"connection_init"}`)); err != nil {
			t.Fatal(err)
		}
		if _, _, err := conn.Read(t.Context()); err != nil {
			t.Fatal(err)
		}
		return conn
	}
	set := func(conn *websocket.Conn) (string, error) {
		if err := conn.Write(t.Context(), websocket.MessageText, []byte(`{"type":"subscribe","id":"1","payload":{"query":"mutation{set}"}}`)); err != nil {
			return "", err
		}
		_, text, err := conn.Read(t.Context())
		if err == nil {
			_, _, err = conn.Read(t.Context()) // complete
		}
		return string(text), err
	}
	a, b := open("a"), open("b")
	for _, conn := range []*websocket.Conn{a, b} {
		if text, err := set(conn); err != nil || !strings.Contains(text, `"set":1`) {
			t.Fatalf("%s %v", text, err)
		}
	}
	sum := sha256.Sum256([]byte(keyOf("b")))
	r.must(func(c *config.Config) {
		c.Auth.Keys = config.Secret(fmt.Sprintf("- {sha256: %s, principal: b, scopes: [b]}\n", hex.EncodeToString(sum[:])))
	})
	if text, err := set(a); websocket.CloseStatus(err) != 4401 {
		t.Errorf("whose key is gone: %s %v", text, err)
	}
	if text, err := set(b); err != nil || !strings.Contains(text, `"set":1`) {
		t.Errorf("whose key is there: %s %v", text, err)
	}
	for name, want := range map[string]int{"a": http.StatusUnauthorized, "b": http.StatusOK} {
		if got := ask(t, r.server, http.MethodPost, "mutation{set}", "X-Api-Key: "+keyOf(name)); got.status != want {
			t.Errorf("a request of %s: %d, want %d", name, got.status, want)
		}
	}
}

// POST /config/reload reloads, for those who may.
func TestReloadByAdmin(t *testing.T) {
	r := openReloadable(t, map[string]field{})
	r.must(func(c *config.Config) {
		sum := sha256.Sum256([]byte("deployer"))
		c.Auth.Keys += config.Secret(fmt.Sprintf("- {sha256: %s, principal: deployer, scopes: [%q]}\n", hex.EncodeToString(sum[:]), "config:reload"))
		c.Admin.Token = "hunter2"
	})
	admin := httptest.NewServer(r.adminHandler())
	defer admin.Close()
	do := func(method, path string, header ...string) (int, string) {
		t.Helper()
		req, err := http.NewRequest(method, admin.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range header {
			name, value, _ := strings.Cut(line, ": ")
			req.Header.Add(name, value)
		}
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
	token := "Authorization: Bearer hunter2"
	for _, c := range []struct {
		method, path string
		header       []string
		want         int
	}{
		{http.MethodGet, "/livez", nil, 200},
		{http.MethodGet, "/readyz", nil, 200},
		{http.MethodGet, "/cache/stats", nil, 401},
		{http.MethodGet, "/cache/stats", []string{"Authorization: Bearer hunter3"}, 401},
		{http.MethodGet, "/cache/stats", []string{token, token}, 401},
		{http.MethodGet, "/cache/stats", []string{"Authorization: Basic hunter2"}, 401},
		{http.MethodGet, "/cache/stats", []string{token}, 200},
		{http.MethodGet, "/cache/stats", []string{"Authorization: bearer hunter2"}, 200},
		{http.MethodGet, "/config/reload", []string{token}, 405},
		{http.MethodPost, "/readyz", []string{token}, 405},
		{http.MethodPost, "/metrics", []string{token}, 405},
		{http.MethodPost, "/config/reload", nil, 401},
		{http.MethodPost, "/config/reload", []string{"Authorization: Bearer hunter3"}, 401},
		{http.MethodPost, "/config/reload", []string{"X-Api-Key: " + keyOf("a")}, 403},
		{http.MethodPost, "/config/reload", []string{"X-Api-Key: deployer"}, 200},
		{http.MethodPost, "/config/reload", []string{token}, 200},
		{http.MethodPost, "/cache/purge", []string{token}, 400},
		{http.MethodPost, "/cache/purge", []string{"X-Api-Key: deployer"}, 403},
		{http.MethodGet, "/nothing", nil, 401},
		{http.MethodGet, "/nothing", []string{token}, 404},
	} {
		if status, body := do(c.method, c.path, c.header...); status != c.want {
			t.Errorf("%s %s %q: %d, want %d: %s", c.method, c.path, c.header, status, c.want, body)
		}
	}
	r.config.Frontend.Limits.Depth--
	if _, body := do(http.MethodPost, "/config/reload", token); !strings.Contains(body, `"changed":["frontend.limits.depth"],"restart":[]`) {
		t.Errorf("what has changed: %s", body)
	}
	r.config.Routing.Default = "tv"
	if status, body := do(http.MethodPost, "/config/reload", token); status != http.StatusUnprocessableEntity || !strings.Contains(body, "routing.default") {
		t.Errorf("a mistake: %d %s", status, body)
	}
}

// 100 reloads under load: no request fails, and the heap does not grow.
func TestReloadsUnderLoad(t *testing.T) {
	r := openReloadable(t, map[string]field{"n": func(context.Context, map[string]any) (any, error) { return 1, nil }})
	heap := func() float64 {
		if err := r.observer.WriteUsage(io.Discard, ""); err != nil { // operations are kept until their requests are gathered
			t.Fatal(err)
		}
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc)
	}
	turn := func(i int) {
		r.must(func(c *config.Config) {
			c.Frontend.Limits.Depth = 10 + i%2
			c.Frontend.CORS.Origins = []string{"https://shop.example"}
			c.Services = map[string]config.Service{"s": {URL: fmt.Sprintf("http://127.0.0.1:%d", 1+i%2), Timeout: config.Duration(time.Second), MaxBatch: 1, MaxResponse: 1}}
		})
	}
	load := func(reloads int) (answers int64) {
		var done atomic.Bool
		var count atomic.Int64
		var group sync.WaitGroup
		for n := range 4 {
			group.Go(func() {
				for i := 0; !done.Load(); i++ {
					got, err := tryAsk(r.server, []string{http.MethodPost, http.MethodGet}[n%2], fmt.Sprintf("query Q%d{n}", i%50), nil, "GraphQL-Require-Preflight: 1")
					if err != nil || got.status != http.StatusOK || !strings.Contains(got.body, `"n":1`) {
						t.Errorf("%v %+v", err, got)
						return
					}
					count.Add(1)
				}
			})
		}
		for i := range reloads {
			for before := count.Load(); count.Load() < before+20 && !t.Failed(); {
				time.Sleep(time.Microsecond) // the requests of others
			}
			turn(i)
		}
		done.Store(true)
		group.Wait()
		http.DefaultClient.CloseIdleConnections()
		return count.Load()
	}
	load(20)
	before := heap()
	answers := load(100)
	after := heap()
	t.Logf("%d answers, heap %.0f and %.0f kB", answers, before/1e3, after/1e3)
	if after > 1.05*before+64e3 {
		t.Errorf("the heap has grown from %.0f to %.0f kB", before/1e3, after/1e3)
	}
}
