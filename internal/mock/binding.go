package mock

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"strconv"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/portico-gateway/portico/internal/plan"
)

// bound answers for a service over HTTP from the bindings of the project's schemas: what they read of an answer is there, and no more.
type bound struct {
	service string
	seed    uint64
	calls   []*boundCall // sorted by name
}

// boundCall is a call with what it reads.
type boundCall struct {
	*plan.Call

	// value is the schema of what select leads to, or of an item of it if that is a list, or of the value of a key of a batch; nil if
	// nothing is read.
	value   *openapi3.SchemaRef
	list    bool
	row     *plan.Object                   // of value; nil if that is not an object of one type
	headers map[string]*openapi3.SchemaRef // that are read
}

func newBound(service *plan.Service, seed uint64) *bound {
	b, shapes := &bound{service: service.Name, seed: seed}, newShapes(service.Calls)
	for _, c := range service.Calls {
		call := &boundCall{Call: c, headers: map[string]*openapi3.SchemaRef{}}
		b.calls = append(b.calls, call)
		if c.Answer == nil {
			continue
		}
		read := c.Answer.Read
		if call.list = read.Item != nil && !read.Entries; call.list {
			read = read.Item
		}
		call.value = shapes.of(read)
		if read.Item == nil {
			call.row = read.Into.Object
		}
		headersOf(shapes, read, call.headers, map[*plan.Object]bool{})
	}
	return b
}

// headersOf adds the schemas of the headers that are read for a value.
func headersOf(s *shapes, r *plan.Read, headers map[string]*openapi3.SchemaRef, seen map[*plan.Object]bool) {
	for r.Item != nil {
		r = r.Item
	}
	var objects []*plan.Object
	if r.Into.Object != nil {
		objects = append(objects, r.Into.Object)
	}
	if choice := r.Into.Choice; choice != nil {
		for _, v := range choice.Variants {
			objects = append(objects, v.Object)
		}
	}
	for _, o := range objects {
		if seen[o] {
			continue
		}
		seen[o] = true
		for _, f := range o.Fields {
			switch {
			case f.Header != "":
				headers[f.Header] = s.of(f.Read)
			case f.Read != nil:
				headersOf(s, f.Read, headers, seen)
			}
		}
	}
}

// match is a call that a request may be.
type match struct {
	*asked

	call *boundCall
}

// matching returns the calls that a request is most likely. There are several if bindings read different parts of one answer.
func (b *bound) matching(q *request) []match {
	var best []match
	for _, c := range b.calls {
		a, ok := q.asks(c.Call)
		switch {
		case !ok || len(best) > 0 && a.misfit > best[0].misfit:
			continue
		case len(best) > 0 && a.misfit < best[0].misfit:
			best = nil
		}
		best = append(best, match{a, c})
	}
	return best
}

// ServeHTTP answers with what all bindings read that make the call.
func (b *bound) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := readRequest(r)
	calls := b.matching(q)
	if len(calls) == 0 {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusNotFound)
		text := fmt.Sprintf("%s has no document, and no binding calls %s %s", b.service, r.Method, path.Clean(r.URL.Path))
		_ = json.NewEncoder(w).Encode(map[string]string{"message": text})
		return
	}
	if calls[0].call.Stream() {
		b.stream(w, q, calls[0])
		return
	}
	var body any
	format := calls[0].call.Format()
	for _, m := range calls {
		if m.call.Format() == format && !m.call.Stream() {
			body = merged(body, newAnswer(b.seed, q, m, w.Header()).body(0))
		}
	}
	switch {
	case body == nil:
		w.WriteHeader(http.StatusNoContent)
	case format == plan.XML:
		w.Header().Set("Content-Type", "application/xml")
		_, _ = w.Write(xmlOf("answer", body)) // a client that is gone needs none
	default:
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(body) // as above
	}
}

// stream sends a few server-sent events.
func (b *bound) stream(w http.ResponseWriter, q *request, m match) {
	w.Header().Set("Content-Type", "text/event-stream")
	for i := range fewRows {
		text, err := json.Marshal(newAnswer(b.seed, q, m, w.Header()).body(i))
		if err != nil {
			return // what is made can be written
		}
		if events := m.call.REST.Events; len(events) > 0 {
			fmt.Fprintf(w, "event: %s\n", events[i%len(events)])
		}
		fmt.Fprintf(w, "id: %s\ndata: %s\n\n", strconv.Itoa(i+1), text)
	}
}

// merged returns an answer that has the parts of two. Where they differ, it has those of the first.
func merged(a, b any) any {
	switch a := a.(type) {
	case nil:
		return b
	case map[string]any:
		if b, ok := b.(map[string]any); ok {
			for name, value := range b {
				a[name] = merged(a[name], value)
			}
		}
	case []any:
		if b, ok := b.([]any); ok && len(a) == len(b) {
			for i := range a {
				a[i] = merged(a[i], b[i])
			}
		}
	}
	return a
}
