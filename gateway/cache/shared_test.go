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

// await waits for something that must happen, and returns how long it took.
func await(t *testing.T, what string, happened func() bool) time.Duration {
	t.Helper()
	start := time.Now()
	for !happened() {
		if time.Since(start) > time.Minute {
			t.Fatalf("waited in vain until %s", what)
		}
		time.Sleep(time.Millisecond)
	}
	return time.Since(start)
}

// share makes a value until Redis has it, under a name of its own each time: a
// gateway waits for Redis for a few milliseconds only, so that on a busy machine
// it can be too slow to be told.
func (g *gateway) share(t *testing.T, redis rueidis.Client, tags string) (name string) {
	t.Helper()
	attempt := 0
	await(t, "Redis has a value", func() bool {
		attempt++
		name = fmt.Sprintf("%.10s %d", tags, attempt)
		g.get(t, name, tags)
		for range 20 {
			if n, _ := redis.Do(t.Context(), redis.B().Exists().Key(entryKey(name)).Build()).AsInt64(); n == 1 {
				return true
			}
			time.Sleep(10 * time.Millisecond)
		}
		return false
	})
	return name
}

// entryKey is the key of a value in Redis.
func entryKey(name string) string { return fmt.Sprintf("test:{cache}:entry:%x", key(name)) }

func dial(t *testing.T, redis *redistest.Server) rueidis.Client {
	t.Helper()
	client, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{redis.Addr}, DisableCache: true, DisableRetry: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
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
	a, b, client := newGateway(t, redis), newGateway(t, redis), dial(t, redis)
	names := map[string]string{}
	for _, tags := range []string{"x y", "z", ""} {
		await(t, "another gateway has what one made", func() bool {
			names[tags] = a.share(t, client, tags)
			made := b.made.Load()
			if got := b.get(t, names[tags], tags); got != tags {
				t.Fatalf("%s: got %s", tags, got)
			}
			return b.made.Load() == made
		})
	}
	large := strings.Repeat("large ", 2000) // too many tags to be shared
	a.get(t, "large", large)
	if got := b.get(t, "large", large); got != large {
		t.Errorf("got %.20s", got)
	}
	b.made.Store(0)
	// What one invalidates, the other forgets, and nobody gets it from Redis.
	a.Invalidate(t.Context(), "y", "other")
	took := await(t, "it is invalidated", func() bool { return b.Get(key(names["x y"])) == nil })
	t.Logf("another gateway knew after %v", took)
	if b.Get(key(names["z"])) == nil {
		t.Error("z is gone, too")
	}
	if b.get(t, names["x y"], "x y"); b.made.Load() != 1 {
		t.Error("what is invalid came back from Redis")
	}
	a.Clear(t.Context())
	await(t, "all are invalidated", func() bool { return b.Get(key(names["z"])) == nil })
	if b.get(t, names["z"], "z"); b.made.Load() != 2 {
		t.Error("what was cleared came back from Redis")
	}
}

// Large values are compressed; what is not a value is none.
func TestSharedValues(t *testing.T) {
	redis := redistest.Start(t)
	a, b, client := newGateway(t, redis), newGateway(t, redis), dial(t, redis)
	ctx := t.Context()
	entry := entryKey(a.share(t, client, strings.Repeat("a", 100_000)))
	fields, err := client.Do(ctx, client.B().Hgetall().Key(entry).Build()).AsStrMap()
	if err != nil || len(fields["v"]) == 0 || len(fields["v"]) > 5000 {
		t.Errorf("%d bytes: %v", len(fields["v"]), err)
	}
	if ttl, _ := client.Do(ctx, client.B().Pttl().Key(entry).Build()).AsInt64(); ttl <= 0 || ttl > 60_000 {
		t.Errorf("it is kept for %d ms", ttl)
	}
	for i, text := range []string{"", "\x00", "\x00\x00\x00\x00\xff", "\x01garbage", "\x00\xff\xff\xff\xff{}", "\x00\x00\x00\x00\x02{}rest"} {
		name := fmt.Sprint("garbage ", i)
		set := client.B().Hset().Key(entryKey(name)).FieldValue()
		for field, value := range fields {
			set = set.FieldValue(field, value)
		}
		if err := client.Do(ctx, set.FieldValue("v", text).Build()).Error(); err != nil {
			t.Fatal(err)
		}
		before := b.made.Load()
		if got := b.get(t, name, "made anew"); got != "made anew" || b.made.Load() != before+1 {
			t.Errorf("%q was taken for %q", text, got)
		}
	}
}

// While Redis is away each goes on alone with short ages, and what was
// invalidated meanwhile is known to all when it is back.
func TestSharedFailures(t *testing.T) {
	redis := redistest.Start(t)
	a, b := newGateway(t, redis), newGateway(t, redis)
	for how, c := range map[string]struct{ fail, heal func() }{
		"restarted": {redis.Kill, func() { redis.Restart(t) }},
		"paused":    {redis.Pause, redis.Resume},
	} {
		await(t, how+": it is shared", func() bool { return !a.alone(t) && !b.alone(t) })
		name := a.share(t, dial(t, redis), "tag "+how)
		b.get(t, name, "tag "+how)
		c.fail()
		await(t, how+": both are empty", func() bool { return a.Get(key(name)) == nil && b.Get(key(name)) == nil })
		if !a.alone(t) || !b.alone(t) {
			t.Errorf("%s: what is kept is not short", how)
		}
		b.get(t, name, "tag "+how)
		// Nobody waits for Redis, not even for the few milliseconds of a request.
		const tries = 1000
		start := time.Now()
		for range tries {
			a.Invalidate(t.Context(), "tag")
		}
		if took := time.Since(start); took > tries*2*time.Millisecond {
			t.Errorf("%s: without Redis %d invalidations took %v", how, tries, took)
		}
		c.heal()
		await(t, how+": it is shared again", func() bool { return !a.alone(t) && !b.alone(t) })
		before := b.made.Load()
		if b.get(t, name, "tag "+how); b.made.Load() == before {
			t.Errorf("%s: what was invalidated meanwhile is there", how)
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
		const tries = 1000
		for i := range tries {
			ask(a, i)
		}
		if took := time.Since(start); took > tries*2*time.Millisecond { // each waiting, it would be twice that
			t.Errorf("%d %s took %v", tries, name, took)
		}
		a.Invalidate(t.Context(), "tag")
		redis.Resume()
		await(t, "the other gateway knows", func() bool { return b.Get(key("k")) == nil })
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
