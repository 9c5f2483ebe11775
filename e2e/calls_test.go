package e2e_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/demo"
	"github.com/portico-gateway/portico/demo/demotest"
	"github.com/portico-gateway/portico/internal/bindgen"
	"github.com/portico-gateway/portico/internal/longtest"
	"github.com/portico-gateway/portico/internal/predict"
)

// No operation makes more calls than portico check predicts: random operations
// of both frontends, each run against the demo and counted by its control.
func TestCallsArePredicted(t *testing.T) { callsArePredicted(t, 60) }

func TestCallsArePredictedLong(t *testing.T) {
	longtest.Only(t)
	callsArePredicted(t, 300)
}

// callsArePredicted runs so many operations of each frontend.
func callsArePredicted(t *testing.T, each int) {
	t.Helper()
	g := start(t)
	dir := copyRepository(t)
	documents := map[string]string{} // by frontend and name
	for _, frontend := range []string{"web", "mobile"} {
		_, _, sdl := get(t, g.url+"/graphql/"+frontend+"/schema.graphql")
		schema, err := gqlparser.LoadSchema(&ast.Source{Input: sdl})
		if err != nil {
			t.Fatal(err)
		}
		for seed := range each {
			name := fmt.Sprintf("Random%d", seed)
			r := &randomOperation{Rand: rand.New(rand.NewPCG(uint64(seed), 7)), schema: schema}
			document := "query " + name + " " + r.selections(schema.Query, 0)
			documents[frontend+"/"+name] = document
			write(t, filepath.Join(dir, "operations", frontend, name+".graphql"), document)
		}
	}
	predictions, err := bindgen.Check(t.Context(), dir, predict.Options{}, nil)
	if mistakes := (bindgen.Diagnostics{}); err != nil && !errors.As(err, &mistakes) { // the snapshot has other operations
		t.Fatal(err)
	}
	token := "Bearer " + demotest.Token(t, g.demo, "u1", "orders:write")
	compared, most := 0, 0
	for _, p := range predictions {
		frontend, _, _ := strings.Cut(p.Operation, "/")
		document, ok := documents[p.Operation]
		if !ok {
			continue
		}
		g.demo.Reset()
		a := g.query(t, frontend, document, nil, "Authorization", token)
		if a.code() == "COST_ESTIMATED_TOO_EXPENSIVE" {
			continue
		}
		if a.status != 200 {
			t.Fatalf("%s\n%s", document, a.body)
		}
		if len(p.Unknown) > 0 {
			t.Errorf("%s: the calls of %v are not known", p.Operation, p.Unknown)
		}
		predicted := p.ByService()
		for service, routes := range g.demo.Calls() {
			made := 0
			for _, n := range routes {
				made += n
			}
			compared, most = compared+1, max(most, made)
			if made > predicted[service] {
				t.Errorf("%s: %d calls of %s, but %d predicted\n%s", p.Operation, made, service, predicted[service], document)
			}
		}
	}
	if compared < 2*each || most < 3 {
		t.Errorf("the operations are too simple: %d services called, at most %d times", compared, most)
	}
	t.Logf("%d counts compared, the largest %d", compared, most)
}

// Identical calls of an operation are one, whether its fields come to them at the
// same time or not.
func TestIdenticalCallsAreOne(t *testing.T) { identicalCallsAreOne(t, 40) }

func TestIdenticalCallsAreOneLong(t *testing.T) {
	longtest.Only(t)
	identicalCallsAreOne(t, 500)
}

// identicalCallsAreOne runs so many operations, with recorders before the services.
func identicalCallsAreOne(t *testing.T, operations int) {
	t.Helper()
	d := demotest.Start(t)
	calls := &recordedCalls{calls: map[string]int{}}
	list := services(d)
	for _, name := range []string{demo.Catalog, demo.Accounts, demo.Orders, demo.Shipping} {
		list = strings.Replace(list, strconv.Quote(d.URL(name)), strconv.Quote(calls.before(t, d.URL(name))), 1)
	}
	file := filepath.Join(t.TempDir(), "portico.yaml")
	write(t, file, loopback+"frontend: {introspection: true}\n"+list)
	g := startBeside(t, d, "..", binary, "-config", file)
	_, _, sdl := get(t, g.url+"/graphql/web/schema.graphql")
	schema, err := gqlparser.LoadSchema(&ast.Source{Input: sdl})
	if err != nil {
		t.Fatal(err)
	}
	token := "Bearer " + demotest.Token(t, d, "u1", "orders:write")
	total, twice := 0, 0
	for seed := range operations {
		r := &randomOperation{Rand: rand.New(rand.NewPCG(uint64(seed), 11)), schema: schema}
		document := "query " + r.selections(schema.Query, 0)
		g.query(t, "web", document, nil, "Authorization", token)
		for call, n := range calls.take() {
			total++
			if n > 1 {
				twice++
				t.Errorf("%d times %s by\n%s", n, call, document)
			}
		}
	}
	if total < operations {
		t.Errorf("the operations are too simple: %d calls", total)
	}
	t.Logf("%d calls, %d of them made again", total, twice)
}

// recordedCalls counts GETs by what the service was sent.
type recordedCalls struct {
	mu    sync.Mutex
	calls map[string]int
}

// before starts a proxy that counts what it forwards.
func (r *recordedCalls) before(t *testing.T, address string) string {
	t.Helper()
	target, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.ModifyResponse = func(resp *http.Response) error {
		resp.Header.Set("Cache-Control", "no-store") // or the cache would hide calls
		resp.Header.Del("Etag")
		return nil
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.Method == http.MethodGet {
			r.mu.Lock()
			r.calls[address+req.URL.String()+req.Header.Get("Authorization")]++
			r.mu.Unlock()
		}
		proxy.ServeHTTP(w, req)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// take returns the calls since the last time.
func (r *recordedCalls) take() map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := r.calls
	r.calls = map[string]int{}
	return out
}

// randomOperation writes selections that are valid and make sense to the demo.
type randomOperation struct {
	*rand.Rand
	schema *ast.Schema
}

func (r *randomOperation) selections(def *ast.Definition, depth int) string {
	if def.Kind == ast.Union {
		return r.members(def, depth)
	}
	var fields []string
	for _, i := range r.Perm(len(def.Fields))[:min(len(def.Fields), 1+r.IntN(4))] {
		f := def.Fields[i]
		result := r.schema.Types[f.Type.Name()]
		if strings.HasPrefix(f.Name, "__") || result.IsCompositeType() && depth > 5 {
			continue
		}
		text := f.Name + r.arguments(f)
		if r.IntN(3) == 0 { // an alias, so that a field comes twice
			text = fmt.Sprintf("a%d_%s: %s", len(fields), f.Name, text)
		}
		if result.IsCompositeType() {
			text += " " + r.selections(result, depth+1)
		}
		if r.IntN(5) == 0 {
			text = "... on " + def.Name + " { " + text + " }"
		}
		fields = append(fields, text)
	}
	if len(fields) == 0 || !slices.ContainsFunc(fields, func(f string) bool { return !strings.HasPrefix(f, "a") }) {
		fields = append(fields, "__typename")
	}
	return "{ " + strings.Join(dedupe(fields), " ") + " }"
}

// members selects of each type of a union.
func (r *randomOperation) members(union *ast.Definition, depth int) string {
	fields := []string{"__typename"}
	for _, member := range r.schema.GetPossibleTypes(union) {
		fields = append(fields, "... on "+member.Name+" "+r.selections(member, depth+1))
	}
	return "{ " + strings.Join(fields, " ") + " }"
}

// dedupe keeps the first of fields with the same name, which could else ask for
// different arguments.
func dedupe(fields []string) []string {
	seen := map[string]bool{}
	return slices.DeleteFunc(fields, func(f string) bool {
		name, _, _ := strings.Cut(strings.TrimPrefix(f, "... on "), "(")
		again := seen[name]
		seen[name] = true
		return again
	})
}

func (r *randomOperation) arguments(f *ast.FieldDefinition) string {
	var args []string
	for _, a := range f.Arguments {
		switch value := ""; {
		case a.Name == "first" && r.IntN(3) > 0:
			args = append(args, fmt.Sprintf("first: %d", 1+r.IntN(40)))
		case a.Name == "id":
			value = fmt.Sprintf("id: \"p%d\"", 1+r.IntN(200))
			args = append(args, value)
		case a.Name == "text":
			args = append(args, fmt.Sprintf("text: %q", string(rune('a'+r.IntN(26)))))
		case a.Name == "categoryId" && r.IntN(2) == 0:
			args = append(args, fmt.Sprintf("categoryId: \"c%d\"", 1+r.IntN(12)))
		}
	}
	if len(args) == 0 {
		return ""
	}
	return "(" + strings.Join(args, ", ") + ")"
}

// portico check passes on this repository, and fails where an operation got
// more expensive or a field makes a call for each item of a list.
func TestCheckCommand(t *testing.T) {
	dir := copyRepository(t)
	if out := in(t, dir, portico, "check"); !strings.Contains(out, "web/Catalogue: at worst 5 calls") {
		t.Errorf("got\n%s", out)
	}
	if status := in(t, dir, "git", "status", "--porcelain"); status != "" {
		t.Errorf("a check changed\n%s", status)
	}
	file := filepath.Join(dir, "schema", "web", "catalog.graphqls")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	batch := `@rest(service: "accounts", get: "/users", query: "ids={$batch.authorId->join(\",\")}", select: "users", key: "id")`
	each := `@rest(service: "accounts", get: "/users/{$this.authorId}")`
	if !strings.Contains(string(text), batch) {
		t.Fatal("the schema has no batch to replace")
	}
	write(t, file, strings.Replace(string(text), batch, each, 1))
	out := fails(t, dir, portico, "check")
	for _, want := range []string{
		"schema/web/catalog.graphqls:29:3: Review.author makes a call for each item of a list (N+1)",
		"web/Catalogue calls accounts 150 times at worst, and 2 times before",
		"N+1: a call for each of up to 150, bound at schema/web/catalog.graphqls:29:3",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("missing %q in\n%s", want, out)
		}
	}
	in(t, dir, portico, "check", "--update")
	in(t, dir, portico, "check")
	if out := fails(t, dir, portico, "check", "--max-calls", "20"); !strings.Contains(out, "web/Catalogue makes 153 calls at worst, and 20 are allowed") {
		t.Errorf("got\n%s", out)
	}
}
