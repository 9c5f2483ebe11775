package server

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/portico-gateway/portico/gateway/config"
)

// explainedAnswer is what a test reads of an answer that is explained.
type explainedAnswer struct {
	Extensions struct {
		Explain *struct {
			Frontend, Operation, Type, Document string
			PreparedMs, Ms                      float64
			Cache                               struct {
				Status, Scope string
				MaxAge        int
			}
			Cost struct {
				RequestedQueryCost, ActualQueryCost float64
				Terms                               []struct {
					Path string
					Cost float64
				}
			}
			Caller struct {
				Authenticated bool
				Scopes        []string
			}
			Rights []struct {
				Field    string
				Requires []string
				Denied   bool
			}
			Calls []struct {
				Service, Route, Endpoint, Code, Cache string
				Keys, Attempts, Status, Bytes         int
				FromMs, Ms                            float64
			}
		}
	}
}

// askExplained sends a query with an extension that asks for an explanation.
func askExplained(t *testing.T, url, query string, header ...string) explainedAnswer {
	t.Helper()
	body, _ := json.Marshal(map[string]any{"query": query, "extensions": map[string]any{"explain": true}})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/graphql/toy", strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var out explainedAnswer
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

// An answer explains how it was made, if the request asks for that and the configuration allows it.
func TestExplain(t *testing.T) {
	_, server, _ := tracedGateway(t, "", func(c *config.Config) { c.Frontend.Explain = true })
	e := askExplained(t, server.URL, "query Home{things checked broken missing}").Extensions.Explain
	if e == nil {
		t.Fatal("there is no explanation")
	}
	if e.Frontend != "toy" || e.Operation != "Home" || e.Type != "query" || len(e.Document) != 64 || e.Ms < e.PreparedMs || e.PreparedMs <= 0 ||
		e.Cache.Status != "miss" || e.Cost.RequestedQueryCost < e.Cost.ActualQueryCost || len(e.Calls) != 4 {
		t.Fatalf("%+v", e)
	}
	for i, c := range e.Calls {
		if c.FromMs < e.PreparedMs || c.FromMs+c.Ms > e.Ms || i > 0 && c.FromMs < e.Calls[i-1].FromMs {
			t.Errorf("times of %+v in %+v", c, e)
		}
		switch {
		case c.Service == "health":
			if c.Route != "/grpc.health.v1.Health/Check" || c.Status != 0 || c.Attempts != 1 || !strings.HasPrefix(c.Endpoint, "127.0.0.1:") {
				t.Errorf("the call over gRPC: %+v", c)
			}
		case c.Keys == 2:
			if c.Route != "schema/toy.graphqls:3:4" || c.Status != 200 || c.Code != "" || c.Bytes == 0 {
				t.Errorf("the batch: %+v", c)
			}
		case c.Code != "":
			if c.Code != "DOWNSTREAM_SERVICE_ERROR" || c.Status != 418 {
				t.Errorf("the call that failed: %+v", c)
			}
		case c.Attempts != 2 || c.Status != 200:
			t.Errorf("the call that was made again: %+v", c)
		}
	}
	for range 2 { // each request is explained, also one whose text came before
		askExplained(t, server.URL, "{n}")
		if e := askExplained(t, server.URL, "{n}").Extensions.Explain; e == nil || e.Cache.Status != "hit" || e.Cache.MaxAge != 60 || e.Cache.Scope != "PUBLIC" || len(e.Calls) != 0 {
			t.Errorf("a cached answer: %+v", e)
		}
	}
	if got := ask(t, server, http.MethodPost, "{n}"); strings.Contains(got.body, "explain") {
		t.Errorf("nobody asked: %s", got.body)
	}
}

// It is off by default, and can need a scope.
func TestWhoMayExplain(t *testing.T) {
	_, closed, _ := tracedGateway(t, "", nil)
	if askExplained(t, closed.URL, "{n}").Extensions.Explain != nil {
		t.Error("it is on by default")
	}
	_, scoped, _ := tracedGateway(t, "", func(c *config.Config) { c.Frontend.Explain, c.Frontend.ExplainScope = true, "a" })
	for header, want := range map[string]bool{"X-Nothing: 1": false, "X-Api-Key: " + keyOf("a"): true, "X-Api-Key: " + keyOf("b"): false} {
		if got := askExplained(t, scoped.URL, "{n}", header).Extensions.Explain != nil; got != want {
			t.Errorf("%s: %v, want %v", header, got, want)
		}
	}
}
