package answer

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

// vary is what of a caller decides the answer to an operation. It is immutable.
type vary struct {
	principal bool
	headers   []string // canonical, sorted
	// everything: an answer is for one request only.
	everything bool
}

// Variation is what the answers to an operation vary by, as far as that is known:
// it only grows. An answer is cached under the values of all that it was made
// with, so those that were made before something was learned are not found any
// more. It is safe for concurrent use.
type Variation struct{ vary atomic.Pointer[vary] }

// NewVariation returns what is known before any answer was made: whether answers
// are private.
func NewVariation(private bool) *Variation {
	l := &Variation{}
	l.vary.Store(&vary{principal: private})
	return l
}

// add learns what an answer was made of, and returns all that is known.
func (l *Variation) add(s provenance.Summary) *vary {
	return l.join(&vary{principal: s.Caller >= provenance.Principal, everything: s.Caller >= provenance.Everything, headers: s.Headers})
}

// join learns what others have learned of the same operation.
func (l *Variation) join(other *vary) *vary {
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

// key returns the key of an answer for the caller of ctx.
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
		text = cache.AppendPart(text, "principal")
		text = cache.AppendPart(text, principal.ID())
		text = cache.AppendPart(text, caller.Subject)
		text = cache.AppendPart(text, caller.Authorization)
		text = appendRights(text, principal)
	}
	for _, name := range v.headers {
		text = cache.AppendPart(text, name)
		values := caller.Values(name)
		text = binary.BigEndian.AppendUint64(text, uint64(len(values)))
		for _, value := range values {
			text = cache.AppendPart(text, value)
		}
	}
	return sha256.Sum256(text)
}

// appendRights appends the rights that the configuration grants a principal: another configuration may revoke them.
func appendRights(text []byte, p *auth.Principal) []byte {
	if p == nil {
		return text
	}
	text = cache.AppendPart(text, p.Tier)
	for _, scope := range p.Scopes {
		text = cache.AppendPart(text, scope)
	}
	return text
}

// isPrivate reports whether caches between the gateway and its clients can't tell who may
// have the answer: it is that of a principal, or of a version of a service, which no
// header of the request says.
func (v *vary) isPrivate() bool {
	return v.principal || slices.ContainsFunc(v.headers, func(name string) bool {
		_, ok := provenance.ServiceOf(name)
		return ok
	})
}

// field returns the value of the header Vary, for caches between the gateway and
// its clients.
func (v *vary) field() []string {
	names := []string{"Accept", "Accept-Encoding"}
	for _, name := range v.headers {
		if _, ok := provenance.ServiceOf(name); !ok {
			names = append(names, name)
		}
	}
	return []string{strings.Join(names, ", ")}
}
