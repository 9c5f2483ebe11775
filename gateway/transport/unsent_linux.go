package transport

import (
	"net"
	"syscall"
)

// boundUnsent makes the kernel keep little of what a client does not take yet. It says that
// more can be written when a third of its buffer is free, which can have some MB: a client
// that is slow would seem to take nothing for a long time.
func boundUnsent(conn net.Conn) {
	const (
		notSentLowat = 25 // TCP_NOTSENT_LOWAT, which syscall does not have
		most         = 128 << 10
	)
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return // it is closed
	}
	// Without it, slow clients may be cut.
	_ = raw.Control(func(fd uintptr) { _ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, notSentLowat, most) })
}
