package demo_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/portico-gateway/portico/demo"
)

func TestUsersHaveNoEmail(t *testing.T) {
	h := start(t)
	type user struct {
		ID          string `json:"id"`
		DisplayName string `json:"display_name"`
		AvatarURL   string `json:"avatar_url"`
	}
	var list struct{ Users []user }
	h.get(demo.Accounts, "/users?ids=u1,nobody,u50", "", &list)
	if len(list.Users) != 2 || list.Users[0].ID != "u50" || list.Users[1].ID != "u1" {
		t.Errorf("got %+v", list.Users)
	}
	var one user
	h.get(demo.Accounts, "/users/u1", "", &one)
	want := user{ID: "u1", DisplayName: "Mara Lindqvist", AvatarURL: "https://cdn.example.com/avatars/u1.webp"}
	if one != want || list.Users[1] != want {
		t.Errorf("got %+v", one)
	}
}

func TestMe(t *testing.T) {
	h := start(t)
	var me struct {
		ID, Email   string
		DisplayName string `json:"display_name"`
		AvatarURL   string `json:"avatar_url"`
	}
	h.get(demo.Accounts, "/me", h.token("u2"), &me)
	if me.ID != "u2" || me.DisplayName != "Jonas Weber" || me.Email != "jonas.weber@example.com" || me.AvatarURL == "" {
		t.Errorf("got %+v", me)
	}
	if h.Calls()[demo.Accounts]["GET /me"] != 1 {
		t.Errorf("calls %v", h.Calls())
	}
}

func TestTokenVerifiesWithPublishedKeys(t *testing.T) {
	h := start(t)
	a := h.call(demo.Accounts, "POST /token", "", `{"subject":"u1","scopes":["orders:write","reviews:write"]}`)
	var minted struct {
		AccessToken string `json:"access_token"`
		TokenType   string `json:"token_type"`
		ExpiresIn   int    `json:"expires_in"`
	}
	a.decode(t, &minted)
	if minted.TokenType != "Bearer" || minted.ExpiresIn != 3600 || a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("got %s", a.body)
	}
	claims := jwt.MapClaims{}
	token, err := jwt.ParseWithClaims(minted.AccessToken, claims, h.publishedKey,
		jwt.WithValidMethods([]string{"ES256"}), jwt.WithIssuer(h.URL(demo.Accounts)),
		jwt.WithAudience("portico"), jwt.WithExpirationRequired())
	if err != nil {
		t.Fatal(err)
	}
	if claims["sub"] != "u1" || claims["scope"] != "orders:write reviews:write" {
		t.Errorf("claims %v", claims)
	}
	issued, _ := claims.GetIssuedAt()
	if expires, _ := claims.GetExpirationTime(); expires.Sub(issued.Time) != time.Hour {
		t.Errorf("valid from %v to %v", issued, expires)
	}
	if !token.Valid || h.Calls().Total() != 0 {
		t.Errorf("calls %v", h.Calls())
	}
}

// publishedKey finds the key of a token in the JWKS, as a gateway does.
func (h *harness) publishedKey(token *jwt.Token) (any, error) {
	var set struct {
		Keys []struct{ Kty, Use, Alg, Kid, Crv, X, Y string }
	}
	h.get(demo.Accounts, "/.well-known/jwks.json", "", &set)
	for _, k := range set.Keys {
		if k.Kid != token.Header["kid"] || k.Alg != token.Method.Alg() {
			continue
		}
		x, errX := base64.RawURLEncoding.DecodeString(k.X)
		y, errY := base64.RawURLEncoding.DecodeString(k.Y)
		if err := errors.Join(errX, errY); err != nil {
			return nil, err
		}
		return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, x...), y...))
	}
	return nil, errors.New("no such key")
}

func TestAccountsRefusals(t *testing.T) {
	h := start(t)
	other := start(t).token("u1")
	forged, err := jwt.NewWithClaims(jwt.SigningMethodNone, jwt.MapClaims{
		"iss": h.URL(demo.Accounts), "aud": "portico", "sub": "u1", "exp": time.Now().Add(time.Hour).Unix(),
	}).SignedString(jwt.UnsafeAllowNoneSignatureType)
	if err != nil {
		t.Fatal(err)
	}
	h.expectRefusals(demo.Accounts, []refusal{
		{name: "unknown user", route: "GET /users/u51", status: http.StatusNotFound, code: "not_found"},
		{name: "no ids", route: "GET /users", status: http.StatusBadRequest, code: "bad_request"},
		{name: "too many ids", route: "GET /users?ids=" + strings.Repeat("u1,", 101), status: http.StatusBadRequest, code: "bad_request"},
		{name: "me without a token", route: "GET /me", status: http.StatusUnauthorized, code: "unauthorized"},
		{name: "me with nonsense", route: "GET /me", token: "nonsense", status: http.StatusUnauthorized, code: "unauthorized"},
		{name: "me with a token of another issuer", route: "GET /me", token: other, status: http.StatusUnauthorized, code: "unauthorized"},
		{name: "me with an unsigned token", route: "GET /me", token: forged, status: http.StatusUnauthorized, code: "unauthorized"},
		{name: "token for nobody", route: "POST /token", body: `{"subject":"u51"}`, status: http.StatusBadRequest, code: "bad_request"},
		{name: "token with an unknown field", route: "POST /token", body: `{"subject":"u1","scope":"x"}`, status: http.StatusBadRequest, code: "bad_request"},
		{name: "token without a body", route: "POST /token", status: http.StatusBadRequest, code: "bad_request"},
		{name: "token with two bodies", route: "POST /token", body: `{"subject":"u1"}{}`, status: http.StatusBadRequest, code: "bad_request"},
	})
	if got := h.call(demo.Accounts, "GET /me", "", "").header.Get("WWW-Authenticate"); got != "Bearer" {
		t.Errorf("WWW-Authenticate %q", got)
	}
}
