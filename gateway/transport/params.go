package transport

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/portico-gateway/portico/gateway/problem"
)

// largestRecalled is the size in bytes of the largest request that can be recalled,
// since its text is kept.
const largestRecalled = 4 << 10

// readParams reads a request's operations from its URL (GET) or body (POST),
// or recalls the answer that its text has.
func (h *Handler) readParams(w http.ResponseWriter, r *http.Request, want accepted) (received, *refusal) {
	body := h.bodies.get(h.config().Budget, h.config().bound(bodyEnvelope))
	defer h.bodies.put(body)
	if r.Method == http.MethodGet {
		body.text = append(body.first[:0], r.URL.RawQuery...)
	} else if refused := h.readBody(w, r, body); refused != nil {
		return received{}, refused
	}
	recallable := want.format != eventStream && len(body.text) <= largestRecalled
	if recallable {
		if a, ok := h.current.Load().source.Recall(r.Context(), r.Method, body.text); ok {
			return received{answer: a, recalled: true}, nil
		}
	}
	if h.sheds(r.Method, body.text) {
		return received{}, h.overloaded
	}
	var text string
	if recallable {
		text = string(body.text)
	}
	got, refused := h.decode(r, body.text)
	if refused != nil {
		return received{}, refused
	}
	got.memory = body.reserved()
	if got.single != nil {
		got.single.Method, got.single.Text = r.Method, text
	}
	return got, nil
}

func (h *Handler) decode(r *http.Request, text []byte) (received, *refusal) {
	var got received
	var err *problem.Error
	if r.Method == http.MethodGet {
		got.single, err = decodeURL(r.URL.RawQuery, h.config())
	} else {
		got, err = decodeBody(text, h.config().MaxBatch)
	}
	if err != nil {
		return received{}, &refusal{status: http.StatusBadRequest, problem: err}
	}
	return got, nil
}

// readBody reads a body that may have JSON.
func (h *Handler) readBody(w http.ResponseWriter, r *http.Request, body *body) *refusal {
	if content := r.Header.Get("Content-Type"); content != plainJSON && !isJSON(content) { // the first is what most send
		return refusef(http.StatusUnsupportedMediaType, "The body must be JSON in UTF-8, with the header Content-Type: %s.", plainJSON)
	}
	coding := strings.ToLower(r.Header.Get("Content-Encoding"))
	if coding == "x-gzip" { // RFC 9110, section 8.4.1.3
		coding = "gzip"
	}
	if coding != "" && coding != "identity" && coding != "gzip" {
		w.Header().Set("Accept-Encoding", "gzip, identity")
		return refusef(http.StatusUnsupportedMediaType, "The body may be compressed by gzip, or not at all.")
	}
	if r.ContentLength > h.config().MaxBodyBytes {
		return h.refuseBody(errTooLarge)
	}
	var err error
	if coding == "gzip" {
		err = h.inflate(http.MaxBytesReader(w, r.Body, h.config().MaxBodyBytes), body)
	} else {
		err = body.read(r.Body, r.ContentLength, h.config().MaxBodyBytes)
	}
	if err != nil {
		return h.refuseBody(err)
	}
	return nil
}

func isJSON(content string) bool {
	m, ok := parseMedia(content)
	return ok && m.is(plainJSON)
}

// inflaterBytes is about what the tables of gzip take while a body is read.
const inflaterBytes = 48 << 10

// inflate reads a body that is packed by gzip: what is small when packed must
// not be large in memory.
func (h *Handler) inflate(packed io.Reader, body *body) error {
	if !body.acquire(inflaterBytes) {
		return errBusy
	}
	reader, err := gzip.NewReader(packed)
	if err != nil {
		return err
	}
	return body.read(reader, -1, h.config().MaxBodyBytes)
}

// refuseBody returns why a body is refused that was not read to its end. The
// connection is closed, so that its rest is not read either.
func (h *Handler) refuseBody(err error) *refusal {
	var refused *refusal
	tooLarge := new(http.MaxBytesError)
	switch limit := h.config().beyond(err); {
	case limit != nil:
		refused = &refusal{status: http.StatusBadRequest, problem: limit}
	case errors.Is(err, errTooLarge), errors.As(err, &tooLarge):
		refused = refusef(http.StatusRequestEntityTooLarge, "The body has more than %d bytes.", h.config().MaxBodyBytes)
	case errors.Is(err, errBusy):
		refused = unavailable("The gateway is reading too many requests: try again.")
	case errors.Is(err, os.ErrDeadlineExceeded):
		refused = refusef(http.StatusRequestTimeout, "The request did not come in completely in time.")
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), errors.As(err, new(flate.CorruptInputError)):
		refused = refusef(http.StatusBadRequest, "The body is not what gzip makes.")
	default:
		refused = refusef(http.StatusBadRequest, "The body could not be read to its end.")
	}
	refused.close = true
	return refused
}

// blank is what may be around the tokens of JSON.
const blank = " \t\r\n"

// decodeBody reads an operation, or a list of at most so many.
func decodeBody(body []byte, most int) (received, *problem.Error) {
	if start := bytes.TrimLeft(body, blank); len(start) > 0 && start[0] == '[' {
		list, err := decodeBatch(body, most)
		return received{batch: list}, err
	}
	single, err := decodeRequest(body)
	return received{single: single}, err
}

// notGraphQL returns the problem of a text whose JSON has a mistake.
func notGraphQL(err error) *problem.Error {
	return problem.New(problem.BadRequest, "The request is not GraphQL: %s.", err.Error())
}

// decodeRequest reads a request from a body or a WebSocket's message.
func decodeRequest(body []byte) (*Request, *problem.Error) {
	if len(bytes.TrimLeft(body, blank)) == 0 {
		return nil, problem.New(problem.BadRequest, "The request is empty: it must be a JSON object with a query.")
	}
	d := newDecoder(body)
	request, err := d.request()
	if err == nil {
		err = d.end()
	}
	if err != nil {
		return nil, notGraphQL(err)
	}
	return request, request.check()
}

// request reads a request (GraphQL over HTTP, "JSON Encoding"). Members that it
// does not know are ignored. Names must be equal to the letter.
func (d *decoder) request() (*Request, error) {
	r := &Request{}
	err := d.object(func(name string) error {
		switch name {
		case "query":
			return d.string(name, &r.Query)
		case "operationName":
			return d.string(name, &r.OperationName)
		case "variables":
			return d.values(name, &r.Variables)
		case "extensions":
			return d.values(name, &r.Extensions)
		case documentID:
			return d.string(name, &r.DocumentID)
		}
		return d.skip()
	})
	return r, err
}

// documentID is the name of the member that names a persisted document.
const documentID = "documentId"

// decodeURL reads the parameters of a request by GET (GraphQL over HTTP,
// "GET"). Empty ones count as not given. Each that is JSON is bounded.
func decodeURL(query string, config *Config) (*Request, *problem.Error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, problem.New(problem.BadRequest, "The parameters of the URL are malformed.")
	}
	for _, given := range values {
		if len(given) > 1 {
			return nil, problem.New(problem.BadRequest, "The URL has a parameter twice.")
		}
	}
	r := &Request{Query: values.Get("query"), OperationName: values.Get("operationName"), DocumentID: values.Get(documentID)}
	if !utf8.ValidString(r.Query) || !utf8.ValidString(r.OperationName) || !utf8.ValidString(r.DocumentID) {
		return nil, problem.New(problem.BadRequest, "The parameters of the URL are not UTF-8.")
	}
	for _, member := range []struct {
		name string
		into *map[string]any
	}{{"variables", &r.Variables}, {"extensions", &r.Extensions}} {
		text := values.Get(member.name)
		if text == "" {
			continue
		}
		value, bound := []byte(text), config.bound(parameterEnvelope)
		if err := bound.scan(value); err != nil {
			return nil, config.beyond(err)
		}
		if err := decodeMap(value, member.into); err != nil {
			return nil, problem.New(problem.BadRequest, "The parameter %q of the URL is wrong: %s.", member.name, err.Error())
		}
	}
	return r, r.check()
}

// check wants a query, or what stands for one: a persisted document, which the
// source looks up.
func (r *Request) check() *problem.Error {
	if r.Extensions["persistedQuery"] != nil || r.DocumentID != "" || strings.TrimSpace(r.Query) != "" {
		return nil
	}
	return problem.New(problem.BadRequest, `The request has no "query".`)
}
