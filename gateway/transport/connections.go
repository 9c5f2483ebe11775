package transport

import (
	"net"
	"net/netip"
	"sync"
	"time"
)

// connections are those of a listener that are open.
type connections struct {
	mu        sync.Mutex
	open      int
	byAddress map[netip.Addr]int
	refused   uint64
	logged    time.Time // when it was last logged that some were refused
}

// logEvery is the least time between two lines about connections that were refused.
const logEvery = 10 * time.Second

// Connections returns how many connections are open, and how many were closed so far because
// there were too many.
func (l *Listener) Connections() (open int, refused uint64) {
	l.connections.mu.Lock()
	defer l.connections.mu.Unlock()
	return l.connections.open, l.connections.refused
}

// acceptOne returns the next connection that there may be.
func (l *Listener) acceptOne() (net.Conn, error) {
	for {
		conn, err := l.accept()
		if err != nil {
			return nil, err
		}
		if l.opened(conn) {
			boundUnsent(conn)
			return conn, nil
		}
		_ = conn.Close() // the client may have
	}
}

// opened counts a connection until closed is called, unless there are too many.
func (l *Listener) opened(conn net.Conn) bool {
	address, limited := l.addressOf(conn)
	c := &l.connections
	c.mu.Lock()
	defer c.mu.Unlock()
	tooMany := l.config.Connections > 0 && c.open >= l.config.Connections
	if tooMany || limited && c.byAddress[address] >= l.config.ConnectionsPerAddress {
		c.refused++
		if now := time.Now(); now.Sub(c.logged) >= logEvery {
			c.logged = now
			l.config.Log.Warn("connections are refused: there are too many", "open", c.open, "ofOneAddress", !tooMany, "refused", c.refused)
		}
		return false
	}
	c.open++
	if address.IsValid() {
		if c.byAddress == nil {
			c.byAddress = map[netip.Addr]int{}
		}
		c.byAddress[address]++
	}
	return true
}

// closed is called when a connection ends.
func (l *Listener) closed(conn net.Conn) {
	address, _ := l.addressOf(conn)
	c := &l.connections
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open--
	if !address.IsValid() {
		return
	}
	if n := c.byAddress[address]; n > 1 {
		c.byAddress[address] = n - 1
	} else {
		delete(c.byAddress, address)
	}
}

// addressOf returns the address whose connections are counted, which is not valid if they are
// not, and whether they are limited now: they are also counted if not, since that may change.
// Of IPv6 it is a network, of which a client can use every address (RFC 6177).
func (l *Listener) addressOf(conn net.Conn) (address netip.Addr, limited bool) {
	if l.config.ConnectionsPerAddress == 0 {
		return netip.Addr{}, false
	}
	peer, ok := conn.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return netip.Addr{}, false
	}
	address = peer.AddrPort().Addr().Unmap()
	limited = l.config.Unlimited == nil || !l.config.Unlimited(address)
	if address.Is6() {
		if network, err := address.WithZone("").Prefix(64); err == nil {
			address = network.Addr()
		}
	}
	return address, limited
}
