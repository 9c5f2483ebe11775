package redis

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"
)

// How often the server is checked, and how long it may take to answer a check,
// or a request if that may take longer. The sum bounds how long it takes to
// notice that it hangs. Between the end of a check and the next one is some time,
// however often callers prompt for one.
const (
	checkEvery   = 100 * time.Millisecond
	checkTimeout = 300 * time.Millisecond
	checkGap     = 10 * time.Millisecond
)

// Link is a gateway's link to Redis. It is safe for concurrent use once it runs.
type Link struct {
	config   Config
	log      *slog.Logger
	connect  func() (client, error)
	watcher  Watcher
	greeting *Script
	prompt   chan struct{} // a check is due now
	tried    chan struct{} // closed after the first check

	client  client                  // of Run; nil until there is a connection
	session atomic.Pointer[Session] // nil: the link is down
	breaks  atomic.Uint64           // how often a connection was begun or lost, or the server's data replaced
	checks  atomic.Uint64           // how many the server passed

	// Of ports: calls that were answered and that failed, and how long all took, in ns.
	answered, failed, took atomic.Int64
}

// Watcher observes a link. Its methods but Changed and Lost are called by
// [Link.Run], one at a time.
type Watcher interface {
	// Tracked returns prefixes of keys whose changes the watcher observes.
	Tracked() []string
	// Changed is called with tracked keys that were written, expired or deleted, by
	// any client. It must not block.
	Changed(keys []string)
	// Lost is called when changes may have been missed, at least once before the
	// next Checked. It must not block.
	Lost()
	// Checked is called after each check that the server passed, in a new session
	// before other parts use it. An error ends the session.
	Checked(ctx context.Context, s *Session) error
	// Refused is called after each check in which the server answered but refused
	// to write, as it does when its memory is full.
	Refused(ctx context.Context, s *Session)
}

// Session is one uninterrupted connection to one life of a server. It is safe for
// concurrent use.
type Session struct {
	// Life identifies the data that the server has: it changes when the server is
	// restarted, or has the data of another one.
	Life string

	link   *Link
	client client
	breaks uint64
}

// Errors of [Session.Do] and [Port.Do] that are not the server's.
var (
	// ErrDown reports that the link is down, or the server was too slow lately:
	// nothing was sent.
	ErrDown = errors.New("redis: the link is down")
	// ErrEnded reports that the session ended before the results were there. The
	// server may have executed the calls.
	ErrEnded = errors.New("redis: the session ended")
)

// Open returns a link, which is down until [Link.Run] has connected it. Its error is
// that of an invalid URL, which it does not have in it.
func Open(config Config, log *slog.Logger) (*Link, error) {
	l := &Link{config: config, log: log, prompt: make(chan struct{}, 1), tried: make(chan struct{}), watcher: unobserved{}, greeting: NewScript(greeting)}
	if log == nil {
		l.log = slog.New(slog.DiscardHandler)
	}
	if config.Prefix == "" {
		l.config.Prefix = "portico"
	}
	if config.Timeout <= 0 {
		l.config.Timeout = 50 * time.Millisecond
	}
	options, err := options(config.URL)
	l.connect = func() (client, error) {
		return dialing{options, func() { l.breaks.Add(1) }, l.watcher.Tracked(), l.changed}.connect()
	}
	return l, err
}

// Prefix returns the prefix of all keys.
func (l *Link) Prefix() string { return l.config.Prefix }

// Tried returns a channel that is closed after the first check, successful or not.
func (l *Link) Tried() <-chan struct{} { return l.tried }

// Watch sets the link's watcher. Call it before Run.
func (l *Link) Watch(w Watcher) { l.watcher = w }

// Up reports whether the link is up.
func (l *Link) Up() bool { return l.current() != nil }

// current returns the session; nil if the link is down.
func (l *Link) current() *Session {
	s := l.session.Load()
	if s == nil || s.over() {
		return nil
	}
	return s
}

// Stats are counts of the calls that requests waited for, since the link was opened.
type Stats struct {
	// Answered calls have results; Failed ones do not, or not in time. Those that were not made
	// because the link was down are not among them.
	Answered, Failed int64
	// Took is how long all of them took together.
	Took time.Duration
}

// Stats returns what the calls of all ports came to. A call is one round trip, of one or more
// scripts.
func (l *Link) Stats() Stats {
	return Stats{Answered: l.answered.Load(), Failed: l.failed.Load(), Took: time.Duration(l.took.Load())}
}

// Check makes the link check the server soon. It does not wait.
func (l *Link) Check() {
	select {
	case l.prompt <- struct{}{}:
	default:
	}
}

// Run keeps the link up until ctx is done. The link is down then.
func (l *Link) Run(ctx context.Context) {
	defer func() {
		l.session.Store(nil)
		if l.client != nil {
			l.client.close()
		}
	}()
	ticker := time.NewTicker(checkEvery)
	defer ticker.Stop()
	state := &reporter{log: l.log}
	for {
		err := l.check(ctx)
		if ctx.Err() != nil {
			return
		}
		if state.report(err) {
			close(l.tried)
		}
		gap := time.After(checkGap)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-l.prompt:
			select {
			case <-ctx.Done():
				return
			case <-gap:
			}
		}
	}
}

// changed is called by the client with keys that changed; with nil when the
// connection was lost, or the server's data replaced.
func (l *Link) changed(keys []string) {
	if keys == nil {
		l.breaks.Add(1)
		l.watcher.Lost()
		l.Check()
		return
	}
	l.watcher.Changed(keys)
}

// attempts is how often a check is repeated at once because the first one made a
// new connection.
const attempts = 3

// check checks the server, and begins a session if there is none.
func (l *Link) check(ctx context.Context) (err error) {
	for range attempts {
		s, err := l.greet(ctx)
		if err != nil {
			l.down(ctx, s, err)
			return err
		}
		if s.over() { // the check made a connection
			continue
		}
		if have := l.session.Load(); have == nil || have.Life != s.Life || have.breaks != s.breaks {
			l.session.Store(nil)
			l.watcher.Lost()
		} else {
			s = have
		}
		if err := l.watcher.Checked(ctx, s); err != nil {
			l.down(ctx, s, err)
			return err
		}
		if !s.over() {
			l.session.Store(s)
			l.checks.Add(1)
			return nil
		}
	}
	return ErrEnded
}

// down ends the session. The server refused to write if it answered at all, which
// s is for.
func (l *Link) down(ctx context.Context, s *Session, err error) {
	if l.session.Swap(nil) != nil {
		l.watcher.Lost()
	}
	if _, answered := rueidis.IsRedisErr(err); answered && s != nil {
		ctx, cancel := context.WithTimeout(ctx, l.checkTimeout())
		defer cancel()
		l.watcher.Refused(ctx, s)
	}
}

func (l *Link) checkTimeout() time.Duration { return max(checkTimeout, l.config.Timeout) }

// greeting writes, and returns what identifies the server's data.
const greeting = `
redis.call('SET', KEYS[1], '1', 'PX', 60000)
local server, replication = redis.pcall('INFO', 'server'), redis.pcall('INFO', 'replication')
if type(server) ~= 'string' or type(replication) ~= 'string' then
  return redis.error_reply('NOPERM this user needs the command INFO')
end
local run, data = string.match(server, 'run_id:(%x+)'), string.match(replication, 'master_replid:(%x+)')
if not run or not data then
  return redis.error_reply('ERR INFO has no run_id or no master_replid: the server is not Redis or Valkey itself, but a proxy')
end
return run .. ' ' .. data
`

// greet checks whether the server answers and writes, and returns what would be
// the session; nil if there is no connection.
func (l *Link) greet(ctx context.Context) (*Session, error) {
	if l.client == nil {
		made, err := l.connect()
		if err != nil {
			return nil, err
		}
		l.client = made
	}
	s := &Session{link: l, client: l.client, breaks: l.breaks.Load()}
	ctx, cancel := context.WithTimeout(ctx, l.checkTimeout())
	defer cancel()
	result := s.client.exec(ctx, l.greeting, []Call{{Keys: []string{l.config.Prefix + ":{cache}:check"}}})[0]
	s.client.connectAll(ctx)
	var err error
	s.Life, err = result.ToString()
	return s, err
}

// Do calls a script once for each of calls, in one round trip. The error is the
// first of the results, or [ErrEnded].
func (s *Session) Do(ctx context.Context, script *Script, calls ...Call) ([]Result, error) {
	results := s.client.exec(ctx, script, calls)
	if s.over() {
		return results, ErrEnded
	}
	for _, result := range results {
		if err := result.Error(); err != nil {
			return results, err
		}
	}
	return results, nil
}

// over reports whether the session has ended. A result that was received before is of
// the session: the client counts a break before the first byte of a new
// connection is sent.
func (s *Session) over() bool { return s.link.breaks.Load() != s.breaks }

// unobserved is the watcher of a link that has none.
type unobserved struct{}

func (unobserved) Tracked() []string                       { return nil }
func (unobserved) Changed([]string)                        {}
func (unobserved) Lost()                                   {}
func (unobserved) Checked(context.Context, *Session) error { return nil }
func (unobserved) Refused(context.Context, *Session)       {}

// reporter logs when a link goes down and comes up.
type reporter struct {
	log   *slog.Logger
	known bool
	up    bool
}

// report notes the outcome of a check, and reports whether it is the first.
func (r *reporter) report(err error) (first bool) {
	if r.known && r.up == (err == nil) {
		return false
	}
	first = !r.known
	r.known, r.up = true, err == nil
	switch {
	case err != nil:
		r.log.Warn("Redis is not available: this gateway caches alone, with short ages, and limits rates alone", "cause", err)
	case !first:
		r.log.Info("Redis is available again")
	}
	return first
}
