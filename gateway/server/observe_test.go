package server

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/coder/websocket"

	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/gateway/observe"
	"github.com/portico-gateway/portico/gateway/problem"
)

var update = flag.Bool("update", false, "write the table of metrics into the documentation")

// lines is an access log of a test.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// observed is a gateway whose access log is read.
func observed(t *testing.T, fields map[string]field, change func(*config.Config)) (*httptest.Server, *Server, *lines) {
	t.Helper()
	out := &lines{}
	server, s := cachingGateway(t, `type Query { n: Int @cacheControl(maxAge: 60) fails: Int two(x: String): Int } type Mutation { set: Int }`, fields, func(c *config.Config) {
		c.Frontend.Limits.Batch = 5
		if change != nil {
			change(c)
		}
	}, Options{AccessLog: out})
	return server, s, out
}

// read returns the log's lines when there are n.
func (l *lines) read(t *testing.T, n int) []map[string]any {
	t.Helper()
	for strings.Count(l.String(), "\n") < n {
		if t.Context().Err() != nil {
			t.Fatalf("%d lines are missing:\n%s", n, l)
		}
	}
	var out []map[string]any
	for line := range strings.Lines(l.String()) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatal(err)
		}
		out = append(out, fields)
	}
	if len(out) != n {
		t.Fatalf("%d lines, want %d:\n%s", len(out), n, l)
	}
	return out
}

// Each request has a line with its outcome, and is counted once.
func TestRequestsAreObserved(t *testing.T) {
	server, s, out := observed(t, map[string]field{
		"n": func(context.Context, map[string]any) (any, error) { return 1, nil },
		"fails": func(context.Context, map[string]any) (any, error) {
			return nil, problem.New(problem.ServiceError, "It failed.")
		},
		"set": func(context.Context, map[string]any) (any, error) { return 2, nil },
	}, nil)
	ask(t, server, http.MethodPost, "query Home{n}", "Graphql-Client-Name: shop", "Graphql-Client-Version: 1.2", "X-Request-Id: first")
	ask(t, server, http.MethodPost, "query Home{n}", "Apollographql-Client-Name: app")
	ask(t, server, http.MethodPost, "{n fails}")
	ask(t, server, http.MethodPost, "{nope}")
	ask(t, server, http.MethodPost, "mutation Set{set}", "X-Api-Key: "+keyOf("a"))
	post(t, server, `[{"query":"{n}"},{"query":"{__typename}"}]`)
	post(t, server, `{"quer`)
	if resp, err := http.Get(server.URL + "/nothing"); err != nil {
		t.Fatal(err)
	} else {
		_ = resp.Body.Close()
	}
	want := []string{
		`query Home success miss 200 [] shop 1.2`,
		`query Home success hit 200 [] app `,
		`query  partial miss 200 [DOWNSTREAM_SERVICE_ERROR]  `,
		`  refusal bypass 200 [GRAPHQL_VALIDATION_FAILED]  `,
		`mutation Set success bypass 200 []  `,
		`query  success bypass 200 []  `,
		`query  success miss 200 []  `,
		`    400 []  `,
		`    404 []  `,
	}
	var got []string
	text := func(v any) string {
		if v == nil {
			return ""
		}
		return fmt.Sprint(v)
	}
	all := out.read(t, len(want))
	for _, l := range all {
		codes := "[]"
		if l["codes"] != nil {
			codes = fmt.Sprint(l["codes"])
		}
		got = append(got, strings.Join([]string{
			text(l["type"]), text(l["operation"]), text(l["outcome"]), text(l["cache"]), text(l["status"]), codes, text(l["client"]), text(l["clientVersion"]),
		}, " "))
	}
	slices.Sort(got[5:7]) // of one batch
	slices.Sort(want[5:7])
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("line %d: %q, want %q", i+1, got[i], want[i])
		}
	}
	if all[0]["request"] != "first" || all[0]["bytes"] != 16.0 || all[0]["frontend"] != "toy" || len(text(all[0]["document"])) != 64 {
		t.Errorf("the first line: %v", all[0])
	}
	if subject := text(all[4]["subject"]); len(subject) != 16 || all[0]["subject"] != nil {
		t.Errorf("subjects: %q, %v", subject, all[0]["subject"])
	}
	w := httptest.NewRecorder()
	s.adminHandler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for _, line := range []string{
		`portico_operations_total{frontend="toy",operation="other",outcome="success",type="query"} 4`,
		`portico_operations_total{frontend="toy",operation="other",outcome="partial",type="query"} 1`,
		`portico_operations_total{frontend="toy",operation="other",outcome="refusal",type="invalid"} 1`,
		`portico_operations_total{frontend="toy",operation="other",outcome="success",type="mutation"} 1`,
		`portico_answers_total{cache="hit",frontend="toy"} 1`,
		`portico_http_requests_total{status="200"} 6`,
		`portico_http_requests_total{status="4xx"} 2`,
		`portico_errors_total{code="DOWNSTREAM_SERVICE_ERROR",frontend="toy"} 1`,
		`portico_ready 1`, `portico_config_stale 0`, `portico_streams{frontend="toy"} 0`,
	} {
		if !strings.Contains(w.Body.String(), line+"\n") {
			t.Errorf("no %s", line)
		}
	}
	if t.Failed() {
		t.Log(w.Body)
	}
}

func post(t *testing.T, server *httptest.Server, body string) {
	t.Helper()
	resp, err := http.Post(server.URL+"/graphql/toy", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
}

// Operations of a WebSocket have a line each, when they end.
func TestOperationsOfSocketsAreObserved(t *testing.T) {
	server, _, out := observed(t, map[string]field{"n": func(context.Context, map[string]any) (any, error) { return 1, nil }}, nil)
	conn, resp, err := websocket.Dial(t.Context(), strings.Replace(server.URL, "http", "ws", 1)+"/graphql/toy", &websocket.DialOptions{
		Subprotocols: []string{"graphql-transport-ws"}, HTTPHeader: http.Header{"Graphql-Client-Name": {"shop"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if resp.Body != nil {
		_ = resp.Body.Close()
	}
	for i, message := range []string{`{"type":"connection_init"}`, `{"type":"subscribe","id":"1","payload":{"query":"query A{n}"}}`, `{"type":"subscribe","id":"2","payload":{"query":"query B{n}"}}`} {
		if err := conn.Write(t.Context(), websocket.MessageText, []byte(message)); err != nil {
			t.Fatal(err)
		}
		for range min(i+1, 2) { // the acknowledgement; an answer and its end
			if _, _, err := conn.Read(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	all := out.read(t, 2)
	for i, name := range []string{"A", "B"} {
		if l := all[i]; l["operation"] != name || l["transport"] != "websocket" || l["client"] != "shop" || l["status"] != nil {
			t.Errorf("line %d: %v", i+1, l)
		}
	}
	_ = conn.Close(websocket.StatusNormalClosure, "")
}

// Values of variables, and credentials, are never logged.
func TestSecretsAreNotLogged(t *testing.T) {
	const hidden = "hunter2"
	server, _, out := observed(t, map[string]field{
		"two": func(context.Context, map[string]any) (any, error) {
			return nil, problem.New(problem.ServiceError, "About %s.", hidden)
		},
	}, nil)
	for _, header := range []string{"Authorization: Bearer " + hidden, "X-Api-Key: " + hidden, "Cookie: session=" + hidden, "X-Other: " + hidden} {
		for _, query := range []string{`query($x:String){two(x:$x)}`, `{two(x:"` + hidden + `")}`, `{` + hidden + `}`, `mutation{set(x:"` + hidden + `")}`} {
			if _, err := tryAsk(server, http.MethodPost, query, map[string]any{"x": hidden}, header); err != nil {
				t.Fatal(err)
			}
		}
	}
	post(t, server, `{"query":"`+hidden)
	out.read(t, 17)
	if strings.Contains(out.String(), hidden) {
		t.Errorf("the log:\n%s", out)
	}
}

// Names that callers make up are no labels.
func TestNamesOfCallersAreNoLabels(t *testing.T) {
	server, s, _ := observed(t, map[string]field{"n": func(context.Context, map[string]any) (any, error) { return 1, nil }}, func(c *config.Config) { c.AccessLog.Enabled = false })
	scrape := func() int {
		w := httptest.NewRecorder()
		s.observer.Metrics().Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
		return strings.Count(w.Body.String(), "\nportico_")
	}
	ask(t, server, http.MethodPost, "query A{n}")
	before := scrape()
	var group sync.WaitGroup
	var next atomic.Int64
	for range 4 {
		group.Go(func() {
			for n := next.Add(1); n < 1000; n = next.Add(1) {
				if _, err := tryAsk(server, http.MethodPost, fmt.Sprintf("query Made%d{n}", n), nil, fmt.Sprintf("Graphql-Client-Name: client%d", n)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if after := scrape(); after != before {
		t.Errorf("%d series, %d before", after, before)
	}
}

// docs/observability.md has a table of the metrics that there are.
func TestTableOfMetrics(t *testing.T) {
	_, s, _ := observed(t, map[string]field{}, func(c *config.Config) { c.Redis.URL = "redis://127.0.0.1:1" })
	var table strings.Builder
	for _, m := range s.observer.Metrics().All() {
		labels := make([]string, len(m.Labels))
		for i, name := range m.Labels {
			labels[i] = "`" + name + "`"
		}
		fmt.Fprintf(&table, "| `%s` | %s | %s | %s |\n", m.Name, m.Type, strings.Join(labels, ", "), strings.TrimSuffix(m.Help, "."))
	}
	checkTable(t, "| metric | type | labels | what it says |\n|---|---|---|---|\n", table.String())
}

// The table of attributes in the documentation is that of the attributes.
func TestTableOfAttributes(t *testing.T) {
	var table strings.Builder
	for _, a := range observe.Attributes() {
		fmt.Fprintf(&table, "| `%s` | %s | %s |\n", a.Name, a.On, a.Help)
	}
	checkTable(t, "| attribute | span | what it says |\n|---|---|---|\n", table.String())
}

// checkTable checks a table of docs/observability.md, which follows head, and writes it with -update.
func checkTable(t *testing.T, head, want string) {
	t.Helper()
	const file, end = "../../docs/observability.md", "\n<!-- The end of the table. -->"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), head)
	have, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatal("the table is not found")
	}
	if want == have {
		return
	}
	if !*update {
		t.Fatalf("the table is not what it should be: run this test with -update\n%s", want)
	}
	if err := os.WriteFile(file, []byte(before+head+want+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}
