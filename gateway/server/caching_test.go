package server

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/auth"
	"github.com/portico-gateway/portico/gateway/cache"
	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/gateway/execute"
	"github.com/portico-gateway/portico/gateway/execute/executetest"
	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/provenance"
	"github.com/portico-gateway/portico/gateway/upstream"
)

const cachingDirectives = `
directive @cacheControl(maxAge: Int, scope: CacheControlScope, inheritMaxAge: Boolean, staleWhileRevalidate: Int, staleIfError: Int) on FIELD_DEFINITION | OBJECT | INTERFACE | UNION
enum CacheControlScope { PUBLIC PRIVATE }
directive @cacheTag(format: String!) repeatable on FIELD_DEFINITION | OBJECT | INTERFACE
directive @invalidates(tags: [String!]!) on FIELD_DEFINITION
directive @authenticated on FIELD_DEFINITION
directive @requiresScopes(scopes: [[String!]!]!) on FIELD_DEFINITION
`

// field resolves a root field for a test.
type field = executetest.Field

// toy returns an executable schema whose root fields are functions.
func toy(schema *ast.Schema, fields map[string]field) graphql.ExecutableSchema {
	return executetest.Schema(schema, fields, nil)
}

// keyOf is the API key of a principal of tests.
func keyOf(principal string) string { return "key-of-" + principal }

// cachingGateway serves a toy at /graphql as its handler would be served.
func cachingGateway(t testing.TB, sdl string, fields map[string]field, change func(*config.Config), options ...Options) (*httptest.Server, *Server) {
	t.Helper()
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: "caching.graphqls", Input: cachingDirectives + sdl})
	if err != nil {
		t.Fatal(err)
	}
	cfg := config.Defaults()
	var keys strings.Builder
	for _, name := range []string{"a", "b"} {
		sum := sha256.Sum256([]byte(keyOf(name)))
		fmt.Fprintf(&keys, "- {sha256: %s, principal: %s, scopes: [%s]}\n", hex.EncodeToString(sum[:]), name, name)
	}
	cfg.Auth.Keys = config.Secret(keys.String())
	cfg.Frontend.Documents.Automatic = true
	if change != nil {
		change(&cfg)
	}
	of := Options{}
	if len(options) > 0 {
		of = options[0]
	}
	s, err := New(&cfg, slog.New(slog.DiscardHandler), of)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if err := s.open([]execute.Frontend{{Name: "toy", Schema: toy(schema, fields)}}, nil); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	end := s.background(ctx)
	server := httptest.NewServer(s)
	t.Cleanup(func() {
		server.Close()
		cancel()
		end()
	})
	return server, s
}

// asked is an answer to a test.
type asked struct {
	status int
	header http.Header
	body   string
}

// cache is how the answer was made: hits have only their age.
func (a asked) cache() string {
	if a.header.Get("Age") != "" && a.header.Get("Cache-Status") == "" {
		return "hit"
	}
	return a.header.Get("Cache-Status")
}

// ask sends a query, by GET when it has the method GET. Header fields are
// "Name: value".
func ask(t testing.TB, server *httptest.Server, method, query string, header ...string) asked {
	t.Helper()
	got, err := tryAsk(server, method, query, nil, header...)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func tryAsk(server *httptest.Server, method, query string, variables map[string]any, header ...string) (asked, error) {
	body, _ := json.Marshal(map[string]any{"query": query, "variables": variables})
	target := server.URL + "/graphql/toy"
	if method == http.MethodGet {
		values := url.Values{"query": {query}}
		if variables != nil {
			text, _ := json.Marshal(variables)
			values.Set("variables", string(text))
		}
		target, body = target+"?"+values.Encode(), nil
	}
	req, err := http.NewRequest(method, target, bytes.NewReader(body))
	if err != nil {
		return asked{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		req.Header.Set(name, value)
	}
	if req.Header.Get("Accept-Encoding") == "" {
		req.Header.Set("Accept-Encoding", "identity") // or the client adds gzip
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return asked{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return asked{resp.StatusCode, resp.Header, string(text)}, err
}

// counter is a field whose value is how often it was called.
func counter(calls *atomic.Int64) field {
	return func(context.Context, map[string]any) (any, error) { return calls.Add(1), nil }
}

func TestHit(t *testing.T) {
	var calls atomic.Int64
	server, _ := cachingGateway(t, `type Query { n: Int @cacheControl(maxAge: 60, staleIfError: 5) @cacheTag(format: "all n") }`, map[string]field{"n": counter(&calls)}, nil)
	for i, want := range []string{"Portico; fwd=miss; stored", "hit", "hit"} {

		got := ask(t, server, http.MethodGet, "{n}")
		if got.status != 200 || got.body != `{"data":{"n":1}}` || got.cache() != want {
			t.Errorf("%d: %v %s %q", i, got.status, got.body, got.cache())
		}
		for name, value := range map[string]string{
			"Cache-Control": "public, max-age=60, stale-if-error=5", "Content-Type": "application/json; charset=utf-8",
			"Vary": "Accept, Accept-Encoding", "X-Content-Type-Options": "nosniff", "Content-Length": "16",
		} {
			if have := strings.Join(got.header.Values(name), ", "); have != value {
				t.Errorf("%d: %s is %q, want %q", i, name, have, value)
			}
		}
		if got.header.Get("Etag") == "" || got.header.Get("X-Request-Id") == "" {
			t.Errorf("%d: %v", i, got.header)
		}
	}
	// By POST it is the same answer, which nobody else may keep.
	got := ask(t, server, http.MethodPost, "{n}")
	if got.cache() != "hit" || got.header.Get("Cache-Control") != "no-store" || got.header.Get("Etag") != "" {
		t.Errorf("POST: %v", got.header)
	}
	// Another operation is another answer, though it asks for the same.
	if got := ask(t, server, http.MethodPost, "query Q{n}"); got.body != `{"data":{"n":2}}` {
		t.Error(got.body)
	}
}

func TestConditionalGet(t *testing.T) {
	var calls atomic.Int64
	server, _ := cachingGateway(t, `type Query { n: Int @cacheControl(maxAge: 60) }`, map[string]field{"n": counter(&calls)}, nil)
	first := ask(t, server, http.MethodGet, "{n}")
	etag := first.header.Get("Etag")
	for header, status := range map[string]int{
		"If-None-Match: " + etag:              304,
		"If-None-Match: W/" + etag:            304,
		`If-None-Match: "other", ` + etag:     304,
		"If-None-Match: *":                    304,
		`If-None-Match: "other"`:              200,
		"If-None-Match: " + etag[:5] + `"`:    200,
		"If-Match: " + etag:                   200,
		"If-None-Match: garbage, \"unclosed ": 200,
	} {
		got := ask(t, server, http.MethodGet, "{n}", header)
		if got.status != status || status == 304 && (got.body != "" || got.header.Get("Etag") != etag || got.header.Get("Cache-Control") == "") {
			t.Errorf("%s: %d %q %v", header, got.status, got.body, got.header)
		}
	}
	other := ask(t, server, http.MethodGet, "{n}", "Accept: application/graphql-response+json")
	if other.header.Get("Etag") == etag || other.header.Get("Content-Type") != "application/graphql-response+json; charset=utf-8" {
		t.Error("two representations have the same tag")
	}
	if calls.Load() != 1 {
		t.Errorf("%d calls", calls.Load())
	}
}

func TestCodings(t *testing.T) {
	long := strings.Repeat("portico ", 1000)
	server, _ := cachingGateway(t, `type Query { s: String @cacheControl(maxAge: 60) }`, map[string]field{
		"s": func(context.Context, map[string]any) (any, error) { return long, nil },
	}, nil)
	tags := map[string]bool{}
	for accept, coding := range map[string]string{
		"gzip": "gzip", "gzip;q=0": "", "identity": "", "zstd, gzip": "zstd", "x, GZIP;q=0.5": "gzip", "gzip, zstd;q=0": "gzip", "br": "br", "gzip;q=x": "",
	} {
		got := ask(t, server, http.MethodGet, "{s}", "Accept-Encoding: "+accept)
		if have := got.header.Get("Content-Encoding"); have != coding || strconv.Itoa(len(got.body)) != got.header.Get("Content-Length") {
			t.Errorf("%s: %q, %d bytes of %s", accept, have, len(got.body), got.header.Get("Content-Length"))
		}
		tags[got.header.Get("Etag")] = true
		if coding == "gzip" {
			r, err := gzip.NewReader(strings.NewReader(got.body))
			if err != nil {
				t.Fatal(err)
			}
			if text, _ := io.ReadAll(r); !strings.Contains(string(text), long) {
				t.Error("gzip is not the answer")
			}
		}
		if coding != "" && len(got.body) > 1000 {
			t.Errorf("%s: %d bytes", accept, len(got.body))
		}
	}
	if len(tags) != 4 {
		t.Errorf("%d tags of four codings", len(tags))
	}
}

// What nobody declares to be cacheable is not cached, nor is an error.
func TestNotKept(t *testing.T) {
	var calls atomic.Int64
	fail := func(context.Context, map[string]any) (any, error) {
		return nil, problem.New(problem.ServiceError, "call %d failed", calls.Add(1))
	}
	server, _ := cachingGateway(t, `
		type Query { n: Int  bad: Int @cacheControl(maxAge: 60)  all: Int @cacheControl(maxAge: 60)  no: Int @cacheControl(maxAge: 60) }
		type Mutation { n: Int }`,
		map[string]field{
			"n": counter(&calls), "bad": fail,
			"all": func(ctx context.Context, _ map[string]any) (any, error) {
				upstream.CallerOf(ctx)
				return calls.Add(1), nil
			},
			"no": func(ctx context.Context, _ map[string]any) (any, error) {
				provenance.From(ctx).Expires(time.Now())
				return calls.Add(1), nil
			},
		}, nil)
	for _, query := range []string{"{n}", "{bad}", "{all}", "{no}"} {
		before := calls.Load()
		for range 3 {
			got := ask(t, server, http.MethodGet, query)
			if got.header.Get("Cache-Control") != "no-store" || got.header.Get("Etag") != "" || strings.Contains(got.cache(), "stored") {
				t.Errorf("%s: %v", query, got.header)
			}
		}
		if n := calls.Load() - before; n != 3 {
			t.Errorf("%s: %d calls of 3", query, n)
		}
	}
	if got := ask(t, server, http.MethodPost, "mutation {n}"); got.cache() != "" {
		t.Errorf("a mutation has a cache status: %s", got.cache())
	}
}

// An operation that is declared to be public is private when it was made with
// the principal, and differs by the headers that were read.
func TestWhatAnswersVaryBy(t *testing.T) {
	var calls atomic.Int64
	server, _ := cachingGateway(t, `type Query {
			who: String @cacheControl(maxAge: 60, scope: PUBLIC)
			language: String @cacheControl(maxAge: 60)
			version: String @cacheControl(maxAge: 60, scope: PUBLIC)
			secret: String @authenticated @cacheControl(maxAge: 60, scope: PUBLIC)
			scoped: String @requiresScopes(scopes: [["a"]]) @cacheControl(maxAge: 60)
		}`, map[string]field{
		"who": func(ctx context.Context, _ map[string]any) (any, error) { return auth.From(ctx).ID(), nil },
		"language": func(ctx context.Context, _ map[string]any) (any, error) {
			calls.Add(1)
			return upstream.Header(ctx, "accept-language"), nil
		},
		"version": func(ctx context.Context, _ map[string]any) (any, error) {
			calls.Add(1)
			provenance.From(ctx).UsesVersion("shop")
			return "v1", nil
		},
		"secret": func(context.Context, map[string]any) (any, error) { return "s", nil },
		"scoped": func(context.Context, map[string]any) (any, error) { return "s", nil },
	}, nil)
	for range 3 {
		for key, want := range map[string]string{"": `""`, keyOf("a"): `"key:0::a"`, keyOf("b"): `"key:0::b"`} {
			got := ask(t, server, http.MethodGet, "{who}", "X-Api-Key: "+key)
			if got.body != `{"data":{"who":`+want+`}}` {
				t.Errorf("%s got %s", key, got.body)
			}
			if got.header.Get("Cache-Control") != "private, no-store" || got.header.Get("Etag") != "" || got.header.Get("Surrogate-Key") != "" {
				t.Errorf("%v", got.header)
			}
		}
		// No header has the version that a request gets.
		if got := ask(t, server, http.MethodGet, "{version}"); got.header.Get("Cache-Control") != "private, no-store" || got.header.Get("Etag") != "" {
			t.Errorf("an answer of a version: %v", got.header)
		}
		for _, language := range []string{"de", "fr"} {
			got := ask(t, server, http.MethodGet, "{language}", "Accept-Language: "+language)
			if got.body != `{"data":{"language":"`+language+`"}}` || !strings.Contains(strings.Join(got.header.Values("Vary"), ","), "Accept-Language") {
				t.Errorf("%s: %s %v", language, got.body, got.header)
			}
		}
		// Who may not have it does not get it from the cache.
		for key, want := range map[string]string{"": "UNAUTHENTICATED", keyOf("a"): `"s"`} {
			if got := ask(t, server, http.MethodGet, "{secret}", "X-Api-Key: "+key); !strings.Contains(got.body, want) {
				t.Errorf("secret for %q: %s", key, got.body)
			}
		}
		for key, want := range map[string]string{keyOf("b"): "FORBIDDEN", keyOf("a"): `"s"`} {
			if got := ask(t, server, http.MethodGet, "{scoped}", "X-Api-Key: "+key); !strings.Contains(got.body, want) {
				t.Errorf("scoped for %q: %s", key, got.body)
			}
		}
	}
	if calls.Load() != 3 {
		t.Errorf("%d calls for two languages and a version", calls.Load())
	}
}

func TestInvalidation(t *testing.T) {
	values := sync.Map{}
	get := func(ctx context.Context, args map[string]any) (any, error) {
		id := fmt.Sprint(args["id"])
		provenance.From(ctx).Tag("runtime-" + id)
		value, _ := values.Load(id)
		return value, nil
	}
	server, s := cachingGateway(t, `
		type Query { item(id: ID!): Item @cacheControl(maxAge: 60) @cacheTag(format: "item-{$args.id}") }
		type Item { id: ID }
		input Change { ids: [ID!]!, value: Int }
		type Mutation {
			set(input: Change!): Int @invalidates(tags: ["item-{$args.input.ids}"])
			all: Int @invalidates(tags: ["type:Item"])
			secret: Int @authenticated @invalidates(tags: ["type:Item"])
			runtime(id: ID!): Int @invalidates(tags: ["runtime-{$args.id}"])
		}`, map[string]field{
		"item": get,
		"set": func(_ context.Context, args map[string]any) (any, error) {
			input := args["input"].(map[string]any) //nolint:forcetypeassert // a test
			for _, id := range input["ids"].([]any) {
				values.Store(fmt.Sprint(id), input["value"])
			}
			return nil, problem.New(problem.ServiceError, "it was done nevertheless")
		},
		"all": counter(new(atomic.Int64)), "secret": counter(new(atomic.Int64)), "runtime": counter(new(atomic.Int64)),
	}, nil)
	read := func(id, want, status string) {
		t.Helper()
		got := ask(t, server, http.MethodPost, `{item(id:"`+id+`"){id}}`)
		if got.body != `{"data":{"item":`+want+`}}` || !strings.HasSuffix(got.cache(), status) {
			t.Errorf("item %s: %s %s, want %s %s", id, got.body, got.cache(), want, status)
		}
	}
	for _, id := range []string{"1", "2", "a b,c"} {
		read(id, "null", "stored")
		read(id, "null", "hit")
	}
	ask(t, server, http.MethodPost, `mutation { set(input: {ids: ["1", "a b,c"], value: 7}) }`)
	read("1", "7", "stored")
	read("a b,c", "7", "stored")
	read("2", "null", "hit")
	if got := ask(t, server, http.MethodPost, `mutation { secret }`); !strings.Contains(got.body, "UNAUTHENTICATED") {
		t.Error(got.body)
	}
	read("1", "7", "hit") // who may not change it does not empty the cache
	ask(t, server, http.MethodPost, `mutation { runtime(id: "2") }`)
	read("1", "7", "hit")
	read("2", "null", "stored")
	ask(t, server, http.MethodPost, `mutation { all }`)
	read("1", "7", "stored")
	read("2", "null", "stored")
	s.store.Clear(t.Context())
	read("1", "7", "stored")
	got := ask(t, server, http.MethodGet, `{item(id:"a b,c"){id}}`)
	if keys := got.header.Get("Surrogate-Key"); keys != "type:Item item-a%20b%2Cc" {
		t.Errorf("keys %q", keys)
	}
}

func TestPurge(t *testing.T) {
	var calls atomic.Int64
	server, s := cachingGateway(t, `type Query { item(id: ID): Item @cacheControl(maxAge: 60) @cacheTag(format: "item-{$args.id}") } type Item { id: ID }`,
		map[string]field{"item": counter(&calls)}, func(c *config.Config) {
			sum := sha256.Sum256([]byte("purger"))
			c.Auth.Keys += config.Secret(fmt.Sprintf("- {sha256: %s, principal: purger, scopes: [%q]}\n", hex.EncodeToString(sum[:]), "cache:purge"))
		})
	admin := httptest.NewServer(s.adminHandler())
	defer admin.Close()
	ask(t, server, http.MethodPost, `{item(id:"1"){id}}`)
	ask(t, server, http.MethodPost, `{item(id:"1"){id}}`)
	resp, err := http.Get(admin.URL + "/cache/stats")
	if err != nil {
		t.Fatal(err)
	}
	var stats cache.Stats
	if err := json.NewDecoder(resp.Body).Decode(&stats); err != nil || stats.Hits == 0 || stats.Misses == 0 || stats.Bytes == 0 {
		t.Errorf("%+v %v", stats, err)
	}
	resp.Body.Close()
	for _, c := range []struct {
		key, body    string
		status, made int
	}{
		{"", `{"all":true}`, 401, 0}, {"wrong", `{"all":true}`, 401, 0}, {keyOf("a"), `{"all":true}`, 403, 0},
		{"purger", `{}`, 400, 0}, {"purger", ``, 400, 0}, {"purger", `{"tag":["x"]}`, 400, 0}, {"purger", `{"tags":[]}`, 400, 0},
		{"purger", `{"all":true} x`, 400, 0}, {"purger", `{"all":true,"all":false}`, 400, 0}, {"purger", `{"all":false,"all":true}`, 400, 0},
		{"purger", `{"Tags":["item-1"]}`, 400, 0}, {"purger", `{"tags":[""]}`, 400, 0}, {"purger", `{"tags":["item-1"],"all":true}`, 400, 0},
		{"purger", `{"tags":["item-1",1]}`, 400, 0}, {"purger", `{"tags":["item-1"]`, 400, 0}, {"purger", `[{"all":true}]`, 400, 0},

		{"purger", `{"tags":["item-2"]}`, 204, 0}, {"purger", `{"tags":["item-1","x"]}`, 204, 1}, {"purger", `{"types":["Other"]}`, 204, 0},
		{"purger", `{"types":["Item"]}`, 204, 1}, {"purger", `{"all":true}`, 204, 1},
	} {
		ask(t, server, http.MethodPost, `{item(id:"1"){id}}`)
		before := calls.Load()
		req, err := http.NewRequest(http.MethodPost, admin.URL+"/cache/purge", strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Api-Key", c.key)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		ask(t, server, http.MethodPost, `{item(id:"1"){id}}`)
		if made := int(calls.Load() - before); resp.StatusCode != c.status || made != c.made {
			t.Errorf("%q %s: %d, made anew %d times; want %d and %d", c.key, c.body, resp.StatusCode, made, c.status, c.made)
		}
	}
}

// Many at the moment of expiry are one call.
func TestStampede(t *testing.T) {
	var calls, arrived atomic.Int64
	const all = 200
	server, _ := cachingGateway(t, `type Query { n: Int @cacheControl(maxAge: 60) }`, map[string]field{
		"n": func(ctx context.Context, _ map[string]any) (any, error) {
			n := calls.Add(1)
			if n == 1 {
				provenance.From(ctx).Expires(time.Now().Add(time.Second))
				return n, nil
			}
			for arrived.Load() < all {
				time.Sleep(time.Millisecond)
			}
			return n, nil
		},
	}, nil)
	handler := server.Config.Handler
	server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		arrived.Add(1)
		handler.ServeHTTP(w, r)
	})
	ask(t, server, http.MethodPost, "{n}")
	time.Sleep(1100 * time.Millisecond) // at least that long
	arrived.Store(0)
	var group sync.WaitGroup
	failed := atomic.Int64{}
	for range all {
		group.Go(func() {
			got, err := tryAsk(server, http.MethodPost, "{n}", nil)
			if err != nil || got.body != `{"data":{"n":2}}` {
				failed.Add(1)
			}
		})
	}
	group.Wait()
	if calls.Load() != 2 || failed.Load() != 0 {
		t.Errorf("%d calls, %d failed", calls.Load(), failed.Load())
	}
}

// Identical queries under way are one, though nothing is cached; those of other
// principals are not.
func TestCoalescing(t *testing.T) {
	// A request joins some time after it arrived: how long that takes depends on
	// the machine.
	for wait := 100 * time.Millisecond; ; wait *= 2 {
		// One of both principals is the first, the other's begins when it is known
		// that the answer is the principal's.
		calls := coalesced(t, wait)
		if calls == 2 {
			return
		}
		if wait > 10*time.Second {
			t.Fatalf("%d calls", calls)
		}
	}
}

// coalesced is how many calls identical queries of two principals make, when a
// call ends so long after all have arrived.
func coalesced(t *testing.T, after time.Duration) int64 {
	t.Helper()
	var calls atomic.Int64
	var arrived atomic.Int64
	const all = 20
	wait := func(ctx context.Context, _ map[string]any) (any, error) {
		calls.Add(1)
		for arrived.Load() < all {
			time.Sleep(time.Millisecond)
		}
		time.Sleep(after)
		return auth.From(ctx).ID(), nil
	}
	server, _ := cachingGateway(t, `type Query { who: String }`, map[string]field{"who": wait}, func(c *config.Config) { c.Cache.Size = 0 })
	handler := server.Config.Handler
	server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		arrived.Add(1)
		handler.ServeHTTP(w, r)
	})
	var group sync.WaitGroup
	for i := range all {
		principal := []string{"a", "b"}[i%2]
		group.Go(func() {
			got, err := tryAsk(server, http.MethodPost, "{who}", nil, "X-Api-Key: "+keyOf(principal))
			if want := `{"data":{"who":"key:0::` + principal + `"}}`; err != nil || got.body != want {
				t.Errorf("%s: %s", principal, got.body)
			}
		})
	}
	group.Wait()
	return calls.Load()
}

// What was made with all of a request is nobody else's, also when that is seen
// for the first time.
func TestCoalescingOfWhatIsOneRequests(t *testing.T) {
	var calls, arrived atomic.Int64
	const all = 10
	server, _ := cachingGateway(t, `type Query { all: String @cacheControl(maxAge: 60) }`, map[string]field{
		"all": func(ctx context.Context, _ map[string]any) (any, error) {
			calls.Add(1)
			for arrived.Load() < all {
				time.Sleep(time.Millisecond)
			}
			time.Sleep(100 * time.Millisecond)
			return upstream.CallerOf(ctx).Headers.Get("X-Who"), nil
		},
	}, nil)
	handler := server.Config.Handler
	server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		arrived.Add(1)
		handler.ServeHTTP(w, r)
	})
	var group sync.WaitGroup
	for i := range all {
		group.Go(func() {
			got, err := tryAsk(server, http.MethodPost, "{all}", nil, "X-Who: "+strconv.Itoa(i))
			if want := fmt.Sprintf(`{"data":{"all":"%d"}}`, i); err != nil || got.body != want {
				t.Errorf("%d got %s", i, got.body)
			}
		})
	}
	group.Wait()
	if calls.Load() != all {
		t.Errorf("%d calls", calls.Load())
	}
}

// A hit takes points, and its answer has how many are left.
func TestHitsAreCharged(t *testing.T) {
	var calls atomic.Int64
	server, _ := cachingGateway(t, `type Query { item: Item @cacheControl(maxAge: 60) } type Item { n: Int }`, map[string]field{"item": func(context.Context, map[string]any) (any, error) {
		return executetest.Object{"n": calls.Add(1)}, nil
	}}, func(c *config.Config) {
		c.Frontend.Cost.Max, c.Frontend.Cost.Parse = 1, 0
		c.Frontend.RateLimit.Anonymous = &config.Bucket{Capacity: 5, Refill: 0.001}
	})
	for i := range 7 {
		got := ask(t, server, http.MethodPost, "{item{n}}")
		if left := fmt.Sprintf(`"toy";r=%d;`, max(4-i, 0)); !strings.HasPrefix(got.header.Get("RateLimit"), left) {
			t.Errorf("%d: %q, want %s", i, got.header.Get("RateLimit"), left)
		}
		if (got.status == http.StatusTooManyRequests) != (i > 4) {
			t.Errorf("%d: %d %s", i, got.status, got.body)
		}
	}
	if calls.Load() != 1 {
		t.Errorf("%d calls", calls.Load())
	}
}

func TestStaleAnswers(t *testing.T) {
	var calls atomic.Int64
	var down atomic.Bool
	n := func(context.Context, map[string]any) (any, error) {
		if down.Load() {
			return nil, problem.New(problem.ServiceError, "down")
		}
		return calls.Add(1), nil
	}
	server, _ := cachingGateway(t, `type Query {
		revalidated: Int @cacheControl(maxAge: 1, staleWhileRevalidate: 60)
		kept: Int @cacheControl(maxAge: 1, staleIfError: 60)
		neither: Int @cacheControl(maxAge: 1)
	}`, map[string]field{"revalidated": n, "kept": n, "neither": n}, nil)
	for _, name := range []string{"revalidated", "kept", "neither"} {
		ask(t, server, http.MethodGet, "{"+name+"}")
	}
	time.Sleep(1100 * time.Millisecond)
	down.Store(true)
	got := ask(t, server, http.MethodGet, "{kept}")
	age := got.header.Get("Age")
	if got.body != `{"data":{"kept":2},"extensions":{"cache":{"status":"stale","age":`+age+`}}}` || age == "" || age == "0" ||
		!strings.HasPrefix(got.cache(), "Portico; hit; ttl=-") || got.header.Get("Cache-Control") != "no-store" {
		t.Errorf("stale if error: %s %v", got.body, got.header)
	}
	if got := ask(t, server, http.MethodGet, "{neither}"); !strings.Contains(got.body, "down") {
		t.Errorf("neither: %s", got.body)
	}
	down.Store(false)
	if got := ask(t, server, http.MethodGet, "{kept}"); got.body != `{"data":{"kept":4}}` {
		t.Errorf("up again: %s", got.body)
	}
	if got := ask(t, server, http.MethodGet, "{revalidated}"); got.body != `{"data":{"revalidated":1},"extensions":{"cache":{"status":"stale","age":`+got.header.Get("Age")+`}}}` {
		t.Errorf("stale while revalidate: %s", got.body)
	}
	for range 1000 {
		if got = ask(t, server, http.MethodGet, "{revalidated}"); !strings.Contains(got.body, "stale") {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if got.body != `{"data":{"revalidated":5}}` {
		t.Errorf("revalidated: %s", got.body)
	}
}

// While a service is not available, an answer with a fallback value is kept by no cache.
func TestFallbackAnswers(t *testing.T) {
	var down atomic.Bool
	n := func(ctx context.Context, _ map[string]any) (any, error) {
		var err error
		if down.Load() {
			err = problem.New(problem.ServiceError, "down").OfOutage()
		}
		return execute.FallbackOne(ctx, "Query.n", func() any { return 0 })(1, err)
	}
	server, _ := cachingGateway(t, `type Query { n: Int @cacheControl(maxAge: 60) }`, map[string]field{"n": n}, nil)
	down.Store(true)
	for range 2 {
		got := ask(t, server, http.MethodGet, "{n}")
		if got.body != `{"data":{"n":0}}` || got.header.Get("Cache-Control") != "no-store" || got.cache() != "Portico; fwd=miss" {
			t.Errorf("down: %s %v", got.body, got.header)
		}
	}
	down.Store(false)
	if got := ask(t, server, http.MethodGet, "{n}"); got.body != `{"data":{"n":1}}` || got.header.Get("Cache-Control") != "public, max-age=60" {
		t.Errorf("up again: %s %v", got.body, got.header)
	}
}

// An answer that was invalidated while it was made is kept by no cache, not even one
// between the gateway and its clients.
func TestInvalidatedWhileMade(t *testing.T) {
	var s *Server
	var calls atomic.Int64
	var server *httptest.Server
	server, s = cachingGateway(t, `type Query { n: Int @cacheControl(maxAge: 60) @cacheTag(format: "n") }`, map[string]field{
		"n": func(ctx context.Context, _ map[string]any) (any, error) {
			if calls.Add(1) == 1 {
				s.store.Invalidate(ctx, "n")
			}
			return calls.Load(), nil
		},
	}, nil)
	for i, want := range []string{"no-store", "public, max-age=60"} {
		if got := ask(t, server, http.MethodGet, "{n}"); got.header.Get("Cache-Control") != want {
			t.Errorf("%d: %s, %v", i, got.body, got.header)
		}
	}
}

// A missing object is no longer cached after a mutation that calls its service, which
// may have created it; the headers for a cache before the gateway name no service.
func TestMissingObjectIsCreated(t *testing.T) {
	var s *Server
	var created atomic.Bool
	write := func(service string) field {
		return func(ctx context.Context, _ map[string]any) (any, error) { // as a call does
			created.Store(service == "catalog")
			s.store.Invalidate(ctx, cache.ServiceTag(service))
			return 1, nil
		}
	}
	var server *httptest.Server
	server, s = cachingGateway(t, `type Query { item: Item @cacheControl(maxAge: 60) } type Item { id: ID } type Mutation { create: Int other: Int }`, map[string]field{
		"item": func(ctx context.Context, _ map[string]any) (any, error) {
			record := provenance.From(ctx)
			record.Calls("catalog")
			if !created.Load() {
				record.Missing()
				return nil, nil //nolint:nilnil // it is null
			}
			return 7, nil
		},
		"create": write("catalog"), "other": write("other"),
	}, func(c *config.Config) { c.Cache.Missing = config.Duration(time.Minute) })
	for _, step := range []struct{ query, want, cache string }{
		{"{item{id}}", `{"data":{"item":null}}`, "stored"},
		{"mutation{other}", `{"data":{"other":1}}`, ""},
		{"{item{id}}", `{"data":{"item":null}}`, "hit"},
		{"mutation{create}", `{"data":{"create":1}}`, ""},
		{"{item{id}}", `{"data":{"item":7}}`, "stored"},
		{"mutation{other}", `{"data":{"other":1}}`, ""},
		{"{item{id}}", `{"data":{"item":7}}`, "hit"},
	} {
		got := ask(t, server, http.MethodPost, step.query)
		if got.body != step.want || !strings.HasSuffix(got.cache(), step.cache) || strings.Contains(fmt.Sprint(got.header), "catalog") {
			t.Errorf("%s: %s %v", step.query, got.body, got.header)
		}
	}
	created.Store(false)
	s.store.Clear(t.Context())
	if got := ask(t, server, http.MethodGet, "{item{id}}"); got.header.Get("Surrogate-Key") != "type:Item" {
		t.Errorf("%v", got.header)
	}
}

// A mutation whose caller leaves goes on, and invalidates; a query does not go on.
func TestCallerLeavesAMutation(t *testing.T) {
	begun, open, ended := make(chan struct{}, 2), make(chan struct{}), make(chan error, 2)
	var version atomic.Int64
	server, _ := cachingGateway(t, `type Query { n: Int @cacheControl(maxAge: 60) @cacheTag(format: "n")  slow: Int } type Mutation { set: Int @invalidates(tags: ["n"]) }`,
		map[string]field{
			"n": func(context.Context, map[string]any) (any, error) { return version.Load(), nil },
			"slow": func(ctx context.Context, _ map[string]any) (any, error) {
				begun <- struct{}{}
				<-ctx.Done()
				ended <- ctx.Err()
				return nil, ctx.Err()
			},
			"set": func(ctx context.Context, _ map[string]any) (any, error) {
				begun <- struct{}{}
				<-open
				version.Add(1)
				ended <- ctx.Err()
				return 1, nil
			},
		}, nil)
	leave := func(query string) {
		ctx, cancel := context.WithCancel(t.Context())
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL+"/graphql/toy", strings.NewReader(fmt.Sprintf("{\"query\":%q}", query)))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		left := make(chan struct{})
		go func() {
			defer close(left)
			if resp, err := http.DefaultClient.Do(req); err == nil {
				resp.Body.Close()
			}
		}()
		<-begun
		cancel()
		<-left
	}
	if got := ask(t, server, http.MethodPost, "{n}"); got.body != "{\"data\":{\"n\":0}}" {
		t.Fatal(got.body)
	}
	leave("{slow}")
	if err := <-ended; err == nil {
		t.Error("a query goes on")
	}
	leave("mutation {set}")
	close(open)
	if err := <-ended; err != nil {
		t.Errorf("the mutation is cancelled: %v", err)
	}
	await(t, "it has invalidated", func() bool { return ask(t, server, http.MethodPost, "{n}").body == "{\"data\":{\"n\":1}}" })
}

// What services say of parts holds for the answer, whatever the schema says, also in
// caches between the gateway and its clients.
func TestPartsOfServices(t *testing.T) {
	var down atomic.Bool
	born := func(ago, fresh time.Duration, note func(*provenance.Record)) field {
		return func(ctx context.Context, _ map[string]any) (any, error) {
			if down.Load() {
				return nil, problem.New(problem.ServiceError, "down")
			}
			record := provenance.From(ctx)
			record.Born(time.Now().Add(-ago))
			if fresh > 0 {
				record.Expires(time.Now().Add(fresh))
			}
			note(record)
			return 1, nil
		}
	}
	nothing := func(*provenance.Record) {}
	const hint = `Int @cacheControl(maxAge: 100, staleWhileRevalidate: 50, staleIfError: 60)`
	server, _ := cachingGateway(t, "type Query { plain: "+hint+" must: "+hint+" aged: "+hint+" old: "+hint+" bounded: "+hint+" missing: "+hint+" brief: "+hint+" }", map[string]field{
		"plain":   born(0, 0, nothing),
		"must":    born(0, 80*time.Second, (*provenance.Record).MustRevalidate),
		"aged":    born(30*time.Second, 0, nothing),
		"old":     born(101*time.Second, 0, nothing),
		"bounded": born(0, 20500*time.Millisecond, nothing),
		"missing": born(0, 0, (*provenance.Record).Missing),
		"brief":   born(0, time.Second, (*provenance.Record).MustRevalidate),
	}, nil)
	for name, want := range map[string]string{
		"plain":   "public, max-age=100, stale-while-revalidate=50, stale-if-error=60",
		"must":    "public, max-age=80, must-revalidate",
		"aged":    "public, max-age=100, stale-while-revalidate=50, stale-if-error=60; 30",
		"old":     "no-store",
		"bounded": "public, max-age=20, stale-while-revalidate=50, stale-if-error=60",
		"missing": "public, max-age=1",
		"brief":   "public, max-age=1, must-revalidate",
	} {
		got := ask(t, server, http.MethodGet, "{"+name+"}")
		said := got.header.Get("Cache-Control")
		if age := got.header.Get("Age"); age != "" {
			said += "; " + age
		}
		if said != want {
			t.Errorf("%s: %q, want %q", name, said, want)
		}
	}
	down.Store(true)
	await(t, "the answer is not fresh", func() bool {
		got := ask(t, server, http.MethodGet, "{brief}")
		if strings.Contains(got.body, "stale") {
			t.Fatalf("a stale answer is served: %s", got.body)
		}
		return strings.Contains(got.body, "down")
	})
}

// await waits for something that must happen.
func await(t *testing.T, what string, happened func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !happened(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// What resolvers put into the extensions is in the answer of who asked, and of
// who waited, and the answer is not kept.
func TestExtensionsOfResolvers(t *testing.T) {
	var calls atomic.Int64
	server, _ := cachingGateway(t, `type Query { n: Int @cacheControl(maxAge: 60) }`, map[string]field{"n": func(ctx context.Context, _ map[string]any) (any, error) {
		graphql.RegisterExtension(ctx, "mine", 7)
		return calls.Add(1), nil
	}}, nil)
	for i, want := range []string{`{"data":{"n":1},"extensions":{"mine":7}}`, `{"data":{"n":2},"extensions":{"mine":7}}`} {
		if got := ask(t, server, http.MethodGet, "{n}"); got.body != want || got.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%d: %s %v", i, got.body, got.header)
		}
	}
}

// flaky is a part that is found invalid some times.
type flaky struct{ times *atomic.Int64 }

func (f flaky) Adopt(tags []string) bool {
	return slices.Contains(tags, "type:Item") && f.times.Add(-1) < 0
}

// An answer that was made of what was invalid by one of its tags is made again.
func TestInvalidParts(t *testing.T) {
	var calls, invalid atomic.Int64
	server, _ := cachingGateway(t, `type Query { item: Item @cacheControl(maxAge: 60) } type Item { n: Int }`, map[string]field{
		"item": func(ctx context.Context, _ map[string]any) (any, error) {
			provenance.From(ctx).Has(flaky{&invalid})
			return calls.Add(1), nil
		},
	}, nil)
	for i, c := range []struct {
		invalid      int64
		body, status string
	}{{1, "2", "stored"}, {0, "2", "hit"}} {
		invalid.Store(c.invalid)
		if got := ask(t, server, http.MethodPost, "{item{n}}"); got.body != `{"data":{"item":`+c.body+`}}` || !strings.HasSuffix(got.cache(), c.status) {
			t.Errorf("%d: %s %s", i, got.body, got.cache())
		}
	}
	invalid.Store(3) // each time
	if got := ask(t, server, http.MethodPost, "query Q{item{n}}"); got.body != `{"data":{"item":5}}` || strings.Contains(got.cache(), "stored") {
		t.Errorf("%s %s", got.body, got.cache())
	}
}
