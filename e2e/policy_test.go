package e2e_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/portico-gateway/portico/demo"
	"github.com/portico-gateway/portico/demo/demotest"
	"github.com/portico-gateway/portico/e2e/redistest"
	"github.com/portico-gateway/portico/internal/longtest"
)

// loopback has ports that nobody else has.
const loopback = "server: {listen: \"127.0.0.1:0\"}\nadmin: {listen: \"127.0.0.1:0\"}\nrouting: {default: web}\n"

// authDemo accepts the tokens of a demo.
func authDemo(d *demo.Demo) string {
	return fmt.Sprintf("auth: {issuers: [{issuer: %q, jwks: %q, audiences: [portico]}]}\n", d.URL(demo.Accounts), d.URL(demo.Accounts)+"/.well-known/jwks.json")
}

// A field that is denied is null, its siblings have their data, and its service
// is not called.
func TestDeniedFields(t *testing.T) {
	g := shared(t)
	reader := "Bearer " + demotest.Token(t, g.demo, "u2", "orders:read")
	for name, c := range map[string]struct{ document, token, data, errors, calls string }{
		"without a token":   {`{ me { id orders { id } } product(id: "p1") { id } }`, "", `{"me":null,"product":{"id":"p1"}}`, "UNAUTHENTICATED [me]", "catalog GET /products/{id} 1"},
		"without the scope": {buy, reader, `{"placeOrder":null}`, "FORBIDDEN [placeOrder]", ""},
		"one alias of two": {`mutation { a: placeOrder(input: {items: [{productId: "p13", quantity: 1}]}) { order { id } } b: placeOrder(input: {items: [{productId: "p1", quantity: 99}]}) { order { id } } }`,
			"Bearer " + demotest.Token(t, g.demo, "u2", "orders:write"), `{"a":null,"b":null}`, "OUT_OF_STOCK [a] FORBIDDEN [b]", "orders POST /orders 1"},
	} {
		t.Run(name, func(t *testing.T) {
			g.demo.Reset()
			a := g.query(t, "web", c.document, nil, "Authorization", c.token)
			var errs []string
			for _, e := range a.Errors {
				errs = append(errs, fmt.Sprint(e.Extensions["code"], " ", e.Path))
			}
			if string(a.Data) != c.data || strings.Join(errs, " ") != c.errors {
				t.Errorf("got %s", a.body)
			}
			if calls := g.calls(t); calls != c.calls {
				t.Errorf("calls %q, want %q", calls, c.calls)
			}
		})
	}
}

// Callers learn what an operation cost and what they have left, when they
// ask; the headers always have the latter.
func TestCostIsTold(t *testing.T) {
	d := demotest.Start(t)
	g := startWith(t, d, loopback+"frontend: {rateLimit: {anonymous: {capacity: 5000, refill: 100}}}\n")
	ask := func(extensions string) *answer {
		return g.do(t, http.MethodPost, "/graphql/web", map[string]string{"Content-Type": "application/json"},
			strings.NewReader(`{"query":"{ products(first: 50) { nodes { id reviews(first: 2) { rating } } } }"`+extensions+`}`))
	}
	if a := ask(""); strings.Contains(string(a.body), "extensions") {
		t.Errorf("told unasked: %.200s", a.body)
	}
	a := ask(`,"extensions":{"cost":true}`)
	var got struct {
		Extensions struct {
			Cost struct {
				RequestedQueryCost, ActualQueryCost float64
				ThrottleStatus                      struct{ MaximumAvailable, CurrentlyAvailable, RestoreRate float64 }
			}
		}
	}
	if err := json.Unmarshal(a.body, &got); err != nil {
		t.Fatal(err)
	}
	cost := got.Extensions.Cost
	if reviews := strings.Count(string(a.body), "rating"); cost.RequestedQueryCost != 1+50*(1+2) || cost.ActualQueryCost != float64(1+50+reviews) {
		t.Errorf("%d reviews: %+v", reviews, cost)
	}
	if s := cost.ThrottleStatus; s.MaximumAvailable != 5000 || s.RestoreRate != 100 || s.CurrentlyAvailable > 5000-cost.ActualQueryCost+200 || s.CurrentlyAvailable < 4000 {
		t.Errorf("%+v", s)
	}
	if policy, left := a.header.Get("RateLimit-Policy"), a.header.Get("RateLimit"); policy != `"web";q=5000;w=50` || !strings.HasPrefix(left, `"web";r=4`) {
		t.Errorf("RateLimit-Policy: %s, RateLimit: %s", policy, left)
	}
	for range 100 {
		if a = ask(""); a.status == http.StatusTooManyRequests {
			break
		}
	}
	if a.status != http.StatusTooManyRequests || a.header.Get("Retry-After") == "" || a.code() != "THROTTLED" || a.Errors[0].Extensions["cost"] == nil || a.Data != nil {
		t.Errorf("status %d, Retry-After %q: %s", a.status, a.header.Get("Retry-After"), a.body)
	}
}

// Two gateways and one Redis grant one principal what one bucket has: not more,
// and not less.
func TestTwoGateways(t *testing.T) {
	t.Parallel()
	twoGateways(t, 1000, 20, 500)
}

func TestTwoGatewaysLong(t *testing.T) {
	longtest.Only(t)
	twoGateways(t, 5000, 100, 10_000)
}

// twoGateways asks until so many requests were throttled.
func twoGateways(t *testing.T, capacity, refill float64, throttled int64) {
	t.Helper()
	const clients = 32
	redis, d, i := redistest.Start(t), demotest.Start(t), startIssuer(t)
	config := loopback + fmt.Sprintf("auth: {issuers: [{issuer: %[1]q, jwks: %[1]q}]}\nredis: {url: %[2]q, timeout: 20s}\nfrontend: {cost: {max: 100, parse: 0}, rateLimit: {authenticated: {capacity: %[3]v, refill: %[4]v}}}\n",
		i.URL, redis.URL(), capacity, refill)
	gateways := []*gateway{startWith(t, d, config), startWith(t, d, config)}
	token := "Bearer " + i.token(t, nil)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}}
	defer client.CloseIdleConnections()
	// An object costs its point even when there is none, so nothing is given
	// back.
	ask := func(g *gateway) int {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, g.url+"/graphql/web", strings.NewReader(`{"query":"{ a: product(id: \"none\") { id } b: product(id: \"none\") { id } }"}`))
		if err != nil {
			t.Error(err)
			return 0
		}
		req.Header = http.Header{"Content-Type": {"application/json"}, "Authorization": {token}}
		resp, err := client.Do(req)
		if err != nil {
			t.Error(err)
			return 0
		}
		_ = resp.Body.Close()
		return resp.StatusCode
	}
	// latest is when the last request that was refused was sent, and first when
	// the first answer came.
	var granted, refused, latest, first atomic.Int64
	start := time.Now()
	var wait sync.WaitGroup
	for n := range clients {
		wait.Go(func() {
			for refused.Load() < throttled {
				sent := time.Since(start)
				status := ask(gateways[n%2])
				first.CompareAndSwap(0, int64(time.Since(start)))
				switch status {
				case http.StatusOK:
					granted.Add(2)
				case http.StatusTooManyRequests:
					refused.Add(1)
					raise(&latest, int64(sent))
					time.Sleep(5 * time.Millisecond)
				default:
					t.Errorf("status %d", status)
					return
				}
			}
		})
	}
	wait.Wait()
	took := time.Since(start)
	got, most := float64(granted.Load()), capacity+refill*took.Seconds()
	// When a request is refused, the bucket has less than the two points that it
	// needs; and it is filled since the first request, at the latest.
	least := capacity + refill*time.Duration(latest.Load()-first.Load()).Seconds() - 2
	t.Logf("granted %.0f of %.0f points in %v", got, most, took)
	if got > most || got < least {
		t.Errorf("granted %v of %v to %v points", got, least, most)
	}
}

// While Redis hangs or is gone under load, requests are answered, and then the
// gateways share buckets again.
func TestRedisFailsUnderLoad(t *testing.T) {
	t.Parallel()
	redis, d := redistest.Start(t), demotest.Start(t)
	config := loopback + fmt.Sprintf("redis: {url: %q}\nfrontend: {cost: {max: 100}, rateLimit: {anonymous: {capacity: 200, refill: 100}}}\n", redis.URL())
	gateways := []*gateway{startWith(t, d, config), startWith(t, d, config)}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}, Timeout: patience}
	defer client.CloseIdleConnections()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var (
		wait                             sync.WaitGroup
		answers, slowest, granted, other atomic.Int64
	)
	begun := time.Now()
	for n := range 16 {
		wait.Go(func() {
			for ctx.Err() == nil {
				req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, gateways[n%2].url+"/graphql/web", strings.NewReader(`{"query":"{ product(id: \"none\") { id } }"}`))
				if err != nil {
					t.Error(err)
					return
				}
				req.Header.Set("Content-Type", "application/json")
				start := time.Now()
				resp, err := client.Do(req)
				if err != nil {
					t.Error(err)
					return
				}
				_ = resp.Body.Close()
				answers.Add(1)
				raise(&slowest, int64(time.Since(start)))
				switch resp.StatusCode {
				case http.StatusOK:
					granted.Add(1)
				case http.StatusTooManyRequests:
				default:
					other.Add(1)
				}
				time.Sleep(5 * time.Millisecond)
			}
		})
	}
	const away, back = "Redis is not available", "Redis is available again"
	count := func(text string) (all int) {
		for _, g := range gateways {
			all += strings.Count(g.log.String(), text)
		}
		return all
	}
	logged := func(text string, times int) {
		before := answers.Load()
		await(t, fmt.Sprintf("both gateways tell %d times: %s", times, text), func() bool {
			return strings.Count(gateways[0].log.String(), text) >= times && strings.Count(gateways[1].log.String(), text) >= times
		})
		await(t, "requests are answered", func() bool { return answers.Load() > before+200 })
	}
	for i, c := range []struct{ fail, heal func() }{{redis.Pause, redis.Resume}, {redis.Kill, func() { redis.Restart(t) }}} {
		c.fail()
		logged(away, i+1)
		c.heal()
		logged(back, i+1)
	}
	cancel()
	wait.Wait()
	// The shared bucket, full again when Redis is new, and half of it for a
	// gateway each time that Redis is away for it.
	took := time.Since(begun).Seconds()
	if most := 200 + 200 + float64(count(away))*100 + 2*100*took; float64(granted.Load()) > most {
		t.Errorf("%d granted of %v", granted.Load(), most)
	}
	if other.Load() > 0 || granted.Load() == 0 || granted.Load() == answers.Load() {
		t.Errorf("%d granted, %d neither granted nor throttled", granted.Load(), other.Load())
	}
	t.Logf("%d answers, %d granted, the slowest took %v", answers.Load(), granted.Load(), time.Duration(slowest.Load()))
}

// Streams end when their token does: with the leeway that it has over HTTP, so
// that a token which has just expired begins one.
func TestTokenExpires(t *testing.T) {
	t.Parallel()
	d, i := demotest.Start(t), startIssuer(t)
	g := startWith(t, d, loopback+fmt.Sprintf("auth: {issuers: [{issuer: %[1]q, jwks: %[1]q, leeway: 6s}]}\n", i.URL))
	// expiring is a token that is accepted for a few seconds more, all of them
	// leeway, and until when.
	expiring := func() (token string, expires time.Time) {
		expires = time.Now().Add(4 * time.Second).Truncate(time.Second)
		return "Bearer " + i.token(t, map[string]any{"exp": expires.Add(-6 * time.Second).Unix()}), expires
	}
	t.Run("WebSocket", func(t *testing.T) {
		t.Parallel()
		token, expires := expiring()
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		conn, resp, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(g.url, "http")+"/graphql/web", &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
		if err != nil {
			t.Fatal(err)
		}
		if resp.Body != nil {
			defer resp.Body.Close()
		}
		for _, m := range []string{fmt.Sprintf(`{"type":"connection_init","payload":{"authorization":%q}}`, token), subscribe("1", `subscription { stockChanged(productId: "p1") { available } }`)} {
			if err := conn.Write(ctx, websocket.MessageText, []byte(m)); err != nil {
				t.Fatal(err)
			}
		}
		events := 0
		for err == nil {
			var text []byte
			if _, text, err = conn.Read(ctx); bytes.Contains(text, []byte("available")) {
				events++
			}
		}
		if events == 0 {
			t.Error("no event before the token expired")
		}
		if code := websocket.CloseStatus(err); code != 4401 || time.Since(expires) < 0 {
			t.Errorf("closed with %d, %v after the token expired", code, time.Since(expires))
		}
	})
	t.Run("server-sent events", func(t *testing.T) {
		t.Parallel()
		token, expires := expiring()
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, g.url+"/graphql/web", strings.NewReader(body(`subscription { stockChanged(productId: "p1") { available } }`, nil)))
		if err != nil {
			t.Fatal(err)
		}
		req.Header = http.Header{"Content-Type": {"application/json"}, "Accept": {"text/event-stream"}, "Authorization": {token}}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text := readAll(t, resp)
		if !strings.Contains(text, "available") || !strings.Contains(text, "UNAUTHENTICATED") || !strings.Contains(text, "event: complete") || time.Since(expires) < 0 {
			t.Errorf("%v after the token expired: %s", time.Since(expires), text)
		}
	})
}

func readAll(t *testing.T, resp *http.Response) string {
	t.Helper()
	var b strings.Builder
	buffer := make([]byte, 4096)
	for {
		n, err := resp.Body.Read(buffer)
		b.Write(buffer[:n])
		if err != nil {
			return b.String()
		}
	}
}

// Services learn who calls as they are configured to, from nobody but the
// gateway.
func TestWhatServicesAreTold(t *testing.T) {
	d, i := demotest.Start(t), startIssuer(t)
	var mu sync.Mutex
	var got http.Header
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		got = r.Header
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"users":[{"id":"u1","display_name":"x"}]}`))
	}))
	defer service.Close()
	sum := sha256.Sum256([]byte("machine"))
	for name, c := range map[string]struct {
		setting string
		header  []string
		want    map[string]string
	}{
		"nothing":        {"", []string{"Authorization", "token", "X-User-Id", "admin"}, map[string]string{"Authorization": "", "X-User-Id": ""}},
		"the subject":    {"subjectHeader: X-User-Id", []string{"Authorization", "token", "X-User-Id", "admin"}, map[string]string{"Authorization": "", "X-User-Id": "u7"}},
		"both":           {"subjectHeader: X-User-Id, forwardAuthorization: true", []string{"Authorization", "token", "X-User-Id", "admin"}, map[string]string{"Authorization": "token", "X-User-Id": "u7"}},
		"an API key":     {"subjectHeader: X-User-Id, forwardAuthorization: true", []string{"X-Api-Key", "machine"}, map[string]string{"Authorization": "", "X-User-Id": "cron", "X-Api-Key": ""}},
		"anonymous":      {"subjectHeader: X-User-Id", []string{"X-User-Id", "admin"}, map[string]string{"X-User-Id": ""}},
		"trace context":  {"", []string{"Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "Tracestate", "a=b"}, map[string]string{"Traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "Tracestate": "a=b"}},
		"cookies, never": {"forwardAuthorization: true", []string{"Cookie", "a=b"}, map[string]string{"Cookie": ""}},
	} {
		t.Run(name, func(t *testing.T) {
			list := strings.Replace(services(d), fmt.Sprintf("accounts: {url: %q, forwardAuthorization: true}", d.URL(demo.Accounts)), fmt.Sprintf("accounts: {url: %q, %s}", service.URL, c.setting), 1)
			file := filepath.Join(t.TempDir(), "portico.yaml")
			write(t, file, loopback+fmt.Sprintf("auth: {issuers: [{issuer: %[1]q, jwks: %[1]q}], keys: \"[{sha256: %[2]s, principal: cron}]\"}\n", i.URL, hex.EncodeToString(sum[:]))+list)
			g := startBeside(t, d, "..", binary, "-config", file)
			token := "Bearer " + i.token(t, map[string]any{"sub": "u7"})
			for at, text := range c.header {
				c.header[at] = strings.ReplaceAll(text, "token", token)
			}
			if a := g.query(t, "web", `{ product(id: "p1") { reviews(first: 1) { author { id } } } }`, nil, c.header...); len(a.Errors) > 0 {
				t.Fatalf("%s", a.body)
			}
			mu.Lock()
			defer mu.Unlock()
			for name, want := range c.want {
				if got.Get(name) != strings.ReplaceAll(want, "token", token) {
					t.Errorf("%s: %q, want %q", name, got.Get(name), want)
				}
			}
		})
	}
}

// A gateway without the keys of tokens is not ready, and lets nobody in.
func TestColdStart(t *testing.T) {
	d := demotest.Start(t)
	file := filepath.Join(t.TempDir(), "portico.yaml")
	write(t, file, loopback+"auth: {issuers: [{issuer: \"http://127.0.0.1:1\"}]}\n"+services(d))
	g := startUnready(t, d, "..", binary, "-config", file)
	if status, _, text := get(t, g.admin+"/readyz"); status != http.StatusServiceUnavailable || !strings.Contains(text, "keys of token issuers") {
		t.Errorf("readyz: %d %s", status, text)
	}
	if a := g.query(t, "web", me, nil, "Authorization", "Bearer "+startIssuer(t).token(t, map[string]any{"iss": "http://127.0.0.1:1"})); a.status != http.StatusServiceUnavailable || a.code() != "SERVICE_UNAVAILABLE" {
		t.Errorf("with a token: %d %s", a.status, a.body)
	}
	if a := g.query(t, "web", `{ product(id: "p1") { id } }`, nil); a.status != http.StatusOK || len(a.Errors) > 0 {
		t.Errorf("without a token: %s", a.body)
	}
}

// CORS is each frontend's own.
func TestOriginsOfFrontends(t *testing.T) {
	d := demotest.Start(t)
	g := startWith(t, d, loopback+"frontend: {cors: {origins: [\"https://shop.example\"], credentials: true}}\nfrontends: {mobile: {cors: {origins: [\"*\"], credentials: false}}}\n")
	for _, c := range []struct{ frontend, origin, allowed, credentials string }{
		{"web", "https://shop.example", "https://shop.example", "true"}, {"web", "https://evil.example", "", ""}, {"mobile", "https://evil.example", "*", ""},
	} {
		a := g.query(t, c.frontend, `{ __typename }`, nil, "Origin", c.origin)
		if got := a.header.Get("Access-Control-Allow-Origin"); got != c.allowed || a.header.Get("Access-Control-Allow-Credentials") != c.credentials {
			t.Errorf("%s from %s: %v", c.frontend, c.origin, a.header)
		}
	}
}

// Trusted documents are executed by their ids and change with their file;
// introspection needs its scope.
func TestTrustedDocuments(t *testing.T) {
	t.Parallel()
	d := demotest.Start(t)
	dir := t.TempDir()
	manifest := filepath.Join(dir, "manifest.json")
	list := func(text string) {
		write(t, manifest+".new", text)
		if err := os.Rename(manifest+".new", manifest); err != nil {
			t.Fatal(err)
		}
	}
	list(`{"one": "query One($id: ID!) { product(id: $id) { id } }"}`)
	config := loopback + authDemo(d) + fmt.Sprintf("frontend: {introspection: true, introspectionScope: schema:read, documents: {mode: only, manifest: %q}}\n", manifest)
	g := startWith(t, d, config)
	ask := func(id string) *answer {
		return g.do(t, http.MethodPost, "/graphql/web", map[string]string{"Content-Type": "application/json"}, strings.NewReader(fmt.Sprintf(`{"documentId":%q,"variables":{"id":"p1"}}`, id)))
	}
	if a := ask("one"); string(a.Data) != `{"product":{"id":"p1"}}` {
		t.Errorf("by its id: %s", a.body)
	}
	if a := g.do(t, http.MethodGet, `/graphql/web?documentId=one&variables={"id":"p1"}`, map[string]string{"GraphQL-Require-Preflight": "1"}, nil); string(a.Data) != `{"product":{"id":"p1"}}` {
		t.Errorf("by GET: %s", a.body)
	}
	list(`{"two": "query One($id: ID!) { product(id: $id) { id name } }"}`)
	await(t, "the changed manifest is read", func() bool { return ask("two").Data != nil })
	if a := ask("one"); a.code() != "PERSISTED_QUERY_NOT_FOUND" {
		t.Errorf("after the change: %s", a.body)
	}
	list(`{"three": "{ nothing }"}`)
	await(t, "the log has the broken manifest", func() bool { return strings.Contains(g.log.String(), "the one before stays") })
	if a := ask("two"); a.Data == nil {
		t.Errorf("after a broken manifest: %s", a.body)
	}
	status, header, _ := get(t, g.url+"/graphql/web/schema.graphql")
	if status != http.StatusNotFound {
		t.Errorf("the schema without its scope: %d %v", status, header)
	}
	a := g.query(t, "web", `{ __schema { queryType { name } } }`, nil, "Authorization", "Bearer "+demotest.Token(t, d, "u1", "schema:read"))
	if a.code() != "PERSISTED_QUERY_NOT_IN_LIST" {
		t.Errorf("introspection is no trusted document: %s", a.body)
	}
}

// The mistakes of a configuration are reported at the start.
func TestWrongPolicies(t *testing.T) {
	for name, c := range map[string]struct{ config, want string }{
		"CORS":            {"frontend: {cors: {origins: [\"https://*.example\"], credentials: true}}", "portico.yaml:4:29: frontend.cors.origins[0]: must not have * with credentials"},
		"a symmetric key": {"auth: {issuers: [{issuer: \"https://a\", algorithms: [HS256]}]}", `portico.yaml:4:53: auth.issuers[0].algorithms[0]: "HS256" is not one of`},
		"a key":           {"auth: {keys: \"[{sha256: abc, principal: x}]\"}", "sha256 must have 64 hexadecimal digits"},
		"a mode":          {"frontend: {documents: {mode: some}}", `"some" is not one of off, allow, log-unknown, only`},
		"a manifest":      {"frontend: {documents: {mode: only, manifest: nowhere.json}}", "nowhere.json"},
		"a frontend":      {"frontends: {tv: {}}", "frontends.tv"},
		"Redis":           {"redis: {url: \"http://hunter2\"}", "redis.url"},
		"a small bucket":  {"frontend: {rateLimit: {anonymous: {capacity: 10, refill: 1}}}", "must be at least cost.max"},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "portico.yaml")
			write(t, file, loopback+c.config+"\nservices: {catalog: {url: \"http://127.0.0.1:1\"}, accounts: {url: \"http://127.0.0.1:1\"}, orders: {url: \"http://127.0.0.1:1\"}, shipping: {url: \"http://127.0.0.1:1\"}, reviews: {url: \"grpc://127.0.0.1:1\"}, inventory: {url: \"grpc://127.0.0.1:1\"}}\n")
			code, text := runGateway(t, []string{"-config", file})
			if code != 1 || !strings.Contains(text, c.want) || strings.Contains(text, secret) {
				t.Errorf("exit %d: %s", code, text)
			}
		})
	}
}

// The example of docs/cost.md costs what it says.
func TestGuideOfCosts(t *testing.T) {
	text, err := os.ReadFile("../docs/cost.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "```graphql\n")
	document, rest, _ := strings.Cut(rest, "```")
	_, rest, _ = strings.Cut(rest, "```json\n")
	want, _, _ := strings.Cut(rest, "```")
	g := start(t)
	payload, err := json.Marshal(map[string]any{"query": document, "extensions": map[string]any{"cost": true}})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(token string) *answer {
		return g.do(t, http.MethodPost, "/graphql/web", map[string]string{"Content-Type": "application/json", "Authorization": token}, strings.NewReader(string(payload)))
	}
	ask("Bearer " + demotest.Token(t, g.demo, "u1", "orders:read")) // pays for the document
	a := ask("")
	var got struct {
		Extensions struct{ Cost json.RawMessage }
	}
	if err := json.Unmarshal(a.body, &got); err != nil {
		t.Fatal(err)
	}
	if compact(string(got.Extensions.Cost)) != compact(want) {
		t.Errorf("got %s, want %s", got.Extensions.Cost, want)
	}
}

// A field of the items of a list is denied before anything is loaded for it,
// whatever way leads to it.
func TestDeniedInLists(t *testing.T) {
	d := demotest.Start(t)
	g := startExtended(t, d, loopback+authDemo(d), nil)
	token := "Bearer " + demotest.Token(t, g.demo, "u1")
	for name, selection := range map[string]string{
		"a field":          `guarded { available }`,
		"an alias":         `stock: guarded { available }`,
		"a fragment":       `...F`,
		"an interface":     `... on Kept { guarded { available } }`,
		"beside another":   `guarded { productId } ... on Kept { guarded { available } }`,
		"with a condition": `guarded @include(if: true) { available }`,
	} {
		document := `{ products(first: 5) { nodes { id ` + selection + ` } } }`
		if selection == `...F` {
			document += ` fragment F on Product { guarded { available } }`
		}
		for _, c := range []struct {
			token, calls string
			errors       int
		}{
			{"", "catalog GET /products 1", 5},
			{token, "catalog GET /products 1, inventory GetStock 1", 0},
		} {
			g.demo.Reset()
			a := g.query(t, "guarded", document, nil, "Authorization", c.token)
			if len(a.Errors) != c.errors || c.errors > 0 && (a.code() != "UNAUTHENTICATED" || strings.Contains(string(a.Data), "available") || strings.Count(string(a.Data), `"id"`) != 5) {
				t.Errorf("%s: %s", name, a.body)
			}
			if calls := g.calls(t); calls != c.calls {
				t.Errorf("%s: calls %q, want %q", name, calls, c.calls)
			}
		}
	}
}
