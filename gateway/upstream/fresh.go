package upstream

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/pquerna/cachecontrol/cacheobject"
)

// directives are those of Cache-Control. What can't be read is as if it must not
// be stored (RFC 9111, section 4.2.1: invalid information is stale).
func directives(header http.Header) *cacheobject.ResponseCacheDirectives {
	said, err := cacheobject.ParseResponseCacheControl(strings.Join(header.Values("Cache-Control"), ","))
	if err != nil {
		return &cacheobject.ResponseCacheDirectives{NoStore: true, MaxAge: -1, SMaxAge: -1}
	}
	return said
}

// freshness is how long an answer is fresh in a shared cache from now on, if it
// says so (RFC 9111, sections 4.2 and 5.2.2): what may not be stored, or not
// be used again without asking, is not fresh at all.
func freshness(header http.Header, said *cacheobject.ResponseCacheDirectives) (time.Duration, bool) {
	switch {
	case said.NoStore || said.NoCachePresent || said.PrivatePresent:
		return 0, true
	case said.SMaxAge >= 0:
		return seconds(int64(said.SMaxAge)) - age(header), true
	case said.MaxAge >= 0:
		return seconds(int64(said.MaxAge)) - age(header), true
	}
	return expires(header)
}

func expires(header http.Header) (time.Duration, bool) {
	text := header.Get("Expires")
	if text == "" {
		return 0, false
	}
	at, err := http.ParseTime(text)
	if err != nil { // RFC 9111, section 5.3: "0", for one, is in the past
		return 0, true
	}
	from, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		from = time.Now()
	}
	return at.Sub(from) - age(header), true
}

// age is how long the answer has been in caches (RFC 9111, section 5.1).
func age(header http.Header) time.Duration {
	n, err := strconv.ParseInt(header.Get("Age"), 10, 32)
	if err != nil || n < 0 {
		return 0
	}
	return seconds(n)
}

func seconds(n int64) time.Duration { return time.Duration(n) * time.Second }
