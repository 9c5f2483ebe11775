package dnstest_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/portico-gateway/portico/e2e/dnstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// addresses returns the addresses of a name, sorted.
func addresses(t *testing.T, s *dnstest.Server, name string) string {
	t.Helper()
	list, err := s.Resolver().LookupHost(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

// The table is changed while the server runs.
func TestAddresses(t *testing.T) {
	s := dnstest.Start(t)
	s.Set("a.test", dnstest.Address(time.Second, "127.0.0.2"), dnstest.Address(time.Second, "127.0.0.3"), dnstest.Address(time.Second, "::1"))
	if got := addresses(t, s, "A.test."); got != "127.0.0.2 127.0.0.3 ::1" {
		t.Errorf("got %s", got)
	}
	s.Set("A.Test", dnstest.Address(time.Second, "127.0.0.4"))
	if got := addresses(t, s, "a.test."); got != "127.0.0.4" {
		t.Errorf("got %s", got)
	}
	queries := s.Queries()
	a, aaaa := queries[dnstest.Query{Name: "a.test", Type: dnsmessage.TypeA}], queries[dnstest.Query{Name: "a.test", Type: dnsmessage.TypeAAAA}]
	if a != 2 || aaaa != 2 || s.Asked("a.test") != 4 || s.Asked("b.test") != 0 {
		t.Errorf("queries: %v", queries)
	}
}

func TestSRV(t *testing.T) {
	s := dnstest.Start(t)
	s.Set("_http._tcp.a.test",
		dnstest.SRV(time.Second, dnstest.Target{Host: "two.test", Port: 2, Priority: 20, Weight: 1}),
		dnstest.SRV(time.Second, dnstest.Target{Host: "one.test", Port: 1, Priority: 10, Weight: 5}))
	_, got, err := s.Resolver().LookupSRV(t.Context(), "http", "tcp", "a.test.")
	if err != nil {
		t.Fatal(err)
	}
	want := []net.SRV{{Target: "one.test.", Port: 1, Priority: 10, Weight: 5}, {Target: "two.test.", Port: 2, Priority: 20, Weight: 1}}
	if len(got) != 2 || *got[0] != want[0] || *got[1] != want[1] {
		t.Errorf("got %v", got)
	}
}

func TestFailures(t *testing.T) {
	s := dnstest.Start(t)
	s.Set("empty.test")
	s.Set("a.test", dnstest.Address(time.Second, "127.0.0.2"))
	s.Set("gone.test", dnstest.Address(time.Second, "127.0.0.2"))
	s.Remove("gone.test")
	lookup := func(name string) *net.DNSError {
		t.Helper()
		_, err := s.Resolver().LookupHost(t.Context(), name)
		failure, ok := errors.AsType[*net.DNSError](err)
		if !ok {
			t.Fatalf("%s: %v", name, err)
		}
		return failure
	}
	for _, name := range []string{"empty.test.", "gone.test.", "unknown.test."} {
		if failure := lookup(name); !failure.IsNotFound {
			t.Errorf("%s: %v", name, failure)
		}
	}
	s.Fail(dnsmessage.RCodeServerFailure)
	if failure := lookup("a.test."); failure.IsNotFound || !failure.IsTemporary {
		t.Errorf("SERVFAIL: %v", failure)
	}
	s.Fail(dnsmessage.RCodeSuccess)
	s.SetSilent(true)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := s.Resolver().LookupHost(ctx, "a.test."); err == nil {
		t.Error("a silent server answers")
	}
	s.SetSilent(false)
	if got := addresses(t, s, "a.test."); got != "127.0.0.2" {
		t.Errorf("got %s", got)
	}
}

// Records have their TTLs.
func TestTTL(t *testing.T) {
	s := dnstest.Start(t)
	s.Set("a.test", dnstest.Address(7*time.Second, "127.0.0.2"), dnstest.Address(2*time.Hour, "127.0.0.3"))
	query := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: 42},
		Questions: []dnsmessage.Question{{Name: dnsmessage.MustNewName("a.test."), Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET}},
	}
	packed, err := query.Pack()
	if err != nil {
		t.Fatal(err)
	}
	conn, err := new(net.Dialer).DialContext(t.Context(), "udp", s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write(packed); err != nil {
		t.Fatal(err)
	}
	buffer := make([]byte, 512)
	n, err := conn.Read(buffer)
	if err != nil {
		t.Fatal(err)
	}
	var answer dnsmessage.Message
	if err := answer.Unpack(buffer[:n]); err != nil {
		t.Fatal(err)
	}
	if answer.ID != 42 || len(answer.Answers) != 2 || answer.Answers[0].Header.TTL != 7 || answer.Answers[1].Header.TTL != 7200 {
		t.Errorf("got %v", answer)
	}
}
