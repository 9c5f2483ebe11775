//go:build !linux

package transport

import "net"

// ignoreNew does nothing: see [Listener.Drain].
func ignoreNew(*net.TCPListener) {}
