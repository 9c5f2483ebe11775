package middleware

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/portico-gateway/portico/gateway/auth"
	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/upstream"
)

// The payload of connection_init has one credential, as the headers of a
// request have.
func TestSessionTakesOneCredential(t *testing.T) {
	sum := sha256.Sum256([]byte("good"))
	verifier, err := auth.Open(auth.Config{Keys: []auth.Key{{SHA256: hex.EncodeToString(sum[:]), Principal: "cron"}}})
	if err != nil {
		t.Fatal(err)
	}
	services, err := upstream.Open(nil)
	if err != nil {
		t.Fatal(err)
	}
	callers := &Callers{Frontend: "web", Services: services, Credentials: func() Credentials { return Credentials{Verifier: verifier, KeyHeader: "X-Api-Key"} }}
	for _, c := range []struct {
		payload map[string]any
		subject string // who it is; "" is refused
	}{
		{map[string]any{"X-Api-Key": "good"}, "cron"},
		{map[string]any{"x-api-key": "good", "other": "x"}, "cron"},
		{map[string]any{"X-Api-Key": "good", "x-api-key": "good"}, ""},
		{map[string]any{"X-Api-Key": "good", "x-api-key": "bad"}, ""},
		{map[string]any{"x-api-key": "good", "Authorization": "Bearer x"}, ""},
		{map[string]any{"Authorization": "Bearer x", "authorization": "Bearer x"}, ""},
	} {
		for range 20 { // whichever member comes first
			ctx, err := callers.Session(t.Context(), c.payload)
			if c.subject == "" {
				if problem.CodeOf(err) != problem.Unauthenticated {
					t.Errorf("%v: %v", c.payload, err)
				}
			} else if err != nil || !strings.Contains(auth.From(ctx).ID(), c.subject) {
				t.Errorf("%v: %v, %v", c.payload, auth.From(ctx), err)
			}
		}
	}
}
