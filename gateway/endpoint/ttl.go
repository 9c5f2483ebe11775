package endpoint

import (
	"encoding/binary"
	"net"
	"sync"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// ttl is the shortest TTL of the records that a lookup has seen. The resolver of the
// net package does not say it, so it is read from the answers that it reads. It is safe
// for concurrent use.
type ttl struct {
	mu       sync.Mutex
	shortest time.Duration
	seen     bool
}

// bounded returns how long what was looked up holds.
func (t *ttl) bounded() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.seen {
		return unknownTTL
	}
	return min(max(t.shortest, shortestTTL), longestTTL)
}

// note notes the TTLs of a DNS message. One that can't be read is not noted: what reads
// it next will refuse it.
func (t *ttl) note(message []byte) {
	var p dnsmessage.Parser
	if _, err := p.Start(message); err != nil || p.SkipAllQuestions() != nil {
		return
	}
	for {
		header, err := p.AnswerHeader()
		if err != nil || p.SkipAnswer() != nil {
			return
		}
		t.mu.Lock()
		if of := time.Duration(header.TTL) * time.Second; !t.seen || of < t.shortest {
			t.shortest, t.seen = of, true
		}
		t.mu.Unlock()
	}
}

// watch returns a connection to a DNS server of which the answers are noted.
func (t *ttl) watch(conn net.Conn) net.Conn {
	if udp, ok := conn.(*net.UDPConn); ok {
		return &datagrams{udp, t} // a net.PacketConn, by which the resolver knows that messages have no length
	}
	return &octets{Conn: conn, ttl: t}
}

type datagrams struct {
	*net.UDPConn

	ttl *ttl
}

// Read is part of net.Conn.
func (d *datagrams) Read(p []byte) (int, error) {
	n, err := d.UDPConn.Read(p)
	if err == nil {
		d.ttl.note(p[:n])
	}
	return n, err
}

// octets is a connection on which each message has its length before it (RFC 1035,
// section 4.2.2).
type octets struct {
	net.Conn

	ttl  *ttl
	read []byte
}

// Read is part of net.Conn.
func (o *octets) Read(p []byte) (int, error) {
	const prefix = 2
	n, err := o.Conn.Read(p)
	o.read = append(o.read, p[:n]...)
	if len(o.read) < prefix {
		return n, err
	}
	if end := prefix + int(binary.BigEndian.Uint16(o.read)); len(o.read) >= end {
		o.ttl.note(o.read[prefix:end])
		o.read = o.read[end:]
	}
	return n, err
}
