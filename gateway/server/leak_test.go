package server

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/portico-gateway/portico/gateway/auth"
	"github.com/portico-gateway/portico/gateway/upstream"
)

// leakSchema lies about nearly everything: what is one caller's is declared to
// be public, or is not declared at all.
const leakSchema = `
	type Query {
		mine(x: Int, in: In): String @cacheControl(maxAge: 60, scope: PUBLIC)
		declared: String @cacheControl(maxAge: 60, scope: PRIVATE)
		needed: String @authenticated @cacheControl(maxAge: 60)
		scoped: String @requiresScopes(scopes: [["a"], ["b"]]) @cacheControl(maxAge: 60, scope: PUBLIC)
		header: String @cacheControl(maxAge: 60)
		all: String @cacheControl(maxAge: 60)
		sometimes(x: Int): String @cacheControl(maxAge: 60)
		chained: String @cacheControl(maxAge: 60)
		none: String
		open(x: Int): String @cacheControl(maxAge: 60)
	}
	input In { x: Int = 3, y: [String!] }
	type Mutation { clear: String @invalidates(tags: ["type:Query"]) }`

// secret is what only one principal may read.
func secret(principal string) string { return "secret-of-" + principal + "!" }

func owner(ctx context.Context) string {
	if p := auth.From(ctx); p != nil {
		return secret(p.Subject)
	}
	return secret("nobody")
}

func leakFields() map[string]field {
	mine := func(ctx context.Context, _ map[string]any) (any, error) { return owner(ctx), nil }
	return map[string]field{
		"mine": mine, "declared": mine, "needed": mine, "scoped": mine, "none": mine, "clear": mine,
		"header": func(ctx context.Context, _ map[string]any) (any, error) {
			return secret(upstream.Header(ctx, "X-Who")), nil
		},
		"all": func(ctx context.Context, _ map[string]any) (any, error) {
			return secret(upstream.CallerOf(ctx).Headers.Get("X-Who")), nil
		},
		"sometimes": func(ctx context.Context, args map[string]any) (any, error) {
			if fmt.Sprint(args["x"]) == "1" {
				return owner(ctx), nil
			}
			return "open", nil
		},
		// What is read depends on what was read before.
		"chained": func(ctx context.Context, _ map[string]any) (any, error) {
			if upstream.Header(ctx, "X-Mode") == "private" {
				return owner(ctx), nil
			}
			return "open", nil
		},
		"open": func(context.Context, map[string]any) (any, error) { return "open", nil },
	}
}

// leakOperations are spelled so that they look alike where they are not.
func leakOperations() []string {
	return []string{
		"{mine}", "query A{mine}", "query B{mine}", "{mine declared}", "{a:mine b:declared}", "{b:mine a:declared}", "{mine:declared declared:mine}",
		"query($x:Int){mine(x:$x)}", "query($x:Int=1){mine(x:$x)}", "query($in:In){mine(in:$in)}", "{mine(x:1)}", "{mine(in:{x:1})}",
		"query Q{...F} fragment F on Query{declared}", "query Q{...on Query{header}}", "{header}", "{all}", "{none}", "{needed}", "{scoped}",
		"query($x:Int){sometimes(x:$x)}", "query($x:Int,$y:Boolean=true){open sometimes(x:$x) @include(if:$y)}", "{chained}", "{open}", "query($x:Int){open(x:$x)}",
		"query($y:Boolean=false){open mine @skip(if:$y)}", "mutation{clear}", "{__typename mine}", "{open:mine}", "{mine:open}",
	}
}

func leakVariables() []map[string]any {
	return []map[string]any{
		nil, {"x": 1}, {"x": 2}, {"x": nil}, {"in": map[string]any{"x": 1}}, {"in": map[string]any{"y": "a"}}, {"in": map[string]any{"y": []string{"a"}}},
		{"x": 1, "unknown": "b"}, {"y": true}, {"y": false}, {"x": 1, "y": true},
	}
}

// FuzzLeak has callers ask the same at the same time, in any order: none ever
// reads what is another's.
func FuzzLeak(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09"))
	for seed := range 8 {
		text := make([]byte, 600)
		state := uint32(seed*7919 + 1)
		for i := range text {
			state = state*1664525 + 1013904223
			text[i] = byte(state >> 24)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, program []byte) {
		server, _ := cachingGateway(t, leakSchema, leakFields(), nil)
		const callers = 6
		requests := make(chan []byte)
		var group sync.WaitGroup
		for range callers {
			group.Go(func() {
				for r := range requests {
					leakRequest(t, server, r)
				}
			})
		}
		for i := 0; i+3 <= len(program) && i < 900; i += 3 {
			requests <- program[i : i+3]
		}
		close(requests)
		group.Wait()
	})
}

// leakRequest is one request: who, what, and with which variables.
func leakRequest(t *testing.T, server *httptest.Server, r []byte) {
	t.Helper()
	operations, variables := leakOperations(), leakVariables()
	query, method := operations[int(r[1])%len(operations)], http.MethodPost
	if r[0]&4 != 0 && !strings.HasPrefix(query, "mutation") {
		method = http.MethodGet
	}
	who := []string{"a", "b", "nobody"}[int(r[0]&3)%3]
	header := []string{"X-Who: " + who, "X-Mode: " + []string{"open", "private"}[int(r[0]>>3)&1]}
	if who != "nobody" {
		header = append(header, "X-Api-Key: "+keyOf(who))
	}
	got, err := tryAsk(server, method, query, variables[int(r[2])%len(variables)], header...)
	if err != nil {
		t.Error(err)
		return
	}
	for _, other := range []string{"a", "b", "nobody"} {
		if other != who && strings.Contains(got.body, secret(other)) {
			t.Errorf("%s asked %s %s and got %s", who, method, query, got.body)
		}
	}
	if strings.Contains(got.body, "secret") && got.header.Get("Etag") != "" && !strings.Contains(strings.Join(got.header.Values("Vary"), ","), "X-Who") {
		t.Errorf("%s may be kept by shared caches: %v", got.body, got.header)
	}
}
