package binding

import (
	"net/http"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// sourceHeader checks a name of @source that is a header of the answer.
func (r *reader) sourceHeader(d *ast.Directive, v *ast.Value, output bool) {
	text := strings.TrimPrefix(v.Raw, responseHeader)
	name := http.CanonicalHeaderKey(text)
	switch {
	case !output:
		r.fail(v.Position, "write the name of a member", "%s is only for fields of object types", v.Raw)
	case !headerName.MatchString(text):
		r.fail(v.Position, `write "`+responseHeader+`etag"`, "%q is not the name of a header", text)
	case slices.Contains(credentialHeaders(), name):
		r.fail(v.Position, "remove the field; a binding passes cookies to the caller with passHeaders",
			"%s has credentials of one caller, which can't be a value of a field: that may be cached", name)
	case slices.Contains(transferHeaders(), name):
		r.fail(v.Position, "remove the field", "%s is about how an answer was sent, which the gateway has changed", name)
	}
	for _, arg := range []string{"convert", "default"} {
		if arg := d.Arguments.ForName(arg); arg != nil {
			r.fail(arg.Position, "remove it", "%s is for values of the answer's content, and not of its header", arg.Name)
		}
	}
}

// credentialHeaders are those that identify a caller, or ask for its credentials.
func credentialHeaders() []string {
	return []string{
		"Authentication-Info", "Authorization", "Cookie", "Proxy-Authenticate", "Proxy-Authentication-Info", "Set-Cookie", "Set-Cookie2",
		"Www-Authenticate",
	}
}

// transferHeaders are those of a connection, or of content that is decoded.
func transferHeaders() []string {
	return []string{
		"Age", "Connection", "Content-Encoding", "Content-Length", "Keep-Alive", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
	}
}
