package upstream

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/portico-gateway/portico/gateway/endpoint"
)

// mostRedirects is how many redirects of one call are followed.
const mostRedirects = 5

// roundTrip sends a request to an endpoint, and follows redirects of a GET within the service's
// origin if the configuration says so. The answer's Request is the last one.
// Its errors are problems, unless the caller left.
func (c *httpClient) roundTrip(req *http.Request, at *endpoint.Endpoint) (*http.Response, error) {
	ctx, transport, origin := req.Context(), peerOf(at).calls, originOf(req.URL)
	resp, err := transport.RoundTrip(req)
	for n := 1; err == nil && isRedirect(resp.StatusCode); n++ {
		to, refusal := c.follow(req, resp, origin, n)
		body, _ := io.ReadAll(io.LimitReader(resp.Body, bodyOfError)) // also so that the connection is used again
		_ = resp.Body.Close()
		if refusal != "" {
			return nil, refused(&StatusError{Service: c.config().Name, Status: resp.StatusCode, Body: body, Redirect: refusal})
		}
		req = redirected(req, to)
		resp, err = transport.RoundTrip(req)
	}
	if err != nil {
		return nil, unsent(failed(ctx, c.config().Name, err), err)
	}
	return resp, nil
}

func isRedirect(status int) bool {
	return slices.Contains([]int{
		http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect,
	}, status)
}

// follow returns where the nth redirect of a call leads. If it must not be
// followed, refusal says why, for the log.
func (c *httpClient) follow(req *http.Request, resp *http.Response, origin string, n int) (to *url.URL, refusal string) {
	to, err := req.URL.Parse(resp.Header.Get("Location"))
	if err != nil || resp.Header.Get("Location") == "" {
		return nil, "it redirects without a valid Location"
	}
	setting := "services." + c.config().Name + "."
	switch {
	case originOf(to) != origin || to.User != nil:
		refusal = "that is not at " + origin + ", the origin of " + setting + "url, and only redirects within it are ever followed"
	case req.Method != http.MethodGet:
		refusal = "only redirects of a GET are followed"
	case !c.config().FollowRedirects:
		refusal = setting + "followRedirects: true in portico.yaml follows it"
	case n > mostRedirects:
		refusal = fmt.Sprintf("at most %d redirects of a call are followed", mostRedirects)
	default:
		to.Fragment, to.RawFragment = "", ""
		return to, ""
	}
	return nil, fmt.Sprintf("it redirects to %.*q: %s", bodyInLog, to.Redacted(), refusal)
}

// originOf returns scheme, host and port of a URL, the port also if it is the
// default (RFC 6454, section 4).
func originOf(u *url.URL) string {
	port := u.Port()
	switch {
	case port != "":
	case u.Scheme == "https":
		port = "443"
	case u.Scheme == "http":
		port = "80"
	}
	return u.Scheme + "://" + strings.ToLower(u.Hostname()) + ":" + port
}

// redirected returns a request for another URL of the same origin: with the same
// header, but without conditions, since these are about what the first URL had.
func redirected(req *http.Request, to *url.URL) *http.Request {
	next := req.WithContext(req.Context())
	next.URL, next.Host = to, to.Host
	next.Header = req.Header.Clone()
	next.Header.Del("If-None-Match")
	next.Header.Del("If-Modified-Since")
	return next
}
