package upstream

import (
	"errors"
	"net/http"
)

// errEmpty is the cause of a problem when an answer that should have a value
// has no content.
var errEmpty = errors.New("the answer is empty")

// IsEmpty reports whether a service answered with success and no content: with status 204
// or 205, or another 2xx and an empty body.
func IsEmpty(err error) bool { return errors.Is(err, errEmpty) }

// hasNoContent reports whether an answer has no content, whatever follows its
// header (RFC 9110, sections 15.3.5 and 15.3.6).
func hasNoContent(status int) bool {
	return status == http.StatusNoContent || status == http.StatusResetContent
}

// empty returns the problem of an answer without content.
func (c *httpClient) empty(r Request) error {
	return c.Source(r.Binding).Malformed("the answer", errEmpty)
}
