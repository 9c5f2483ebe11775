package transport

import (
	"net/http"
	"net/url"
	"path"
	"strings"
)

// preflighted reports whether a browser asks before it sends this to another
// site's gateway (https://fetch.spec.whatwg.org/#cors-safelisted-request-header).
// The rule is in the documentation of [Handler.ServeHTTP].
func preflighted(r *http.Request) bool {
	for _, name := range [...]string{"Graphql-Require-Preflight", "Apollo-Require-Preflight", "X-Apollo-Operation-Name"} {
		if values := r.Header[name]; len(values) > 0 && values[0] != "" {
			return true
		}
	}
	if r.Header.Get("Sec-Fetch-Site") == "same-origin" {
		return true
	}
	essence, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	m := media{essence: strings.TrimSpace(essence)}
	return isEssence(m.essence) &&
		!m.is("application/x-www-form-urlencoded") && !m.is("multipart/form-data") && !m.is("text/plain")
}

// allowedOrigin reports whether a browser may open a WebSocket here: browsers
// send no preflight for these, only the Origin. The scheme of the gateway's own
// origin is not compared, since a proxy may end TLS.
func allowedOrigin(r *http.Request, patterns []string) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	if err == nil && u.Host != "" && strings.EqualFold(u.Host, r.Host) {
		return true
	}
	for _, pattern := range patterns {
		matches, err := path.Match(strings.ToLower(pattern), strings.ToLower(origin))
		if pattern == "*" || err == nil && matches {
			return true
		}
	}
	return false
}
