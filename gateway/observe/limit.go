package observe

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"
)

const (
	linesOfSecond = 10  // of one kind
	mostKinds     = 200 // that are distinguished; others count as one kind for each level
)

// limitedHandler lets at most [linesOfSecond] records of one kind pass in any
// second: what anybody can cause must not fill the log. A kind is a level and a
// message.
//
// The next record of the kind that passes has in its attribute "suppressed"
// how many did not. A second after the first of them, the next record of any
// kind is preceded by one with that number, and so is the end of the log ([Flush]).
type limitedHandler struct {
	slog.Handler

	lines *lines
}

// newLimitedHandler limits what goes to handler. It asks now for the time.
func newLimitedHandler(handler slog.Handler, now func() time.Time) limitedHandler {
	return limitedHandler{handler, &lines{now: now, kinds: map[kind]*counted{}, suppressed: map[kind]*counted{}}}
}

// Handle is part of slog.Handler.
func (h limitedHandler) Handle(ctx context.Context, record slog.Record) error {
	passes, suppressed, others := h.lines.next(kind{record.Level, record.Message})
	if err := h.tell(ctx, others); err != nil {
		return err
	}
	if !passes {
		return nil
	}
	if suppressed > 0 {
		record.AddAttrs(slog.Int("suppressed", suppressed))
	}
	return h.Handler.Handle(ctx, record)
}

// tell writes how many lines of other kinds were suppressed.
func (h limitedHandler) tell(ctx context.Context, list []suppression) error {
	for _, s := range list {
		line := slog.NewRecord(s.at, s.level, "log lines were suppressed", 0)
		line.AddAttrs(slog.String("of", s.message), slog.Int("suppressed", s.count))
		if err := h.Handler.Handle(ctx, line); err != nil {
			return err
		}
	}
	return nil
}

// Flush writes how many lines of a logger that [NewLogger] made were suppressed
// and not told yet. Call it when nothing is logged any more.
func Flush(log *slog.Logger) {
	if h, ok := log.Handler().(limitedHandler); ok {
		_ = h.tell(context.Background(), h.lines.untold()) // there is nowhere to report it
	}
}

// WithAttrs is part of slog.Handler.
func (h limitedHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return limitedHandler{h.Handler.WithAttrs(attrs), h.lines}
}

// WithGroup is part of slog.Handler.
func (h limitedHandler) WithGroup(name string) slog.Handler {
	return limitedHandler{h.Handler.WithGroup(name), h.lines}
}

// kind is what records have in common.
type kind struct {
	level   slog.Level
	message string
}

// lines counts the lines of a log. It is safe for concurrent use.
type lines struct {
	now func() time.Time

	mu         sync.Mutex
	kinds      map[kind]*counted
	suppressed map[kind]*counted // those of kinds with some
}

// counted is what is known of one kind.
type counted struct {
	passed     [linesOfSecond]time.Time // when the last lines did, a ring
	next       int                      // in passed: the oldest
	suppressed int                      // not told yet
	since      time.Time                // when the first of these was
}

// suppression is how many lines of a kind were suppressed.
type suppression struct {
	kind

	count int
	at    time.Time // of the line that reports it
}

// next reports whether a line passes, how many of its kind were suppressed
// before it, and what is to be told of other kinds now.
func (l *lines) next(k kind) (passes bool, suppressed int, others []suppression) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	c, k := l.of(k, now)
	if oldest := c.passed[c.next]; now.Sub(oldest) >= time.Second {
		c.passed[c.next] = now
		c.next = (c.next + 1) % linesOfSecond
		passes, suppressed, c.suppressed = true, c.suppressed, 0
		delete(l.suppressed, k)
	} else if c.suppressed++; c.suppressed == 1 {
		c.since = now
		l.suppressed[k] = c
	}
	return passes, suppressed, l.told(now, time.Second)
}

// untold is what was not told yet.
func (l *lines) untold() []suppression {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.told(l.now(), 0)
}

// told is what is to be told of kinds whose lines are suppressed for that long.
func (l *lines) told(now time.Time, after time.Duration) []suppression {
	var list []suppression
	for k, c := range l.suppressed {
		if now.Sub(c.since) >= after {
			list = append(list, suppression{k, c.suppressed, now})
			c.suppressed = 0
			delete(l.suppressed, k)
		}
	}
	slices.SortFunc(list, func(a, b suppression) int {
		return cmp.Or(cmp.Compare(a.level, b.level), cmp.Compare(a.message, b.message))
	})
	return list
}

// of returns what is known of a kind, or of the kind that stands for all that
// can't be told apart.
func (l *lines) of(k kind, now time.Time) (*counted, kind) {
	if c := l.kinds[k]; c != nil {
		return c, k
	}
	if len(l.kinds) >= mostKinds {
		l.forget(now)
	}
	if len(l.kinds) >= mostKinds {
		k.message = "others"
	}
	c := l.kinds[k]
	if c == nil {
		c = &counted{}
		l.kinds[k] = c
	}
	return c, k
}

// forget removes kinds of which nothing was logged for a second.
func (l *lines) forget(now time.Time) {
	for k, c := range l.kinds {
		last := c.passed[(c.next+linesOfSecond-1)%linesOfSecond]
		if c.suppressed == 0 && now.Sub(last) >= time.Second {
			delete(l.kinds, k)
		}
	}
}
