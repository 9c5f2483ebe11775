package transport_test

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/portico-gateway/portico/gateway/answer"
	"github.com/portico-gateway/portico/gateway/transport"
)

const (
	jsonType    = "application/json; charset=utf-8"
	graphqlType = "application/graphql-response+json; charset=utf-8"

	acceptGraphQL = "Accept: application/graphql-response+json"
	preflight     = "GraphQL-Require-Preflight: 1"
	sendJSON      = "Content-Type: application/json"
)

func TestAnswersByPost(t *testing.T) {
	g := serve(t, transport.Config{})
	for _, c := range []struct {
		name, body, want string
	}{
		{"query", `{"query":"{ echo(text: \"hi\") }"}`, `{"data":{"echo":"hi"}}`},
		{"mutation", `{"query":"mutation { keep(text: \"a\") }"}`, `{"data":{"keep":"a"}}`},
		{"named operation", `{"query":"query A { __typename } query B { echo(text: \"b\") }","operationName":"B"}`, `{"data":{"echo":"b"}}`},
		{"nulls", `{"query":"{__typename}","operationName":null,"variables":null,"extensions":null}`, `{"data":{"__typename":"Query"}}`},
		{"unknown members", `{"query":"{__typename}","id":7,"more":{"a":[1]}}`, `{"data":{"__typename":"Query"}}`},
		{"white space around", " \r\n\t{\"query\":\"{__typename}\"}\n ", `{"data":{"__typename":"Query"}}`},
		{"exact id", `{"query":"query($i:ID!){ident(id:$i)}","variables":{"i":12345678901234567890123}}`, `{"data":{"ident":"12345678901234567890123"}}`},
		{"exact int", `{"query":"query($n:Int!){number(n:$n)}","variables":{"n":-2147483648}}`, `{"data":{"number":-2147483648}}`},
		{"list variable", `{"query":"query($v:[Int!]!){sum(of:{values:$v})}","variables":{"v":[1,2,3]}}`, `{"data":{"sum":6}}`},
		{"null with an error beside data", `{"query":"{fail echo(text:\"x\")}"}`,
			`{"errors":[{"message":"Something went wrong on our side.","path":["fail"],"locations":[{"line":1,"column":2}],"extensions":{"code":"INTERNAL_SERVER_ERROR","id":"*"}}],"data":{"fail":null,"echo":"x"}}`},
		{"no data, but executed", `{"query":"{failHard}"}`,
			`{"errors":[{"message":"Something went wrong on our side.","path":["failHard"],"locations":[{"line":1,"column":2}],"extensions":{"code":"INTERNAL_SERVER_ERROR","id":"*"}}],"data":null}`},
		{"panic of a resolver", `{"query":"{crash}"}`,
			`{"errors":[{"message":"Something went wrong on our side.","path":["crash"],"locations":[{"line":1,"column":2}],"extensions":{"code":"INTERNAL_SERVER_ERROR","id":"*"}}],"data":{"crash":null}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			for accept, contentType := range map[string]string{"Accept: application/json": jsonType, acceptGraphQL: graphqlType} {
				a := g.post(t, c.body, accept)
				if a.status != http.StatusOK || a.header.Get("Content-Type") != contentType || masked(a.body) != c.want {
					t.Errorf("%s: %d %s %s\nwant %s", accept, a.status, a.header.Get("Content-Type"), a.body, c.want)
				}
			}
		})
	}
}

// masked replaces the id of an internal error.
func masked(body string) string {
	return regexp.MustCompile(`"id":"[A-Z2-7]{26}"`).ReplaceAllString(body, `"id":"*"`)
}

// TestRefuses has what is answered without an execution: the status for
// application/graphql-response+json and for application/json.
func TestRefuses(t *testing.T) {
	g := serve(t, transport.Config{MaxBodyBytes: 4096})
	for _, c := range []struct {
		name, method, query, body string
		headers                   []string
		code                      string
		status, legacy            int
	}{
		// Not GraphQL.
		{name: "empty body", code: "BAD_REQUEST", status: 400, legacy: 400},
		{name: "white space", body: " \n", code: "BAD_REQUEST", status: 400, legacy: 400},
		{name: "malformed", body: `{"query": `, code: "BAD_REQUEST", status: 400, legacy: 400},
		{name: "no JSON", body: `{ __typename }`, code: "BAD_REQUEST", status: 400, legacy: 400},
		{name: "null", body: `null`, code: "BAD_REQUEST", status: 400, legacy: 400},
		{name: "text", body: `"{__typename}"`, code: "BAD_REQUEST", status: 400, legacy: 400},
		{name: "number", body: `1`, code: "BAD_REQUEST", status: 400, legacy: 400},
		{name: "batch", body: `[{"query":"{__typename}"}]`, code: "BAD_REQUEST", status: 400, legacy: 400},
		{name: "empty batch", body: `[]`, code: "BAD_REQUEST", status: 400, legacy: 400},
		{name: "empty object", body: `{}`, code: "BAD_REQUEST", status: 400, legacy: 400},
		{name: "blank query", body: `{"query":"  "}`, code: "BAD_REQUEST", status: 400, legacy: 400},
		{name: "null query", body: `{"query":null}`, code: "BAD_REQUEST", status: 400, legacy: 400},
		{name: "query misspelt", body: `{"Query":"{__typename}"}`, code: "BAD_REQUEST", status: 400, legacy: 400},
		{name: "query a number", body: `{"query":1}`, code: "BAD_REQUEST", status: 400, legacy: 400},
		{name: "query an object", body: `{"query":{}}`, code: "BAD_REQUEST", status: 400, legacy: 400},
		{name: "operationName a number", body: `{"query":"{__typename}","operationName":1}`, code: "BAD_REQUEST", status: 400, legacy: 400},
		{name: "variables a list", body: `{"query":"{__typename}","variables":[7]}`, code: "BAD_REQUEST", status: 400, legacy: 400},
		{name: "variables a text", body: `{"query":"{__typename}","variables":"{}"}`, code: "BAD_REQUEST", status: 400, legacy: 400},
		{name: "extensions a list", body: `{"query":"{__typename}","extensions":[]}`, code: "BAD_REQUEST", status: 400, legacy: 400},
		{name: "trailing garbage", body: `{"query":"{__typename}"} x`, code: "BAD_REQUEST", status: 400, legacy: 400},
		{name: "two objects", body: `{"query":"{__typename}"}{}`, code: "BAD_REQUEST", status: 400, legacy: 400},
		{name: "closed twice", body: `{"query":"{__typename}"}}`, code: "BAD_REQUEST", status: 400, legacy: 400},
		{name: "trailing comma", body: `{"query":"{__typename}",}`, code: "BAD_REQUEST", status: 400, legacy: 400},
		{name: "a member twice", body: `{"query":"{__typename}","query":"{__typename}"}`, code: "BAD_REQUEST", status: 400, legacy: 400},
		{name: "an unknown member twice", body: `{"query":"{__typename}","a":1,"\u0061":1}`, code: "BAD_REQUEST", status: 400, legacy: 400},
		{name: "a variable twice", body: `{"query":"query($n:Int!){number(n:$n)}","variables":{"n":1,"n":1}}`, code: "BAD_REQUEST", status: 400, legacy: 400},
		{name: "a member of a member twice", body: `{"query":"{__typename}","extensions":{"a":[{"b":{},"b":{}}]}}`, code: "BAD_REQUEST", status: 400, legacy: 400},
		{name: "an unpaired surrogate", body: `{"query":"{__typename}","variables":{"a":"\ud800"}}`, code: "BAD_REQUEST", status: 400, legacy: 400},
		{name: "no UTF-8", body: "{\"query\":\"{__typename}\",\"x\":\"\xff\"}", code: "BAD_REQUEST", status: 400, legacy: 400},
		{name: "deeper than JSON may be", body: `{"query":"{__typename}","variables":{"a":` + strings.Repeat("[", 3900), code: "MAX_INPUT_LIMIT", status: 400, legacy: 400},
		{name: "one byte too large", body: `{"query":"{__typename}"}` + strings.Repeat(" ", 4096-24+1), code: "BAD_REQUEST", status: 413, legacy: 413},
		{name: "10 MB", body: strings.Repeat("[", 10_000_000), code: "BAD_REQUEST", status: 413, legacy: 413},

		// Not a request for GraphQL.
		{name: "no method of ours", method: http.MethodPut, body: `{}`, code: "BAD_REQUEST", status: 405, legacy: 405},
		{name: "delete", method: http.MethodDelete, code: "BAD_REQUEST", status: 405, legacy: 405},
		{name: "options", method: http.MethodOptions, code: "BAD_REQUEST", status: 405, legacy: 405},
		{name: "XML", headers: []string{"Content-Type: application/xml"}, body: `<query/>`, code: "BAD_REQUEST", status: 415, legacy: 415},
		{name: "application/graphql", headers: []string{"Content-Type: application/graphql"}, body: `{__typename}`, code: "BAD_REQUEST", status: 415, legacy: 415},
		{name: "another charset", headers: []string{"Content-Type: application/json; charset=utf-16"}, body: `{}`, code: "BAD_REQUEST", status: 415, legacy: 415},
		{name: "compressed", headers: []string{sendJSON, "Content-Encoding: br"}, body: `{}`, code: "BAD_REQUEST", status: 415, legacy: 415},

		// What a browser could send for another site.
		{name: "text/plain", headers: []string{"Content-Type: text/plain"}, body: `{"query":"{__typename}"}`, code: "BAD_REQUEST", status: 415, legacy: 415},
		{name: "text/plain in disguise", headers: []string{"Content-Type: TEXT/plain; application/json"}, body: `{"query":"{__typename}"}`, code: "BAD_REQUEST", status: 415, legacy: 415},
		{name: "form", headers: []string{"Content-Type: application/x-www-form-urlencoded"}, body: `query={__typename}`, code: "BAD_REQUEST", status: 415, legacy: 415},
		{name: "multipart form", headers: []string{"Content-Type: multipart/form-data; boundary=x"}, body: `--x--`, code: "BAD_REQUEST", status: 415, legacy: 415},
		{name: "no content type", headers: []string{"X-Nothing: 1"}, body: `{"query":"{__typename}"}`, code: "BAD_REQUEST", status: 415, legacy: 415},
		{name: "malformed content type", headers: []string{"Content-Type: json"}, body: `{"query":"{__typename}"}`, code: "BAD_REQUEST", status: 415, legacy: 415},
		{name: "preflighted text/plain", headers: []string{"Content-Type: text/plain", preflight}, body: `{"query":"{__typename}"}`, code: "BAD_REQUEST", status: 415, legacy: 415},
		{name: "get without a header", method: http.MethodGet, query: "?query={__typename}", headers: []string{}, code: "CSRF_BLOCKED", status: 403, legacy: 403},
		{name: "get with text/plain", method: http.MethodGet, query: "?query={__typename}", headers: []string{"Content-Type: TEXT/plain; application/json"}, code: "CSRF_BLOCKED", status: 403, legacy: 403},
		{name: "get with a malformed content type", method: http.MethodGet, query: "?query={__typename}", headers: []string{"Content-Type: json"}, code: "CSRF_BLOCKED", status: 403, legacy: 403},
		{name: "get with an empty header", method: http.MethodGet, query: "?query={__typename}", headers: []string{"Apollo-Require-Preflight:"}, code: "CSRF_BLOCKED", status: 403, legacy: 403},
		{name: "get from another site", method: http.MethodGet, query: "?query={__typename}", headers: []string{"Sec-Fetch-Site: cross-site"}, code: "CSRF_BLOCKED", status: 403, legacy: 403},

		// By URL.
		{name: "get without a query", method: http.MethodGet, headers: []string{preflight}, code: "BAD_REQUEST", status: 400, legacy: 400},
		{name: "get with half an escape", method: http.MethodGet, query: "?query=%", headers: []string{preflight}, code: "BAD_REQUEST", status: 400, legacy: 400},
		{name: "get with a semicolon", method: http.MethodGet, query: "?query={__typename};a=b", headers: []string{preflight}, code: "BAD_REQUEST", status: 400, legacy: 400},
		{name: "get that is not UTF-8", method: http.MethodGet, query: "?query=%FF", headers: []string{preflight}, code: "BAD_REQUEST", status: 400, legacy: 400},
		{name: "get with variables of no JSON", method: http.MethodGet, query: "?query={__typename}&variables=x", headers: []string{preflight}, code: "BAD_REQUEST", status: 400, legacy: 400},
		{name: "get with a list of variables", method: http.MethodGet, query: "?query={__typename}&variables=[]", headers: []string{preflight}, code: "BAD_REQUEST", status: 400, legacy: 400},
		{name: "get with variables and more", method: http.MethodGet, query: "?query={__typename}&variables={}{}", headers: []string{preflight}, code: "BAD_REQUEST", status: 400, legacy: 400},
		{name: "get with a variable twice", method: http.MethodGet, query: "?query={__typename}&variables={%22a%22:1,%22a%22:2}", headers: []string{preflight}, code: "BAD_REQUEST", status: 400, legacy: 400},
		{name: "get with an unpaired surrogate", method: http.MethodGet, query: "?query={__typename}&extensions={%22a%22:%22%5Cudc00%22}", headers: []string{preflight}, code: "BAD_REQUEST", status: 400, legacy: 400},
		{name: "get with a parameter twice", method: http.MethodGet, query: "?query={__typename}&query={__typename}", headers: []string{preflight}, code: "BAD_REQUEST", status: 400, legacy: 400},
		{name: "mutation by get", method: http.MethodGet, query: "?query=mutation{keep(text:%22a%22)}", headers: []string{preflight}, code: "BAD_REQUEST", status: 405, legacy: 405},
		{name: "subscription without a stream", body: `{"query":"subscription{waiting}"}`, code: "BAD_REQUEST", status: 406, legacy: 406},

		// GraphQL that can't be executed.
		{name: "syntax", body: `{"query":"{"}`, code: "GRAPHQL_PARSE_FAILED", status: 400, legacy: 200},
		{name: "only a comment", body: `{"query":"# hi"}`, code: "GRAPHQL_PARSE_FAILED", status: 400, legacy: 200},
		{name: "unknown field", body: `{"query":"{nope}"}`, code: "GRAPHQL_VALIDATION_FAILED", status: 400, legacy: 200},
		{name: "unknown operation", body: `{"query":"query A{__typename}","operationName":"B"}`, code: "GRAPHQL_VALIDATION_FAILED", status: 400, legacy: 200},
		{name: "which operation", body: `{"query":"query A{__typename} query B{__typename}"}`, code: "GRAPHQL_VALIDATION_FAILED", status: 400, legacy: 200},
		{name: "variable missing", body: `{"query":"query($t:String!){echo(text:$t)}"}`, code: "BAD_USER_INPUT", status: 400, legacy: 200},
		{name: "variable null", body: `{"query":"query($t:String!){echo(text:$t)}","variables":{"t":null}}`, code: "BAD_USER_INPUT", status: 400, legacy: 200},
		{name: "variable of another type", body: `{"query":"query($n:Int!){number(n:$n)}","variables":{"n":"x"}}`, code: "BAD_USER_INPUT", status: 400, legacy: 200},
		{name: "fraction for an Int", body: `{"query":"query($n:Int!){number(n:$n)}","variables":{"n":1.5}}`, code: "BAD_USER_INPUT", status: 400, legacy: 200},
		{name: "huge for an Int", body: `{"query":"query($n:Int!){number(n:$n)}","variables":{"n":1e400}}`, code: "BAD_USER_INPUT", status: 400, legacy: 200},
		{name: "unknown enum value", body: `{"query":"query($c:Colour!){colour(c:$c)}","variables":{"c":"BLUE"}}`, code: "BAD_USER_INPUT", status: 400, legacy: 200},
		{name: "null in a list", body: `{"query":"query($o:Numbers!){sum(of:$o)}","variables":{"o":{"values":[1,null]}}}`, code: "BAD_USER_INPUT", status: 400, legacy: 200},
		{name: "unknown input field", body: `{"query":"query($o:Numbers!){sum(of:$o)}","variables":{"o":{"values":[],"x":1}}}`, code: "BAD_USER_INPUT", status: 400, legacy: 200},
		{name: "get with a wrong document", method: http.MethodGet, query: "?query={nope}", headers: []string{preflight}, code: "GRAPHQL_VALIDATION_FAILED", status: 400, legacy: 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.method == "" {
				c.method = http.MethodPost
			}
			if c.headers == nil {
				c.headers = []string{sendJSON}
			}
			for accept, status := range map[string]int{acceptGraphQL: c.status, "Accept: application/json": c.legacy} {
				a := g.send(t, c.method, "/"+c.query, c.body, append(c.headers, accept)...)
				if a.status != status {
					t.Errorf("%s: status %d, want %d: %s", accept, a.status, status, a.body)
				}
				if want := map[string]string{acceptGraphQL: graphqlType}[accept]; cmp.Or(want, jsonType) != a.header.Get("Content-Type") {
					t.Errorf("%s: %s", accept, a.header.Get("Content-Type"))
				}
				if (a.status == http.StatusMethodNotAllowed) != (a.header.Get("Allow") != "") {
					t.Errorf("status %d with Allow: %q", a.status, a.header.Get("Allow"))
				}
				checkErrors(t, a, c.code)
			}
		})
	}
}

// checkErrors wants errors with this code, and nothing else.
func checkErrors(t *testing.T, a reply, code string) {
	t.Helper()
	var body map[string][]struct {
		Message    string
		Extensions struct{ Code string }
	}
	if err := json.Unmarshal([]byte(a.body), &body); err != nil || len(body) != 1 || len(body["errors"]) == 0 {
		t.Fatalf("not an answer with errors only: %v: %s", err, a.body)
	}
	for _, e := range body["errors"] {
		if e.Message == "" || e.Extensions.Code != code {
			t.Errorf("error %+v, want a message and code %s", e, code)
		}
	}
	if got := a.header.Get("X-Content-Type-Options"); got != "nosniff" {
		t.Errorf("X-Content-Type-Options: %q", got)
	}
}

func TestSaysWhatIsWrong(t *testing.T) {
	g := serve(t, transport.Config{MaxBodyBytes: 200})
	for body, want := range map[string]string{
		``:                          "The request is empty: it must be a JSON object with a query.",
		`[]`:                        "Batches are not supported: send each operation as a request of its own.",
		`{}`:                        `The request has no "query".`,
		`{"query":7}`:               `The request is not GraphQL: "query" must be a string.`,
		`{"variables":[]}`:          `The request is not GraphQL: "variables" must be an object.`,
		`{"query":"x" "y"}`:         "The request is not GraphQL: the JSON is malformed near byte 14.",
		`{"query":"{`:               "The request is not GraphQL: the JSON ends too early.",
		`{"query":"a"}trash`:        "The request is not GraphQL: there is something after the JSON value.",
		`{"query":"a","query":"b"}`: "The request is not GraphQL: an object has a member twice.",
		`{"query":"\ud800"}`:        "The request is not GraphQL: the JSON is malformed near byte 11.",
		"{\"query\":\"\xff\"}":      "The request is not GraphQL: it is not UTF-8.",
		`{"query":"query($o:Numbers!){sum(of:$o)}","variables":{"o":{"values":["x"]}}}`: "Variable $o.values[0]: expected an Int, an integer of 32 bits, found a string.",
		`{"query":"query A{a} query B{b}"}`:                                             `Cannot query field "a" on type "Query".`,
		strings.Repeat(" ", 201):                                                        "The body has more than 200 bytes.",
	} {
		a := g.post(t, body)
		var got struct{ Errors []struct{ Message string } }
		if err := json.Unmarshal([]byte(a.body), &got); err != nil || len(got.Errors) == 0 || got.Errors[0].Message != want {
			t.Errorf("%s\n got %s\nwant %s", body, a.body, want)
		}
	}
}

func TestNeverEchoesTheBody(t *testing.T) {
	g := serve(t, transport.Config{})
	const secret = "hunter2"
	for _, body := range []string{
		secret, `{"query":"` + secret, `{"` + secret + `":}`, `{"query":{"` + secret + `":1}}`, `["` + secret + `"]`,
		`{"query":"{__typename}"}` + secret, `{"variables":"` + secret + `"}`, `{"password":"` + secret + `"}`,
		`{"query":"query A{__typename}","operationName":"` + secret + `"}`,
		`{"query":"query($t:Int!){number(n:$t)}","variables":{"t":"` + secret + `"}}`,
	} {
		if a := g.post(t, body); strings.Contains(a.body, secret) {
			t.Errorf("%s echoed: %s", body, a.body)
		}
	}
}

func TestBoundsTheErrorsOfARequest(t *testing.T) {
	g := serve(t, transport.Config{})
	a := g.post(t, `{"query":"{ `+strings.Repeat("é", 5000)+` }"}`)
	checkErrors(t, a, "GRAPHQL_PARSE_FAILED")
	a = g.post(t, `{"query":"{ `+strings.Repeat("n", 100_000)+` }"}`)
	if checkErrors(t, a, "GRAPHQL_VALIDATION_FAILED"); len(a.body) > 1000 {
		t.Errorf("a long name makes %d bytes", len(a.body))
	}
	var many strings.Builder
	for i := range 500 {
		fmt.Fprintf(&many, "a%d ", i)
	}
	a = g.post(t, `{"query":"{ `+many.String()+` }"}`)
	if n := strings.Count(a.body, `"message"`); n != 10 {
		t.Errorf("%d errors, want 10", n)
	}
}

func TestAnswersByGet(t *testing.T) {
	g := serve(t, transport.Config{})
	const want = `{"data":{"echo":"ä"}}`
	query := "/?" + url.Values{
		"query": {"query A{__typename} query B($t:String!){echo(text:$t)}"}, "operationName": {"B"}, "variables": {`{"t":"ä"}`}, "extensions": {""},
	}.Encode()
	for _, header := range []string{preflight, "Apollo-Require-Preflight: x", "X-Apollo-Operation-Name: B", sendJSON, "Sec-Fetch-Site: same-origin"} {
		a := g.send(t, http.MethodGet, query, "", header)
		if a.status != http.StatusOK || a.body != want {
			t.Errorf("%s: %d %s %v", header, a.status, a.body, a.header)
		}
	}
	if a := g.send(t, http.MethodGet, "/?query={__typename}&variables=null&operationName=", "", preflight); a.status != http.StatusOK {
		t.Errorf("null and empty parameters: %d %s", a.status, a.body)
	}
}

func TestNegotiatesTheMediaType(t *testing.T) {
	g := serve(t, transport.Config{})
	for _, c := range []struct {
		accept, want string
	}{
		{"", jsonType},
		{"*/*", jsonType},
		{"application/*", jsonType},
		{"application/json", jsonType},
		{"APPLICATION/JSON;Charset=\"UTF-8\"", jsonType},
		{"application/graphql-response+json", graphqlType},
		{"application/graphql-response+json, application/json;q=0.9", graphqlType},
		{"application/json;q=0.9, application/graphql-response+json", graphqlType},
		{"application/json, application/graphql-response+json", jsonType},
		{"application/graphql-response+json, application/json", graphqlType},
		{"application/json;q=0, */*", graphqlType},
		{"text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8", jsonType},
		{"application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed", graphqlType},
		{"multipart/mixed;deferSpec=20220824, application/json", jsonType},
		{"garbage, application/json", jsonType},
		{"text/html", ""},
		{"application/json;q=0", ""},
		{"application/json;charset=latin1", ""},
		{"application/json;q=high", ""},
		{"application/json;q=NaN", ""},
		{"garbage", ""},
		{"image/*", ""},
	} {
		a := g.post(t, `{"query":"{__typename}"}`, "Accept: "+c.accept)
		if c.want == "" {
			if a.status != http.StatusNotAcceptable {
				t.Errorf("%q: %d, want 406", c.accept, a.status)
			}
			checkErrors(t, a, "BAD_REQUEST")
		} else if a.status != http.StatusOK || a.header.Get("Content-Type") != c.want {
			t.Errorf("%q: %d %s, want %s", c.accept, a.status, a.header.Get("Content-Type"), c.want)
		}
	}
}

// Refusals are JSON in any case, of the type that the caller prefers.
func TestNegotiatesTheMediaTypeOfRefusals(t *testing.T) {
	g := serve(t, transport.Config{})
	for accept, want := range map[string]string{
		"":                                  jsonType,
		"*/*":                               jsonType,
		"application/json":                  jsonType,
		"application/graphql-response+json": graphqlType,
		"application/graphql-response+json,application/json;q=0.9": graphqlType,
		"application/json,application/graphql-response+json":       jsonType,
		"application/json;q=0.5,application/graphql-response+json": graphqlType,
		"text/event-stream": jsonType,
		"text/event-stream,application/graphql-response+json;q=0.1": graphqlType,
		"text/html": jsonType,
		"garbage":   jsonType,
	} {
		for name, a := range map[string]reply{
			"not GraphQL":        g.post(t, `{`, "Accept: "+accept),
			"method not allowed": g.send(t, http.MethodPut, "/", "", "Accept: "+accept),
			"csrf":               g.send(t, http.MethodGet, "/?query={__typename}", "", "Accept: "+accept),
		} {
			if got := a.header.Get("Content-Type"); got != want {
				t.Errorf("%s, %q: %s, want %s", name, accept, got, want)
			}
		}
	}
}

func TestWritesLargeAnswersWhole(t *testing.T) {
	g := serve(t, transport.Config{})
	a := g.post(t, `{"query":"{large(bytes:3000000)}"}`, "Accept-Encoding: identity")
	if len(a.body) != 3_000_000+len(`{"data":{"large":""}}`) || a.header.Get("Content-Length") != strconv.Itoa(len(a.body)) {
		t.Errorf("%d bytes, Content-Length %s", len(a.body), a.header.Get("Content-Length"))
	}
}

func TestEndsOperationsThatTakeTooLong(t *testing.T) {
	g := serveWithin(t, timeouts{operation: time.Millisecond}, transport.Config{})
	a := g.post(t, `{"query":"{slow echo(text:\"x\")}"}`)
	if a.status != http.StatusOK && a.status != http.StatusGatewayTimeout || !strings.Contains(a.body, "DOWNSTREAM_TIMEOUT") {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestCancelsTheOperationWhenTheClientLeaves(t *testing.T) {
	g := serve(t, transport.Config{})
	conn, err := net.Dial("tcp", g.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	const body = `{"query":"{slow}"}`
	fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	await(t, "begins", g.resolvers.Began)
	conn.Close()
	await(t, "ends", g.resolvers.Ended)
}

func TestAnswersAPanicOfItsOwn(t *testing.T) {
	g := serve(t, transport.Config{}, panics)
	a := g.post(t, `{"query":"{__typename}"}`)
	if a.status != http.StatusInternalServerError || strings.Contains(a.body, "secret") {
		t.Errorf("%d %s", a.status, a.body)
	}
	checkErrors(t, a, "INTERNAL_SERVER_ERROR")
	if !strings.Contains(g.log.String(), "secret of a panic") {
		t.Errorf("not logged: %s", g.log)
	}
}

// unspeakable is a source of errors and extensions that JSON can't say.
type unspeakable struct{ transport.Source }

func (unspeakable) Prepare(context.Context, *transport.Request) (transport.Operation, *answer.Answer) {
	bad := map[string]any{"code": "BAD_USER_INPUT", "f": func() {}}
	return nil, answer.New(&graphql.Response{Errors: gqlerror.List{{Message: "no", Extensions: bad}}, Extensions: bad}, 0)
}

func TestKeepsErrorsThatJSONCannotSay(t *testing.T) {
	g := serve(t, transport.Config{}, func(s transport.Source) transport.Source { return unspeakable{s} })
	if a := g.post(t, `{"query":"{__typename}"}`); a.body != `{"errors":[{"message":"no","extensions":{"code":"BAD_USER_INPUT"}}]}` {
		t.Error(a.body)
	}
}

// A list of operations is answered with a list, in its order, if lists are
// allowed; the mistakes of one do not affect the others.
func TestAnswersBatches(t *testing.T) {
	g := serve(t, transport.Config{MaxBatch: 3})
	got := g.post(t, ` [{"query":"{ echo(text: \"a\") }"}, {"query":"{ nothing }"},{"query":"query ($t: String!) { echo(text: $t) }","variables":{"t":"c"}} ] `)
	if got.status != http.StatusOK || !strings.HasPrefix(got.body, `[{"data":{"echo":"a"}},{"errors":[`) || !strings.HasSuffix(got.body, `,{"data":{"echo":"c"}}]`) || !json.Valid([]byte(got.body)) {
		t.Errorf("status %d: %s", got.status, got.body)
	}
	for _, body := range []string{`[]`, `[{"query":"{ echo }"},`, `[1]`, `[[{"query":"{ echo }"}]]`, `[{"query":""}]`, `[{"query":"{a}"},{"query":"{a}"},{"query":"{a}"},{"query":"{a}"}]`} {
		if got := g.post(t, body); got.status != http.StatusBadRequest || !strings.Contains(got.body, "BAD_REQUEST") {
			t.Errorf("%s: status %d: %s", body, got.status, got.body)
		}
	}
	panicking := serve(t, transport.Config{MaxBatch: 3}, panics)
	if got := panicking.post(t, `[{"query":"{ echo(text: \"a\") }"}]`); !strings.Contains(got.body, "INTERNAL_SERVER_ERROR") || strings.Contains(got.body, "secret") {
		t.Errorf("a panic: %s", got.body)
	}
}

func TestReadsGzip(t *testing.T) {
	g := serve(t, transport.Config{MaxBodyBytes: 1000})
	pack := func(text string) string {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = z.Write([]byte(text))
		_ = z.Close()
		return b.String()
	}
	good := pack(`{"query":"{ echo(text: \"a\") }"}`)
	for name, c := range map[string]struct {
		body   string
		status int
	}{
		"good":            {good, http.StatusOK},
		"as much as may":  {pack(`{"query":"{ echo(text: \"a\") }"}` + strings.Repeat(" ", 1000-33)), http.StatusOK},
		"too much inside": {pack(`{"query":"{ echo(text: \"a\") }"}` + strings.Repeat(" ", 10_000)), http.StatusRequestEntityTooLarge},
		"cut off":         {good[:len(good)-5], http.StatusBadRequest},
		"changed":         {good[:len(good)-8] + "YYYY" + good[len(good)-4:], http.StatusBadRequest},
	} {
		if got := g.post(t, c.body, "Content-Encoding: gzip"); got.status != c.status {
			t.Errorf("%s: status %d, want %d: %s", name, got.status, c.status, got.body)
		}
	}
}
