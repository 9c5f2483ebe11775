package operation

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"go.uber.org/goleak"

	"github.com/portico-gateway/portico/clients"
	"github.com/portico-gateway/portico/gateway/access"
	"github.com/portico-gateway/portico/gateway/answer"
	"github.com/portico-gateway/portico/gateway/auth"
	"github.com/portico-gateway/portico/gateway/cache"
	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/gateway/document"
	"github.com/portico-gateway/portico/gateway/execute"
	"github.com/portico-gateway/portico/gateway/input"
	"github.com/portico-gateway/portico/gateway/persisted"
	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/ratelimit"
	"github.com/portico-gateway/portico/gateway/transport"
	"github.com/portico-gateway/portico/gateway/upstream"
	"github.com/portico-gateway/portico/graph"
	"github.com/portico-gateway/portico/resolvers"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// shop returns the demo's frontend web, whose service catalog is a handler; the
// others do not answer.
func shop(t testing.TB, change func(*Config), catalog http.HandlerFunc) *Frontend {
	t.Helper()
	cfg, err := config.Load("../../portico.yaml", func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	log, store := slog.New(slog.DiscardHandler), cache.Nothing()
	var list []upstream.Config
	for name, service := range cfg.Services {
		list = append(list, upstream.Config{Name: name, URL: service.URL, Timeout: time.Minute, MaxBatch: 100, MaxResponseBytes: 1 << 20, Store: store})
	}
	if catalog != nil {
		server := httptest.NewServer(catalog)
		t.Cleanup(server.Close)
		list[slices.IndexFunc(list, func(c upstream.Config) bool { return c.Name == "catalog" })].URL = server.URL
	}
	services, err := upstream.Open(list)
	if err != nil {
		t.Fatal(err)
	}
	limiter := ratelimit.New(ratelimit.Config{})
	project, err := clients.New(services)
	if err != nil {
		t.Fatal(err)
	}
	l := cfg.Of("web").Limits
	own := Config{
		Policies: resolvers.Policies(),
		Documents: document.Limits{
			Bytes: int(l.Document), Tokens: l.Tokens, Depth: l.Depth, Fields: l.Fields, Aliases: l.Aliases, RootFields: l.RootFields, PerKey: l.PerKey,
			Directives: l.Directives, Spreads: l.Spreads, SpreadDepth: l.SpreadDepth, InputDepth: l.InputDepth, InputItems: l.InputItems,
		},
		DocumentMemory: 16 << 20,
		Persisted:      persisted.Config{Mode: persisted.Off},
		Inputs:         input.Limits{Items: 10_000, Depth: 20, Bytes: 1 << 20},
		Introspection:  true,
		Cost:           Cost{Max: 5000, ListSize: 10, Parse: 10},
		Limiter:        limiter,
		Store:          store,
		Timeout:        time.Minute,
		Log:            log,
	}
	if change != nil {
		change(&own)
	}
	frontends := graph.Frontends(resolvers.New(project), project)
	f, err := New(frontends[slices.IndexFunc(frontends, func(f execute.Frontend) bool { return f.Name == "web" })], own)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		f.Close()
		_ = services.Close()
	})
	return f
}

const me = `query Me($first: Int) { me { id name email orders(first: $first) { id total { amount currency } items { quantity product { id name } } } } }`

// decide is what the policy adds to a request whose document is known: the
// lookup of its facts, scopes, cost and the caller's bucket.
func decide(ctx context.Context, f *Frontend, oc *graphql.OperationContext) error {
	doc, errs := f.documents.Get(me)
	if errs != nil {
		return errs
	}
	p := &prepared{frontend: f, facts: &doc.Operation("Me").Facts, oc: oc}
	err := p.admit(ctx)
	if err == nil {
		err = p.charge(ctx)
	}
	if err != nil {
		return err
	}
	return nil
}

func BenchmarkDecide(b *testing.B) {
	f := shop(b, func(c *Config) { c.Tiers.Authenticated = &ratelimit.Bucket{Capacity: 1e12, Refill: 1e9} }, nil)
	ctx := auth.With(auth.WithAddress(b.Context(), netip.MustParseAddr("127.0.0.1")), &auth.Principal{Subject: "u1", Scopes: []string{"orders:read"}})
	oc := &graphql.OperationContext{Variables: map[string]any{"first": json.Number("3")}}
	ask := func() {
		if err := decide(ctx, f, oc); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		ask()
	}
	if n := testing.AllocsPerRun(100, ask); n > 12 { // the header fields are ten
		b.Errorf("%v allocations, want at most 12", n)
	}
}

// anonymous is a context of an anonymous caller, and limited a configuration
// with a bucket for it.
func anonymous(ctx context.Context) context.Context {
	return auth.WithAddress(ctx, netip.MustParseAddr("192.0.2.1"))
}

func limited(c *Config) { c.Tiers.Anonymous = &ratelimit.Bucket{Capacity: 5000, Refill: 0.001} }

// run runs a document, and returns its answer and what the bucket has then.
func run(ctx context.Context, t testing.TB, f *Frontend, document string) (*answer.Answer, *prepared) {
	t.Helper()
	operation, refused := f.Prepare(ctx, &transport.Request{Query: document})
	if refused != nil {
		t.Fatalf("refused: %s", refused.Append(nil))
	}
	var out *answer.Answer
	operation.Run(ctx, func(a *answer.Answer) bool {
		out = a
		return true
	})
	return out, operation.(*prepared)
}

// available returns what is left in the caller's bucket.
func available(ctx context.Context, t testing.TB, f *Frontend) float64 {
	t.Helper()
	_, p := run(ctx, t, f, "{ __typename }")
	return p.account.states[0].Available
}

// left returns what is left in the caller's bucket, without an operation.
func (f *Frontend) left(ctx context.Context) float64 {
	a := &account{}
	_, _ = f.charge(ctx, a, nil, nil)
	return a.states[0].Available
}

// What makes the gateway work costs points, also if nothing is executed.
func TestRefusalsAreCharged(t *testing.T) {
	f := shop(t, limited, nil)
	ctx := anonymous(t.Context())
	available(ctx, t, f) // it has to be parsed once
	for _, c := range []struct {
		document  string
		variables map[string]any
		cost      float64
	}{
		{"query ($n: Int!) { products(first: $n) { pageInfo { endCursor } } }", nil, 11}, // unknown, and refused
		{"query ($n: Int!) { products(first: $n) { pageInfo { endCursor } } }", map[string]any{"n": "five"}, 1},
		{"query ($n: Int!) { products(first: $n) { pageInfo { endCursor } } }", map[string]any{"n": json.Number("1000")}, 1},
		{"{ products(first: 100) { nodes { related(first: 100) { related(first: 100) { id } } } } }", nil, 11}, // too expensive
		{"{ products(first: 100) { nodes { related(first: 100) { related(first: 100) { id } } } } }", nil, 1},
		{"{ nothing }", nil, 10}, // invalid documents are parsed each time
		{"{ nothing }", nil, 10},
		{"{", nil, 10},
	} {
		before := available(ctx, t, f)
		if _, refused := f.Prepare(ctx, &transport.Request{Query: c.document, Variables: c.variables}); refused == nil {
			t.Errorf("%s is not refused", c.document)
		}
		if taken := before - available(ctx, t, f); taken < c.cost-0.1 || taken > c.cost {
			t.Errorf("%s %v: %v points, want %v", c.document, c.variables, taken, c.cost)
		}
	}
	for range 5000 { // until nothing is left
		if _, refused := f.Prepare(ctx, &transport.Request{Query: "{"}); strings.Contains(string(refused.Append(nil)), string(problem.Throttled)) {
			if refused.Header.Get("Retry-After") == "" || refused.Header.Get("RateLimit") == "" {
				t.Errorf("the header is %v", refused.Header)
			}
			return
		}
	}
	t.Error("nobody is throttled")
}

// What is not used of a bucket is there again: all of it for an operation that
// was not executed.
func TestSettle(t *testing.T) {
	for name, c := range map[string]struct {
		catalog http.HandlerFunc
		cost    float64
	}{
		"not executed": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 0},
		"no data":      {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }, 0},
		"three of 50": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"products":[{"id":"1"},{"id":"2"},{"id":"3"}],"next_cursor":null}`)
		}, 4},
	} {
		f := shop(t, func(c *Config) {
			limited(c)
			c.Cost.Parse = 0
		}, c.catalog)
		ctx := anonymous(t.Context())
		before := available(ctx, t, f)
		a, p := run(ctx, t, f, "{ products(first: 50) { nodes { id } } }")
		if taken := before - p.account.states[0].Available; p.account.requested != 51 || taken < 50.9 || taken > 51 {
			t.Errorf("%s: requested %v, taken %v", name, p.account.requested, taken)
		}
		if kept := before - available(ctx, t, f); kept < c.cost-0.1 || kept > c.cost || a.Cost() != c.cost {
			t.Errorf("%s: kept %v, cost %v, want %v: %s", name, kept, a.Cost(), c.cost, a.Append(nil))
		}
	}
}

// broken is a schema whose execution panics.
type broken struct{ graphql.ExecutableSchema }

func (broken) Exec(context.Context) graphql.ResponseHandler { panic("boom") }

// An operation that is not executed returns what it took, whether it
// panics or is too late.
func TestSettleOfFailures(t *testing.T) {
	for _, document := range []string{"{ products(first: 50) { nodes { id } } }", `mutation { placeOrder(input: {items: []}) { order { id } } }`} {
		for _, panics := range []bool{false, true} {
			f := shop(t, func(c *Config) {
				limited(c)
				c.Cost.Parse = 0
			}, nil)
			ctx := anonymous(t.Context())
			before := available(ctx, t, f)
			asked, cancel := context.WithCancel(ctx)
			if panics {
				f.schema = broken{f.schema}
			} else {
				cancel()
			}
			func() {
				defer cancel()
				defer func() { _ = recover() }()
				if a, _ := run(asked, t, f, document); a.Executed() {
					t.Errorf("answered %s", a.Append(nil))
				}
			}()
			if kept := before - f.left(ctx); kept > 0 {
				t.Errorf("%s, panics %t: kept %v", document, panics, kept)
			}
		}
	}
}

func TestMissingPolicies(t *testing.T) {
	for _, frontend := range graph.Frontends(nil, nil) {
		_, err := New(frontend, Config{Policies: map[string]access.Policy{}, Persisted: persisted.Config{Mode: persisted.Off}, Store: cache.Nothing()})
		if (err != nil) != (frontend.Name == "web") {
			t.Errorf("%s: %v", frontend.Name, err)
		}
	}
}

// A subscription that is denied is one error, and its service is not asked:
// there is none here, which would be another error.
func TestDeniedSubscription(t *testing.T) {
	f := shop(t, nil, nil)
	operation, refused := f.Prepare(t.Context(), &transport.Request{Query: `subscription { stockChanged(productId: "p1") { available } }`})
	if refused != nil {
		t.Fatal(refused)
	}
	p := operation.(*prepared)
	field, _ := p.oc.Operation.SelectionSet[0].(*ast.Field)
	p.denied = access.Denied{field: problem.New(problem.Forbidden, "No.")}
	var got []string
	p.Run(t.Context(), func(a *answer.Answer) bool {
		got = append(got, string(a.Append(nil)))
		return true
	})
	want := `{"errors":[{"message":"No.","path":["stockChanged"],"locations":[{"line":1,"column":16}],"extensions":{"code":"FORBIDDEN"}}]}`
	if len(got) != 1 || got[0] != want {
		t.Errorf("got %q, want %s", got, want)
	}
}

// A request that is recalled is remembered with as little as its guards and rate
// limits need: thousands are, and one variable can stand in many arguments.
func TestRememberedValues(t *testing.T) {
	f := shop(t, nil, nil)
	large := make([]any, 1000)
	guarded, err := f.documents.Get(me)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := f.documents.Get("{ __typename }")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		facts  *facts
		values map[string]any
		kept   bool
	}{
		{"guarded", &guarded.Operation("").Facts, map[string]any{"first": json.Number("3"), "list": []any{"a"}}, true},
		{"guarded, none", &guarded.Operation("").Facts, nil, true},
		{"guarded, large", &guarded.Operation("").Facts, map[string]any{"list": large}, false},
		{"not guarded", &plain.Operation("").Facts, map[string]any{"list": []any{"a"}}, false},
	} {
		p := &prepared{facts: c.facts, recallable: true, oc: &graphql.OperationContext{Variables: c.values}}
		remembered := p.remembered()
		if (remembered != nil) != c.kept {
			t.Errorf("%s: remembered %v", c.name, remembered)
		}
		if list, ok := remembered["list"].([]any); ok {
			if list[0] = "changed"; c.values["list"].([]any)[0] == "changed" {
				t.Errorf("%s: the values are those of the request", c.name)
			}
		}
	}
}

func TestErrorsAreSortedByPath(t *testing.T) {
	at := func(path ...ast.PathElement) *gqlerror.Error { return &gqlerror.Error{Path: path} }
	errs := sorted(gqlerror.List{
		at(ast.PathName("b")), at(ast.PathName("a"), ast.PathIndex(10)), at(ast.PathName("a"), ast.PathIndex(9), ast.PathName("x")), at(ast.PathName("a")), at(),
	})
	var got []string
	for _, e := range errs {
		got = append(got, e.Path.String())
	}
	if want := []string{"", "a", "a[9].x", "a[10]", "b"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// What selects nothing but __typename is the same for everybody: the second request
// is known by its text. It is charged all the same.
func TestConstant(t *testing.T) {
	f := shop(t, limited, nil)
	ctx := anonymous(t.Context())
	ask := func(text, document string) string {
		operation, refused := f.Prepare(ctx, &transport.Request{Query: document, Method: http.MethodPost, Text: text})
		if refused != nil {
			t.Fatalf("refused: %s", refused.Append(nil))
		}
		var got []byte
		operation.Run(ctx, func(a *answer.Answer) bool {
			got = a.Append(nil)
			return true
		})
		return string(got)
	}
	const document = `query ($b: Boolean = false) { a: __typename ...F @skip(if: $b) } fragment F on Query { ... { __typename } }`
	want := ask("text", document)
	if want != `{"data":{"a":"Query","__typename":"Query"}}` {
		t.Fatalf("got %s", want)
	}
	before := available(ctx, t, f)
	a, ok := f.Recall(ctx, http.MethodPost, []byte("text"))
	if !ok || string(a.Append(nil)) != want || a.Header.Get("RateLimit") == "" {
		t.Errorf("recalled %v: %s, header %v", ok, a.Append(nil), a.Header)
	}
	if taken := before - available(ctx, t, f); taken > a.Cost() {
		t.Errorf("%v points", taken)
	}
	for _, other := range []string{"Text", ""} {
		if _, ok := f.Recall(ctx, http.MethodPost, []byte(other)); ok {
			t.Errorf("%q is known", other)
		}
	}
	if _, ok := f.Recall(ctx, http.MethodGet, []byte("text")); ok {
		t.Error("a GET is known")
	}
	ask("other", "{ products { nodes { id } } }")
	if _, ok := f.Recall(ctx, http.MethodPost, []byte("other")); ok {
		t.Error("what calls a service is known")
	}
}

// Callers who leave at any time leave nothing behind: TestMain looks for
// goroutines, and make test for races. Those who stay get their answers.
func TestCancelled(t *testing.T) {
	product := `{"id":"p1","product_name":"Lamp","price_cents":100,"currency":"EUR","category_id":"c1"}`
	f := shop(t, func(c *Config) { c.Cost.Parse = 0 }, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case r.URL.Query().Get("category") != "":
			_, _ = io.WriteString(w, `{"products":[`+product+`],"next_cursor":null}`)
		case strings.HasPrefix(r.URL.Path, "/products/"):
			_, _ = io.WriteString(w, product)
		case r.URL.Path == "/categories":
			_, _ = io.WriteString(w, `{"categories":[{"id":"c1","name":"Light"}]}`)
		default:
			_, _ = io.WriteString(w, `{"products":[`+product+`,`+product+`],"next_cursor":null}`)
		}
	})
	const query = `query Q($n: Int) { products(first: $n) { nodes { name category { name } related { id category { name } } } } }`
	var group sync.WaitGroup
	var whole atomic.Int64
	for i := range 200 {
		group.Go(func() {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			operation, refused := f.Prepare(ctx, &transport.Request{Query: query, Variables: map[string]any{"n": json.Number(strconv.Itoa(1 + i%10))}})
			if refused != nil {
				t.Errorf("refused: %s", refused.Append(nil))
				return
			}
			if leave := i % 4; leave > 0 {
				stop := time.AfterFunc(time.Duration(i)*20*time.Microsecond, cancel)
				defer stop.Stop()
			}
			operation.Run(ctx, func(a *answer.Answer) bool {
				text := string(a.Append(nil))
				if strings.HasPrefix(text, `{"data":{"products":{"nodes":[{"name":"Lamp","category":{"name":"Light"},`) {
					whole.Add(1)
				} else if i%4 == 0 {
					t.Errorf("%d: %s", i, text)
				}
				return true
			})
		})
	}
	group.Wait()
	if whole.Load() < 50 {
		t.Errorf("%d whole answers, want those of all who stayed", whole.Load())
	}
}

// Data that is too large is null, with an error that says so.
func TestResponsesThatAreTooLarge(t *testing.T) {
	const rows = 4
	ask := func(most int, query string) string {
		f := shop(t, func(c *Config) { c.MaxResponse = most }, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = fmt.Fprintf(w, `{"categories": [%s]}`, strings.TrimSuffix(strings.Repeat(`{"id": "c", "name": "n"},`, rows), ","))
		})
		operation, refused := f.Prepare(t.Context(), &transport.Request{Query: query})
		if refused != nil {
			t.Fatal(refused)
		}
		var got string
		operation.Run(t.Context(), func(a *answer.Answer) bool {
			got = string(a.Append(nil))
			return true
		})
		return got
	}
	for query, data := range map[string]string{
		"{ __typename }":          `{"__typename":"Query"}`,
		"{ categories { name } }": `{"categories":[{"name":"n"},{"name":"n"},{"name":"n"},{"name":"n"}]}`,
		"{ a: __typename categories { name } b: __typename }": `{"a":"Query","categories":[{"name":"n"},{"name":"n"},{"name":"n"},{"name":"n"}],"b":"Query"}`,
	} {
		for most := 1; most < len(data)-1; most++ { // the last bracket does not count
			got := ask(most, query)
			if !strings.HasSuffix(got, `"extensions":{"code":"MAX_RESPONSE_LIMIT"}}],"data":null}`) || strings.Count(got, `"code"`) != 1 {
				t.Errorf("%s, %d bytes: %s", query, most, got)
			}
		}
		for most := len(data) - 1; most <= len(data)+1; most++ {
			if got := ask(most, query); got != `{"data":`+data+`}` {
				t.Errorf("%s, %d bytes: %s", query, most, got)
			}
		}
	}
}
