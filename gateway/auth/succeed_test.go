package auth_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/portico-gateway/portico/gateway/auth"
	"github.com/portico-gateway/portico/gateway/problem"
)

// Callers of an issuer that is added need not wait for its keys. If these can't be fetched, those of
// others are served.
func TestIssuersThatAreAdded(t *testing.T) {
	first, second := newIdentity(t), newIdentity(t)
	clock := &clock{now: time.Now()}
	config := func(of ...*identity) auth.Config {
		c := auth.Config{Now: clock.Now}
		for _, p := range of {
			c.Issuers = append(c.Issuers, auth.Issuer{Issuer: p.URL, JWKS: p.URL + "/jwks"})
		}
		return c
	}
	before, err := auth.Open(config(first))
	if err != nil {
		t.Fatal(err)
	}
	if before.Ready() == nil {
		t.Error("ready without keys")
	}
	before.Fetch(t.Context())
	if err := before.Ready(); err != nil {
		t.Error(err)
	}
	second.set(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }, nil)
	next, err := before.Succeed(config(first, second))
	if err != nil {
		t.Fatal(err)
	}
	token := second.sign(jwt.SigningMethodEdDSA, "ed", second.claims(clock.Now()))
	next.Fetch(t.Context())
	if err := next.Ready(); err != nil {
		t.Errorf("an issuer that was added counts: %v", err)
	}
	if _, err := next.Authenticate(t.Context(), bearer(token)); problem.CodeOf(err) != problem.Unavailable {
		t.Errorf("without keys: %v", err)
	}
	second.set(nil, nil)
	next.Fetch(t.Context())
	if p, err := next.Authenticate(t.Context(), bearer(token)); err != nil || p == nil {
		t.Errorf("with keys: %v", err)
	}
	if first.fetched.Load() != 1 {
		t.Errorf("keys that are known were fetched %d times", first.fetched.Load())
	}
}
