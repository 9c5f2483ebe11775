package answer

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/portico-gateway/portico/gateway/problem"
)

// Writer writes answers over HTTP. It is safe for concurrent use.
type Writer struct {
	// Buffers are reused for what is written.
	Buffers

	compressor *compressor
	fields     fields
}

// fields are values of header fields that many answers have.
type fields struct {
	graphql, json    []string // Content-Type
	noStore, noSniff []string
	bypassed         []string // Cache-Status
}

// NewWriter returns a writer, which all frontends of a gateway should share.
func NewWriter() (*Writer, error) {
	c, err := newCompressor()
	return &Writer{compressor: c, fields: fields{
		graphql: []string{graphqlFormat + "; charset=utf-8"}, json: []string{jsonFormat + "; charset=utf-8"},
		noStore: []string{"no-store"}, noSniff: []string{"nosniff"}, bypassed: []string{cacheName + "; " + bypassed},
	}}, err
}

// cacheName is the name of the gateway's cache in Cache-Status (RFC 9211).
const cacheName = "Portico"

// Write writes an answer to a request, as JSON of a format
// (application/graphql-response+json or application/json), in a content coding
// that the client accepts. What is written to a client that has left is lost
// without an error.
func (w *Writer) Write(to http.ResponseWriter, r *http.Request, a *Answer, format string) {
	header := to.Header()
	maps.Copy(header, a.Header)
	a.passed.write(header)
	if a.IsCached() {
		w.writeCached(to, r, a, format)
		return
	}
	switch a.status {
	case "":
	case bypassed:
		header["Cache-Status"] = w.fields.bypassed
	default:
		header["Cache-Status"] = []string{cacheName + "; " + a.status}
	}
	if a.hit {
		header["Age"] = age(time.Since(a.cached.born))
	}
	b := w.Get()
	defer w.Put(b)
	b.Write(a.Append(b.AvailableBuffer()))
	w.WriteJSON(to, r, a.statusFor(format), format, b.Bytes())
}

// WriteJSON writes a body of JSON in one of the formats, with Cache-Control: no-store.
func (w *Writer) WriteJSON(to http.ResponseWriter, r *http.Request, status int, format string, body []byte) {
	header := to.Header()
	header["Content-Type"] = w.fields.json
	if format == graphqlFormat {
		header["Content-Type"] = w.fields.graphql
	}
	header["X-Content-Type-Options"] = w.fields.noSniff
	header["Cache-Control"] = w.fields.noStore
	if as := negotiate(r.Header["Accept-Encoding"], len(body)); as != identity {
		b := w.Get()
		defer w.Put(b)
		if w.compressor.compress(b, as, body); b.Len() < len(body) {
			header.Set("Content-Encoding", as.String())
			body = b.Bytes()
		}
	}
	if len(body) > counted {
		header.Set("Content-Length", strconv.Itoa(len(body)))
	}
	to.WriteHeader(status)
	_, _ = to.Write(body)
}

// statusFor returns the status of an answer in a format. It is 200 when the
// operation was executed, whatever its errors, else that of the first error;
// application/json has 200 for mistakes in the document or its variables,
// as its clients expect (GraphQL over HTTP, section 6.4).
func (a *Answer) statusFor(format string) int {
	if a.Status != 0 {
		return a.Status
	}
	if a.Executed() {
		return http.StatusOK
	}
	switch a.code() {
	case problem.ParseFailed, problem.ValidationFailed, problem.BadUserInput:
		if format == jsonFormat {
			return http.StatusOK
		}
		return http.StatusBadRequest
	case problem.Unauthenticated:
		return http.StatusUnauthorized
	case problem.Forbidden, problem.CSRFBlocked:
		return http.StatusForbidden
	case problem.Throttled:
		return http.StatusTooManyRequests
	case problem.PersistedQueryNotFound, problem.PersistedQueryNotSupported:
		return http.StatusOK // what clients of automatic persisted queries expect
	case problem.Unavailable, problem.Overloaded:
		return http.StatusServiceUnavailable
	case problem.ServiceTimeout:
		return http.StatusGatewayTimeout
	case problem.Internal, "":
		return http.StatusInternalServerError
	}
	return http.StatusBadRequest
}

// writeCached writes an answer as it is cached. A hit is recognised by the field
// Age.
func (w *Writer) writeCached(to http.ResponseWriter, r *http.Request, a *Answer, format string) {
	header, k := to.Header(), a.cached
	if !a.hit {
		header["Cache-Status"] = []string{cacheName + "; " + a.status}
	}
	if a.hit || time.Since(k.born) >= time.Second { // another gateway made it
		header["Age"] = k.age()
	}
	c := k.in(negotiate(r.Header["Accept-Encoding"], len(k.plain.body)), w.compressor)
	if r.Method != http.MethodGet { // caches do not store answers to POST
		header["Cache-Control"] = k.noStore
		k.write(to, c, format)
		return
	}
	header["Cache-Control"] = k.control
	if others := header["Vary"]; len(others) > 0 { // of CORS, or of routing
		header["Vary"] = slices.Concat(others, k.vary)
	} else {
		header["Vary"] = k.vary
	}
	if k.policy.Private {
		k.write(to, c, format)
		return
	}
	if header["Ratelimit"] != nil { // shared caches would serve them to other callers
		delete(header, "Ratelimit")
		delete(header, "Ratelimit-Policy")
	}
	if k.keys != nil {
		header["Surrogate-Key"] = k.keys
	}
	etag := c.etags[formatOf(format)]
	header["Etag"] = etag
	if matches(r.Header["If-None-Match"], etag[0]) {
		to.WriteHeader(http.StatusNotModified)
		return
	}
	k.write(to, c, format)
}

// counted is the most bytes that net/http counts itself when a handler returns
// (bufferBeforeChunkingSize there). Up to eight fields cost much less there
// than more.
const counted = 2048

// write writes the body in a coding.
func (k *cached) write(w http.ResponseWriter, c *coded, format string) {
	header := w.Header()
	if c.coding != nil {
		header["Content-Encoding"] = c.coding
	}
	header["Content-Type"] = k.types[formatOf(format)]
	if len(c.body) > counted {
		header["Content-Length"] = c.length
	}
	header["X-Content-Type-Options"] = k.noSniff
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(c.body) // the error is that the client has left
}

// matches reports whether If-None-Match has an entity tag (RFC 9110, section 13.1.2).
func matches(values []string, etag string) bool {
	for _, value := range values {
		for text := range strings.SplitSeq(value, ",") {
			text = strings.TrimSpace(text)
			if text == "*" || strings.TrimPrefix(text, "W/") == etag {
				return true
			}
		}
	}
	return false
}
