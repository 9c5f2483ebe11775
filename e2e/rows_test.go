package e2e_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/text/encoding/charmap"

	"github.com/portico-gateway/portico/demo/demotest"
)

// canned is a service whose answers are set, by path.
type canned struct {
	mu      sync.Mutex
	answers map[string]string
	format  string
}

// set replaces the answers of the service.
func (c *canned) set(format string, answers map[string]string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answers, c.format = answers, format
}

// ServeHTTP answers a call.
func (c *canned) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	answer, ok := c.answers[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", c.format)
	_, _ = io.WriteString(w, answer)
}

// A value that does not match the schema is an error of its field, in its row, of
// the operations that select it, and of nothing else.
func TestFaultsOfRows(t *testing.T) {
	service := &canned{}
	server := httptest.NewServer(service)
	defer server.Close()
	g := startExtended(t, demotest.Start(t), loopback, map[string]string{"echo": server.URL})
	const (
		states = `[{"id":"1","st":"open"},{"id":"2","st":"ARCHIVED"}]`
		five   = `[{"id":1},{"id":2},{"id":3},{"id":4},{"id":5}]`
	)
	for name, c := range map[string]struct {
		rows, subs     string
		frontend       string
		document, data string
		paths          []string // of the errors, sorted
	}{
		"not selected":          {rows: states, document: `{rows{id}}`, data: `{"rows":[{"id":"1"},{"id":"2"}]}`},
		"an unknown enum value": {rows: states, document: `{rows{id st}}`, data: `{"rows":[{"id":"1","st":"OPEN"},{"id":"2","st":null}]}`, paths: []string{"rows.1.st"}},
		"under an alias":        {rows: states, document: `{r: rows{s: st}}`, data: `{"r":[{"s":"OPEN"},{"s":null}]}`, paths: []string{"r.1.s"}},
		"twice":                 {rows: states, document: `{rows{a: st st}}`, data: `{"rows":[{"a":"OPEN","st":"OPEN"},{"a":null,"st":null}]}`, paths: []string{"rows.1.a", "rows.1.st"}},
		"a required value":      {rows: `[{"id":"1","must":"open"},{"id":"2"}]`, document: `{rows{must}}`, data: `null`, paths: []string{"rows.1.must"}},
		"a required value in a row that may be null": {rows: `[{"id":"1","must":"open"},{"id":"2"}]`, document: `{maybe{must}}`, data: `{"maybe":[{"must":"OPEN"},null]}`, paths: []string{"maybe.1.must"}},
		"of another frontend":                        {rows: `[{"id":"1","thumbnail_url":{"a":1}}]`, document: `{rows{id st n}}`, data: `{"rows":[{"id":"1","st":null,"n":null}]}`},
		"in that frontend":                           {frontend: "thumbs", rows: `[{"id":"1","thumbnail_url":{"a":1}}]`, document: `{rows{id thumb}}`, data: `{"rows":[{"id":"1","thumb":null}]}`, paths: []string{"rows.0.thumb"}},
		"a string for a number":                      {rows: `[{"id":"1","n":"42"},{"id":"2","n":1.0},{"id":"3","n":1.5},{"id":"4","n":2147483648}]`, document: `{rows{n}}`, data: `{"rows":[{"n":null},{"n":1},{"n":null},{"n":null}]}`, paths: []string{"rows.0.n", "rows.2.n", "rows.3.n"}},
		"an item that may not be null":               {rows: `[{"id":"1","tags":["a",null,1]},{"id":"2","tags":["b"]}]`, document: `{rows{tags}}`, data: `{"rows":[{"tags":null},{"tags":["b"]}]}`, paths: []string{"rows.0.tags.1"}},
		"an item that may be null":                   {rows: `[{"id":"1","labels":["a",null,1,{}]}]`, document: `{rows{labels}}`, data: `{"rows":[{"labels":["a",null,null,null]}]}`, paths: []string{"rows.0.labels.2", "rows.0.labels.3"}},
		"not a list":                                 {rows: `[{"id":"1","labels":"a"}]`, document: `{rows{labels}}`, data: `{"rows":[{"labels":null}]}`, paths: []string{"rows.0.labels"}},
		"null of a converter":                        {rows: `[{"id":"1","price_cents":null,"currency":"EUR"},{"id":"2","price_cents":5,"currency":"EUR"}]`, document: `{rows{id price{amount}}}`, data: `{"rows":[{"id":"1","price":null},{"id":"2","price":{"amount":"0.05"}}]}`, paths: []string{"rows.0.price"}},
		"in an object":                               {rows: `[{"id":"1","owner":{"id":"o","name":7}},{"id":"2","owner":{"id":"p","name":"n"}}]`, document: `{rows{owner{id name}}}`, data: `{"rows":[{"owner":null},{"owner":{"id":"p","name":"n"}}]}`, paths: []string{"rows.0.owner.name"}},
		"in an object, not selected":                 {rows: `[{"id":"1","owner":{"id":"o","name":7}}]`, document: `{rows{owner{id}}}`, data: `{"rows":[{"owner":{"id":"o"}}]}`},
		"not an object":                              {rows: `[{"id":"1","owner":"o"}]`, document: `{rows{id owner{id}}}`, data: `{"rows":[{"id":"1","owner":null}]}`, paths: []string{"rows.0.owner"}},
		"a row that is none":                         {rows: `[{"id":"1"},7,null]`, document: `{maybe{id}}`, data: `{"maybe":[{"id":"1"},null,null]}`, paths: []string{"maybe.1"}},
		"a row that is none, required":               {rows: `[{"id":"1"},7]`, document: `{rows{st}}`, data: `null`, paths: []string{"rows.1"}},
		"null, required":                             {rows: `[null]`, document: `{rows{st}}`, data: `null`, paths: []string{"rows.0"}},
		"one of five batched rows":                   {rows: five, subs: `[{"id":5,"n":5},{"id":4,"n":"42"},{"id":3,"n":3},{"id":2,"n":2},{"id":1,"n":1}]`, document: `{rows{sub{n}}}`, data: `{"rows":[{"sub":{"n":1}},{"sub":{"n":2}},{"sub":{"n":3}},{"sub":null},{"sub":{"n":5}}]}`, paths: []string{"rows.3.sub.n"}},
		"rows without a key":                         {rows: five, subs: `[{"n":9},{"id":null,"n":8},{"id":{},"n":7},7,null,{"id":"2","n":2}]`, document: `{rows{sub{n}}}`, data: `{"rows":[{"sub":null},{"sub":{"n":2}},{"sub":null},{"sub":null},{"sub":null}]}`},
		"keys in an object":                          {rows: five, subs: `[{"row":{"id":2},"n":2},{"row":{"id":2},"n":"x"},{"row":7,"n":1},{"row":{"id":1},"n":1}]`, document: `{rows{all{n}}}`, data: `null`, paths: []string{"rows.1.all.1.n"}},
		"keys in an object, selected":                {rows: five, subs: `[{"id":2,"row":{"id":2},"n":2},{"id":[],"row":{"id":1},"n":1}]`, document: `{rows{all{id}}}`, data: `{"rows":[{"all":[{"id":null}]},{"all":[{"id":"2"}]},{"all":[]},{"all":[]},{"all":[]}]}`, paths: []string{"rows.0.all.0.id"}},
		"a key that is none":                         {rows: `[{"id":{}},{"id":"2"}]`, subs: `[{"id":"2","n":2}]`, document: `{rows{sub{n}}}`, data: `{"rows":[{"sub":null},{"sub":{"n":2}}]}`, paths: []string{"rows.0.sub"}},
		"of a call for each":                         {rows: `[{"id":1,"n":"x"},{"id":2,"n":0}]`, document: `{rows{of{n}}}`, data: `{"rows":[{"of":null},{"of":{"n":0}}]}`, paths: []string{"rows.0.of"}},
		"no list":                                    {rows: `{"a":1}`, document: `{rows{id}}`, data: `null`, paths: []string{"rows"}},
		"no JSON":                                    {rows: `[{"id":"1"},`, document: `{maybe{id}}`, data: `{"maybe":null}`, paths: []string{"maybe"}},
		"no JSON, in what is skipped":                {rows: `[{"id":"1","x":[01]}]`, document: `{maybe{id}}`, data: `{"maybe":null}`, paths: []string{"maybe"}},
		"nothing":                                    {rows: `null`, document: `{maybe{id}}`, data: `{"maybe":null}`},
	} {
		t.Run(name, func(t *testing.T) {
			service.set("application/json", map[string]string{"/rows": c.rows, "/subs": c.subs, "/of/0": `{"n":0}`})
			frontend := c.frontend
			if frontend == "" {
				frontend = "rows"
			}
			wantFaults(t, g, [2]string{frontend, c.document}, c.data, c.paths)
		})
	}
}

// The example of docs/bindings.md.
func TestGuideOfFaults(t *testing.T) {
	guide, err := os.ReadFile("../docs/bindings.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(guide), "\n## Values that do not match the schema\n")
	blocks := regexp.MustCompile("(?s)```json\n(.*?)```").FindAllStringSubmatch(section, 2)
	if len(blocks) != 2 {
		t.Fatal("the guide has no answer of the service and of the gateway")
	}
	service := &canned{}
	server := httptest.NewServer(service)
	defer server.Close()
	g := startExtended(t, demotest.Start(t), loopback, map[string]string{"echo": server.URL})
	service.set("application/json", map[string]string{"/rows": blocks[0][1]})
	got, want := new(bytes.Buffer), new(bytes.Buffer)
	if err := errors.Join(json.Compact(got, g.query(t, "rows", `{ rows { id st } }`, nil).body), json.Compact(want, []byte(blocks[1][1]))); err != nil {
		t.Fatal(err)
	}
	if got.String() != want.String() {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// wantFaults queries a frontend with a document, and wants data and errors of a service at paths.
func wantFaults(t *testing.T, g *gateway, query [2]string, data string, paths []string) {
	t.Helper()
	frontend, document := query[0], query[1]
	a := g.query(t, frontend, document, nil)
	var got []string
	for _, e := range a.Errors {
		var path []string
		for _, step := range e.Path {
			path = append(path, fmt.Sprint(step))
		}
		got = append(got, strings.Join(path, "."))
		if e.Extensions["code"] != "DOWNSTREAM_SERVICE_ERROR" || strings.Contains(e.Message, "42") {
			t.Errorf("the error is %v %s", e.Extensions["code"], e.Message)
		}
	}
	slices.Sort(got)
	if string(a.Data) != data || !slices.Equal(got, paths) {
		t.Errorf("%s\ngot  %s\nwant %s, errors at %q", document, a.body, data, paths)
	}
}

// The log says where a value is that does not match, and what it is.
func TestFaultsInTheLog(t *testing.T) {
	service := &canned{}
	server := httptest.NewServer(service)
	defer server.Close()
	g := startExtended(t, demotest.Start(t), loopback, map[string]string{"echo": server.URL})
	service.set("application/json", map[string]string{"/rows": `[{"id":"1","st":"ARCHIVED-` + strings.Repeat("x", 1000) + `"}]`})
	wantFaults(t, g, [2]string{"rows", `{rows{st}}`}, `{"rows":[{"st":null}]}`, []string{"rows.0.st"})
	for _, part := range []string{"service echo", "schema/rows/rows.graphqls:3:", "Row.st", "RowState", "ARCHIVED-xxx"} {
		await(t, "the log has "+part, func() bool { return strings.Contains(g.log.String(), part) }) // it comes through a pipe
	}
	log := g.log.String()
	if strings.Contains(log, strings.Repeat("x", 200)) {
		t.Error("the log has all of a long value")
	}
}

// A page whose values are wrong fails the fields that have them.
func TestFaultsOfPages(t *testing.T) {
	service := &canned{}
	server := httptest.NewServer(service)
	defer server.Close()
	g := startExtended(t, demotest.Start(t), loopback, map[string]string{"echo": server.URL})
	for name, c := range map[string]struct {
		answer, document, data string
		paths                  []string
	}{
		"null is empty":   {`{"rows":null}`, `{rowPage{nodes{id} pageInfo{hasNextPage}}}`, `{"rowPage":{"nodes":[],"pageInfo":{"hasNextPage":false}}}`, nil},
		"a bad total":     {`{"rows":[{"id":1}],"total":"1"}`, `{rowPage{nodes{id} totalCount}}`, `{"rowPage":{"nodes":[{"id":"1"}],"totalCount":null}}`, []string{"rowPage.totalCount"}},
		"nobody asks":     {`{"rows":[{"id":1}],"total":"1","next":{}}`, `{rowPage{nodes{id}}}`, `{"rowPage":{"nodes":[{"id":"1"}]}}`, nil},
		"a bad cursor":    {`{"rows":[{"id":1}],"next":{}}`, `{rowPage{pageInfo{endCursor}}}`, `{"rowPage":{"pageInfo":{"endCursor":null}}}`, []string{"rowPage.pageInfo.endCursor"}},
		"rows of no kind": {`{"rows":5}`, `{rowPage{nodes{id}}}`, `null`, []string{"rowPage"}},
	} {
		t.Run(name, func(t *testing.T) {
			service.set("application/json", map[string]string{"/page": c.answer})
			wantFaults(t, g, [2]string{"rows", c.document}, c.data, c.paths)
		})
	}
}

// XML is read as exactly as JSON.
func TestElements(t *testing.T) {
	service := &canned{}
	server := httptest.NewServer(service)
	defer server.Close()
	g := startExtended(t, demotest.Start(t), loopback, map[string]string{"echo": server.URL})
	latin, err := charmap.ISO8859_1.NewEncoder().String(`<?xml version="1.0" encoding="iso-8859-1"?><rows><row><name>Käse</name></row></rows>`)
	if err != nil {
		t.Fatal(err)
	}
	const all = `{elements{n ok name}}`
	for name, c := range map[string]struct {
		answer, document, data string
		paths                  []string
	}{
		"values":            {`<rows><row><n> 5 </n><ok>true</ok><name> x </name></row></rows>`, all, `{"elements":[{"n":5,"ok":true,"name":" x "}]}`, nil},
		"empty elements":    {`<rows><row><n/><ok></ok><name/></row></rows>`, all, `{"elements":[{"n":null,"ok":null,"name":""}]}`, nil},
		"nil elements":      {`<rows xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><row><n i:nil="true"/><name i:nil="true"/></row></rows>`, all, `{"elements":[{"n":null,"ok":null,"name":null}]}`, nil},
		"no number":         {`<rows><row><n>x</n><name>a</name></row></rows>`, all, `{"elements":[{"n":null,"ok":null,"name":"a"}]}`, []string{"elements.0.n"}},
		"a list":            {`<rows><row><many>1</many><many>2</many></row><row/></rows>`, `{elements{many}}`, `{"elements":[{"many":[1,2]},{"many":[]}]}`, nil},
		"nothing":           {`<rows/>`, all, `{"elements":[]}`, nil},
		"another encoding":  {latin, `{elements{name}}`, `{"elements":[{"name":"Käse"}]}`, nil},
		"text after it":     {`<rows/>x`, all, `null`, []string{"elements"}},
		"not well-formed":   {`<rows><row></rows>`, all, `null`, []string{"elements"}},
		"namespaces":        {`<a:rows xmlns:a="urn:a"><a:row><a:n>1</a:n></a:row></a:rows>`, `{elements{n}}`, `{"elements":[{"n":1}]}`, nil},
		"a text, no object": {`<rows><row>x</row></rows>`, `{elements{n}}`, `null`, []string{"elements.0"}},
	} {
		t.Run(name, func(t *testing.T) {
			service.set("application/xml", map[string]string{"/elements": c.answer})
			wantFaults(t, g, [2]string{"rows", c.document}, c.data, c.paths)
		})
	}
}
