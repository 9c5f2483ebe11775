//go:build !linux

package transport

import "net"

// boundUnsent does nothing: see that of Linux.
func boundUnsent(net.Conn) {}
