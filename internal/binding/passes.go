package binding

import (
	"net/http"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/directive"
)

// cookieHeader is the header whose cookies are named.
const cookieHeader = "Set-Cookie"

// ownHeaders are headers of answers that the gateway sets itself, and those of a
// connection or of the service's own content.
func ownHeaders() []string {
	return []string{
		"Accept-Ranges", "Age", "Allow", "Alt-Svc", "Cache-Control", "Cache-Status", "Cache-Tag", "Cdn-Cache-Control", "Connection",
		"Content-Digest", "Content-Disposition", "Content-Encoding", "Content-Length", "Content-Location", "Content-Md5", "Content-Range",
		"Content-Security-Policy", "Content-Type", "Date", "Digest", "Etag", "Expires", "Keep-Alive", "Last-Modified", "Pragma",
		"Repr-Digest", "Retry-After", "Server", "Set-Cookie2", "Strict-Transport-Security", "Surrogate-Control", "Surrogate-Key", "Te",
		"Trailer", "Transfer-Encoding", "Upgrade", "Vary", "Via", "Www-Authenticate", "X-Accel-Buffering", "X-Content-Type-Options",
		"X-Request-Id",
	}
}

// ownPrefixes begin the names of further such headers.
func ownPrefixes() []string {
	return []string{"Access-Control-", "Proxy-", "Ratelimit", "Sec-", "X-Accel-"}
}

// Names returns what is passed as it is written in a binding. It may be
// called on nil.
func (p *Passes) Names() []string {
	if p == nil {
		return nil
	}
	names := slices.Clone(p.Headers)
	for _, cookie := range p.Cookies {
		names = append(names, cookieHeader+": "+cookie)
	}
	return names
}

// passes reads the headers that are passed to the caller.
func (r *reader) passes(d *ast.Directive) *Passes {
	arg := d.Arguments.ForName("passHeaders")
	if arg == nil || arg.Value.Kind == ast.NullValue {
		return nil
	}
	if r.streams() {
		r.fail(arg.Position, "remove it", "%s.%s is a stream, before whose events the caller has received all headers", r.binding.Parent.Name,
			r.binding.Field.Name)
		return nil
	}
	out := &Passes{Pos: arg.Position}
	for _, v := range directive.Items(arg.Value) {
		text, cookies, named := strings.Cut(v.Raw, ":")
		name := http.CanonicalHeaderKey(strings.TrimSpace(text))
		switch {
		case !headerName.MatchString(name):
			r.fail(v.Position, `write a name, such as "X-Total-Count", or "Set-Cookie: session"`, "%q is not the name of a header", v.Raw)
		case name == cookieHeader:
			out.Cookies = append(out.Cookies, r.cookies(v, cookies)...)
		case named:
			r.fail(v.Position, "write "+strings.TrimSpace(text), "only Set-Cookie is followed by names, those of the cookies")
		case isOwn(name):
			r.fail(v.Position, "remove it", "%s can't be passed: the gateway sets it itself, or it is of the service's connection or content", v.Raw)
		default:
			out.Headers = append(out.Headers, name)
		}
	}
	if len(out.Headers)+len(out.Cookies) == 0 && !r.failed {
		r.fail(arg.Value.Position, "name a header, or remove passHeaders", "the list of headers is empty")
	}
	slices.Sort(out.Headers)
	slices.Sort(out.Cookies)
	out.Headers, out.Cookies = slices.Compact(out.Headers), slices.Compact(out.Cookies)
	return out
}

// cookies reads the names of cookies after "Set-Cookie:".
func (r *reader) cookies(v *ast.Value, text string) []string {
	const fix = `name the cookies that may be passed: "Set-Cookie: session, theme"`
	if strings.TrimSpace(text) == "" {
		r.fail(v.Position, fix, "Set-Cookie would pass all cookies of the service")
		return nil
	}
	var names []string
	for part := range strings.SplitSeq(text, ",") {
		name := strings.TrimSpace(part)
		if !headerName.MatchString(name) { // a token, too (RFC 6265, section 4.1.1)
			r.fail(v.Position, fix, "%q is not the name of a cookie", name)
			continue
		}
		names = append(names, name)
	}
	return names
}

func isOwn(name string) bool {
	return slices.Contains(ownHeaders(), name) || slices.ContainsFunc(ownPrefixes(), func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}
