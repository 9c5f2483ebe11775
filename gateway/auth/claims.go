package auth

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/golang-jwt/jwt/v5"
)

// claims are what a token says.
type claims struct{ jwt.MapClaims }

var (
	errClaims = errors.New("the claims are no JSON object with distinct names, in UTF-8")
	errType   = errors.New("the token is for something other than access")
)

// UnmarshalJSON refuses names that are there twice, which some parsers take the
// first of and some the last (RFC 7519, section 4), and what is not UTF-8, of
// which different texts would become one.
func (c *claims) UnmarshalJSON(text []byte) error {
	if err := json.Unmarshal(text, &c.MapClaims); err != nil || c.MapClaims == nil {
		return errClaims
	}
	for _, name := range []string{"exp", "nbf", "iat"} {
		if !isDate(c.MapClaims[name]) {
			return errClaims
		}
	}
	return nil
}

// isDate refuses numbers that overflow somewhere: after the year 9999, or
// before 1970. The library checks whether other values are dates.
func isDate(value any) bool {
	const last = 253402300799
	seconds, number := value.(float64)
	return !number || seconds >= 0 && seconds <= last
}

// checkHeader refuses tokens that are made for something else, such as a logout
// token, which the same keys sign (RFC 8725, section 3.11; RFC 9068, section
// 2.1), and those that must not be accepted by who does not understand an
// extension: none is known here (RFC 7515, section 4.1.11).
func checkHeader(header map[string]any) error {
	if _, critical := header["crit"]; critical {
		return errCritical
	}
	if typ, there := header["typ"]; there {
		text, _ := typ.(string)
		text = strings.TrimPrefix(strings.ToLower(text), "application/")
		if !slices.Contains([]string{"jwt", "at+jwt"}, text) {
			return errType
		}
	}
	return nil
}

// principal is who the claims, which are valid, are about.
func (i *issuer) principal(c *claims) (*Principal, error) {
	expires, err := c.GetExpirationTime()
	if err != nil || expires == nil {
		return nil, jwt.ErrTokenRequiredClaimMissing
	}
	subject, _ := c.MapClaims[i.config.Subject].(string)
	if subject == "" {
		return nil, fmt.Errorf("the token has no subject in the claim %s", i.config.Subject)
	}
	p := Principal{Subject: subject, Issuer: i.config.Issuer, Expires: expires.Add(i.config.Leeway), Claims: c.MapClaims, source: i}
	for _, name := range i.config.Scopes {
		p.Scopes = append(p.Scopes, scopes(c.MapClaims[name])...)
	}
	p.Tier, _ = c.MapClaims[i.config.Tier].(string)
	return newPrincipal("token", p), nil
}

// scopes reads a claim: a text with spaces (RFC 8693, section 4.2), or a list.
func scopes(claim any) []string {
	switch claim := claim.(type) {
	case string:
		return strings.Fields(claim)
	case []any:
		var list []string
		for _, item := range claim {
			if text, ok := item.(string); ok && text != "" {
				list = append(list, text)
			}
		}
		return list
	}
	return nil
}
