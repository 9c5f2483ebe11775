package transport

import (
	"net"

	"golang.org/x/sys/unix"
)

// ignoreNew makes the kernel drop packets that open a connection (SYN without ACK), as if they were lost, and go on with
// connections that are being opened. Without the right to do so, they are opened as before.
func ignoreNew(l *net.TCPListener) {
	const flags, synAndACK, syn = 13, 0x12, 0x02 // RFC 9293, section 3.1
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_B | unix.BPF_ABS, K: flags},
		{Code: unix.BPF_ALU | unix.BPF_AND | unix.BPF_K, K: synAndACK},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: syn, Jt: 0, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: 0},
		{Code: unix.BPF_RET | unix.BPF_K, K: 1 << 18}, // all bytes
	}
	raw, err := l.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
		_ = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &program) //nolint:gosec // a descriptor fits
	})
}
