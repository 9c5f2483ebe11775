// Package token mints and verifies the JSON Web Tokens (RFC 7519) of the demo.
package token

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Audience is whom every token is for.
const Audience = "portico"

// Lifetime is how long a token is valid.
const Lifetime = time.Hour

// Caller is who a valid token speaks for.
type Caller struct {
	Subject string // a user id
	Scopes  []string
}

// Has reports whether the caller was granted the scope.
func (c Caller) Has(scope string) bool { return slices.Contains(c.Scopes, scope) }

// Issuer mints tokens and verifies its own. It is safe for concurrent use.
type Issuer struct {
	name  string
	key   *ecdsa.PrivateKey
	keyID string // as random as the key: who knows an older key sees that this is another
	now   func() time.Time
}

// NewIssuer makes an issuer with a new P-256 key, which dies with it. The name
// is the claim "iss"; now is the clock.
func NewIssuer(name string, now func() time.Time) (*Issuer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("token: generate key: %w", err)
	}
	return &Issuer{name: name, key: key, keyID: rand.Text(), now: now}, nil
}

type claims struct {
	jwt.RegisteredClaims

	Scope string `json:"scope,omitempty"` // separated by spaces, RFC 8693
}

// Mint makes a token for the subject that is valid for [Lifetime].
func (i *Issuer) Mint(subject string, scopes []string) (string, error) {
	now := i.now()
	t := jwt.NewWithClaims(jwt.SigningMethodES256, claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer:    i.name,
			Subject:   subject,
			Audience:  jwt.ClaimStrings{Audience},
			IssuedAt:  jwt.NewNumericDate(now),
			ExpiresAt: jwt.NewNumericDate(now.Add(Lifetime)),
		},
		Scope: strings.Join(scopes, " "),
	})
	t.Header["kid"] = i.keyID
	signed, err := t.SignedString(i.key)
	if err != nil {
		return "", fmt.Errorf("token: sign: %w", err)
	}
	return signed, nil
}

// Verify reads the value of an Authorization header, "Bearer <token>" (RFC
// 6750). It fails when there is none, or the token is not one of this issuer
// that is valid now.
func (i *Issuer) Verify(authorization string) (Caller, error) {
	scheme, raw, found := strings.Cut(authorization, " ")
	if !found || !strings.EqualFold(scheme, "Bearer") {
		return Caller{}, errors.New("token: no bearer token")
	}
	var c claims
	_, err := jwt.ParseWithClaims(strings.TrimSpace(raw), &c, i.publicKey,
		jwt.WithValidMethods([]string{jwt.SigningMethodES256.Alg()}),
		jwt.WithIssuer(i.name),
		jwt.WithAudience(Audience),
		jwt.WithExpirationRequired(),
		jwt.WithTimeFunc(i.now),
	)
	if err != nil {
		return Caller{}, fmt.Errorf("token: %w", err)
	}
	return Caller{Subject: c.Subject, Scopes: strings.Fields(c.Scope)}, nil
}

func (i *Issuer) publicKey(*jwt.Token) (any, error) { return i.key.Public(), nil }
