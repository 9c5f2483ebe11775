package auth_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/portico-gateway/portico/gateway/auth"
)

// Only what trusted proxies add counts, read from the right.
func TestClientAddress(t *testing.T) {
	trusted := auth.Proxies{
		Trusted: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}, Header: "X-Forwarded-For",
	}
	forwarded := trusted
	forwarded.Header = "Forwarded"
	for name, c := range map[string]struct {
		proxies auth.Proxies
		peer    string
		header  http.Header
		want    string
	}{
		"no proxy":                      {auth.Proxies{}, "192.0.2.1:5", http.Header{"X-Forwarded-For": {"1.1.1.1"}}, "192.0.2.1"},
		"nobody who is trusted":         {trusted, "192.0.2.1:5", http.Header{"X-Forwarded-For": {"1.1.1.1"}}, "192.0.2.1"},
		"a trusted proxy":               {trusted, "10.0.0.1:5", http.Header{"X-Forwarded-For": {"192.0.2.1"}}, "192.0.2.1"},
		"what the client made up":       {trusted, "10.0.0.1:5", http.Header{"X-Forwarded-For": {"1.1.1.1, 192.0.2.1"}}, "192.0.2.1"},
		"two proxies":                   {trusted, "10.0.0.1:5", http.Header{"X-Forwarded-For": {"1.1.1.1, 192.0.2.1, 10.0.0.2"}}, "192.0.2.1"},
		"two lines":                     {trusted, "10.0.0.1:5", http.Header{"X-Forwarded-For": {"1.1.1.1", "192.0.2.1, 10.0.0.2"}}, "192.0.2.1"},
		"only proxies":                  {trusted, "10.0.0.1:5", http.Header{"X-Forwarded-For": {"10.0.0.3, 10.0.0.2"}}, "10.0.0.3"},
		"nothing":                       {trusted, "10.0.0.1:5", nil, "10.0.0.1"},
		"nonsense":                      {trusted, "10.0.0.1:5", http.Header{"X-Forwarded-For": {"1.1.1.1, unknown"}}, "10.0.0.1"},
		"IPv6":                          {trusted, "[::1]:5", http.Header{"X-Forwarded-For": {"2001:db8::1"}}, "2001:db8::1"},
		"with a port":                   {trusted, "10.0.0.1:5", http.Header{"X-Forwarded-For": {"192.0.2.1:80"}}, "192.0.2.1"},
		"IPv4 in IPv6":                  {trusted, "[::ffff:10.0.0.1]:5", http.Header{"X-Forwarded-For": {"192.0.2.1"}}, "192.0.2.1"},
		"the other header":              {trusted, "10.0.0.1:5", http.Header{"Forwarded": {"for=1.1.1.1"}}, "10.0.0.1"},
		"Forwarded":                     {forwarded, "10.0.0.1:5", http.Header{"Forwarded": {`for=1.1.1.1, For="192.0.2.1:80";proto=https`}}, "192.0.2.1"},
		"Forwarded, IPv6":               {forwarded, "10.0.0.1:5", http.Header{"Forwarded": {`by=x;for="[2001:db8::1]:80"`}}, "2001:db8::1"},
		"Forwarded, hidden":             {forwarded, "10.0.0.1:5", http.Header{"Forwarded": {`for=1.1.1.1, for=_hidden`}}, "10.0.0.1"},
		"Forwarded, without an address": {forwarded, "10.0.0.1:5", http.Header{"Forwarded": {`for=1.1.1.1, proto=https`}}, "10.0.0.1"},
		"no address":                    {trusted, "@", nil, "invalid IP"},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.RemoteAddr, r.Header = c.peer, c.header
			if got := c.proxies.ClientAddress(r).String(); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// The peer of a Unix domain socket is a trusted proxy without an address.
func TestClientAddressOfSockets(t *testing.T) {
	proxies := auth.Proxies{Trusted: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, Header: "X-Forwarded-For"}
	for forwarded, want := range map[string]string{
		"": "invalid IP", "unknown": "invalid IP", "192.0.2.1": "192.0.2.1", "1.1.1.1, 192.0.2.1, 10.0.0.1": "192.0.2.1",
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r = r.WithContext(context.WithValue(t.Context(), http.LocalAddrContextKey, net.Addr(&net.UnixAddr{Name: "/s", Net: "unix"})))
		r.RemoteAddr = "@"
		r.Header.Set("X-Forwarded-For", forwarded)
		got := proxies.ClientAddress(r)
		if got.String() != want {
			t.Errorf("%q: %s, want %s", forwarded, got, want)
		}
		if text := auth.Address(auth.WithAddress(t.Context(), got)); text != strings.TrimPrefix(want, "invalid IP") {
			t.Errorf("%q: %q", forwarded, text)
		}
	}
}

func TestClients(t *testing.T) {
	for address, want := range map[string]string{"192.0.2.1": "192.0.2.1", "::ffff:192.0.2.1": "192.0.2.1", "2001:db8:1:2:3::4": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64"} {
		if got := auth.Address(auth.WithAddress(t.Context(), netip.MustParseAddr(address))); got != want {
			t.Errorf("%s: %s, want %s", address, got, want)
		}
	}
}

func FuzzClientAddress(f *testing.F) {
	f.Add("1.1.1.1, 192.0.2.1", "X-Forwarded-For")
	f.Add(`for="[2001:db8::1]:80";by=x, for=_y`, "Forwarded")
	f.Fuzz(func(_ *testing.T, text, header string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr, r.Header = "10.0.0.1:5", http.Header{"X-Forwarded-For": {text}, "Forwarded": {text}}
		auth.Proxies{Trusted: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}, Header: header}.ClientAddress(r)
	})
}
