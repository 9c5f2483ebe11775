package server

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/portico-gateway/portico/gateway/auth"
	"github.com/portico-gateway/portico/gateway/cache"
	"github.com/portico-gateway/portico/gateway/provenance"
	"github.com/portico-gateway/portico/gateway/upstream"
)

// vary is what of a caller decides an operation's answer. It is immutable.
type vary struct {
	principal bool
	headers   []string // canonical, sorted
	// everything: an answer is for one request only.
	everything bool
}

// learned is what an operation's answers vary by, as far as that is known: it
// only grows. An answer is kept under the values of all that it was made with,
// so those that were made before something was learned are not found any more.
type learned struct{ vary atomic.Pointer[vary] }

func newLearned(private bool) *learned {
	l := &learned{}
	l.vary.Store(&vary{principal: private})
	return l
}

// add learns what an answer was made of, and returns all that is known.
func (l *learned) add(s provenance.Summary) *vary {
	return l.join(&vary{principal: s.Caller >= provenance.Principal, everything: s.Caller >= provenance.Everything, headers: s.Headers})
}

// join learns what others have learned of the same operation.
func (l *learned) join(other *vary) *vary {
	for {
		have := l.vary.Load()
		grown := have.with(other)
		if grown == have || l.vary.CompareAndSwap(have, grown) {
			return grown
		}
	}
}

func (v *vary) with(other *vary) *vary {
	grown := &vary{principal: v.principal || other.principal, everything: v.everything || other.everything, headers: v.headers}
	for _, name := range other.headers {
		if !slices.Contains(grown.headers, name) {
			grown.headers = append(slices.Clip(grown.headers), name)
		}
	}
	if grown.principal == v.principal && grown.everything == v.everything && len(grown.headers) == len(v.headers) {
		return v
	}
	slices.Sort(grown.headers)
	return grown
}

// identity names an operation of a document, for all frontends and versions of
// their schemas.
func identity(frontend string, schema cache.Key, document, operation string) cache.Key {
	text := appendPart(nil, frontend)
	text = append(text, schema[:]...)
	text = appendPart(text, document)
	return sha256.Sum256(appendPart(text, operation))
}

// appendPart writes a text so that none can go over into the next.
func appendPart(b []byte, part string) []byte {
	return append(binary.BigEndian.AppendUint64(b, uint64(len(part))), part...)
}

// baseKey is the key of an operation with the values of a request.
func baseKey(known *facts, values map[string]any) cache.Key {
	if len(values) == 0 {
		return known.identity
	}
	text := make([]byte, 0, 512)
	return sha256.Sum256(known.inputs.AppendKey(append(text, known.identity[:]...), values))
}

// key is the key of an answer for the caller of a context.
func (v *vary) key(ctx context.Context, base cache.Key) cache.Key {
	if !v.principal && len(v.headers) == 0 {
		return base
	}
	caller := upstream.CallerOf(ctx)
	text := make([]byte, 0, 512)
	text = append(text, base[:]...)
	if v.principal {
		// The credentials, too: two tokens of one subject can have other claims.
		principal := auth.From(ctx)
		text = appendPart(text, "principal")
		text = appendPart(text, principal.ID())
		text = appendPart(text, caller.Subject)
		text = appendPart(text, caller.Authorization)
	}
	for _, name := range v.headers {
		text = appendPart(text, name)
		values := caller.Headers[name]
		text = binary.BigEndian.AppendUint64(text, uint64(len(values)))
		for _, value := range values {
			text = appendPart(text, value)
		}
	}
	return sha256.Sum256(text)
}

// fields are the values of Vary for caches before the gateway: of requests whose
// path has the frontend, and of others.
func (v *vary) fields() (named, unnamed []string) {
	all := strings.Join(append([]string{"Accept", "Accept-Encoding"}, v.headers...), ", ")
	return []string{all}, []string{all + ", " + frontendHeader}
}
