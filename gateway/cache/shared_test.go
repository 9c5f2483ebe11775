package cache_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/portico-gateway/portico/e2e/redistest"
	"github.com/portico-gateway/portico/gateway/cache"
)

// gateway is a store that shares with others, and flights that keep in it.
type gateway struct {
	*cache.Store

	flights *cache.Flights[string]
	made    atomic.Int64
}

func newGateway(t *testing.T, redis *redistest.Server) *gateway {
	t.Helper()
	s := newStore(t, 1<<20)
	if err := s.Share(cache.Redis{URL: redis.URL(), Prefix: "test"}); err != nil {
		t.Fatal(err)
	}
	type head struct {
		Born time.Time
		Tags []string
	}
	g := &gateway{Store: s}
	g.flights = cache.NewFlights(s, time.Minute, &cache.Codec[string]{
		Encode: func(v string, _ *cache.Entry) []byte {
			return cache.Frame(head{time.Now(), strings.Fields(v)}, []byte(v))
		},
		Decode: func(text []byte) (string, *cache.Entry, error) {
			var h head
			body, err := cache.Unframe(text, &h)
			return string(body), &cache.Entry{Value: string(body), Born: h.Born, Fresh: time.Minute, Tags: h.Tags}, err
		},
	})
	t.Cleanup(g.flights.Close)
	return g
}

// get returns the value of a key, which is made of its tags when nobody has it.
func (g *gateway) get(t *testing.T, name, tags string) string {
	t.Helper()
	if e := g.Get(key(name)); e != nil {
		return e.Value.(string) //nolint:forcetypeassert // a test
	}
	value, _, err := g.flights.Do(t.Context(), key(name), func(_ context.Context, put func(*cache.Entry)) (string, error) {
		g.made.Add(1)
		put(&cache.Entry{Key: key(name), Value: tags, Born: time.Now(), Fresh: time.Minute, Tags: strings.Fields(tags)})
		return tags, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// within waits for something that must happen soon.
func within(t *testing.T, most time.Duration, what string, happened func() bool) time.Duration {
	t.Helper()
	start := time.Now()
	for !happened() {
		if time.Since(start) > most {
			t.Fatalf("%s: not within %v", what, most)
		}
		time.Sleep(time.Millisecond)
	}
	return time.Since(start)
}

// alone tells whether a store goes on without Redis: what it keeps then has
// short ages.
func (g *gateway) alone(t *testing.T) bool {
	t.Helper()
	name := fmt.Sprint("probe", time.Now().UnixNano())
	g.get(t, name, "probe")
	e := g.Get(key(name))
	return e != nil && e.Fresh == cache.AloneAge
}

func TestShared(t *testing.T) {
	redis := redistest.Start(t)
	a, b := newGateway(t, redis), newGateway(t, redis)
	large := strings.Repeat("large ", 2000)
	for _, tags := range []string{"x y", "z", "", large} {
		name := "key of " + tags[:min(len(tags), 10)]
		a.get(t, name, tags)
		time.Sleep(20 * time.Millisecond) // nobody waits for Redis
		if got := b.get(t, name, tags); got != tags || tags != large && b.made.Load() != 0 {
			t.Errorf("%.20s: %.20s, made %d times", name, got, b.made.Load())
		}
	}
	b.made.Store(0)
	// What one invalidates, the other forgets, and nobody gets it from Redis.
	a.Invalidate(t.Context(), "y", "other")
	took := within(t, 100*time.Millisecond, "invalidated", func() bool { return b.Get(key("key of x y")) == nil })
	t.Logf("another gateway knew after %v", took)
	if b.Get(key("key of z")) == nil {
		t.Error("z is gone, too")
	}
	if b.get(t, "key of x y", "x y"); b.made.Load() != 1 {
		t.Error("what is invalid came back from Redis")
	}
	a.Clear(t.Context())
	within(t, 100*time.Millisecond, "cleared", func() bool { return b.Get(key("key of z")) == nil })
	if b.get(t, "key of z", "z"); b.made.Load() != 2 {
		t.Error("what was cleared came back from Redis")
	}
}

// Large values are compressed; what is not a value is none.
func TestSharedValues(t *testing.T) {
	redis := redistest.Start(t)
	a, b := newGateway(t, redis), newGateway(t, redis)
	long := strings.Repeat("a", 100_000)
	a.get(t, "long", long)
	time.Sleep(20 * time.Millisecond)
	client, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{redis.Addr}, DisableCache: true})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx := t.Context()
	entries, err := client.Do(ctx, client.B().Keys().Pattern("test:{cache}:entry:*").Build()).AsStrSlice()
	if err != nil || len(entries) != 1 {
		t.Fatalf("%v %v", entries, err)
	}
	value, err := client.Do(ctx, client.B().Hget().Key(entries[0]).Field("v").Build()).ToString()
	if err != nil || len(value) > 5000 {
		t.Errorf("%d bytes: %v", len(value), err)
	}
	if ttl, _ := client.Do(ctx, client.B().Pttl().Key(entries[0]).Build()).AsInt64(); ttl <= 0 || ttl > 60_000 {
		t.Errorf("it is kept for %d ms", ttl)
	}
	for _, text := range []string{"", "\x00", "\x00\x00\x00\x00\xff", "\x01garbage", "\x00\xff\xff\xff\xff{}", "\x00\x00\x00\x00\x02{}rest"} {
		if err := client.Do(ctx, client.B().Hset().Key(entries[0]).FieldValue().FieldValue("v", text).Build()).Error(); err != nil {
			t.Fatal(err)
		}
		before := b.made.Load()
		if got := b.get(t, "long", "made anew"); got != "made anew" || b.made.Load() != before+1 {
			t.Errorf("%q was taken for %q", text, got)
		}
		b.Clear(t.Context())
		time.Sleep(20 * time.Millisecond)
	}
}

// While Redis is away each goes on alone with short ages, and what was
// invalidated meanwhile is known to all when it is back.
func TestSharedFailures(t *testing.T) {
	redis := redistest.Start(t)
	a, b := newGateway(t, redis), newGateway(t, redis)
	for name, c := range map[string]struct{ fail, heal func() }{
		"restarted": {redis.Kill, func() { redis.Restart(t) }},
		"paused":    {redis.Pause, redis.Resume},
	} {
		within(t, 5*time.Second, "shared", func() bool { return !a.alone(t) && !b.alone(t) })
		a.get(t, "k"+name, "tag")
		b.get(t, "k"+name, "tag")
		time.Sleep(20 * time.Millisecond)
		c.fail()
		within(t, 3*time.Second, name+": empty", func() bool { return a.Get(key("k"+name)) == nil && b.Get(key("k"+name)) == nil })
		if !a.alone(t) || !b.alone(t) {
			t.Errorf("%s: what is kept is not short", name)
		}
		start := time.Now()
		b.get(t, "k"+name, "tag")
		a.Invalidate(t.Context(), "tag")
		if took := time.Since(start); took > 50*time.Millisecond {
			t.Errorf("%s: without Redis it took %v", name, took)
		}
		c.heal()
		within(t, 5*time.Second, name+": shared again", func() bool { return !a.alone(t) && !b.alone(t) })
		time.Sleep(50 * time.Millisecond)
		before := b.made.Load()
		if b.get(t, "k"+name, "tag"); b.made.Load() == before {
			t.Errorf("%s: what was invalidated meanwhile is there", name)
		}
	}
}

// Who finds that Redis hangs waits for it; nobody else does until it answers, and
// what it could not be told it is told then.
func TestHangingRedis(t *testing.T) {
	for name, ask := range map[string]func(g *gateway, i int){
		"invalidations": func(g *gateway, i int) { g.Invalidate(t.Context(), "tag", strconv.Itoa(i)) },
		"lookups":       func(g *gateway, i int) { g.get(t, fmt.Sprint("other ", i), "") },
	} {
		redis := redistest.Start(t)
		a, b := newGateway(t, redis), newGateway(t, redis)
		b.get(t, "k", "tag")
		redis.Pause()
		start := time.Now()
		for i := range 50 {
			ask(a, i)
		}
		if took := time.Since(start); took > 100*time.Millisecond { // each waiting, it would be 200
			t.Errorf("50 %s took %v", name, took)
		}
		a.Invalidate(t.Context(), "tag")
		redis.Resume()
		within(t, 5*time.Second, "the other gateway knows", func() bool { return b.Get(key("k")) == nil })
	}
}

func TestSharedWithoutRedis(t *testing.T) {
	s := newStore(t, 1<<20)
	if err := s.Share(cache.Redis{URL: "redis://user:secret@[::1"}); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("%v", err)
	}
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	if err := s.Share(cache.Redis{URL: "redis://" + address}); err != nil {
		t.Fatalf("a gateway does not start without Redis: %v", err)
	}
	fill(t, s, "k", "v", "t")
	if e := s.Get(key("k")); e == nil || e.Fresh != cache.AloneAge {
		t.Error("it does not keep values for a short time")
	}
	if s.Invalidate(t.Context(), "t"); has(s, "k") {
		t.Error("it survives")
	}
}

func FuzzUnframe(f *testing.F) {
	f.Add([]byte{}, "head")
	f.Add([]byte{0, 0, 0, 2, '{', '}'}, "")
	f.Add([]byte{255, 255, 255, 255, 1}, "x")
	f.Fuzz(func(t *testing.T, text []byte, head string) {
		var any json.RawMessage
		if body, err := cache.Unframe(text, &any); err == nil && len(body)+4 > len(text) {
			t.Errorf("%q has a body of %d bytes", text, len(body))
		}
		var got struct{ Text []byte }
		body, err := cache.Unframe(cache.Frame(struct{ Text []byte }{[]byte(head)}, text), &got)
		if err != nil || string(body) != string(text) || string(got.Text) != head {
			t.Errorf("%q became %q: %v", text, body, err)
		}
	})
}
