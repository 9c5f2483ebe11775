package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/sync/singleflight"

	"github.com/portico-gateway/portico/gateway/problem"
)

// Issuer is whose tokens are accepted. Zero values stand for the defaults.
type Issuer struct {
	// Issuer is the claim iss, to the letter.
	Issuer string
	// JWKS is the URL of its keys (RFC 7517). Empty to discover it (OpenID
	// Connect Discovery 1.0): Issuer is a URL then.
	JWKS string
	// Audiences are those of which the claim aud must have one. Without some it
	// is not looked at: a token that the issuer made for others is accepted.
	Audiences []string
	// Algorithms are those that are accepted, all by default: RS256, RS384,
	// RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA. There are no
	// others: none and symmetric ones are never accepted.
	Algorithms []string
	// Leeway is how much clocks may differ; 30 s.
	Leeway time.Duration
	// Scopes are the claims that have scopes, as texts with spaces between them
	// or as lists; scope, scp and roles.
	Scopes []string
	// Subject is the claim with the subject; sub.
	Subject string
	// Tier is the claim with the tier of rate limits; empty for none.
	Tier string
	// Refresh is how often the keys are fetched; 15 min.
	Refresh time.Duration
}

func algorithms() []string {
	return []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
}

// unknownKeyEvery is how often a token with an unknown key makes keys be
// fetched.
const unknownKeyEvery = 30 * time.Second

// issuer verifies the tokens of one issuer.
type issuer struct {
	config Issuer
	log    *slog.Logger
	now    func() time.Time
	client *http.Client
	parser *jwt.Parser
	keys   atomic.Pointer[keySet] // nil until they were fetched
	added  bool                   // to a verifier that has others

	flight singleflight.Group
	mu     sync.Mutex
	asked  time.Time // when an unknown key last made keys be fetched
}

func openIssuer(cfg Issuer, common Config) (*issuer, error) {
	cfg = cfg.withDefaults()
	if err := cfg.check(common.Log); err != nil {
		return nil, err
	}
	options := []jwt.ParserOption{
		jwt.WithValidMethods(cfg.Algorithms), jwt.WithIssuer(cfg.Issuer), jwt.WithLeeway(cfg.Leeway),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithTimeFunc(common.Now), jwt.WithStrictDecoding(),
	}
	if len(cfg.Audiences) > 0 {
		options = append(options, jwt.WithAudience(cfg.Audiences...))
	}
	return &issuer{config: cfg, log: common.Log, now: common.Now, client: newClient(), parser: jwt.NewParser(options...)}, nil
}

func (i Issuer) withDefaults() Issuer {
	if len(i.Algorithms) == 0 {
		i.Algorithms = algorithms()
	}
	if i.Leeway == 0 {
		i.Leeway = 30 * time.Second
	}
	if len(i.Scopes) == 0 {
		i.Scopes = []string{"scope", "scp", "roles"}
	}
	if i.Subject == "" {
		i.Subject = "sub"
	}
	if i.Refresh == 0 {
		i.Refresh = 15 * time.Minute
	}
	return i
}

func (i Issuer) check(log *slog.Logger) error {
	var errs []error
	if i.Issuer == "" {
		errs = append(errs, errors.New("it has no name: tokens have it as iss"))
	}
	for _, algorithm := range i.Algorithms {
		if !slices.Contains(algorithms(), algorithm) {
			errs = append(errs, fmt.Errorf("the algorithm %s is none of %s", algorithm, strings.Join(algorithms(), ", ")))
		}
	}
	if i.Leeway < 0 || i.Leeway > 10*time.Minute {
		errs = append(errs, errors.New("the leeway must be at most 10m"))
	}
	if i.Refresh < time.Second {
		errs = append(errs, errors.New("the refresh must be at least 1s"))
	}
	source := i.JWKS
	if source == "" {
		source = i.Issuer
	}
	u, err := url.Parse(source)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return errors.Join(append(errs, errors.New("where its keys are must be an URL: give its jwks"))...)
	}
	if u.Scheme == "http" && !loopback(u.Hostname()) {
		log.Warn("the keys of a token issuer are fetched without TLS: who can change them can be anybody", "issuer", i.Issuer)
	}
	return errors.Join(errs...)
}

func loopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.IsLoopback()
}

// newClient follows no redirects and heeds no proxies of the environment.
func newClient() *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			DialContext:         (&net.Dialer{Timeout: fetchTimeout}).DialContext,
			TLSHandshakeTimeout: fetchTimeout,
			DisableKeepAlives:   true, // it is asked every few minutes
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// verify returns the principal of a token and the keys that it was verified
// with. The error is a problem.
func (i *issuer) verify(ctx context.Context, token string) (*Principal, *keySet, error) {
	keys := i.keys.Load()
	if keys == nil {
		return nil, nil, problem.Wrap(fmt.Errorf("the keys of the issuer %s are not known yet", i.config.Issuer),
			problem.Unavailable, "Tokens can't be verified yet: try again.")
	}
	claims := &claims{}
	_, err := i.parser.ParseWithClaims(token, claims, func(t *jwt.Token) (any, error) {
		if err := checkHeader(t.Header); err != nil {
			return nil, err
		}
		found, err := keys.find(t)
		if err == nil || !errors.Is(err, errUnknownKey) {
			return found, err
		}
		if keys = i.refetch(ctx, keys); keys == nil {
			return nil, err
		}
		return keys.find(t)
	})
	if err != nil {
		return nil, nil, refused(plain(err))
	}
	principal, err := i.principal(claims)
	if err != nil {
		return nil, nil, refused(err)
	}
	return principal, keys, nil
}

// plain keeps what kind of error it is, and nothing that could be of the
// token.
func plain(err error) error {
	for _, kind := range []error{
		jwt.ErrTokenExpired, jwt.ErrTokenNotValidYet, jwt.ErrTokenUsedBeforeIssued, jwt.ErrTokenInvalidAudience, jwt.ErrTokenInvalidIssuer,
		jwt.ErrTokenRequiredClaimMissing, errUnknownKey, errUnfitKey, errCritical, errType, errClaims, jwt.ErrTokenSignatureInvalid, jwt.ErrTokenMalformed,
	} {
		if errors.Is(err, kind) {
			return kind
		}
	}
	return errors.New("the token is invalid")
}
