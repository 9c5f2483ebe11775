package redis

import (
	"cmp"
	"context"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"
)

// Port is one part's access to a link. It bounds how long a request waits, and lets
// only the first wait for a server that is too slow: the link is down for the
// port then, until the server passes the next check. It is safe for concurrent
// use.
type Port struct {
	link *Link
	wait time.Duration
	slow atomic.Uint64 // the number of checks when the server was too slow, plus one
}

// Port returns a port whose calls take at most so long; 0 is the timeout of the
// link's configuration.
func (l *Link) Port(wait time.Duration) *Port {
	return &Port{link: l, wait: cmp.Or(wait, l.config.Timeout)}
}

// Session returns the session for calls; nil if the link is down.
func (p *Port) Session() *Session {
	if p.slow.Load() == p.link.checks.Load()+1 {
		return nil
	}
	return p.link.current()
}

// Do is [Session.Do] of the session s, which may be nil, for at most the time of
// the port. After an error the link checks the server soon.
func (p *Port) Do(ctx context.Context, s *Session, script *Script, calls ...Call) ([]Result, error) {
	if s == nil {
		return nil, ErrDown
	}
	checks := p.link.checks.Load()
	bounded, cancel := context.WithTimeout(ctx, p.wait)
	defer cancel()
	began := time.Now()
	results, err := s.Do(bounded, script, calls...)
	p.link.took.Add(int64(time.Since(began)))
	if err == nil {
		p.link.answered.Add(1)
		return results, nil
	}
	if ctx.Err() != nil {
		return results, err
	}
	p.link.failed.Add(1)
	if _, answered := rueidis.IsRedisErr(err); !answered {
		p.slow.Store(checks + 1)
	}
	p.link.Check()
	return results, err
}
