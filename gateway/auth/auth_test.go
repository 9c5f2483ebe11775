package auth_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"go.uber.org/goleak"

	"github.com/portico-gateway/portico/gateway/auth"
	"github.com/portico-gateway/portico/gateway/problem"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// identity is an identity provider with a JWKS on a real socket.
type identity struct {
	*httptest.Server
	keys    map[string]crypto.Signer // by kid
	fetched atomic.Int64
	mu      sync.Mutex
	answer  http.HandlerFunc // nil: the keys
}

func newIdentity(t testing.TB) *identity {
	t.Helper()
	p := &identity{keys: map[string]crypto.Signer{}}
	_, p.keys["ed"], _ = must3(ed25519.GenerateKey(rand.Reader))
	p.keys["rsa"] = must(rsa.GenerateKey(rand.Reader, 2048))
	p.keys["weak"] = must(rsa.GenerateKey(rand.Reader, 1024))
	p.keys["es"] = must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	p.keys["es384"] = must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
	p.Server = httptest.NewServer(http.HandlerFunc(p.serve))
	t.Cleanup(p.Close)
	return p
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func must3(a ed25519.PublicKey, b ed25519.PrivateKey, err error) (ed25519.PublicKey, crypto.Signer, error) {
	return a, b, err
}

func (p *identity) serve(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/.well-known/openid-configuration" {
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": p.URL, "jwks_uri": p.URL + "/jwks"})
		return
	}
	p.fetched.Add(1)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.answer != nil {
		p.answer(w, r)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"keys": p.jwks()})
}

func (p *identity) set(answer http.HandlerFunc, change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = answer
	if change != nil {
		change()
	}
}

func (p *identity) jwks() []map[string]string {
	encode := base64.RawURLEncoding.EncodeToString
	list := []map[string]string{{"kty": "oct", "kid": "secret", "k": "c2VjcmV0"}, {"kty": "RSA", "kid": "enc", "use": "enc", "n": "AQAB", "e": "AQAB"}}
	for id, key := range p.keys {
		switch public := key.Public().(type) {
		case *rsa.PublicKey:
			list = append(list, map[string]string{"kty": "RSA", "kid": id, "n": encode(public.N.Bytes()), "e": encode(big.NewInt(int64(public.E)).Bytes())})
		case *ecdsa.PublicKey:
			point := must(public.Bytes())
			half := (len(point) - 1) / 2
			list = append(list, map[string]string{"kty": "EC", "kid": id, "use": "sig", "alg": map[int]string{32: "ES256", 48: "ES384"}[half],
				"crv": public.Params().Name, "x": encode(point[1 : 1+half]), "y": encode(point[1+half:])})
		case ed25519.PublicKey:
			list = append(list, map[string]string{"kty": "OKP", "kid": id, "crv": "Ed25519", "x": encode(public)})
		}
	}
	return list
}

// claims are those of a good token, changed.
func (p *identity) claims(now time.Time, changes ...any) jwt.MapClaims {
	claims := jwt.MapClaims{"iss": p.URL, "sub": "u1", "aud": "shop", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(), "scope": "b a"}
	for i := 0; i+1 < len(changes); i += 2 {
		if changes[i+1] == nil {
			delete(claims, changes[i].(string))
			continue
		}
		claims[changes[i].(string)] = changes[i+1]
	}
	return claims
}

func (p *identity) sign(method jwt.SigningMethod, id string, claims jwt.Claims, header ...any) string {
	token := jwt.NewWithClaims(method, claims)
	token.Header["kid"] = id
	for i := 0; i+1 < len(header); i += 2 {
		if header[i+1] == nil {
			delete(token.Header, header[i].(string))
			continue
		}
		token.Header[header[i].(string)] = header[i+1]
	}
	return must(token.SignedString(p.keys[id]))
}

// raw signs a text of claims.
func (p *identity) raw(claims string) string {
	encode := base64.RawURLEncoding.EncodeToString
	text := encode([]byte(`{"alg":"ES256","kid":"es"}`)) + "." + encode([]byte(claims))
	return text + "." + encode(must(jwt.SigningMethodES256.Sign(text, p.keys["es"])))
}

// running opens a verifier that runs until the test ends and has all keys.
func running(t testing.TB, config auth.Config) *auth.Verifier {
	t.Helper()
	v, err := auth.Open(config)
	if err != nil {
		t.Fatal(err)
	}
	run(t, v)
	await(t, "the keys are known", func() bool { return v.Ready() == nil })
	return v
}

func run(t testing.TB, v *auth.Verifier) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		v.Run(ctx)
		close(done)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
}

func await(t testing.TB, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !done(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

func bearer(token string) http.Header { return http.Header{"Authorization": {"Bearer " + token}} }

func TestGoodTokens(t *testing.T) {
	p, c := newIdentity(t), &clock{now: time.Now()}
	now := c.Now()
	v := running(t, auth.Config{Now: c.Now, Issuers: []auth.Issuer{{Issuer: p.URL, Audiences: []string{"shop", "other"}, Tier: "plan"}}})
	for name, token := range map[string]string{
		"RS256":           p.sign(jwt.SigningMethodRS256, "rsa", p.claims(now)),
		"PS512":           p.sign(jwt.SigningMethodPS512, "rsa", p.claims(now)),
		"ES256":           p.sign(jwt.SigningMethodES256, "es", p.claims(now)),
		"ES384":           p.sign(jwt.SigningMethodES384, "es384", p.claims(now)),
		"EdDSA":           p.sign(jwt.SigningMethodEdDSA, "ed", p.claims(now)),
		"no kid":          p.sign(jwt.SigningMethodES256, "es", p.claims(now), "kid", nil),
		"a list of aud":   p.sign(jwt.SigningMethodES256, "es", p.claims(now, "aud", []string{"x", "other"})),
		"just expired":    p.sign(jwt.SigningMethodES256, "es", p.claims(now, "exp", now.Add(-20*time.Second).Unix())),
		"scp":             p.sign(jwt.SigningMethodES256, "es", p.claims(now, "scope", nil, "scp", []string{"a", "b", "a"})),
		"scp, a text":     p.sign(jwt.SigningMethodES256, "es", p.claims(now, "scope", nil, "scp", "a b")),
		"roles":           p.sign(jwt.SigningMethodES256, "es", p.claims(now, "scope", "a", "roles", []any{"b", 7, ""})),
		"other headers":   p.sign(jwt.SigningMethodES256, "es", p.claims(now), "jku", "http://evil.example", "typ", "at+jwt"),
		"issued just now": p.sign(jwt.SigningMethodES256, "es", p.claims(now, "nbf", now.Add(10*time.Second).Unix())),
	} {
		t.Run(name, func(t *testing.T) {
			for range 2 { // anew, and remembered
				got, err := v.Authenticate(t.Context(), bearer(token))
				if err != nil {
					t.Fatal(err)
				}
				if got.Subject != "u1" || got.Issuer != p.URL || !slices.Equal(got.Scopes, []string{"a", "b"}) || !got.Has("a") || got.Has("c") {
					t.Errorf("got %+v", got)
				}
			}
		})
	}
	gold := p.sign(jwt.SigningMethodES256, "es", p.claims(now, "plan", "gold"))
	if got, err := v.Authenticate(t.Context(), bearer(gold)); err != nil || !got.Expires.Equal(now.Add(time.Hour).Truncate(time.Second).Add(30*time.Second)) {
		t.Errorf("expires: %+v, %v", got, err)
	}
	if got, err := v.Authenticate(t.Context(), bearer(gold)); err != nil || got.Tier != "gold" || got.ID() == "" || auth.From(auth.With(t.Context(), got)) != got {
		t.Errorf("got %+v, %v", got, err)
	}
	c.add(2 * time.Hour)
	if _, err := v.Authenticate(t.Context(), bearer(gold)); problem.CodeOf(err) != problem.Unauthenticated {
		t.Errorf("a token that was good and has expired: %v", err)
	}
}

func TestBadTokens(t *testing.T) {
	p, other, c := newIdentity(t), newIdentity(t), &clock{now: time.Now()}
	now := c.Now()
	v := running(t, auth.Config{Now: c.Now, Issuers: []auth.Issuer{
		{Issuer: p.URL, Audiences: []string{"shop"}, Algorithms: []string{"ES256", "RS256", "PS256"}},
		{Issuer: other.URL, JWKS: other.URL + "/jwks"},
	}})
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: must(x509.MarshalPKIXPublicKey(p.keys["rsa"].Public()))})
	hmac := func(secret []byte) string {
		token := jwt.NewWithClaims(jwt.SigningMethodHS256, p.claims(now))
		token.Header["kid"] = "rsa"
		return must(token.SignedString(secret))
	}
	good := p.sign(jwt.SigningMethodES256, "es", p.claims(now))
	parts := strings.Split(good, ".")
	none := must(jwt.NewWithClaims(jwt.SigningMethodNone, p.claims(now)).SignedString(jwt.UnsafeAllowNoneSignatureType))
	es := func(changes ...any) string { return p.sign(jwt.SigningMethodES256, "es", p.claims(now, changes...)) }
	for name, token := range map[string]string{
		"nothing":                   "",
		"garbage":                   "garbage",
		"two parts":                 parts[0] + "." + parts[1],
		"four parts":                good + ".x",
		"no signature":              parts[0] + "." + parts[1] + ".",
		"another's signature":       parts[0] + "." + parts[1] + "." + strings.Split(es("sub", "u2"), ".")[2],
		"another's claims":          parts[0] + "." + strings.Split(es("sub", "u2"), ".")[1] + "." + parts[2],
		"none":                      none,
		"none, with a signature":    none + parts[2],
		"HS256 by the public key":   hmac(public),
		"HS256 by a published key":  hmac([]byte("secret")),
		"an algorithm of the other": p.sign(jwt.SigningMethodEdDSA, "ed", p.claims(now)),
		"not allowed: ES384":        p.sign(jwt.SigningMethodES384, "es384", p.claims(now)),
		"a weak key":                p.sign(jwt.SigningMethodRS256, "weak", p.claims(now)),
		"a key for others":          p.sign(jwt.SigningMethodES256, "es", p.claims(now), "kid", "rsa"),
		"an unknown key":            p.sign(jwt.SigningMethodES256, "es", p.claims(now), "kid", "new"),
		"a key id that is no text":  p.sign(jwt.SigningMethodES256, "es", p.claims(now), "kid", 7),
		"another issuer's key":      other.sign(jwt.SigningMethodES256, "es", p.claims(now)),
		"an unknown issuer":         es("iss", "https://evil.example"),
		"no issuer":                 es("iss", nil),
		"an issuer that is a list":  es("iss", []string{p.URL}),
		"for the other issuer":      es("iss", other.URL),
		"another audience":          es("aud", "bank"),
		"no audience":               es("aud", nil),
		"expired":                   es("exp", now.Add(-31*time.Second).Unix()),
		"never expires":             es("exp", nil),
		"expires at a text":         es("exp", "tomorrow"),
		"not yet":                   es("nbf", now.Add(time.Minute).Unix()),
		"of the future":             es("iat", now.Add(time.Minute).Unix()),
		"no subject":                es("sub", nil),
		"a subject that is a list":  es("sub", []string{"u1"}),
		"a logout token":            p.sign(jwt.SigningMethodES256, "es", p.claims(now), "typ", "logout+jwt"),
		"a typ that is a number":    p.sign(jwt.SigningMethodES256, "es", p.claims(now), "typ", 7),
		"a date that overflows":     es("nbf", 1e300),
		"an exp that overflows":     es("exp", 1e300),
		"a line break at the end":   good + "\n",
		"a line break inside":       parts[0] + ".\n" + parts[1] + "." + parts[2],
		"a claim twice":             p.raw(`{"iss":"` + p.URL + `","sub":"u1","sub":"u2","aud":"shop","exp":` + strconv.FormatInt(now.Unix()+60, 10) + `}`),
		"claims that are no UTF-8":  p.raw(`{"iss":"` + p.URL + `","sub":"u` + "\xff" + `","aud":"shop","exp":` + strconv.FormatInt(now.Unix()+60, 10) + `}`),
		"critical extensions":       p.sign(jwt.SigningMethodES256, "es", p.claims(now), "crit", []string{"b64"}),
		"too long":                  es("x", strings.Repeat("x", 9000)),
		"spaces":                    "a b c",
		"another character set":     "é.é.é",
	} {
		t.Run(name, func(t *testing.T) {
			got, err := v.Authenticate(t.Context(), bearer(token))
			if got != nil || problem.CodeOf(err) != problem.Unauthenticated {
				t.Fatalf("got %+v, %v", got, err)
			}
			if token != "" && strings.Contains(err.Error(), token) {
				t.Errorf("the error has the token: %v", err)
			}
		})
	}
	for name, h := range map[string]http.Header{
		"another scheme": {"Authorization": {"Basic YTpi"}},
		"no scheme":      {"Authorization": {good}},
		"two tokens":     {"Authorization": {"Bearer " + good, "Bearer " + good}},
		"a key too":      {"Authorization": {"Bearer " + good}, "X-Api-Key": {"k"}},
	} {
		if got, err := v.Authenticate(t.Context(), h); got != nil || problem.CodeOf(err) != problem.Unauthenticated {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if got, err := v.Authenticate(t.Context(), http.Header{}); got != nil || err != nil {
		t.Errorf("nothing sent: %+v, %v", got, err)
	}
}

// Unknown keys make the issuer be asked: once for all who wait, and not again
// for a while.
func TestRotation(t *testing.T) {
	p, c := newIdentity(t), &clock{now: time.Now()}
	v := running(t, auth.Config{Now: c.Now, Issuers: []auth.Issuer{{Issuer: p.URL}}})
	before := p.fetched.Load()
	p.set(nil, func() { p.keys["new"] = must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) })
	token := p.sign(jwt.SigningMethodES256, "new", p.claims(c.Now()))
	var wait sync.WaitGroup
	for range 50 {
		wait.Go(func() {
			if _, err := v.Authenticate(t.Context(), bearer(token)); err != nil {
				t.Errorf("a new key: %v", err)
			}
		})
	}
	wait.Wait()
	unknown := p.sign(jwt.SigningMethodES256, "es", p.claims(c.Now()), "kid", "unknown")
	for range 50 {
		if _, err := v.Authenticate(t.Context(), bearer(unknown)); err == nil {
			t.Fatal("an unknown key is accepted")
		}
	}
	if n := p.fetched.Load() - before; n != 1 {
		t.Errorf("the issuer was asked %d times within 30 s", n)
	}
	c.add(31 * time.Second)
	_, _ = v.Authenticate(t.Context(), bearer(unknown))
	if n := p.fetched.Load() - before; n != 2 {
		t.Errorf("the issuer was asked %d times after 30 s", n)
	}
	// A key that is withdrawn counts no longer, remembered or not.
	p.set(nil, func() { delete(p.keys, "new") })
	c.add(31 * time.Second)
	_, _ = v.Authenticate(t.Context(), bearer(unknown))
	if _, err := v.Authenticate(t.Context(), bearer(token)); err == nil {
		t.Error("a withdrawn key is accepted")
	}
}

// Keys are kept while the issuer is down or answers nonsense; before there are
// any, nobody is let in.
func TestIssuerIsDown(t *testing.T) {
	p := newIdentity(t)
	var log bytes.Buffer
	token := p.sign(jwt.SigningMethodES256, "es", p.claims(time.Now()))
	p.set(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }, nil)
	v, err := auth.Open(auth.Config{Issuers: []auth.Issuer{{Issuer: p.URL, Refresh: time.Second}}, Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Authenticate(t.Context(), bearer(token)); problem.CodeOf(err) != problem.Unavailable || v.Ready() == nil {
		t.Errorf("without keys: %v, %v", err, v.Ready())
	}
	run(t, v)
	await(t, "the issuer was asked", func() bool { return p.fetched.Load() > 1 })
	p.set(nil, nil)
	await(t, "the keys are known", func() bool { return v.Ready() == nil })
	for name, answer := range map[string]http.HandlerFunc{
		"status":  func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"garbage": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) },
		"no keys": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"keys": []}`)) },
		"only bad keys": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"keys": [{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]}`))
		},
		"endless":   func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(bytes.Repeat([]byte(" "), 2<<20)) },
		"elsewhere": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/jwks2", http.StatusFound) },
	} {
		p.set(answer, nil)
		asked := p.fetched.Load()
		await(t, "it was asked again: "+name, func() bool { return p.fetched.Load() > asked+1 })
		if _, err := v.Authenticate(t.Context(), bearer(token)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDiscoveryOfAnother(t *testing.T) {
	p := newIdentity(t)
	v, err := auth.Open(auth.Config{Issuers: []auth.Issuer{{Issuer: p.URL + "/"}}})
	if err != nil {
		t.Fatal(err)
	}
	run(t, v)
	time.Sleep(300 * time.Millisecond) // nothing may happen
	if v.Ready() == nil || p.fetched.Load() > 0 {
		t.Error("keys of another issuer are used")
	}
}

func TestAPIKeys(t *testing.T) {
	sum := func(key string) string {
		s := sha256.Sum256([]byte(key))
		return hex.EncodeToString(s[:])
	}
	keys, err := auth.ReadKeys(fmt.Appendf(nil, "- {sha256: %s, principal: cron, scopes: [b, a], tier: gold}\n- sha256: %s\n  principal: other\n", sum("one"), strings.ToUpper(sum("two"))))
	if err != nil {
		t.Fatal(err)
	}
	v, err := auth.Open(auth.Config{Keys: keys, KeyHeader: "X-Key"})
	if err != nil {
		t.Fatal(err)
	}
	got, err := v.Authenticate(t.Context(), http.Header{"X-Key": {"one"}})
	if err != nil || got.Subject != "cron" || !got.Has("a") || got.Tier != "gold" || !got.Expires.IsZero() {
		t.Errorf("got %+v, %v", got, err)
	}
	other, err := v.Authenticate(t.Context(), http.Header{"X-Key": {"two"}})
	if err != nil || other.ID() == got.ID() {
		t.Errorf("got %+v, %v", other, err)
	}
	for _, h := range []http.Header{{"X-Key": {"three"}}, {"X-Key": {sum("one")}}, {"X-Key": {strings.Repeat("a", 9000)}}, bearer("one")} {
		if got, err := v.Authenticate(t.Context(), h); got != nil || problem.CodeOf(err) != problem.Unauthenticated {
			t.Errorf("%.50v: %+v, %v", h, got, err)
		}
	}
	for _, text := range []string{"- {sha256: a, principle: x}", "a: b", "- [", "{"} {
		if _, err := auth.ReadKeys([]byte(text)); err == nil {
			t.Errorf("%s: no error", text)
		}
	}
	if keys, err := auth.ReadKeys(nil); len(keys) > 0 || err != nil {
		t.Errorf("nothing: %v, %v", keys, err)
	}
}

func TestMistakes(t *testing.T) {
	_, err := auth.Open(auth.Config{
		KeyHeader: "authorization",
		Issuers:   []auth.Issuer{{}, {Issuer: "a"}, {Issuer: "https://a", Algorithms: []string{"none", "HS256"}}, {Issuer: "https://b", Leeway: time.Hour}, {Issuer: "https://c"}, {Issuer: "https://c"}},
		Keys:      []auth.Key{{}, {SHA256: strings.Repeat("a", 64)}},
	})
	for _, want := range []string{"the header of API keys", "issuer 1 (): it has no name", "issuer 2 (a): where its keys are", "the algorithm none is none of", "the algorithm HS256", "the leeway", "issuer 6 (https://c): it is there twice", "API key 1: sha256", "API key 2: it has no principal"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("missing %q in %v", want, err)
		}
	}
}

// Without issuers and keys, everybody is anonymous, whatever they send.
func TestNobodyIsVerified(t *testing.T) {
	v, err := auth.Open(auth.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := v.Authenticate(t.Context(), bearer("x")); got != nil || err != nil || v.Verifies() || v.Ready() != nil {
		t.Errorf("got %+v, %v", got, err)
	}
}

func BenchmarkRememberedToken(b *testing.B) {
	p := newIdentity(b)
	v := running(b, auth.Config{Issuers: []auth.Issuer{{Issuer: p.URL}}})
	h := bearer(p.sign(jwt.SigningMethodES256, "es", p.claims(time.Now())))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Authenticate(b.Context(), h); err != nil {
			b.Fatal(err)
		}
	}
}

func FuzzToken(f *testing.F) {
	p := newIdentity(f)
	v := running(f, auth.Config{Issuers: []auth.Issuer{{Issuer: p.URL}}, Keys: []auth.Key{{SHA256: strings.Repeat("a", 64), Principal: "x"}}})
	good := p.sign(jwt.SigningMethodES256, "es", p.claims(time.Now()))
	f.Add("Bearer "+good, "")
	f.Add("Bearer a.b.c", "key")
	f.Add("Bearer eyJhbGciOiJub25lIn0.e30.", "")
	f.Fuzz(func(t *testing.T, authorization, key string) {
		got, err := v.Authenticate(t.Context(), http.Header{"Authorization": {authorization}, "X-Api-Key": {key}})
		if got != nil && !strings.HasSuffix(strings.TrimSpace(authorization), good) {
			t.Errorf("%q is %+v", authorization, got)
		}
		if err != nil && problem.CodeOf(err) != problem.Unauthenticated {
			t.Errorf("%v", err)
		}
	})
}

func FuzzReadKeys(f *testing.F) {
	f.Add([]byte("- {sha256: a, principal: b}"))
	f.Add([]byte("? [a]: b"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if keys, err := auth.ReadKeys(text); err != nil && keys != nil {
			t.Error("keys and an error")
		}
	})
}
