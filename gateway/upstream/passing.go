package upstream

import (
	"context"
	"crypto/sha256"
	"net/http"
	"slices"

	"github.com/portico-gateway/portico/gateway/cache"
	"github.com/portico-gateway/portico/gateway/provenance"
)

// Passing has the header fields of a service's answer that are passed to the caller of
// the operation, whatever the status of the answer. Such an answer is private: it is
// neither cached nor shared with other operations. A Passing is immutable.
type Passing struct {
	// Headers are names in canonical spelling, without Set-Cookie and without
	// fields that the gateway sets itself.
	Headers []string
	// Cookies are the names of the cookies of Set-Cookie that are passed.
	Cookies []string
}

// begin notes that the answer of the context's operation is one caller's.
func (p *Passing) begin(ctx context.Context) {
	if p != nil {
		provenance.From(ctx).Uses(provenance.Everything)
	}
}

// note notes what is passed of an answer to a binding's call. A value with
// control characters is left out.
func (p *Passing) note(ctx context.Context, binding string, header http.Header) {
	record := provenance.From(ctx)
	if p == nil || record == nil {
		return
	}
	pass := func(name string, valid func(value string) bool) {
		var values []string
		for _, value := range header[name] {
			if validHeader(value) && valid(value) {
				values = append(values, value)
			}
		}
		if len(values) > 0 {
			record.Pass(provenance.Passed{Binding: binding, Name: name, Values: values})
		}
	}
	for _, name := range p.Headers {
		pass(name, func(value string) bool { return value != "" })
	}
	if len(p.Cookies) > 0 {
		pass("Set-Cookie", func(value string) bool { return slices.Contains(p.Cookies, provenance.CookieName(value)) })
	}
}

// key returns the key, within an operation, of an answer of which this is passed.
// It is another one than that of the same request without it, whose answer may
// have been another caller's.
func (p *Passing) key(request cache.Key) cache.Key {
	text := append(make([]byte, 0, 256), request[:]...)
	for _, names := range [][]string{{"passes"}, p.Headers, {"cookies"}, p.Cookies} {
		for _, name := range names {
			text = cache.AppendPart(text, name)
		}
	}
	return sha256.Sum256(text)
}
