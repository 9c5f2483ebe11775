package auth

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"
)

// keySet are the keys of an issuer at one time. It is immutable.
type keySet struct{ keys []key }

type key struct {
	id, algorithm string // "" when the set does not say
	public        crypto.PublicKey
}

// Why a token finds no key.
var (
	errUnknownKey = errors.New("the issuer has no such key")
	errUnfitKey   = errors.New("the key is for another algorithm")
	errCritical   = errors.New("the token has critical extensions")
)

// find returns the keys that a token may be signed with: the one that it names,
// else all that fit its algorithm. Other hints in its header (jku, jwk, x5u,
// x5c) are not looked at: who made the token wrote them.
func (s *keySet) find(token *jwt.Token) (any, error) {
	value, named := token.Header["kid"]
	id, isText := value.(string)
	if named && !isText {
		return nil, errUnknownKey
	}
	var fit []jwt.VerificationKey
	known := false
	for _, k := range s.keys {
		if named && k.id != id {
			continue
		}
		known = true
		if k.fits(token.Method.Alg()) {
			fit = append(fit, k.public)
		}
	}
	switch {
	case !known:
		return nil, errUnknownKey
	case len(fit) == 0:
		return nil, errUnfitKey
	}
	return jwt.VerificationKeySet{Keys: fit}, nil
}

// fits reports whether a key can be used with an algorithm (RFC 7518, section 3.1).
func (k key) fits(algorithm string) bool {
	if k.algorithm != "" && k.algorithm != algorithm {
		return false
	}
	switch public := k.public.(type) {
	case *rsa.PublicKey:
		return strings.HasPrefix(algorithm, "RS") || strings.HasPrefix(algorithm, "PS")
	case *ecdsa.PublicKey:
		return algorithm == map[int]string{256: "ES256", 384: "ES384", 521: "ES512"}[public.Curve.Params().BitSize]
	case ed25519.PublicKey:
		return algorithm == "EdDSA"
	}
	return false
}

// parseKeySet reads a JSON Web Key Set. Keys that are not for signatures, are
// symmetric, too weak or of an unknown kind are left out; without any left it
// fails, so that nonsense does not replace keys that are good.
func parseKeySet(text []byte) (*keySet, error) {
	var set jwkset.JWKSMarshal
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, errors.New("it is not a JSON Web Key Set")
	}
	out := &keySet{}
	for _, marshalled := range set.Keys {
		if marshalled.USE != "" && marshalled.USE != jwkset.UseSig {
			continue
		}
		parsed, err := jwkset.NewJWKFromMarshal(marshalled, jwkset.JWKMarshalOptions{}, jwkset.JWKValidateOptions{SkipAll: true})
		if err != nil {
			continue
		}
		if public, ok := publicKey(parsed.Key()); ok {
			out.keys = append(out.keys, key{id: marshalled.KID, algorithm: string(marshalled.ALG), public: public})
		}
	}
	if len(out.keys) == 0 {
		return nil, fmt.Errorf("it has no key that can verify a signature, of %d", len(set.Keys))
	}
	return out, nil
}

func publicKey(k any) (crypto.PublicKey, bool) {
	if private, ok := k.(interface{ Public() crypto.PublicKey }); ok {
		k = private.Public() // an issuer that publishes it has other troubles
	}
	switch public := k.(type) {
	case *rsa.PublicKey:
		return public, public.N.BitLen() >= 2048 // RFC 7518, section 3.3
	case *ecdsa.PublicKey, ed25519.PublicKey:
		return public, true
	}
	return nil, false
}

// What bounds the fetching of keys.
const (
	fetchTimeout = 5 * time.Second
	largestSet   = 1 << 20
	firstRetry   = 100 * time.Millisecond
	lastRetry    = 5 * time.Second
)

// run keeps the keys fresh until ctx is done. Those that are known are kept
// while the issuer can't be asked.
func (i *issuer) run(ctx context.Context) {
	wait := firstRetry
	for {
		err := i.fetch(ctx)
		if ctx.Err() != nil {
			return
		}
		next := i.config.Refresh
		if err != nil {
			next = min(wait, i.config.Refresh)
			if wait = min(2*wait, lastRetry); wait == lastRetry || i.keys.Load() != nil {
				i.log.WarnContext(ctx, "the keys of a token issuer can't be fetched", "issuer", i.config.Issuer, "known", i.keys.Load() != nil, "cause", err)
				next = min(lastRetry, i.config.Refresh)
			}
		} else {
			wait = firstRetry
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(next):
		}
	}
}

// refetch fetches keys because a token names one that is not known: not more
// than once in a while, and once for all who wait. It returns the keys that are
// known then, nil if they are those that the caller has.
func (i *issuer) refetch(ctx context.Context, have *keySet) *keySet {
	if now := i.keys.Load(); now != have {
		return now // somebody else was first
	}
	done := i.flight.DoChan("", func() (any, error) {
		if !i.mayAsk() {
			return struct{}{}, nil
		}
		// Others wait for it, too, when this caller leaves.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTimeout)
		defer cancel()
		if err := i.fetch(ctx); err != nil {
			i.log.WarnContext(ctx, "the keys of a token issuer can't be fetched", "issuer", i.config.Issuer, "known", true, "cause", err)
		}
		return struct{}{}, nil
	})
	select {
	case <-done:
	case <-ctx.Done():
	}
	if now := i.keys.Load(); now != have {
		return now
	}
	return nil
}

func (i *issuer) mayAsk() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	now := i.now()
	if !i.asked.IsZero() && now.Sub(i.asked) < unknownKeyEvery {
		return false
	}
	i.asked = now
	return true
}

// fetch replaces the keys.
func (i *issuer) fetch(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	source := i.config.JWKS
	if source == "" {
		found, err := i.discover(ctx)
		if err != nil {
			return err
		}
		source = found
	}
	text, err := i.get(ctx, source)
	if err != nil {
		return err
	}
	set, err := parseKeySet(text)
	if err != nil {
		return fmt.Errorf("%s: %w", source, err)
	}
	if i.keys.Swap(set) == nil {
		i.log.InfoContext(ctx, "the keys of a token issuer are known", "issuer", i.config.Issuer, "keys", len(set.keys))
	}
	return nil
}

// discover finds where the keys are (OpenID Connect Discovery 1.0, section 4).
func (i *issuer) discover(ctx context.Context) (string, error) {
	target := strings.TrimSuffix(i.config.Issuer, "/") + "/.well-known/openid-configuration"
	text, err := i.get(ctx, target)
	if err != nil {
		return "", err
	}
	var found struct {
		Issuer string `json:"issuer"`
		JWKS   string `json:"jwks_uri"`
	}
	if err := json.Unmarshal(text, &found); err != nil {
		return "", fmt.Errorf("%s: it is not JSON", target)
	}
	if found.Issuer != i.config.Issuer { // section 4.3: they must be equal
		return "", fmt.Errorf("%s: it is of the issuer %.200q", target, found.Issuer)
	}
	if strings.HasPrefix(i.config.Issuer, "https:") && !strings.HasPrefix(found.JWKS, "https:") {
		return "", fmt.Errorf("%s: its keys are not fetched without TLS", target)
	}
	return found.JWKS, nil
}

func (i *issuer) get(ctx context.Context, target string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json, application/jwk-set+json")
	resp, err := i.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: status %d", target, resp.StatusCode)
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, largestSet+1))
	if err == nil && len(text) > largestSet {
		err = fmt.Errorf("it has more than %d bytes", largestSet)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", target, err)
	}
	return text, nil
}
