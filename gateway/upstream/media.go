package upstream

import (
	"fmt"
	"mime"
	"slices"
	"strings"
)

// Media are the media types that the answer to a call may have. A Media is
// immutable; make it once, and not for each call.
type Media struct {
	usual  string   // application/json
	suffix string   // json
	types  []string // accepted beside those of the format, in lower case
	any    bool     // every media type is accepted, and so is an answer without one
	accept []string // the values of the header Accept
}

// JSON returns the media types of JSON (application/json, text/json and …+json) and
// others, such as text/plain, whose content is JSON. "*" stands for every media type, and
// for answers without a Content-Type.
func JSON(others ...string) *Media {
	return newMedia("json", []string{jsonType, "application/*+json"}, others)
}

// XML is like [JSON], for XML.
func XML(others ...string) *Media {
	return newMedia("xml", []string{"application/xml", "text/xml", "application/*+xml"}, others)
}

func newMedia(format string, accept, others []string) *Media {
	m := &Media{usual: "application/" + format, suffix: format}
	for _, other := range others {
		if other == "*" {
			m.any = true
			continue
		}
		m.types = append(m.types, strings.ToLower(other))
		accept = append(accept, other)
	}
	if m.any {
		accept = append(accept, "*/*;q=0.1")
	}
	m.accept = []string{strings.Join(accept, ", ")}
	return m
}

// charset returns the parameter charset of a Content-Type; empty if there is
// none. It reports whether the media type is accepted.
func (m *Media) charset(contentType string) (string, bool) {
	if contentType == m.usual {
		return "", true // mostly it is that, which needs no parsing
	}
	parsed, parameters, err := mime.ParseMediaType(contentType)
	if m.any {
		return parameters["charset"], true
	}
	ofFormat := strings.HasSuffix(parsed, "/"+m.suffix) || strings.HasSuffix(parsed, "+"+m.suffix)
	return parameters["charset"], err == nil && (ofFormat || slices.Contains(m.types, parsed))
}

// charset returns the charset of an answer to a request. Another media type than
// those of the request is an error.
func (c *httpClient) charset(r Request, contentType, body string) (string, error) {
	charset, ok := r.Accepts.charset(contentType)
	if !ok {
		return "", nonsense(c.config().Name, fmt.Errorf("service %s: not %s but %q: %.*q",
			c.config().Name, r.Accepts.suffix, contentType, bodyInLog, body))
	}
	return charset, nil
}
