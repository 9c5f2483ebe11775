package provenance_test

import (
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/portico-gateway/portico/gateway/provenance"
)

func pass(binding, name string, values ...string) provenance.Passed {
	return provenance.Passed{Binding: binding, Name: name, Values: values}
}

func TestPassedHeader(t *testing.T) {
	const cookie = "Set-Cookie"
	for name, c := range map[string]struct {
		passed []provenance.Passed
		want   http.Header
	}{
		"nothing": {},
		"one":     {[]provenance.Passed{pass("a:1:1", "X-A", "1")}, http.Header{"X-A": {"1"}}},
		"values of one answer keep their order": {
			[]provenance.Passed{pass("a:1:1", "X-A", "2", "1", "2")}, http.Header{"X-A": {"2, 1"}},
		},
		"lines and columns are numbers": {
			[]provenance.Passed{pass("a:10:1", "X-A", "4"), pass("a:9:10", "X-A", "3"), pass("a:9:9", "X-A", "2"), pass("", "X-A", "1"), pass("b:1:1", "X-A", "5")},
			http.Header{"X-A": {"1, 2, 3, 4, 5"}},
		},
		"equal values count once": {
			[]provenance.Passed{pass("a:1:1", "X-A", "2"), pass("a:1:1", "X-A", "1"), pass("a:2:1", "X-A", "2"), pass("a:1:1", "X-B", "2")},
			http.Header{"X-A": {"1, 2"}, "X-B": {"2"}},
		},
		"the last cookie of a name, a domain and a path": {
			[]provenance.Passed{
				pass("a:1:1", cookie, "s=1", "t=1", "s=2; Path=/x", "s=3; Domain=.Shop.example"),
				pass("a:2:1", cookie, "s=4; HttpOnly", "s=5; domain = shop.example; Secure", "S=6", "s=7;path=y"),
			},
			http.Header{cookie: {"t=1", "s=2; Path=/x", "s=5; domain = shop.example; Secure", "S=6", "s=7;path=y"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			slices.Reverse(c.passed)
			for range 2 { // the order of answers does not matter
				slices.Reverse(c.passed)
				_, r := provenance.Begin(t.Context())
				for _, p := range c.passed {
					r.Pass(p)
				}
				if got := r.Summary().Header(); !maps.EqualFunc(got, c.want, slices.Equal) || (got == nil) != (c.want == nil) {
					t.Errorf("got %v, want %v", got, c.want)
				}
			}
		})
	}
}

// What is passed after a write replaces what was passed before, whatever the
// bindings.
func TestPassedAfterWrites(t *testing.T) {
	_, r := provenance.Begin(t.Context())
	r.Pass(pass("b:2:1", "Set-Cookie", "s=1"))
	r.Wrote()
	r.Pass(pass("a:1:1", "Set-Cookie", "s=0"))
	if got := r.Summary().Header()["Set-Cookie"]; !slices.Equal(got, []string{"s=0"}) {
		t.Error(got)
	}
	var none *provenance.Record
	none.Wrote()
	none.Pass(pass("a:1:1", "X-A", "1"))
}

// An answer that has passed headers is one caller's, as is one that it is a part
// of.
func TestPassedIsOneCallers(t *testing.T) {
	_, inner := provenance.Begin(t.Context())
	inner.Pass(pass("a:1:1", "X-A", "1"))
	_, outer := provenance.Begin(t.Context())
	outer.Add(inner.Summary())
	for _, s := range []provenance.Summary{inner.Summary(), outer.Summary()} {
		if s.Caller != provenance.Everything || !reflect.DeepEqual(s.Header(), http.Header{"X-A": {"1"}}) {
			t.Errorf("%+v", s)
		}
	}
}

func TestPassedBound(t *testing.T) {
	line := func(n int) string { return strings.Repeat("v", n-len("X-A: \r\n")) }
	_, r := provenance.Begin(t.Context())
	r.Pass(pass("a:1:1", "X-A", line(provenance.MaxPassed)))
	r.Pass(pass("a:1:1", "X-A", line(provenance.MaxPassed))) // the same again
	if s := r.Summary(); s.PassedOver || s.Header() == nil {
		t.Error("as many bytes as may be are too many")
	}
	r.Pass(pass("a:1:1", "X-A", ""))
	r.Pass(pass("a:1:1", "X-B", "1"))
	_, outer := provenance.Begin(t.Context())
	outer.Pass(pass("a:1:1", "X-B", "1"))
	outer.Add(r.Summary())
	for _, s := range []provenance.Summary{r.Summary(), outer.Summary()} {
		if !s.PassedOver || s.Header() != nil || s.Caller != provenance.Everything {
			t.Errorf("%+v", s)
		}
	}
	_, r = provenance.Begin(t.Context())
	for i := range 2 << 10 { // many small ones are bounded, too
		r.Pass(pass(fmt.Sprintf("a:%d:1", i), "X-A", "1"))
	}
	if s := r.Summary(); !s.PassedOver || len(s.Passed) > 0 {
		t.Errorf("%d", len(s.Passed))
	}
}

// A cookie that net/http reads has the same name here.
func FuzzCookieName(f *testing.F) {
	for _, seed := range []string{"", "a", "=b", "a=b", " a = b ; Path=/", "a=\"b\"; domain", "a;b=c", "a=b;path=/;path"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		name := provenance.CookieName(text)
		if strings.ContainsAny(name, "=;") || strings.Trim(name, " \t") != name {
			t.Errorf("%q has the name %q", text, name)
		}
		if cookie, err := http.ParseSetCookie(text); err == nil && cookie.Name != name {
			t.Errorf("%q has the name %q, not %q", text, name, cookie.Name)
		}
	})
}
