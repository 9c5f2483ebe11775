package cache

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/portico-gateway/portico/e2e/redistest"
	"github.com/portico-gateway/portico/gateway/redis"
)

// newMember returns a cache of bytes that gateways share, whose clock is ahead.
// The watcher is what wrap returns for that of the store, if it is not nil.
func newMember(t *testing.T, server *redistest.Server, ahead time.Duration, wrap func(*shared) redis.Watcher) *Cache {
	t.Helper()
	link := server.Link(t, redis.Config{}, nil)
	s, err := New(Config{Size: 1 << 20, Link: link, Random: func() float64 { return 0 }, Now: func() time.Time { return time.Now().Add(ahead) }})
	if err != nil {
		t.Fatal(err)
	}
	if wrap != nil {
		link.Watch(wrap(s.shared))
	}
	t.Cleanup(s.Close)
	redistest.Run(t, link.Run)
	redistest.Run(t, s.Run)
	<-link.Tried()
	c := NewCache(s, Kind{Timeout: time.Minute, Codec: bytesCodec()})
	t.Cleanup(c.Close)
	return c
}

// fetchBytes returns the entry of a key, which is made of a text if there is none.
func (c *Cache) fetchBytes(t *testing.T, key Key, text string, tags ...string) *Entry {
	t.Helper()
	e, _, err := c.Fetch(t.Context(), key, func(context.Context, *Entry) (*Entry, error) {
		return &Entry{Value: []byte(text), Born: c.store.Now(), Policy: Policy{Fresh: time.Minute}, Tags: tags}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// sharedBy makes values at one gateway until another one gets one of them from
// Redis, and returns that.
func sharedBy(t *testing.T, from, to *Cache, tags ...string) *Entry {
	t.Helper()
	for deadline, n := time.Now().Add(time.Minute), 0; time.Now().Before(deadline); n++ {
		key := Key{byte(n), byte(n >> 8), 1}
		from.fetchBytes(t, key, "theirs", tags...)
		time.Sleep(10 * time.Millisecond)
		if e := to.fetchBytes(t, key, "own", tags...); string(e.Value.([]byte)) == "theirs" { //nolint:forcetypeassert // a test
			return e
		}
	}
	t.Fatal("nothing is shared")
	return nil
}

// A value of a gateway whose clock is ahead is not fresh for longer than its policy
// says.
func TestClockAhead(t *testing.T) {
	server := redistest.Start(t)
	e := sharedBy(t, newMember(t, server, time.Hour, nil), newMember(t, server, 0, nil))
	if left := time.Until(e.Expires()); left > time.Minute {
		t.Errorf("it is fresh for %v", left)
	}
}

// lateWatcher is a watcher that learns of changes late.
type lateWatcher struct {
	*shared

	hold sync.Mutex // while it is locked
}

func (w *lateWatcher) Changed(keys []string) {
	w.hold.Lock()
	defer w.hold.Unlock()
	w.shared.Changed(keys)
}

// What a gateway invalidated, and read from Redis before that knew, is dropped when
// the invalidation is done, also if Redis' push of it comes later.
func TestInvalidatedWhileAsked(t *testing.T) {
	server := redistest.Start(t)
	a := newMember(t, server, 0, nil)
	w := &lateWatcher{}
	b := newMember(t, server, 0, func(s *shared) redis.Watcher {
		w.shared = s
		return w
	})
	for {
		key := sharedBy(t, a, b, "tag").Key
		w.hold.Lock()
		b.store.tags.add([]string{"tag"})                                            // as Invalidate does, before it writes to Redis
		old := string(b.fetchBytes(t, key, "own", "tag").Value.([]byte)) == "theirs" //nolint:forcetypeassert // a test
		written := b.store.shared.invalidate(t.Context(), []string{"tag"})
		e := b.Fresh(key)
		w.hold.Unlock()
		if old && written { // else Redis was too slow
			if e != nil {
				t.Errorf("it is still there: %s", e.Value)
			}
			return
		}
	}
}

// An empty tag, as the argument of a mutation can make, is not the one of everything.
func TestEmptyTag(t *testing.T) {
	a := newMember(t, redistest.Start(t), 0, nil).store
	for !a.Invalidate(t.Context(), "", "tag") || !a.Invalidate(t.Context(), "") {
		time.Sleep(time.Millisecond) // Redis was too slow
	}
	script, s := redis.NewScript("return redis.call('EXISTS', KEYS[1])"), a.shared
	for tag, want := range map[string]int64{"": 0, "tag": 1} {
		for {
			session := s.port.Session()
			if session == nil {
				time.Sleep(time.Millisecond)
				continue
			}
			results, err := session.Do(t.Context(), script, redis.Call{Keys: []string{s.tagPrefix() + tag}})
			if err != nil {
				continue
			}
			if n, err := results[0].AsInt64(); n != want || err != nil {
				t.Errorf("tag %q: %d %v", tag, n, err)
			}
			break
		}
	}
}

// Values that wait to be sent do not take all memory.
func TestWaitingValuesAreBounded(t *testing.T) {
	link, err := redis.Open(redis.Config{URL: "redis://127.0.0.1:1"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(Config{Size: 1 << 20, Link: link})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	e := &Entry{Value: make([]byte, 1<<20), Born: time.Now(), Policy: Policy{Fresh: time.Minute}}
	for range mostPuts {
		s.share(&ticket{}, e, bytesCodec())
	}
	if n := len(s.shared.puts); n == 0 || n > 2*mostWaiting>>20 {
		t.Errorf("%d MB are waiting", n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Run(ctx)
	}()
	for len(s.shared.puts) > 0 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	<-done
	if s.share(&ticket{}, e, bytesCodec()); len(s.shared.puts) != 1 || s.shared.waiting.Load() > 2<<20 {
		t.Errorf("%d are waiting: %d bytes", len(s.shared.puts), s.shared.waiting.Load())
	}
}
