package server

import (
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/usage"
)

// usageOf returns what GET /usage answers, by client and coordinate.
func usageOf(t *testing.T, s *Server, query string) map[string]map[string]uint64 {
	t.Helper()
	w := httptest.NewRecorder()
	s.adminHandler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/usage"+query, nil))
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/jsonl; charset=utf-8" {
		t.Fatalf("%d: %s", w.Code, w.Body)
	}
	u, err := usage.Read(w.Body, usage.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]map[string]uint64{}
	for _, r := range u.Records() {
		client := strings.TrimSpace(r.Client + " " + r.Version)
		if got[client] == nil {
			got[client] = map[string]uint64{}
		}
		got[client][r.Coordinate] = r.Count
	}
	return got
}

// Each request with a valid document is usage of its client, whatever came of it, and over
// whichever transport.
func TestUsageIsRecorded(t *testing.T) {
	one := func(context.Context, map[string]any) (any, error) { return 1, nil }
	server, s := cachingGateway(t, `
type Query { n: Int @cacheControl(maxAge: 60) fails: Int find(filter: Filter, colour: Colour = RED): Int secret: Int @authenticated }
type Mutation { set: Int }
input Filter { text: String price: Int }
enum Colour { RED BLUE }
`, map[string]field{"n": one, "find": one, "set": one, "secret": one, "fails": func(context.Context, map[string]any) (any, error) {
		return nil, problem.New(problem.ServiceError, "It failed.")
	}}, func(c *config.Config) { c.Frontend.Limits.Batch = 5 })
	for range 3 { // made, and cached twice
		ask(t, server, http.MethodGet, "{n}", "Graphql-Client-Name: cached", "Graphql-Client-Version: 1")
	}
	ask(t, server, http.MethodPost, "{fails secret}", "Apollographql-Client-Name: failing")
	ask(t, server, http.MethodPost, `{find(filter: {text: "a"}, colour: BLUE)}`, "Graphql-Client-Name: literals")
	ask(t, server, http.MethodPost, `query ($f: Filter) {find(filter: $f)}`, "Graphql-Client-Name: variables")
	ask(t, server, http.MethodPost, `query ($f: Filter!) {find(filter: $f)}`, "Graphql-Client-Name: mistaken")
	ask(t, server, http.MethodPost, "{nope n}", "Graphql-Client-Name: invalid")
	post(t, server, `[{"query":"{n}"},{"query":"{__typename}"},{"query":"mutation{set}"}]`)
	askOverSocket(t, server, http.Header{"Graphql-Client-Name": {"socket"}}, "")
	askOverSocket(t, server, nil, `{"Authorization":null,"graphql-client-name":"browser","graphql-client-version":"3"}`)
	got := usageOf(t, s, "")
	for client, want := range map[string]map[string]uint64{
		"cached 1":  {"Query": 3, "Query.n": 3},
		"failing":   {"Query": 1, "Query.fails": 1, "Query.secret": 1},
		"literals":  {"Query": 1, "Query.find": 1, "Query.find(filter:)": 1, "Query.find(colour:)": 1, "Filter": 1, "Filter.text": 1, "Colour": 1, "Colour.BLUE": 1},
		"variables": {"Query": 1, "Query.find": 1, "Query.find(filter:)": 1, "Filter": 1, "Filter.text": 1, "Filter.price": 1},
		"mistaken":  {"Query": 1, "Query.find": 1, "Query.find(filter:)": 1, "Filter": 1, "Filter.text": 1, "Filter.price": 1},
		"":          {"Query": 2, "Query.n": 1, "Mutation": 1, "Mutation.set": 1},
		"socket":    {"Query": 1, "Query.n": 1},
		"browser 3": {"Query": 1, "Query.n": 1},
	} {
		if !maps.Equal(got[client], want) {
			t.Errorf("%q: %v, want %v", client, got[client], want)
		}
		delete(got, client)
	}
	if len(got) > 0 {
		t.Errorf("there is more: %v", got)
	}
}

// askOverSocket queries over a WebSocket, whose connection_init has a payload unless that is empty.
func askOverSocket(t *testing.T, server *httptest.Server, header http.Header, payload string) {
	t.Helper()
	conn, resp, err := websocket.Dial(t.Context(), strings.Replace(server.URL, "http", "ws", 1)+"/graphql/toy", &websocket.DialOptions{
		Subprotocols: []string{"graphql-transport-ws"}, HTTPHeader: header,
	})
	if err != nil {
		t.Fatal(err)
	}
	if resp.Body != nil {
		_ = resp.Body.Close()
	}
	defer func() { _ = conn.CloseNow() }()
	hello := `{"type":"connection_init"}`
	if payload != "" {
		hello = `{"type":"connection_init","payload":` + payload + `}`
	}
	for _, message := range []string{hello, `{"type":"subscribe","id":"1","payload":{"query":"{n}"}}`} {
		if err := conn.Write(t.Context(), websocket.MessageText, []byte(message)); err != nil {
			t.Fatal(err)
		}
		if _, _, err := conn.Read(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// The usage of one frontend can be asked for, and needs admin.token as everything that is not a
// probe.
func TestUsageOfAdmin(t *testing.T) {
	server, s := cachingGateway(t, "type Query { n: Int }", map[string]field{"n": func(context.Context, map[string]any) (any, error) { return 1, nil }}, nil)
	ask(t, server, http.MethodPost, "{n}")
	if all, toy := usageOf(t, s, ""), usageOf(t, s, "?frontend=toy"); len(all[""]) != 2 || !maps.Equal(all[""], toy[""]) {
		t.Errorf("%v, of the frontend: %v", all, toy)
	}
	w := httptest.NewRecorder()
	s.adminHandler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/usage?frontend=tv", nil))
	if w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), string(problem.FrontendNotFound)) {
		t.Errorf("%d: %s", w.Code, w.Body)
	}
	next := *s.now().config
	next.Admin.Token = "token"
	if err := s.change(t.Context(), &next); err != nil {
		t.Fatal(err)
	}
	w = httptest.NewRecorder()
	s.adminHandler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/usage", nil))
	if w.Code != http.StatusUnauthorized {
		t.Errorf("without the token: %d: %s", w.Code, w.Body)
	}
}

// A document that is evicted, and one whose limits a reload changes, lose no request.
func TestUsageOfDocumentsThatAreForgotten(t *testing.T) {
	server, s := cachingGateway(t, "type Query { n: Int }", map[string]field{"n": func(context.Context, map[string]any) (any, error) { return 1, nil }}, func(c *config.Config) {
		c.Frontend.Documents.Memory = 1 << 20
		c.Frontend.Cost.Parse = 0
	})
	const requests = 600
	for i := range requests {
		ask(t, server, http.MethodPost, "{n}"+strings.Repeat(" ", i)+"#"+strings.Repeat("-", 4000))
	}
	next := *s.now().config
	next.Frontend.Limits.Depth++
	if err := s.change(t.Context(), &next); err != nil {
		t.Fatal(err)
	}
	ask(t, server, http.MethodPost, "{n}")
	if got := usageOf(t, s, "")[""]["Query.n"]; got != requests+1 {
		t.Errorf("%d requests, want %d", got, requests+1)
	}
}

// A reload changes for how many days usage is kept.
func TestReloadOfUsage(t *testing.T) {
	file := t.TempDir() + "/usage.jsonl"
	const old = `{"version":1,"from":"2001-01-01","to":"2001-01-02"}
{"frontend":"toy","client":"old","coordinate":"Query.n","count":5,"first":"2001-01-01","last":"2001-01-02"}
`
	if err := os.WriteFile(file, []byte(old), 0o600); err != nil {
		t.Fatal(err)
	}
	_, s := cachingGateway(t, "type Query { n: Int }", nil, func(c *config.Config) { c.Usage = config.Usage{File: file, Days: 100_000} })
	for len(usageOf(t, s, "")) == 0 { // the file is read beside requests
		if t.Context().Err() != nil {
			t.Fatal("the file was not read")
		}
	}
	next := *s.now().config
	next.Usage.Days = 10
	if err := s.change(t.Context(), &next); err != nil {
		t.Fatal(err)
	}
	if got := slices.Collect(maps.Keys(usageOf(t, s, ""))); len(got) > 0 {
		t.Errorf("%v was not forgotten", got)
	}
}
