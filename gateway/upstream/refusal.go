package upstream

import (
	"errors"
	"mime"
	"slices"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/portico-gateway/portico/gateway/decode"
	"github.com/portico-gateway/portico/gateway/problem"
)

// Condition is a condition on an answer.
type Condition struct {
	// Status is the status of an HTTP answer; 0 stands for all from 200 to 299.
	Status int
	// Code is the code of a gRPC error; codes.OK for HTTP, and for an answer of gRPC.
	Code codes.Code
	// Value is a condition on a value of the body, in JSON or XML, of the message of
	// gRPC, or of a gRPC status: its path begins with "message", or with a type of
	// details such as "ErrorInfo". It is nil for none. It does not hold for an HTTP
	// answer without a body.
	Value *decode.Condition
}

func (c Condition) includes(status int) bool {
	return c.Status == status || c.Status == 0 && status >= 200 && status <= 299
}

// Holds reports whether the condition matches the answer of the error.
func Holds(err error, c Condition) bool {
	e, ok := errors.AsType[*StatusError](err)
	switch {
	case ok && e.message != nil:
		return c.holdsFor(e.message)
	case ok && e.Status == 0:
		return c.Code == e.Code && (c.Value == nil || c.Value.Holds(e.details.find(string(e.Body), c.Value.Path)))
	}
	if !ok || !c.includes(e.Status) {
		return false
	}
	if c.Value == nil {
		return true
	}
	found, err := e.find(c.Value.Path)
	return err == nil && c.Value.Holds(found[0])
}

// holdsFor reports whether the condition holds for an answer of gRPC.
func (c Condition) holdsFor(message proto.Message) bool {
	return c.Status == 0 && c.Code == codes.OK && c.Value != nil && c.Value.Holds(decode.FindInMessage(message, c.Value.Path))
}

// Accepted returns err, the error of a gRPC call, if it is not nil; otherwise the error
// of an answer that matches one of the conditions: see [Holds].
func Accepted(c GRPC, err error, answer proto.Message, conditions []Condition) error {
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(conditions, func(c Condition) bool { return c.holdsFor(answer) }) {
		return nil
	}
	body, _ := protojson.Marshal(answer) // for the log, and for extensions
	e := &StatusError{Service: c.Source("").Service, Body: body[:min(len(body), bodyOfError)], message: answer, mediaType: jsonType, whole: string(body)}
	return problem.Wrap(e, problem.ServiceError, "The service failed.").Of(e.Service)
}

// refusal returns the error of an answer with a status of 2xx for which one of
// the request's conditions holds. It reads the body at most once, and only if it
// has to. What is then neither JSON nor XML, or not well-formed, is an error, too.
func (c *httpClient) refusal(r Request, status int, mediaType, body string) error {
	if len(r.Errors) == 0 {
		return nil
	}
	e := &StatusError{Service: c.config().Name, Status: status, mediaType: mediaType, whole: body}
	var values []decode.Condition
	var paths [][]string
	for _, condition := range r.Errors {
		switch {
		case !condition.includes(status):
		case condition.Value == nil:
			return e.refused()
		case body != "":
			values, paths = append(values, *condition.Value), append(paths, condition.Value.Path)
		}
	}
	if len(values) == 0 {
		return nil
	}
	if format, _ := formatOf(mediaType); format == "" {
		if r.Accepts == nil {
			r.Accepts = c.json
		}
		charset, err := c.charset(r, mediaType, body)
		if err != nil {
			return err
		}
		e.mediaType = mime.FormatMediaType(r.Accepts.usual, map[string]string{"charset": charset})
	}
	found, err := e.find(paths...)
	if err != nil {
		return c.Source(r.Binding).Malformed("the answer", err)
	}
	for i, value := range values {
		if value.Holds(found[i]) {
			return e.refused()
		}
	}
	return nil
}

// refused returns the problem of an answer with a status of 2xx that is an error.
func (e *StatusError) refused() error {
	e.Body = []byte(e.whole[:min(len(e.whole), bodyOfError)])
	return refused(e)
}

// find returns the values of the body that paths lead to.
func (e *StatusError) find(paths ...[]string) ([]decode.Found, error) {
	if e.Status == 0 && e.message == nil {
		return decode.NewJSON(e.details.body(string(e.Body)), decode.Source{}).Find(paths...)
	}
	body := e.whole
	if body == "" {
		body = string(e.Body)
	}
	format, charset := formatOf(e.mediaType)
	if format == "xml" {
		return decode.NewXML(body, charset, decode.Source{}).Find(paths...)
	}
	body, err := decode.UTF8(body, charset)
	if err != nil {
		return nil, err
	}
	return decode.NewJSON(body, decode.Source{}).Find(paths...)
}

// formatOf returns whether a media type is "json" or "xml", and its charset. The
// format of others is empty.
func formatOf(mediaType string) (format, charset string) {
	parsed, parameters, err := mime.ParseMediaType(mediaType)
	if err != nil {
		return "", ""
	}
	for _, format := range []string{"json", "xml"} {
		if strings.HasSuffix(parsed, "/"+format) || strings.HasSuffix(parsed, "+"+format) {
			return format, parameters["charset"]
		}
	}
	return "", ""
}

// Detail is a value of an error's body that a caller may see.
type Detail struct {
	// Name is that of the extension.
	Name string
	// Path is the path of the value: see [decode.JSON.Find].
	Path []string
}

// Explain returns the problem for an error of a service. A detail is any value of JSON,
// or an element of XML as [decode.Found.Any] returns it. Of gRPC, it is one of the
// message, or of the status as [Condition] has it, in JSON. Null and missing details are
// omitted, and so are details beyond 64 KiB in total.
func Explain(err error, code problem.Code, message string, details ...Detail) error {
	e, ok := errors.AsType[*StatusError](err)
	if !ok {
		return err
	}
	p := e.withRetry(problem.Wrap(e, code, "%s", message))
	if len(details) == 0 {
		return p
	}
	paths := make([][]string, len(details))
	for i, d := range details {
		paths[i] = d.Path
	}
	found, err := e.find(paths...)
	if err != nil {
		return p
	}
	left := bodyOfError
	for i, d := range details {
		if value, size := found[i].Any(left); value != nil {
			p = p.With(d.Name, value)
			left -= size
		}
	}
	return p
}
