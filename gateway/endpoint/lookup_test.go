package endpoint

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/portico-gateway/portico/e2e/dnstest"
)

func TestParseURL(t *testing.T) {
	for text, want := range map[string]string{
		"http://shop":                     "http://shop shop 80",
		"http://shop:8080/base/":          "http://shop:8080/base shop 8080",
		"http://shop:80":                  "http://shop shop 80",
		"https://shop/a%2Fb":              "https://shop/a%2Fb shop 443",
		"http://[::1]:8080":               "http://[::1]:8080 ::1 8080",
		"https://[::1]":                   "https://[::1] ::1 443",
		"grpc://shop:50051":               "grpc://shop:50051 shop 50051",
		"grpcs://shop:50051/":             "grpcs://shop:50051 shop 50051",
		"http+srv://_http._tcp.shop/base": "http://_http._tcp.shop/base _http._tcp.shop  srv",
		"http+unix:///run/shop.sock":      "http://localhost   /run/shop.sock",
		"grpc+unix:///run/shop.sock":      "grpc://localhost   /run/shop.sock",
		"grpc://shop":                     "it has no port",
		"grpc://shop:1/base":              "a URL of gRPC has no path",
		"http://shop:0":                   "its port must be from 1 to 65535",
		"http://shop:99999":               "its port must be from 1 to 65535",
		"http://user:secret@shop":         "it must be without user, query and fragment",
		"http://shop?a=b":                 "it must be without user, query and fragment",
		"http://shop#a":                   "it must be without user, query and fragment",
		"http://":                         "it has no host",
		"ftp://shop":                      `it begins with "ftp": want http://, https://, grpc:// (plain text) or grpcs://`,
		"shop:8080":                       `it begins with "shop": want http://, https://, grpc:// (plain text) or grpcs://`,
		"http+dns://shop":                 `it begins with "http+dns": want +srv for SRV records, +unix for a Unix domain socket, or neither`,
		"http+srv://shop:80":              "it must be without a port: SRV records have it",
		"http+srv://":                     "it has no name of SRV records",
		"http+unix://run/shop.sock":       "it must have the absolute path of a socket: http+unix:///run/service.socket",
		"http://[fe80::1%25eth0]":         "its host must be without escapes and without an IPv6 zone",
		"http://%zz":                      "it is not a URL: want http://host:port, https://…, grpc://host:port or grpcs://…",
	} {
		u, err := ParseURL(text)
		got := strings.TrimRight(fmt.Sprintf("%s %s %s %s", u, u.Host, u.Port, u.Socket), " ")
		if u.SRV {
			got = fmt.Sprintf("%s %s %s srv", u, u.Host, u.Port)
		}
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

func FuzzParseURL(f *testing.F) {
	for _, text := range []string{"http://shop:8080/base", "grpc+unix:///run/a", "http+srv://_a._tcp.b", "https://[::1]", "http://[::1%25eth0]:1"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		u, err := ParseURL(text)
		if err != nil || u.SRV || u.Socket != "" {
			return
		}
		if again, err := ParseURL(u.String()); err != nil || again != u {
			t.Errorf("%q is %+v, and %q is %+v, %v", text, u, u.String(), again, err)
		}
	})
}

func FuzzTTL(f *testing.F) {
	message := dnsmessage.Message{Answers: []dnsmessage.Resource{{
		Header: dnsmessage.ResourceHeader{Name: dnsmessage.MustNewName("a."), Class: dnsmessage.ClassINET, TTL: 7},
		Body:   &dnsmessage.AResource{A: [4]byte{1, 2, 3, 4}},
	}}}
	packed, err := message.Pack()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(packed)
	f.Fuzz(func(t *testing.T, message []byte) {
		of := &ttl{}
		of.note(message)
		if got := of.bounded(); got < shortestTTL || got > longestTTL {
			t.Errorf("a TTL of %v", got)
		}
	})
}

// What targets stand for, and for how long.
func TestSites(t *testing.T) {
	dns := dnstest.Start(t)
	dns.Set("one.test", dnstest.Address(20*time.Second, "10.0.0.1"))
	dns.Set("two.test", dnstest.Address(20*time.Second, "10.0.0.1"), dnstest.Address(7*time.Second, "10.0.0.2"))
	dns.Set("both.test", dnstest.Address(9*time.Second, "127.0.0.1"), dnstest.Address(9*time.Second, "::1"))
	dns.Set("changing.test", dnstest.Address(0, "10.0.0.1"))
	dns.Set("old.test", dnstest.Address(24*time.Hour, "10.0.0.1"))
	dns.Set("_http._tcp.test",
		dnstest.SRV(30*time.Second, dnstest.Target{Priority: 10, Weight: 3, Port: 81, Host: "one.test"}),
		dnstest.SRV(30*time.Second, dnstest.Target{Priority: 10, Weight: 1, Port: 82, Host: "two.test"}),
		dnstest.SRV(30*time.Second, dnstest.Target{Priority: 20, Weight: 0, Port: 83, Host: "one.test"}),
		dnstest.SRV(30*time.Second, dnstest.Target{Priority: 20, Weight: 0, Port: 83, Host: "gone.test"}))
	dns.Set("_none._tcp.test", dnstest.SRV(time.Second, dnstest.Target{Host: "."}))
	for url, want := range map[string]string{
		"http://10.0.0.9:80":         "[10.0.0.9:80 of 10.0.0.9 ×2 p1] 0s",
		"http://[::1]":               "[[::1]:80 of [::1] ×2 p1] 0s",
		"http+unix:///run/a":         "[/run/a of localhost ×2 p1] 0s",
		"http://one.test:8080":       "[10.0.0.1:8080 of one.test:8080 ×2 p1] 20s",
		"http://two.test":            "[10.0.0.1:80 of two.test ×1 p1 10.0.0.2:80 of two.test ×1 p1] 7s",
		"http://changing.test":       "[10.0.0.1:80 of changing.test ×2 p1] 1s",
		"http://old.test":            "[10.0.0.1:80 of old.test ×2 p1] 5m0s",
		"http+srv://_http._tcp.test": "[10.0.0.1:81 of one.test:81 ×1.5 p1 10.0.0.1:82 of two.test:82 ×0.25 p1 10.0.0.1:83 of one.test:83 ×1 p1.1 10.0.0.2:82 of two.test:82 ×0.25 p1] 7s",
		"http+srv://_none._tcp.test": "error",
		"http://gone.test":           "lookup gone.test: no such host",
	} {
		sites, ttl, err := resolver{dns.Addr}.sites(t.Context(), Target{URL: url, Weight: 2, Priority: 1})
		var texts []string
		for _, s := range sites {
			text := fmt.Sprintf("%s of %s ×%g p%d", s.address, s.authority, s.weight, s.priority)
			if s.rank != 0 {
				text += fmt.Sprint(".", s.rank)
			}
			texts = append(texts, text)
		}
		slices.Sort(texts)
		got := fmt.Sprint(texts, " ", ttl)
		switch {
		case err != nil && want == "error":
			got = want
		case err != nil:
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s:\n%s, want\n%s", url, got, want)
		}
	}
	sites, _, err := resolver{dns.Addr}.sites(t.Context(), Target{URL: "http://both.test"})
	if err != nil || len(sites) != 2 || sites[0].other == sites[1].other || sites[0].other {
		t.Errorf("of two families: %+v, %v", sites, err)
	}
}

// Endpoints follow DNS when the TTL has passed; what they were remains when it fails.
func TestFollowsDNS(t *testing.T) {
	dns := dnstest.Start(t)
	dns.Set("shop.test", dnstest.Address(10*time.Second, "10.0.0.1"))
	s := newSim(t, Config{Targets: targets("http://shop.test", "http://10.0.0.9"), Resolver: dns.Addr})
	look := func() string {
		if err := s.set.find(t.Context()); err != nil {
			return err.Error()
		}
		var all []string
		for e := range s.set.All() {
			all = append(all, e.Address)
		}
		slices.Sort(all)
		return strings.Join(all, " ")
	}
	if got := look(); got != "10.0.0.1:80 10.0.0.9:80" {
		t.Fatalf("at first: %s", got)
	}
	dns.Set("shop.test", dnstest.Address(10*time.Second, "10.0.0.2"))
	asked := dns.Asked("shop.test")
	s.now += 9 * time.Second
	if got := look(); got != "10.0.0.1:80 10.0.0.9:80" || dns.Asked("shop.test") != asked {
		t.Errorf("before its time: %s", got)
	}
	s.now += 2 * time.Second
	if got := look(); got != "10.0.0.2:80 10.0.0.9:80" || !slices.Equal(s.closed, []string{"10.0.0.1:80"}) {
		t.Errorf("after its time: %s; closed: %v", got, s.closed)
	}
	dns.Fail(dnsmessage.RCodeServerFailure)
	s.now += 11 * time.Second
	if got := look(); got != "10.0.0.2:80 10.0.0.9:80" {
		t.Errorf("when DNS fails: %s", got)
	}
	dns.Fail(dnsmessage.RCodeSuccess)
	dns.Set("shop.test", dnstest.Address(10*time.Second, "10.0.0.3"))
	s.now += 2 * time.Second
	if got := look(); got != "10.0.0.3:80 10.0.0.9:80" {
		t.Errorf("when DNS is back: %s", got)
	}
}

// A service whose endpoints can't be looked up is looked up again with a call, but
// not with each.
func TestLookupFails(t *testing.T) {
	dns := dnstest.Start(t)
	s := newSim(t, Config{Targets: targets("http://shop.test"), Resolver: dns.Addr})
	use := func() error {
		u, err := s.set.Use(t.Context(), Call, nil, true)
		if err == nil {
			u.End(Answered)
		}
		return err
	}
	if err := use(); err == nil || err.Error() != "lookup shop.test: no such host" {
		t.Fatalf("got %v", err)
	}
	dns.Set("shop.test", dnstest.Address(10*time.Second, "10.0.0.1"))
	asked := dns.Asked("shop.test")
	if err := use(); err == nil || dns.Asked("shop.test") != asked {
		t.Errorf("at once: %v, asked %d times", err, dns.Asked("shop.test")-asked)
	}
	s.now += 2 * time.Second
	if err := use(); err != nil {
		t.Errorf("after 2 s: %v", err)
	}
}

// A file is read again when it changes; one that is not valid changes nothing.
func TestFollowsFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "endpoints.yaml")
	written := 0
	write := func(text string) {
		t.Helper()
		written++
		next := fmt.Sprint(path, written)
		if err := os.WriteFile(next, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(next, path); err != nil { // another file, as of a mounted configuration
			t.Fatal(err)
		}
	}
	if _, err := NewSet(Config{File: path}); err == nil {
		t.Error("a file that is missing was accepted")
	}
	write("- http://10.0.0.1\n- {url: http://10.0.0.2, weight: 3, zone: b}\n")
	s := newSim(t, Config{File: path})
	look := func() string {
		if err := s.set.find(t.Context()); err != nil {
			return err.Error()
		}
		var all []string
		for _, m := range s.set.current.Load().all {
			all = append(all, fmt.Sprint(m.Address, "×", m.weight, m.zone))
		}
		slices.Sort(all)
		return strings.Join(all, " ")
	}
	before := "10.0.0.1:80×1 10.0.0.2:80×3b"
	if got := look(); got != before {
		t.Fatalf("at first: %s", got)
	}
	for _, text := range []string{"", "[", "- ftp://a", "- https://10.0.0.1", "- {url: http://10.0.0.1, wait: 1}", "- http://10.0.0.1/base", "a: b"} {
		write(text)
		bad := len(s.log)
		if got := look(); got != before || len(s.log) != bad+1 {
			t.Errorf("%q: %s, %q", text, got, s.log[bad:])
		}
		if look(); len(s.log) != bad+1 {
			t.Errorf("%q is reported again", text)
		}
	}
	write(`["http://10.0.0.1", {"url": "http://10.0.0.3"}]`)
	if got := look(); got != "10.0.0.1:80×1 10.0.0.3:80×1" {
		t.Errorf("after a change: %s", got)
	}
}

// The parser of YAML panics with some files, which must not end the gateway.
func TestFilesThatAreNoYAML(t *testing.T) {
	path := filepath.Join(t.TempDir(), "urls.yaml")
	for _, text := range []string{"! 00000000000000000000000", "! a", "", "{", "- [", "&a [*b]"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := NewSet(Config{File: path}); err == nil {
			t.Errorf("%q: no error", text)
		}
	}
}
