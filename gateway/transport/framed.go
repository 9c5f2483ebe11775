package transport

import "crypto/tls"

// plain is a connection of a [Listener] in plain text. One goroutine reads at a time, and
// one writes.
type plain struct {
	paced

	framing framing // used by the reader only
}

// Read is part of [net.Conn].
func (c *plain) Read(p []byte) (int, error) {
	n, err := c.paced.Read(p)
	if n > 0 {
		c.framing.check(p[:n])
	}
	return n, err
}

// secure is a connection of a [Listener] that speaks HTTP/1 over TLS.
type secure struct {
	*tls.Conn

	below   *paced
	framing framing // used by the reader only
}

// Read is part of [net.Conn].
func (c *secure) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.framing.check(p[:n])
	}
	return n, err
}
