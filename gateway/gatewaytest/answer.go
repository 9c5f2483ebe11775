package gatewaytest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// Answer is the answer to an operation.
type Answer struct {
	Status int         // of HTTP
	Header http.Header // of HTTP
	// Data is the JSON of data; null or empty if there is none.
	Data json.RawMessage
	// Errors are the errors in the order of the answer; empty if there are none.
	Errors []Error
	// Body is the whole answer.
	Body []byte

	t testing.TB
}

// Error is an error of an answer.
type Error struct {
	Message string
	// Path has names, which are strings, and positions in lists, which are float64. It is nil for an error of the request.
	Path []any
	// Extensions have the types of [json.Unmarshal].
	Extensions map[string]any
}

// Code returns extensions.code, such as BAD_USER_INPUT; "" if there is none.
func (e Error) Code() string {
	code, _ := e.Extensions["code"].(string)
	return code
}

// Query sends an operation to a frontend, with variables, which may be nil, and header fields as "Name: value". It fails
// the test if there is no answer in JSON within a minute. Errors in the answer do not fail the test: see [Answer.NoErrors].
func (g *Gateway) Query(frontend, document string, variables map[string]any, header ...string) *Answer {
	g.t.Helper()
	body, err := json.Marshal(map[string]any{"query": document, "variables": variables})
	if err != nil {
		g.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(g.t.Context(), http.MethodPost, g.URL+"/graphql/"+frontend, bytes.NewReader(body))
	if err != nil {
		g.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	for _, field := range header {
		name, value, ok := strings.Cut(field, ":")
		if !ok {
			g.t.Fatalf("write a header field as %q, not %q", "Name: value", field)
		}
		r.Header.Set(name, strings.TrimSpace(value))
	}
	response, err := client.Do(r)
	if err != nil {
		g.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		g.t.Fatal(err)
	}
	answer := &Answer{Status: response.StatusCode, Header: response.Header, Body: text, t: g.t}
	var parts struct {
		Data   json.RawMessage
		Errors []Error
	}
	if err := json.Unmarshal(text, &parts); err != nil {
		g.t.Fatalf("%s: %s", response.Status, text)
	}
	answer.Data, answer.Errors = parts.Data, parts.Errors
	return answer
}

// File is [Gateway.Query] with the operation in a file of operations/<frontend>/.
func (g *Gateway) File(frontend, name string, variables map[string]any, header ...string) *Answer {
	g.t.Helper()
	text, err := os.ReadFile(filepath.Join(g.root, "operations", frontend, name))
	if err != nil {
		g.t.Fatal(err)
	}
	return g.Query(frontend, string(text), variables, header...)
}

// NoErrors fails the test if the answer has errors, and returns the answer.
func (a *Answer) NoErrors() *Answer {
	a.t.Helper()
	for _, e := range a.Errors {
		a.t.Errorf("%s: %v: %s", e.Code(), e.Path, e.Message)
	}
	if len(a.Errors) > 0 {
		a.t.FailNow()
	}
	return a
}

// JSON fails the test unless the answer has no errors, and its data is equal to the given JSON. White space and the order of
// members do not matter.
func (a *Answer) JSON(want string) {
	a.t.Helper()
	a.NoErrors()
	var wanted, got any
	if err := json.Unmarshal([]byte(want), &wanted); err != nil {
		a.t.Fatalf("what is wanted is no JSON: %v", err)
	}
	if err := json.Unmarshal(a.Data, &got); err != nil {
		a.t.Fatal(err)
	}
	if !reflect.DeepEqual(got, wanted) {
		a.t.Fatalf("the data is\n%s\nand not\n%s", indented(got), indented(wanted))
	}
}

// Decode decodes the data into the value that to points to, as [json.Unmarshal] does. It fails the test if they do not match.
func (a *Answer) Decode(to any) {
	a.t.Helper()
	if err := json.Unmarshal(a.Data, to); err != nil {
		a.t.Fatalf("%v, of %s", err, a.Data)
	}
}

func indented(value any) string {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(text)
}
