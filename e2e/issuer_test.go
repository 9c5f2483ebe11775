package e2e_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// issuer is a token issuer that signs whatever a test wants.
type issuer struct {
	*httptest.Server
	key *ecdsa.PrivateKey
}

func startIssuer(t *testing.T) *issuer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	i := &issuer{key: key}
	i.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": []map[string]string{
			{"kty": "EC", "kid": "k", "crv": "P-256", "x": encode(point[1:33]), "y": encode(point[33:])},
		}})
	}))
	t.Cleanup(i.Close)
	return i
}

// token signs good claims with changes; nil leaves a claim out.
func (i *issuer) token(t *testing.T, changes map[string]any) string {
	t.Helper()
	return i.sign(t, jwt.SigningMethodES256, i.key, changes)
}

func (i *issuer) sign(t *testing.T, method jwt.SigningMethod, key any, changes map[string]any) string {
	t.Helper()
	now := time.Now()
	claims := jwt.MapClaims{"iss": i.URL, "sub": "u1", "aud": "portico", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(), "scope": "orders:write"}
	for name, value := range changes {
		claims[name] = value
		if value == nil {
			delete(claims, name)
		}
	}
	token := jwt.NewWithClaims(method, claims)
	token.Header["kid"] = "k"
	signed, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}
