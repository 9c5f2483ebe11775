package auth

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/goccy/go-yaml"

	"github.com/portico-gateway/portico/gateway/problem"
)

// Key is an API key of a machine. The key itself is nowhere: only its SHA-256.
type Key struct {
	// SHA256 is that of the key's bytes, in hexadecimal digits. The key must be
	// random, such as 32 bytes of /dev/urandom: what can be guessed is found.
	SHA256 string `yaml:"sha256"`
	// Principal is who has it.
	Principal string `yaml:"principal"`
	// Scopes are what its principal may do.
	Scopes []string `yaml:"scopes"`
	// Tier is the name of a tier of rate limits; empty for none.
	Tier string `yaml:"tier"`
}

// ReadKeys reads a list of keys in YAML, of which JSON is a part. An empty text
// is an empty list; a field that is not known is an error, and so are keys that are not valid.
func ReadKeys(text []byte) (keys []Key, err error) {
	defer func() {
		if value := recover(); value != nil { // the library's, for some texts
			keys, err = nil, errors.New("it is not YAML")
		}
	}()
	decoder := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict())
	if err := decoder.Decode(&keys); err != nil && !errors.Is(err, io.EOF) {
		return nil, errors.New(yaml.FormatError(err, false, false)) // without the source: it has secrets, of a kind
	}
	var errs []error
	for n, k := range keys {
		if _, err := k.open(); err != nil {
			errs = append(errs, fmt.Errorf("key %d: %w", n+1, err))
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return keys, nil
}

type apiKey struct {
	config    Key
	sum       [sha256.Size]byte
	principal *Principal
}

func (k Key) open() (*apiKey, error) {
	sum, err := hex.DecodeString(k.SHA256)
	if err != nil || len(sum) != sha256.Size {
		return nil, errors.New("sha256 must have 64 hexadecimal digits")
	}
	if k.Principal == "" {
		return nil, errors.New("it has no principal")
	}
	if slices.Contains(k.Scopes, "") {
		return nil, fmt.Errorf("a scope of %s is empty", k.Principal)
	}
	opened := &apiKey{config: k, sum: [sha256.Size]byte(sum)}
	opened.principal = newPrincipal("key", Principal{Subject: k.Principal, Scopes: slices.Clone(k.Scopes), Tier: k.Tier, source: opened})
	return opened, nil
}

// byKey compares text with every key, even after a match, so that the time reveals
// nothing.
func (v *Verifier) byKey(text string) (*Principal, error) {
	if len(text) > largestToken {
		return nil, refusedKey()
	}
	sum := sha256.Sum256([]byte(text))
	var found *Principal
	for i := range v.keys {
		if subtle.ConstantTimeCompare(sum[:], v.keys[i].sum[:]) == 1 {
			found = v.keys[i].principal
		}
	}
	if found == nil {
		return nil, refusedKey()
	}
	return found, nil
}

func refusedKey() error {
	return problem.Wrap(errors.New("there is no such API key"), problem.Unauthenticated, "The API key is not accepted.")
}
