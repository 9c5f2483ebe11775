// Package dnstest is a DNS server for tests. It answers over UDP, from a table
// that a test changes while it runs.
package dnstest

import (
	"context"
	"errors"
	"maps"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// Record is one record of a name.
type Record struct {
	ttl      time.Duration
	resource dnsmessage.ResourceBody
	kind     dnsmessage.Type
}

// Address returns an A or AAAA record. The TTL has whole seconds.
func Address(ttl time.Duration, ip string) Record {
	addr := netip.MustParseAddr(ip)
	if addr.Is4() {
		return Record{ttl, &dnsmessage.AResource{A: addr.As4()}, dnsmessage.TypeA}
	}
	return Record{ttl, &dnsmessage.AAAAResource{AAAA: addr.As16()}, dnsmessage.TypeAAAA}
}

// Target is where an SRV record leads.
type Target struct {
	Host             string
	Port             uint16
	Priority, Weight uint16
}

// SRV returns an SRV record. The TTL has whole seconds.
func SRV(ttl time.Duration, target Target) Record {
	return Record{ttl, &dnsmessage.SRVResource{
		Target: dnsmessage.MustNewName(canonical(target.Host)), Port: target.Port, Priority: target.Priority, Weight: target.Weight,
	}, dnsmessage.TypeSRV}
}

// Server is a DNS server. It is safe for concurrent use.
type Server struct {
	// Addr is host:port, of UDP.
	Addr string

	mu      sync.Mutex
	names   map[string][]Record
	queries map[Query]int
	code    dnsmessage.RCode // if not success, that of all answers
	silent  bool
}

// Query is what the server is asked for.
type Query struct {
	Name string          // in lower case, without the dot at the end
	Type dnsmessage.Type // such as dnsmessage.TypeA
}

// Start runs a server that knows no names on a free port of 127.0.0.1 until the
// test ends.
func Start(t testing.TB) *Server {
	t.Helper()
	conn, err := new(net.ListenConfig).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Addr: conn.LocalAddr().String(), names: map[string][]Record{}, queries: map[Query]int{}}
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.serve(t, conn)
	}()
	t.Cleanup(func() {
		_ = conn.Close() // serve returns
		<-done
	})
	return s
}

// Resolver returns a resolver that asks only this server.
func (s *Server) Resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", s.Addr)
	}}
}

// Set replaces the records of a name. A name without any records exists, but has
// no addresses; see [Server.Remove].
func (s *Server) Set(name string, records ...Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.names[canonical(name)] = records
}

// Remove makes a name one that does not exist (NXDOMAIN).
func (s *Server) Remove(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.names, canonical(name))
}

// Fail makes all answers errors with this code, such as dnsmessage.RCodeServerFailure,
// until it is called with dnsmessage.RCodeSuccess.
func (s *Server) Fail(code dnsmessage.RCode) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.code = code
}

// SetSilent makes the server answer nothing, or answer again.
func (s *Server) SetSilent(silent bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.silent = silent
}

// Queries returns how often the server was asked for each name and type.
func (s *Server) Queries() map[Query]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.queries)
}

// Asked returns how often the server was asked for a name, of any type.
func (s *Server) Asked(name string) int {
	n := 0
	for query, times := range s.Queries() {
		if query.Name+"." == canonical(name) {
			n += times
		}
	}
	return n
}

// serve answers until the connection is closed.
func (s *Server) serve(t testing.TB, conn net.PacketConn) {
	buffer := make([]byte, 4096)
	for {
		n, from, err := conn.ReadFrom(buffer)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // an ICMP message about an earlier answer
		}
		answer, err := s.answer(buffer[:n])
		if err != nil {
			t.Errorf("a DNS query that can't be answered: %v", err)
			continue
		}
		if answer != nil {
			_, _ = conn.WriteTo(answer, from) // whose socket may be closed
		}
	}
}

// answer returns the answer to a query, or nil for none.
func (s *Server) answer(query []byte) ([]byte, error) {
	var p dnsmessage.Parser
	header, err := p.Start(query)
	if err != nil {
		return nil, err
	}
	question, err := p.Question()
	if err != nil {
		return nil, err
	}
	name := canonical(question.Name.String())
	s.mu.Lock()
	s.queries[Query{strings.TrimSuffix(name, "."), question.Type}]++
	records, exists := s.names[name]
	code, silent := s.code, s.silent
	s.mu.Unlock()
	if silent { // no answer
		return nil, nil
	}
	if code == dnsmessage.RCodeSuccess && !exists {
		code = dnsmessage.RCodeNameError
	}
	answer := dnsmessage.Message{
		Header: dnsmessage.Header{
			ID: header.ID, Response: true, Authoritative: true, RecursionDesired: header.RecursionDesired, RecursionAvailable: true, RCode: code,
		},
		Questions: []dnsmessage.Question{question},
	}
	for _, r := range records {
		if r.kind == question.Type && code == dnsmessage.RCodeSuccess {
			answer.Answers = append(answer.Answers, dnsmessage.Resource{
				Header: dnsmessage.ResourceHeader{Name: question.Name, Type: r.kind, Class: dnsmessage.ClassINET, TTL: uint32(r.ttl / time.Second)},
				Body:   r.resource,
			})
		}
	}
	return answer.Pack()
}

// canonical returns a name in lower case and with a dot at the end.
func canonical(name string) string {
	return strings.TrimSuffix(strings.ToLower(name), ".") + "."
}
