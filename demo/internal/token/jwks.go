package token

import (
	"encoding/base64"
	"fmt"
)

// KeySet is a JSON Web Key Set (RFC 7517).
type KeySet struct {
	Keys []Key `json:"keys"`
}

// Key is a public key on an elliptic curve (RFC 7518, section 6.2).
type Key struct {
	KeyType   string `json:"kty"`
	Use       string `json:"use"`
	Algorithm string `json:"alg"`
	KeyID     string `json:"kid"`
	Curve     string `json:"crv"`
	X         string `json:"x"` // base64url, 32 bytes
	Y         string `json:"y"` // base64url, 32 bytes
}

// KeySet returns what others need to verify the issuer's tokens.
func (i *Issuer) KeySet() (KeySet, error) {
	point, err := i.key.PublicKey.Bytes()
	if err != nil {
		return KeySet{}, fmt.Errorf("token: encode key: %w", err)
	}
	// An uncompressed point is the byte 4, then both coordinates (SEC 1, 2.3.3).
	x, y := point[1:33], point[33:]
	return KeySet{Keys: []Key{{
		KeyType:   "EC",
		Use:       "sig",
		Algorithm: "ES256",
		KeyID:     i.keyID,
		Curve:     "P-256",
		X:         base64.RawURLEncoding.EncodeToString(x),
		Y:         base64.RawURLEncoding.EncodeToString(y),
	}}}, nil
}
