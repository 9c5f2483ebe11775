package rest

import (
	"net/http"
	"strconv"
	"strings"
)

// maxIDs is how many things can be asked for by id in one call.
const maxIDs = 100

const (
	defaultLimit = 20
	maxLimit     = 100
)

// IDs reads a comma-separated list. It fails with a [BadRequest] when there are
// more than 100, or no such parameter.
func IDs(r *http.Request, parameter string) ([]string, error) {
	query := r.URL.Query()
	if !query.Has(parameter) {
		return nil, BadRequest("the parameter %s is missing", parameter)
	}
	ids := strings.FieldsFunc(query.Get(parameter), func(c rune) bool { return c == ',' })
	if len(ids) > maxIDs {
		return nil, BadRequest("%s takes at most %d ids, not %d", parameter, maxIDs, len(ids))
	}
	return ids, nil
}

// Limit reads how long a list may be: 20 unless told, 1 to 100. It fails with a
// [BadRequest].
func Limit(r *http.Request) (int, error) {
	text := r.URL.Query().Get("limit")
	if text == "" {
		return defaultLimit, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxLimit {
		return 0, BadRequest("limit is a number from 1 to %d", maxLimit)
	}
	return n, nil
}
