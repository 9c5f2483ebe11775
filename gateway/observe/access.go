package observe

import (
	"bufio"
	"cmp"
	"context"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// AccessConfig configures which requests are logged. The zero value logs none.
type AccessConfig struct {
	// All logs every request; Sample of those that succeed and are not slow, from 0 to 1.
	All    bool
	Sample float64
	// Slow is how long an operation takes that is logged in any case; 0 for none.
	Slow time.Duration
}

// Access writes a line for each request. It is safe for concurrent use. Lines are written at
// most flushEvery later, and when the buffer is full.
type Access struct {
	text    bool // for a person
	nowhere bool
	random  func() float64
	now     func() time.Time

	config atomic.Pointer[AccessConfig]

	buffers sync.Pool // of *[]byte, for lines
	second  atomic.Pointer[second]

	mu  sync.Mutex
	out *bufio.Writer
}

const (
	flushEvery = 200 * time.Millisecond
	bufferSize = 64 << 10
	usualLine  = 1 << 10 // bytes; few are longer
)

// NewAccess returns a log that writes to w: JSON, or text for a person if w is a terminal; if w is nil,
// nothing. Run must run while it is used.
func NewAccess(w io.Writer, random func() float64) *Access {
	out := bufio.NewWriterSize(cmp.Or[io.Writer](w, io.Discard), bufferSize)
	a := &Access{text: isTerminal(w), nowhere: w == nil, random: random, now: time.Now, out: out}
	a.Change(AccessConfig{})
	return a
}

// Change changes which requests are logged.
func (a *Access) Change(c AccessConfig) { a.config.Store(&c) }

// Run writes what is buffered, until ctx is done, and then what is left.
func (a *Access) Run(ctx context.Context) {
	ticker := time.NewTicker(flushEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			a.flush()
		case <-ctx.Done():
			a.flush()
			return
		}
	}
}

func (a *Access) flush() {
	a.mu.Lock()
	defer a.mu.Unlock()
	_ = a.out.Flush() // there is nowhere to report it
}

// Write logs a request, unless it is left out.
func (a *Access) Write(l *Line) {
	if !a.wants(l) {
		return
	}
	buffer, ok := a.buffers.Get().(*[]byte)
	if !ok {
		fresh := make([]byte, 0, usualLine)
		buffer = &fresh
	}
	b, now := (*buffer)[:0], a.now()
	if a.text {
		b = l.appendText(b, now)
	} else {
		b = l.appendJSON(a.appendTime(append(b, `{"time":"`...), now))
	}
	b = append(b, '\n')
	a.mu.Lock()
	_, _ = a.out.Write(b) // there is nowhere to report it
	a.mu.Unlock()
	*buffer = b
	a.buffers.Put(buffer)
}

// second is what the times of one second have in common.
type second struct {
	unix         int64
	before, zone string // its fraction is between them
}

// appendTime appends a time as RFC 3339 has it, with microseconds.
func (a *Access) appendTime(b []byte, now time.Time) []byte {
	of := a.second.Load()
	if unix := now.Unix(); of == nil || of.unix != unix {
		of = &second{unix, now.Format("2006-01-02T15:04:05."), now.Format("Z07:00")}
		a.second.Store(of)
	}
	b = append(b, of.before...)
	b = appendDigits(b, now.Nanosecond()/int(time.Microsecond), 100_000)
	return append(b, of.zone...)
}

// IsSlow reports whether a line is that of a slow operation.
func (a *Access) IsSlow(l *Line) bool {
	slow := a.config.Load().Slow
	return !a.nowhere && slow > 0 && l.Took >= slow && l.Type != "subscription"
}

func (a *Access) wants(l *Line) bool {
	if a.IsSlow(l) {
		return true
	}
	c := a.config.Load()
	if !c.All || a.nowhere {
		return false
	}
	return l.Outcome != Success || c.Sample >= 1 || a.random() < c.Sample
}
