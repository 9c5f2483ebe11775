package upstream

import (
	"context"
	"encoding/binary"
	"math"
	"net"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/credentials"
)

// wired are credentials whose connections say how many streams the server permits, and
// when it was heard: gRPC does not.
type wired struct {
	credentials.TransportCredentials

	to *grpcConn
}

// ClientHandshake is part of credentials.TransportCredentials.
func (w *wired) ClientHandshake(ctx context.Context, authority string, raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	conn, info, err := w.TransportCredentials.ClientHandshake(ctx, authority, raw)
	if err != nil {
		return conn, info, err
	}
	of := &wire{Conn: conn}
	of.streams.Store(math.MaxUint32)
	of.heard.Store(time.Now().UnixNano())
	w.to.wire.Store(of)
	return of, info, nil
}

// Clone is part of credentials.TransportCredentials.
func (w *wired) Clone() credentials.TransportCredentials {
	return &wired{w.TransportCredentials.Clone(), w.to}
}

// wire is a connection of HTTP/2, of which the first frame that the server sends is
// read: it is SETTINGS (RFC 9113, section 3.4).
type wire struct {
	net.Conn

	streams atomic.Uint32 // that may be open at a time
	heard   atomic.Int64  // Unix time in ns

	start   []byte // of what the server has sent
	settled bool
}

// The frames of HTTP/2 (RFC 9113, sections 4.1 and 6.5).
const (
	frameHeader     = 9
	frameType       = 3
	typeSettings    = 4
	longestSettings = 1 << 10
	lengthOfSetting = 6
	mostStreams     = 3 // SETTINGS_MAX_CONCURRENT_STREAMS
)

// Read is part of net.Conn.
func (w *wire) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	if n > 0 {
		w.heard.Store(time.Now().UnixNano())
	}
	if !w.settled {
		w.start = append(w.start, p[:n]...)
		w.settle()
	}
	return n, err
}

func (w *wire) silent() time.Duration { return time.Since(time.Unix(0, w.heard.Load())) }

// settle reads the first frame when all of it is there.
func (w *wire) settle() {
	if len(w.start) < frameHeader {
		return
	}
	length := int(w.start[0])<<16 | int(w.start[1])<<8 | int(w.start[2])
	if w.start[frameType] == typeSettings && length <= longestSettings {
		if len(w.start) < frameHeader+length {
			return
		}
		for of := w.start[frameHeader : frameHeader+length]; len(of) >= lengthOfSetting; of = of[lengthOfSetting:] {
			if binary.BigEndian.Uint16(of) == mostStreams {
				w.streams.Store(binary.BigEndian.Uint32(of[2:]))
			}
		}
	}
	w.settled, w.start = true, nil
}
