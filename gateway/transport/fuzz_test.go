package transport

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/portico-gateway/portico/gateway/problem"
)

// checkDecoded wants parameters or a problem that has nothing of the input.
func checkDecoded(t *testing.T, input string, r *Request, p *problem.Error) {
	t.Helper()
	if p == nil {
		_, persisted := r.Extensions["persistedQuery"]
		if strings.TrimSpace(r.Query) == "" && !persisted && r.DocumentID == "" {
			t.Errorf("%q: no query and no problem", input)
		}
		if !utf8.ValidString(r.Query) || !utf8.ValidString(r.OperationName) || !utf8.ValidString(r.DocumentID) {
			t.Errorf("%q: not UTF-8", input)
		}
		return
	}
	if p.Code != problem.BadRequest || len(p.Message) > 200 || strings.Contains(p.Message, "hunter2") {
		t.Errorf("%q: %v", input, p)
	}
}

func FuzzDecodeJSON(f *testing.F) {
	for _, seed := range []string{
		``, `{`, `{}`, `null`, `[]`, `[{}]`, `"hunter2"`, `{"query":"{a}"}`, `{"query":null}`, `{"query":"{a}"}{}`, `{"Query":"{a}"}`,
		`{"query":"{a}","variables":{"a":[1.5,1e400,{"b":null}]},"extensions":{"persistedQuery":{}},"operationName":"A"}`,
		`{"variables":[]}`, `{"hunter2":hunter2}`, "{\"query\":\"\xff\"}", `{"query":"\ud800"}`, `{"query":"a","query":1}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		r, p := decodeRequest(body)
		checkDecoded(t, string(body), r, p)
		if p != nil {
			return
		}
		// The standard library reads the same members.
		var want map[string]any
		decoder := json.NewDecoder(bytes.NewReader(body))
		decoder.UseNumber()
		if err := decoder.Decode(&want); err != nil {
			t.Fatalf("%q is not JSON: %v", body, err)
		}
		query, _ := want["query"].(string)
		name, _ := want["operationName"].(string)
		variables, _ := want["variables"].(map[string]any)
		extensions, _ := want["extensions"].(map[string]any)
		id, _ := want[documentID].(string)
		if got := (&Request{Query: query, OperationName: name, Variables: variables, Extensions: extensions, DocumentID: id}); !reflect.DeepEqual(r, got) {
			t.Errorf("%q: %+v, want %+v", body, r, got)
		}
	})
}

func FuzzDecodeURL(f *testing.F) {
	for _, seed := range []string{
		``, `query={a}`, `query=%`, `query=%FF`, `query={a}&variables={"a":1}`, `query={a}&variables=null`, `query={a}&variables=[`,
		`extensions={"persistedQuery":1}`, `query={a};b`, `query={a}&variables={}{}`, `query=hunter2&variables=hunter2`,
	} {
		f.Add(seed)
	}
	config := Config{}.withDefaults()
	f.Fuzz(func(t *testing.T, query string) {
		r, p := decodeURL(query, &config)
		checkDecoded(t, query, r, p)
	})
}

func FuzzNegotiate(f *testing.F) {
	for _, seed := range []string{
		``, `*/*`, `application/json`, `application/graphql-response+json, application/json;q=0.9`, `text/event-stream`, `text/*;q=0`,
		`application/json;q=2`, `a/b;q="0.1,x"`, `;;`, `application/json;charset="utf-8"`, `,,,`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, accept string) {
		want, ok := negotiate([]string{accept})
		if ok && want.format != plainJSON && want.format != graphqlResponse && want.format != eventStream {
			t.Errorf("%q: %q", accept, want.format)
		}
		// What the header says again changes nothing.
		if again, okAgain := negotiate([]string{accept, accept}); again != want || okAgain != ok {
			t.Errorf("%q: %v, %v; twice %v, %v", accept, want, ok, again, okAgain)
		}
		// A type that nothing else outweighs is chosen.
		if first, ok := negotiate([]string{graphqlResponse + "," + accept}); !ok || first.format != graphqlResponse {
			t.Errorf("%q after %s: %v", accept, graphqlResponse, first)
		}
	})
}

func FuzzParseMessage(f *testing.F) {
	for _, seed := range []string{
		``, `{}`, `{"type":"ping"}`, `{"type":"ping","payload":null}`, `{"type":"pong","payload":{"a":1}}`, `{"type":"connection_init","payload":{"a":"b"}}`,
		`{"type":"subscribe","id":"1","payload":{"query":"{a}"}}`, `{"type":"complete","id":"1"}`, `{"type":"next"}`, `{"type":"subscribe","id":"1"}`,
		`{"type":"ping"}x`, `[{"type":"ping"}]`, "{\"type\":\"ping\",\"payload\":{\"\xff\":1}}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, ok := parseMessage(data)
		if !ok {
			return
		}
		if (m.kind == typeSubscribe || m.kind == typeComplete) && m.id == "" {
			t.Errorf("%q: no id", data)
		}
		if (m.request != nil) != (m.kind == typeSubscribe) {
			t.Errorf("%q: request %v", data, m.request)
		}
		if m.kind == typePing { // what comes back must be JSON
			buffer := new(bytes.Buffer)
			if appendControl(buffer, typePong, m.payload); !json.Valid(buffer.Bytes()) {
				t.Errorf("%q: answered %q", data, buffer)
			}
		}
	})
}
