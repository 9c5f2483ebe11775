package upstream

import (
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/portico-gateway/portico/gateway/problem"
)

// longestRetry bounds Retry-After.
const longestRetry = 24 * time.Hour

// retryAfter returns the time after which a service may be called again, with
// status 429 or 503 (RFC 9110, section 10.2.3); 0 if it does not say so. A date
// counts from that of the answer, if that has one, so that clocks may differ.
func retryAfter(status int, header http.Header) time.Duration {
	if status != http.StatusTooManyRequests && status != http.StatusServiceUnavailable {
		return 0
	}
	text := header.Get("Retry-After")
	if text == "" {
		return 0
	}
	if isDigits(text) {
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil { // too large
			return longestRetry
		}
		return min(seconds(n), longestRetry)
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	from, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		from = time.Now()
	}
	return min(max(at.Sub(from), 0), longestRetry)
}

func isDigits(text string) bool {
	for i := range len(text) {
		if !isDigit(text[i]) {
			return false
		}
	}
	return text != ""
}

// withRetry adds to a problem when to call the service again, if it said so.
func (e *StatusError) withRetry(p *problem.Error) *problem.Error {
	if e.RetryAfter <= 0 {
		return p
	}
	return p.With(problem.RetryAfter, math.Ceil(e.RetryAfter.Seconds()))
}
