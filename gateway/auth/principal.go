// Package auth authenticates callers: by a token that an issuer signed, by an API key, or
// by the client certificate of the connection. Hand-written methods get the [Principal]
// with [From].
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

// Principal is the caller, as a token, an API key or a certificate proves. It must not be
// modified. An anonymous caller is nil: its methods can be called, its fields can't be read.
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
	// Claims are those of the token, with the types of [encoding/json]: numbers are
	// float64, lists are []any. They are nil without a token, and must not be modified.
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

// Has reports whether the principal has a scope. An anonymous one has none. In a test that
// makes a Principal, Scopes must be sorted.
func (p *Principal) Has(scope string) bool {
	if p == nil {
		return false
	}
	_, found := slices.BinarySearch(p.Scopes, scope)
	return found
}

// PrincipalKey is where a context has its *[Principal].
type PrincipalKey struct{}

// With returns a context with a principal, for [From]. The gateway calls it for each request;
// tests of methods call it themselves.
func With(ctx context.Context, p *Principal) context.Context {
	return context.WithValue(ctx, PrincipalKey{}, p)
}

// From returns the principal of a context; nil for an anonymous caller. It is recorded in the
// context's provenance: an answer that is made with it is cached for this principal only.
func From(ctx context.Context) *Principal {
	provenance.From(ctx).Uses(provenance.Principal)
	p, _ := ctx.Value(PrincipalKey{}).(*Principal)
	return p
}
