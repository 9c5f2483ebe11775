package upstream

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// Rule sends calls of a service to a version of it. If it has a frontend, it applies only
// to requests of that frontend. It matches requests with the header or the claim, and
// Percent of the others, or all requests if none of the three is set. A Percent of 0 is
// set, and matches no others.
type Rule struct {
	// To is a name of [Config].Versions.
	To string
	// Frontend is the name of a frontend; empty for all.
	Frontend string
	// Header is the name of a header. Requests with it get the version, unless its value
	// is "never", which excludes them.
	Header string
	// Claim is the name of a claim. Callers whose token has it get the version, unless
	// its value is false or null.
	Claim string
	// Percent is the share of the requests, from 0 to 100; nil if the rule has none.
	Percent *float64
	// Sticky is $subject or $request.headers.name: requests with the same value get the
	// same version. If it is empty, or a request does not have it, each request is drawn
	// separately.
	Sticky string
}

const (
	stickySubject = "$subject"
	stickyHeader  = "$request.headers."
)

// Check returns an error if the rule is invalid.
func (r Rule) Check() error {
	switch {
	case r.Percent != nil && !(*r.Percent >= 0 && *r.Percent <= 100): // also NaN
		return fmt.Errorf("percent must be from 0 to 100, and is %v", *r.Percent)
	case r.Sticky != "" && r.Sticky != stickySubject && (!strings.HasPrefix(r.Sticky, stickyHeader) || r.Sticky == stickyHeader):
		return fmt.Errorf("sticky must be %s or %sname, and is %s", stickySubject, stickyHeader, r.Sticky)
	case r.Sticky != "" && r.Percent == nil:
		return errors.New("sticky is for a percentage, and there is none")
	}
	return nil
}

// Routed has the properties of a request that rules evaluate.
type Routed struct {
	// Frontend is the name of the request's frontend.
	Frontend string
	// Claims are the claims of the token; nil if there is none.
	Claims map[string]any
	// Caller has the subject, the headers and the id of the request.
	Caller Caller
}

// Route returns the versions of services that a request gets, by the names of the
// services, without main versions. It is nil if there are none.
func (s *Services) Route(of Routed) map[string]string {
	var out map[string]string
	for name, rules := range *s.rules.Load() {
		for _, rule := range rules {
			if !rule.takes(name, of) {
				continue
			}
			if out == nil {
				out = map[string]string{}
			}
			out[name] = rule.To
			break
		}
	}
	return out
}

// takes reports whether a rule of a service takes a request.
func (r Rule) takes(service string, of Routed) bool {
	if r.Frontend != "" && r.Frontend != of.Frontend {
		return false
	}
	if r.Header == "" && r.Claim == "" && r.Percent == nil {
		return true
	}
	if values := of.Caller.Headers[http.CanonicalHeaderKey(r.Header)]; r.Header != "" && len(values) > 0 {
		return !strings.EqualFold(values[0], "never")
	}
	if value, ok := of.Claims[r.Claim]; ok && value != nil && value != false {
		return true
	}
	return r.Percent != nil && draw(service, r.unit(of.Caller)) < *r.Percent/100
}

// unit returns what a version is drawn for: the id of the request, if it has nothing
// that others have in common with it.
func (r Rule) unit(of Caller) string {
	unit := ""
	if r.Sticky == stickySubject {
		unit = of.Subject
	} else if name, ok := strings.CutPrefix(r.Sticky, stickyHeader); ok {
		unit = of.Headers.Get(name)
	}
	if unit == "" {
		return "request " + of.RequestID
	}
	return "unit " + unit
}

// draw returns a number from 0 to 1, which is the same for all gateways. When a
// percentage grows, those who have the version keep it.
func draw(service, unit string) float64 {
	sum := sha256.Sum256([]byte(service + "\x00" + unit))
	return float64(binary.BigEndian.Uint64(sum[:])>>11) / (1 << 53)
}
