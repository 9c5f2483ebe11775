package transport

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/99designs/gqlgen/graphql"

	"github.com/portico-gateway/portico/gateway/problem"
)

// refusal is why a request is not executed.
type refusal struct {
	status  int
	problem *problem.Error
}

func refuse(status int, code problem.Code, format string, args ...any) *refusal {
	return &refusal{status, problem.New(code, format, args...)}
}

// readRequest reads a GraphQL request: of the body (POST) or of the URL (GET).
// What it says of a wrong one never has a part of it.
func (h *Handler) readRequest(w http.ResponseWriter, r *http.Request) (*graphql.RawParams, *refusal) {
	start := graphql.Now()
	var (
		params *graphql.RawParams
		no     *refusal
	)
	switch r.Method {
	case http.MethodPost:
		params, no = h.readBody(w, r)
	case http.MethodGet:
		params, no = readURL(r)
	default:
		w.Header().Set("Allow", "GET, POST")
		return nil, refuse(http.StatusMethodNotAllowed, problem.BadRequest, "GraphQL requests are sent by POST, or by GET.")
	}
	if no != nil {
		return nil, no
	}
	params.Headers = r.Header
	params.ReadTime = graphql.TraceTiming{Start: start, End: graphql.Now()}
	return params, nil
}

func (h *Handler) readBody(w http.ResponseWriter, r *http.Request) (*graphql.RawParams, *refusal) {
	mediaType, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || mediaType != plainJSON {
		// This is also the guard against other sites: a browser asks before it
		// sends this type to another origin.
		return nil, refuse(http.StatusUnsupportedMediaType, problem.BadRequest, "The body must be JSON, with Content-Type: %s.", plainJSON)
	}
	if charset := params["charset"]; charset != "" && !strings.EqualFold(charset, "utf-8") {
		return nil, refuse(http.StatusUnsupportedMediaType, problem.BadRequest, "The body must be in UTF-8.")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, h.config.MaxBodyBytes))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return nil, refuse(http.StatusRequestEntityTooLarge, problem.BadRequest, "The body has more than %d bytes.", h.config.MaxBodyBytes)
	}
	if err != nil {
		return nil, refuse(http.StatusBadRequest, problem.BadRequest, "The body could not be read.")
	}
	decoded, problem := decode(body)
	if problem != nil {
		return nil, &refusal{http.StatusBadRequest, problem}
	}
	return decoded, nil
}

// request is what a request's JSON may have (GraphQL over HTTP, 5.1).
type request struct {
	Query         *string         `json:"query"`
	OperationName *string         `json:"operationName"`
	Variables     *map[string]any `json:"variables"`
	Extensions    *map[string]any `json:"extensions"`
}

// decode reads the JSON of a request.
func decode(body []byte) (*graphql.RawParams, *problem.Error) {
	body = bytes.TrimSpace(body)
	switch {
	case len(body) == 0:
		return nil, problem.New(problem.BadRequest, "The body is empty: it must be a JSON object with a query.")
	case body[0] == '[':
		return nil, problem.New(problem.BadRequest, "Batches are not answered: send one request at a time.")
	case body[0] != '{':
		return nil, problem.New(problem.BadRequest, "The body must be a JSON object with a query.")
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber() // a variable may be larger than a float64 can hold exactly
	var req request
	if err := decoder.Decode(&req); err != nil {
		return nil, problem.New(problem.BadRequest, "The body is not a GraphQL request: %s.", describe(err))
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, problem.New(problem.BadRequest, "The body has something after the JSON object.")
	}
	return req.params()
}

// describe says what is wrong with JSON without a part of it.
func describe(err error) string {
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Sprintf("the JSON is malformed near byte %d", e.Offset)
	}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Sprintf("a member must not be a %s (near byte %d)", e.Value, e.Offset)
	}
	return "the JSON ends too early"
}

func (r *request) params() (*graphql.RawParams, *problem.Error) {
	if r.Query == nil || strings.TrimSpace(*r.Query) == "" {
		return nil, problem.New(problem.BadRequest, "The request has no query.")
	}
	params := &graphql.RawParams{Query: *r.Query}
	if r.OperationName != nil {
		params.OperationName = *r.OperationName
	}
	if r.Variables != nil {
		params.Variables = *r.Variables
	}
	if r.Extensions != nil {
		params.Extensions = *r.Extensions
	}
	return params, nil
}

// preflighted are headers that a browser sends to another origin only after it
// has asked there, as Apollo's servers and clients know them.
func preflighted() []string {
	return []string{"Apollo-Require-Preflight", "X-Apollo-Operation-Name", "GraphQL-Require-Preflight"}
}

// readURL reads a request by GET (GraphQL over HTTP, 5.3). Since any site can
// make a browser send one, it must come from the same origin, or have a header
// that proves that the browser has asked.
func readURL(r *http.Request) (*graphql.RawParams, *refusal) {
	if !fromHere(r) {
		return nil, refuse(http.StatusForbidden, problem.CSRFBlocked, "A request by GET needs the header %s, with any value.", preflighted()[0])
	}
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, problem.BadRequest, "The parameters of the URL are malformed.")
	}
	req := request{}
	for name, target := range map[string]**string{"query": &req.Query, "operationName": &req.OperationName} {
		if values.Has(name) {
			value := values.Get(name)
			*target = &value
		}
	}
	for name, target := range map[string]**map[string]any{"variables": &req.Variables, "extensions": &req.Extensions} {
		if text := values.Get(name); text != "" {
			decoder := json.NewDecoder(strings.NewReader(text))
			decoder.UseNumber()
			if err := decoder.Decode(target); err != nil || decoder.More() {
				return nil, refuse(http.StatusBadRequest, problem.BadRequest, "The parameter %s must be a JSON object.", name)
			}
		}
	}
	params, problem := req.params()
	if problem != nil {
		return nil, &refusal{http.StatusBadRequest, problem}
	}
	return params, nil
}

func fromHere(r *http.Request) bool {
	if r.Header.Get("Sec-Fetch-Site") == "same-origin" { // no page can set it
		return true
	}
	for _, name := range preflighted() {
		if r.Header.Get(name) != "" {
			return true
		}
	}
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && mediaType == plainJSON
}
