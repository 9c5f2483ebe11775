package transport

import (
	"context"
	"sync"
)

// streams are the answers that last: event streams and WebSockets.
type streams struct {
	mu      sync.Mutex
	open    int
	stopped bool
	running context.Context //nolint:containedctx // done when all shall end
	end     context.CancelFunc
	idle    chan struct{} // closed when all have ended after that
}

func newStreams() *streams {
	running, end := context.WithCancel(context.Background())
	return &streams{running: running, end: end, idle: make(chan struct{})}
}

// begin counts one more stream until end is called, which must happen when all
// its goroutines have ended. It is false when streams are stopping.
func (s *streams) begin() (end func(), ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return nil, false
	}
	s.open++
	return s.ended, true
}

// count returns how many are open.
func (s *streams) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open
}

func (s *streams) ended() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open--
	if s.stopped && s.open == 0 {
		close(s.idle)
	}
}

// shutdown makes all streams end and waits for them, or until ctx is done.
func (s *streams) shutdown(ctx context.Context) error {
	s.stop()
	select {
	case <-s.idle:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *streams) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return
	}
	s.stopped = true
	s.end()
	if s.open == 0 {
		close(s.idle)
	}
}
