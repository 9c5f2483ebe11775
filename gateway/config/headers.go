package config

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// checkHeaders checks the names of headers that services are sent of callers'
// requests.
func (c *Config) checkHeaders(p *problems) {
	own := map[string]string{http.CanonicalHeaderKey(c.Auth.KeyHeader): "is auth.keyHeader: API keys are not sent to services"}
	for name, s := range c.Services {
		if s.SubjectHeader != "" {
			own[http.CanonicalHeaderKey(s.SubjectHeader)] = "is services." + name + ".subjectHeader: callers can't send it"
		}
	}
	for service, s := range c.Services {
		seen := map[string]bool{}
		for i, name := range s.Headers {
			at, canonical := fmt.Sprintf("services.%s.headers[%d]", service, i), http.CanonicalHeaderKey(name)
			if mistake := headerMistake(canonical, own); mistake != "" {
				p.need(false, at, mistake)
			}
			p.need(!seen[canonical], at, "is "+canonical+" again")
			seen[canonical] = true
		}
	}
}

// headerName is a name of a header (RFC 9110, section 5.1).
var headerName = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")

// headerMistake returns why a header must not be sent to a service as callers send it;
// empty if it may be. The name is in canonical spelling.
func headerMistake(name string, own map[string]string) string {
	if mistake := own[name]; mistake != "" {
		return "must not be " + name + ", which " + mistake
	}
	switch {
	case !headerName.MatchString(name):
		return "must be the name of a header, such as X-Tenant"
	case name == "Authorization":
		return "must not be Authorization: set forwardAuthorization to send it"
	case name == "Cookie":
		return "must not be Cookie: a binding can send it, by {$request.headers.cookie}"
	case isOfConnection(name):
		return "must not be " + name + ", which is for one connection only"
	case isOfMessage(name):
		return "must not be " + name + ", which is about the caller's own request, or is set by the gateway"
	case isOfProxy(name):
		return "must not be " + name + ", which is for proxies to set: callers could make it up"
	}
	return ""
}

// isOfConnection reports whether a header is for one connection only (RFC 9110,
// section 7.6.1, and RFC 6455).
func isOfConnection(name string) bool {
	return strings.HasPrefix(name, "Proxy-") || strings.HasPrefix(name, "Sec-Websocket-") || slices.Contains([]string{
		"Connection", "Http2-Settings", "Keep-Alive", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
	}, name)
}

// isOfMessage reports whether a header describes the message that it is in, or what
// its sender can read; or whether the gateway sets it.
func isOfMessage(name string) bool {
	return strings.HasPrefix(name, "Content-") || strings.HasPrefix(name, "If-") || slices.Contains([]string{
		"Accept", "Accept-Charset", "Accept-Encoding", "Expect", "Host", "Last-Event-Id", "Max-Forwards", "Range",
		"Traceparent", "Tracestate", "X-Request-Id",
	}, name)
}

// isOfProxy reports whether a header is one by which proxies tell whom they forward.
func isOfProxy(name string) bool {
	return strings.HasPrefix(name, "X-Forwarded-") || slices.Contains([]string{"Forwarded", "Via", "X-Real-Ip"}, name)
}
