package upstream

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/portico-gateway/portico/gateway/problem"
)

// Request is a call of an HTTP service. Its values can't change the target of the call: a
// value that can't be encoded is rejected with a problem BAD_USER_INPUT.
type Request struct {
	// Method is GET when empty.
	Method string
	// Path has the segments of the path, not escaped. Each stays one segment,
	// whatever is in it; "", "." and ".." are refused. Without a Binding, the first one
	// names the route in logs and traces: it must not be a value of a caller.
	Path []string
	// Slash reports whether the path ends with a slash.
	Slash bool
	// Query is encoded into the URL.
	Query url.Values
	// Accepts are the accepted media types of the answer; nil for those of the format
	// that is read. They are sent as Accept unless Header has one.
	Accepts *Media
	// Header is sent. Names are the program's own; values with control
	// characters, such as line breaks, are refused.
	Header http.Header
	// Body is sent as JSON unless it is nil.
	Body any
	// Form reports whether Body, which is an object in JSON, is sent as
	// application/x-www-form-urlencoded. See [Request.AddObject].
	Form bool
	// Binding is the position of the binding that makes the call, file:line:column,
	// for errors in the log. It is empty for hand-written code.
	Binding string
	// Kept reports whether values of the answer may be kept longer than the
	// operation.
	Kept bool
	// Idempotent reports whether the call may be retried although it is not a GET. A call
	// of a mutation is never retried.
	Idempotent bool
	// Errors are conditions, each of which makes an answer an error although its
	// status is 2xx: see [Holds].
	Errors []Condition
	// ResponseHeader is set to the header of the answer, which must not be modified:
	// other calls may share the answer. It is nil if the header is not needed.
	ResponseHeader *http.Header
	// Passes are the header fields of the answer that are passed to the caller of the
	// operation; nil for none. It is not for [HTTP.StreamJSON].
	Passes *Passing
	// Expect has the names that the caller reads from JSON answers; nil for none.
	Expect *Expectation
	// Events are the names of the server-sent events to receive; empty for all. An event
	// without a name is a "message". It is for [HTTP.StreamJSON].
	Events []string
	// Sharing determines whether subscribers with the same request share the stream of
	// [HTTP.StreamJSON].
	Sharing Sharing
}

// errSegment reports a path segment that servers and proxies could take for
// a step up or for no segment.
var errSegment = errors.New(`a path segment must not be empty, "." or ".."`)

// longestURL is the most bytes of a URL: servers refuse longer ones, and it is
// copied several times.
const longestURL = 128 << 10

// url is the URL of the request below base, which has no slash at its end.
func (r Request) url(base string) (string, error) {
	if r.length() > longestURL { // before all of it is encoded
		return "", errLongURL
	}
	var b strings.Builder
	b.WriteString(base)
	for _, segment := range r.Path {
		if segment == "" || segment == "." || segment == ".." {
			return "", errSegment
		}
		b.WriteByte('/')
		b.WriteString(url.PathEscape(segment))
	}
	if r.Slash {
		b.WriteByte('/')
	}
	if len(r.Query) > 0 {
		b.WriteByte('?')
		b.WriteString(r.Query.Encode())
	}
	if b.Len() > longestURL {
		return "", errLongURL
	}
	return b.String(), nil
}

// length is the least that the URL has besides its base.
func (r Request) length() int {
	n := 0
	for _, segment := range r.Path {
		n += 1 + len(segment)
	}
	for name, values := range r.Query {
		for _, value := range values {
			n += 2 + len(name) + len(value)
		}
	}
	return n
}

// errLongURL reports values that are too long for a URL.
var errLongURL = errors.New("the URL would be too long")

// build is the request as net/http sends it, without the caller's
// Authorization.
func (r Request) build(ctx context.Context, base string) (*http.Request, error) {
	target, err := r.url(base)
	if err != nil {
		return nil, err
	}
	body, err := r.encodedBody()
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, r.Method, target, body)
	if err != nil {
		return nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", r.contentType())
	}
	for name, values := range r.Header {
		for _, value := range values {
			if !validHeader(value) {
				return nil, fmt.Errorf("the value of the header %s has control characters", name)
			}
		}
		req.Header[http.CanonicalHeaderKey(name)] = values
	}
	return req, nil
}

func (r Request) encodedBody() (io.Reader, error) {
	if r.Body == nil {
		return nil, nil //nolint:nilnil // no body
	}
	text, err := json.Marshal(r.Body)
	if err != nil {
		return nil, fmt.Errorf("encode the body: %w", err)
	}
	if r.Form {
		values := url.Values{}
		if err := flatten(values, "", text); err != nil {
			return nil, err
		}
		return strings.NewReader(values.Encode()), nil
	}
	return bytes.NewReader(text), nil
}

// Join joins values. It rejects a value that contains the separator, which the service
// would read as two.
func Join[T ~string](values []T, separator string) (string, error) {
	if len(values) == 0 {
		return "", nil
	}
	texts := make([]string, len(values))
	for i, value := range values {
		texts[i] = string(value)
	}
	joined := strings.Join(texts, separator)
	if !slices.Equal(strings.Split(joined, separator), texts) {
		return "", problem.New(problem.BadUserInput, "A value has %q in it, which it must not have.", separator)
	}
	return joined, nil
}

// Joinable returns the check for keys that are joined with [Join].
func Joinable(separator string) func(key string) error {
	return func(key string) error {
		_, err := Join([]string{key}, separator)
		return err
	}
}

// validHeader reports whether text is a field value of RFC 9110, section 5.5.
func validHeader(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}
