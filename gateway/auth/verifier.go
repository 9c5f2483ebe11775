package auth

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/portico-gateway/portico/gateway/problem"
)

// Config says whose tokens and keys are accepted.
type Config struct {
	Issuers []Issuer
	Keys    []Key
	// Certificates are the rights of client certificates.
	Certificates []Certificate
	// KeyHeader is the header that has an API key; X-Api-Key by default.
	KeyHeader string
	// Log gets what happens to the keys of issuers; nil for none.
	Log *slog.Logger
	// Now is the clock that decides what has expired; nil for the system's.
	Now func() time.Time
}

// Verifier finds out who calls. It is safe for concurrent use.
type Verifier struct {
	config  Config
	issuers map[string]*issuer
	keys    []*apiKey
	// certificates are the rights of client certificates, by subject.
	certificates map[string]Certificate
	// verified are tokens whose signature was checked before, by their SHA-256.
	verified *lru.Cache[[sha256.Size]byte, verified]
}

// verified is what a token proved, and until when that needs no new look.
type verified struct {
	principal *Principal
	keys      *keySet // those that it was verified with
	until     time.Time
}

// What bounds tokens, and what is remembered of them.
const (
	largestToken   = 8 << 10
	verifiedMost   = 10_000
	verifiedAtMost = time.Minute // so that a key that is withdrawn counts no longer
)

// Open checks a configuration; its error has everything that is wrong. It asks
// no issuer for keys: that is for Run.
func Open(config Config) (*Verifier, error) { return new(Verifier).Succeed(config) }

// Succeed is [Open] for a verifier that is to take the place of v. Issuers whose configurations
// are the same keep their keys, and principals of these, and of API keys that are the same,
// are still accepted.
func (v *Verifier) Succeed(config Config) (*Verifier, error) {
	if config.KeyHeader == "" {
		config.KeyHeader = "X-Api-Key"
	}
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	remembered, err := lru.New[[sha256.Size]byte, verified](verifiedMost)
	if err != nil {
		return nil, err
	}
	next := &Verifier{config: config, issuers: map[string]*issuer{}, verified: remembered}
	var errs []error
	if strings.EqualFold(config.KeyHeader, "Authorization") || strings.ContainsAny(config.KeyHeader, " \t\r\n:,") {
		errs = append(errs, fmt.Errorf("the header of API keys can't be %q", config.KeyHeader))
	}
	for n, i := range config.Issuers {
		opened, err := v.openIssuer(i, config)
		if err == nil && next.issuers[i.Issuer] != nil {
			err = errors.New("it is there twice")
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("issuer %d (%s): %w", n+1, i.Issuer, err))
			continue
		}
		next.issuers[i.Issuer] = opened
	}
	for n, k := range config.Keys {
		opened, err := v.openKey(k)
		if err != nil {
			errs = append(errs, fmt.Errorf("API key %d: %w", n+1, err))
			continue
		}
		next.keys = append(next.keys, opened)
	}
	next.certificates, err = openCertificates(config.Certificates)
	return next, errors.Join(append(errs, err)...)
}

// openIssuer returns the issuer of v that has the configuration, or a new one. One that differs in
// other things than where keys are has its keys.
func (v *Verifier) openIssuer(i Issuer, config Config) (*issuer, error) {
	had := v.issuers[i.Issuer]
	if had != nil && reflect.DeepEqual(had.config, i.withDefaults()) {
		return had, nil
	}
	opened, err := openIssuer(i, config)
	if err != nil {
		return nil, err
	}
	switch {
	case had != nil && had.config.JWKS == i.JWKS:
		opened.keys.Store(had.keys.Load())
		opened.added = had.added
	default:
		opened.added = v.config.Now != nil
	}
	return opened, nil
}

// openKey returns the key of v that has the configuration, or a new one.
func (v *Verifier) openKey(k Key) (*apiKey, error) {
	for _, had := range v.keys {
		if reflect.DeepEqual(had.config, k) {
			return had, nil
		}
	}
	return k.open()
}

// Accepts reports whether a principal is one whom this verifier, or one that it has succeeded,
// accepted, and would still accept but for the time. It is for those that were accepted
// when a connection began.
func (v *Verifier) Accepts(p *Principal) bool {
	if p == nil {
		return true
	}
	switch source := p.source.(type) {
	case *issuer:
		return v.issuers[p.Issuer] == source
	case *apiKey:
		return slices.Contains(v.keys, source)
	case *Certificate:
		return reflect.DeepEqual(v.certificates[p.Subject], *source)
	}
	return true
}

// Run fetches the keys of all issuers, and again whenever it is time to. It
// returns when ctx is done and nothing is under way.
func (v *Verifier) Run(ctx context.Context) {
	var wait sync.WaitGroup
	for _, i := range v.issuers {
		wait.Go(func() { i.run(ctx) })
	}
	wait.Wait()
}

// Fetch fetches the keys of issuers whose keys are not known, until ctx is done, so that
// callers need not wait for Run. Those that can't be fetched are left to that.
func (v *Verifier) Fetch(ctx context.Context) {
	var wait sync.WaitGroup
	for _, i := range v.issuers {
		if i.keys.Load() == nil {
			wait.Go(func() { _ = i.fetch(ctx) })
		}
	}
	wait.Wait()
}

// Ready is nil when the keys of every issuer are known; else it names the
// others. Issuers that the verifier has and the one that it has succeeded had not, or had
// with keys from elsewhere, do not count: the callers of the others are served.
func (v *Verifier) Ready() error {
	var errs []error
	for name, i := range v.issuers {
		if i.keys.Load() == nil && !i.added {
			errs = append(errs, fmt.Errorf("the keys of the issuer %s are not known yet", name))
		}
	}
	return errors.Join(errs...)
}

// Verifies reports whether tokens or keys of any issuer are accepted. If not, [Verifier.Authenticate]
// returns nil, whatever callers send.
func (v *Verifier) Verifies() bool { return len(v.issuers)+len(v.keys) > 0 }

// Authenticate finds out who sends a request with such headers: nil, nil for
// who says nothing. The error is a *problem.Error: UNAUTHENTICATED for what is
// not accepted, SERVICE_UNAVAILABLE while an issuer's keys are not known.
func (v *Verifier) Authenticate(ctx context.Context, header http.Header) (*Principal, error) {
	authorization, key := header.Get("Authorization"), header.Get(v.config.KeyHeader)
	switch {
	case !v.Verifies() || authorization == "" && key == "":
		return nil, nil //nolint:nilnil // anonymous
	case len(header.Values("Authorization"))+len(header.Values(v.config.KeyHeader)) > 1:
		return nil, problem.New(problem.Unauthenticated, "Send one token or one API key.")
	case key != "":
		return v.byKey(key)
	}
	scheme, token, _ := strings.Cut(authorization, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return nil, refused(errors.New("the scheme is not Bearer"))
	}
	return v.byToken(ctx, strings.Trim(token, " "))
}

func refused(cause error) *problem.Error {
	return problem.Wrap(cause, problem.Unauthenticated, "The token is not accepted.")
}

// byToken verifies a token (RFC 7519, RFC 8725).
func (v *Verifier) byToken(ctx context.Context, token string) (*Principal, error) {
	if len(token) > largestToken {
		return nil, refused(errors.New("the token is too long"))
	}
	if !compact(token) {
		return nil, refused(errors.New("the token has other characters than base64url"))
	}
	sum := sha256.Sum256([]byte(token))
	now := v.config.Now()
	if known, ok := v.verified.Get(sum); ok && now.Before(known.until) && v.current(known) {
		return known.principal, nil
	}
	i, err := v.issuerOf(token)
	if err != nil {
		return nil, refused(err)
	}
	principal, keys, err := i.verify(ctx, token)
	if err != nil {
		return nil, err
	}
	until := now.Add(verifiedAtMost)
	if principal.Expires.Before(until) {
		until = principal.Expires
	}
	v.verified.Add(sum, verified{principal: principal, keys: keys, until: until})
	return principal, nil
}

// compact reports whether text can be a token (RFC 7515, section 3.1). Go's
// base64 skips line breaks, so that one token would have many texts.
func compact(text string) bool {
	for _, c := range []byte(text) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && c != '-' && c != '_' && c != '.' {
			return false
		}
	}
	return true
}

// current reports whether a token's issuer still has the keys that it was
// verified with.
func (v *Verifier) current(known verified) bool {
	i := v.issuers[known.principal.Issuer]
	return i != nil && i.keys.Load() == known.keys
}

// issuerOf reads who says to have issued a token. Its signature decides.
func (v *Verifier) issuerOf(token string) (*issuer, error) {
	parsed, _, err := jwt.NewParser(jwt.WithStrictDecoding()).ParseUnverified(token, &claims{})
	if err != nil {
		return nil, errors.New("the token is malformed") // the library's words may have a part of it
	}
	name, err := parsed.Claims.GetIssuer()
	if err != nil {
		return nil, errors.New("the issuer is not a text")
	}
	i := v.issuers[name]
	if i == nil {
		return nil, fmt.Errorf("the issuer %.100q is not known", name)
	}
	return i, nil
}
