// Package auth finds out who calls: from a token that an issuer signed, from an API
// key, or from the client certificate of the connection.
//
// A caller without any of them is anonymous. One with a token or a key that is not
// accepted is refused; why goes into the cause of the problem, for the log,
// which never has the token or the key.
package auth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"time"

	"github.com/portico-gateway/portico/gateway/provenance"
)

// Principal is who is calling, as a token or a key proves. It is immutable; nil
// is anonymous.
type Principal struct {
	// Subject is the token's subject, the principal of an API key, or the subject of a
	// client certificate.
	Subject string
	// Issuer is who issued the token; empty for an API key or a certificate.
	Issuer string
	// Scopes are what the principal may do; sorted, distinct.
	Scopes []string
	// Tier is the name of a tier of rate limits; empty for none.
	Tier string
	// Expires is when the token is no longer accepted: its claim exp and the
	// issuer's leeway; or the end of the certificate's validity; zero for never.
	Expires time.Time
	// Claims are the token's; nil without a token. Do not change them.
	Claims map[string]any

	id     string
	source any // the *issuer or the *apiKey that proved it
}

// longestID is the most bytes of an id.
const longestID = 128

// newPrincipal sorts the scopes and makes the id, of which the kind is a part: that of what
// proves it.
func newPrincipal(kind string, p Principal) *Principal {
	slices.Sort(p.Scopes)
	p.Scopes = slices.Compact(p.Scopes)
	p.id = kind + ":" + strconv.Itoa(len(p.Issuer)) + ":" + p.Issuer + ":" + p.Subject
	if len(p.id) > longestID { // it is a key of maps, of which many are kept
		sum := sha256.Sum256([]byte(p.id))
		p.id = "sha256:" + hex.EncodeToString(sum[:])
	}
	return &p
}

// ID identifies the principal: two tokens of one subject and issuer have the same
// one, an API key or a certificate never has that of a token. It is empty when anonymous.
func (p *Principal) ID() string {
	if p == nil {
		return ""
	}
	return p.id
}

// Has reports whether the principal has a scope; an anonymous one has none.
func (p *Principal) Has(scope string) bool {
	if p == nil {
		return false
	}
	_, found := slices.BinarySearch(p.Scopes, scope)
	return found
}

// PrincipalKey is where a context has its *[Principal].
type PrincipalKey struct{}

// With returns a context of a principal.
func With(ctx context.Context, p *Principal) context.Context {
	return context.WithValue(ctx, PrincipalKey{}, p)
}

// From returns the principal of a context; nil when anonymous. An answer that
// is made with it is this principal's only: it is noted in the context's
// provenance.
func From(ctx context.Context) *Principal {
	provenance.From(ctx).Uses(provenance.Principal)
	p, _ := ctx.Value(PrincipalKey{}).(*Principal)
	return p
}
