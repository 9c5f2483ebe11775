package operation

import (
	"net/http"
	"path"
	"strings"
	"testing"
)

// An answer says when to ask again: when the last of the services that want to be
// left alone may be called.
func TestRetryAfterOfServices(t *testing.T) {
	catalog := func(w http.ResponseWriter, r *http.Request) {
		switch id := path.Base(r.URL.Path); id {
		case "none":
			w.WriteHeader(http.StatusInternalServerError)
		default:
			w.Header().Set("Retry-After", id)
			w.WriteHeader(http.StatusTooManyRequests)
		}
	}
	for document, want := range map[string]string{ // times that are not waited for
		`{ product(id: "70") { id } }`: "70",
		`{ a: product(id: "70") { id } b: product(id: "300") { id } c: product(id: "90") { id } }`: "300",
		`{ a: product(id: "none") { id } b: product(id: "40") { id } }`:                            "40",
		`{ a: product(id: "none") { id } }`:                                                        "",
		`{ __typename }`:                                                                           "",
	} {
		for name, change := range map[string]func(*Config){"without a bucket": nil, "with a bucket": limited} {
			a, _ := run(anonymous(t.Context()), t, shop(t, change, catalog), document)
			if got := a.Header.Get("Retry-After"); got != want {
				t.Errorf("%s, %s: Retry-After is %q, want %q: %s", document, name, got, want, a.Append(nil))
			}
			if text := string(a.Append(nil)); want != "" && !strings.Contains(text, `"retryAfter":`+want) {
				t.Errorf("%s: %s", document, text)
			}
			if limits := a.Header.Get("RateLimit") != ""; limits != (change != nil) {
				t.Errorf("%s, %s: the header is %v", document, name, a.Header)
			}
		}
	}
}
