package transport

import (
	"bytes"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"

	"github.com/portico-gateway/portico/gateway/problem"
)

// readParams reads a request's parameters from its URL (GET) or body (POST).
func (h *Handler) readParams(w http.ResponseWriter, r *http.Request) (*graphql.RawParams, *refusal) {
	start := graphql.Now()
	var (
		params *graphql.RawParams
		err    *problem.Error
	)
	if r.Method == http.MethodGet {
		params, err = decodeURL(r.URL.RawQuery)
	} else {
		buffer := h.buffers.get()
		defer h.buffers.put(buffer)
		if refused := h.readBody(w, r, buffer); refused != nil {
			return nil, refused
		}
		params, err = decodeJSON(buffer.Bytes())
	}
	if err != nil {
		return nil, &refusal{status: http.StatusBadRequest, problem: err}
	}
	params.Headers = r.Header
	params.ReadTime = graphql.TraceTiming{Start: start, End: graphql.Now()}
	return params, nil
}

// readBody reads a body that may have JSON into buffer.
func (h *Handler) readBody(w http.ResponseWriter, r *http.Request, buffer *bytes.Buffer) *refusal {
	if m, ok := parseMedia(r.Header.Get("Content-Type")); !ok || !m.is(plainJSON) {
		return refusef(http.StatusUnsupportedMediaType, "The body must be JSON in UTF-8, with the header Content-Type: %s.", plainJSON)
	}
	if coding := r.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return refusef(http.StatusUnsupportedMediaType, "The body must not be compressed.")
	}
	if r.ContentLength > h.config.MaxBodyBytes {
		return h.tooLarge()
	}
	_, err := buffer.ReadFrom(http.MaxBytesReader(w, r.Body, h.config.MaxBodyBytes))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return h.tooLarge()
	}
	if err != nil {
		return refusef(http.StatusBadRequest, "The body could not be read to its end.")
	}
	return nil
}

func (h *Handler) tooLarge() *refusal {
	return refusef(http.StatusRequestEntityTooLarge, "The body has more than %d bytes.", h.config.MaxBodyBytes)
}

// decodeJSON reads the parameters of a request (GraphQL over HTTP, "JSON
// Encoding") from a body or a WebSocket's message. Members that it does not
// know are ignored; numbers are kept as [json.Number].
func decodeJSON(body []byte) (*graphql.RawParams, *problem.Error) {
	switch start := bytes.TrimLeft(body, " \t\r\n"); {
	case len(start) == 0:
		return nil, problem.New(problem.BadRequest, "The request is empty: it must be a JSON object with a query.")
	case start[0] == '[':
		return nil, problem.New(problem.BadRequest, "Batches are not supported: send each operation as a request of its own.")
	}
	params := &graphql.RawParams{}
	err := decodeObject(body, func(name string) any {
		switch name {
		case "query":
			return &params.Query
		case "operationName":
			return &params.OperationName
		case "variables":
			return &params.Variables
		case "extensions":
			return &params.Extensions
		}
		return nil
	})
	if err != nil {
		return nil, problem.New(problem.BadRequest, "The request is not GraphQL: %s.", err.Error())
	}
	return params, checkParams(params)
}

// decodeURL reads the parameters of a request by GET (GraphQL over HTTP,
// "GET"). Empty ones count as not given.
func decodeURL(query string) (*graphql.RawParams, *problem.Error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, problem.New(problem.BadRequest, "The parameters of the URL are malformed.")
	}
	params := &graphql.RawParams{Query: values.Get("query"), OperationName: values.Get("operationName")}
	if !utf8.ValidString(params.Query) || !utf8.ValidString(params.OperationName) {
		return nil, problem.New(problem.BadRequest, "The parameters of the URL are not UTF-8.")
	}
	for _, member := range []struct {
		name string
		into *map[string]any
	}{{"variables", &params.Variables}, {"extensions", &params.Extensions}} {
		text := values.Get(member.name)
		if text == "" {
			continue
		}
		if err := decodeMap([]byte(text), member.into); err != nil {
			return nil, problem.New(problem.BadRequest, "The parameter %q of the URL is wrong: %s.", member.name, err.Error())
		}
	}
	return params, checkParams(params)
}

// checkParams wants a query, or what stands for one: a persisted document,
// which an extension of the executor looks up.
func checkParams(params *graphql.RawParams) *problem.Error {
	if _, persisted := params.Extensions["persistedQuery"]; persisted || strings.TrimSpace(params.Query) != "" {
		return nil
	}
	return problem.New(problem.BadRequest, `The request has no "query".`)
}
