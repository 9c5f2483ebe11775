package transport

import (
	"net/http"
	"time"
)

// streamChunk is how much a client of HTTP/2 must take within the timeout: a frame.
const streamChunk = 16 << 10

// stream writes to a stream of HTTP/2 with deadlines, which net/http has for a stream as
// a whole only: a client can refuse to take more of one stream than it likes, and read the
// connection, so that [Listener] does not notice. The last deadline also holds for what
// net/http writes when the handler has returned.
type stream struct {
	http.ResponseWriter

	control *http.ResponseController
	timeout time.Duration
}

// Write is part of [http.ResponseWriter].
func (s *stream) Write(p []byte) (written int, err error) {
	for {
		chunk := p[written:min(len(p), written+streamChunk)]
		if err := s.extend(); err != nil {
			return written, err
		}
		n, err := s.ResponseWriter.Write(chunk)
		if written += n; err != nil || written == len(p) {
			return written, err
		}
	}
}

// FlushError is for [http.ResponseController]. After it, nothing is waiting to be written.
func (s *stream) FlushError() error {
	if err := s.extend(); err != nil {
		return err
	}
	if err := s.control.Flush(); err != nil {
		return err
	}
	return s.control.SetWriteDeadline(time.Time{})
}

// Unwrap is for [http.ResponseController].
func (s *stream) Unwrap() http.ResponseWriter { return s.ResponseWriter }

func (s *stream) extend() error { return s.control.SetWriteDeadline(time.Now().Add(s.timeout)) }
