package upstream_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/upstream"
)

func TestRetryAfter(t *testing.T) {
	const date = "Sun, 06 Nov 1994 08:49:37 GMT"
	for name, c := range map[string]struct {
		status      int
		value, date string
		want        time.Duration
		extension   any
	}{
		"seconds of 429":           {429, "120", "", 2 * time.Minute, 120.0},
		"seconds of 503":           {503, "1", "", time.Second, 1.0},
		"a date":                   {503, "Sun, 06 Nov 1994 08:50:07 GMT", date, 30 * time.Second, 30.0},
		"a date of RFC 850":        {503, "Sunday, 06-Nov-94 08:50:07 GMT", date, 30 * time.Second, 30.0},
		"a date that is past":      {503, "Sun, 06 Nov 1994 08:49:07 GMT", date, 0, nil},
		"a date far away":          {503, "Sun, 06 Nov 2044 08:49:37 GMT", date, 24 * time.Hour, 86400.0},
		"a date without another":   {429, "Fri, 31 Dec 9999 23:59:59 GMT", "-", 24 * time.Hour, 86400.0},
		"more than a day":          {429, "86401", "", 24 * time.Hour, 86400.0},
		"more than a number holds": {429, strings.Repeat("9", 40), "", 24 * time.Hour, 86400.0},
		"nothing":                  {429, "", "", 0, nil},
		"now":                      {429, "0", "", 0, nil},
		"negative":                 {429, "-5", "", 0, nil},
		"a fraction":               {429, "1.5", "", 0, nil},
		"words":                    {429, "soon", "", 0, nil},
		"another status":           {500, "120", "", 0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			client := open(t, upstream.Config{URL: serve(t, func(w http.ResponseWriter, _ *http.Request) {
				if c.date == "-" {
					w.Header()["Date"] = nil
				} else if c.date != "" {
					w.Header().Set("Date", c.date)
				}
				w.Header().Set("Retry-After", c.value)
				w.WriteHeader(c.status)
			})})
			_, err := client.GetJSON(t.Context(), upstream.Request{})
			e, _ := errors.AsType[*upstream.StatusError](err)
			p, ok := errors.AsType[*problem.Error](err)
			if !ok || e.RetryAfter != c.want || p.Code != problem.ServiceError || p.Extensions["retryAfter"] != c.extension {
				t.Errorf("got %v", err)
			}
			// A problem of a binding's own says so too, unless it has that extension.
			e.Body = []byte(`{"later": 7}`)
			explained, _ := errors.AsType[*problem.Error](upstream.Explain(err, "BUSY", "It is busy."))
			own, _ := errors.AsType[*problem.Error](upstream.Explain(err, "BUSY", "It is busy.", upstream.Detail{Name: "retryAfter", Path: []string{"later"}}))
			if explained.Extensions["retryAfter"] != c.extension || fmt.Sprint(own.Extensions["retryAfter"]) != "7" {
				t.Errorf("explained: %v, %v", explained.Extensions, own.Extensions)
			}
		})
	}
}

// What is less than a second is one.
func TestRetryAfterIsRoundedUp(t *testing.T) {
	e := &upstream.StatusError{Status: 503, RetryAfter: 1001 * time.Millisecond}
	p, _ := errors.AsType[*problem.Error](upstream.Explain(e, "BUSY", "It is busy."))
	if p.Extensions["retryAfter"] != 2.0 {
		t.Errorf("got %v", p.Extensions)
	}
}
