package cache_test

import (
	"context"
	"encoding/json"
	"errors"
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
	"github.com/portico-gateway/portico/gateway/redis"
)

// gateway is a store that shares with others, and a cache of texts in it.
type gateway struct {
	*cache.Store

	link  *redis.Link
	texts *cache.Cache
	made  atomic.Int64
}

func newGateway(t *testing.T, config redis.Config) *gateway {
	t.Helper()
	config.Prefix = "test"
	link, err := redis.Open(config, nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := cache.New(cache.Config{Size: 1 << 20, Missing: time.Second, Link: link, Random: func() float64 { return 0 }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	redistest.Run(t, link.Run)
	redistest.Run(t, s.Run)
	<-link.Tried()
	g := &gateway{Store: s, link: link}
	g.texts = cache.NewCache(s, cache.Kind{Timeout: time.Minute, Codec: &cache.Codec{
		Encode: func(value any) (any, []byte) { return "text", []byte(value.(string)) }, //nolint:forcetypeassert // a test
		Decode: func(head json.RawMessage, body []byte, e *cache.Entry) error {
			if string(head) != `"text"` {
				return errors.New("no text")
			}
			e.Value = string(body)
			return nil
		},
	}})
	t.Cleanup(g.texts.Close)
	return g
}

func at(server *redistest.Server) redis.Config { return redis.Config{URL: server.URL()} }

// get returns the value of a key, which is made of its tags if no gateway has it.
func (g *gateway) get(t *testing.T, name, tags string) string {
	t.Helper()
	return g.getFor(t, name, tags, time.Minute)
}

func (g *gateway) getFor(t *testing.T, name, tags string, life time.Duration) string {
	t.Helper()
	e, _, err := g.texts.Fetch(t.Context(), key(name), func(context.Context, *cache.Entry) (*cache.Entry, error) {
		g.made.Add(1)
		return &cache.Entry{Value: tags, Born: time.Now(), Policy: cache.Policy{Fresh: life}, Tags: strings.Fields(tags)}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return e.Value.(string) //nolint:forcetypeassert // a test
}

// has reports whether a value is in the gateway's own memory.
func (g *gateway) has(name string) bool { return g.texts.Fresh(key(name)) != nil }

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
// it can be too slow to get the value.
func (g *gateway) share(t *testing.T, client rueidis.Client, tags string) (name string) {
	t.Helper()
	attempt := 0
	await(t, "Redis has a value", func() bool {
		attempt++
		name = fmt.Sprintf("%.10s %d", tags, attempt)
		g.get(t, name, tags)
		for range 20 {
			if n, _ := client.Do(t.Context(), client.B().Exists().Key(entryKey(name)).Build()).AsInt64(); n == 1 {
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

func dial(t *testing.T, server *redistest.Server) rueidis.Client {
	t.Helper()
	client, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{server.Addr}, DisableCache: true, DisableRetry: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

// do sends a command that must succeed.
func do(t *testing.T, client rueidis.Client, words ...string) {
	t.Helper()
	if err := client.Do(t.Context(), client.B().Arbitrary(words...).Build()).Error(); err != nil {
		t.Fatalf("%q: %v", words, err)
	}
}

// invalidate invalidates until it is written to Redis, which can be too slow on a busy
// machine.
func (g *gateway) invalidate(t *testing.T, tags ...string) {
	t.Helper()
	await(t, "it is written to Redis", func() bool { return g.Invalidate(t.Context(), tags...) })
}

func TestShared(t *testing.T) {
	server := redistest.Start(t)
	a, b, client := newGateway(t, at(server)), newGateway(t, at(server)), dial(t, server)
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
	// What one invalidates, the other drops, and does not get from Redis again.
	a.invalidate(t, "y", "other")
	took := await(t, "it is invalidated", func() bool { return !b.has(names["x y"]) })
	t.Logf("another gateway knew after %v", took)
	if !b.has(names["z"]) {
		t.Error("z is gone, too")
	}
	if b.get(t, names["x y"], "x y"); b.made.Load() != 1 {
		t.Error("what is invalid came back from Redis")
	}
	await(t, "it is written to Redis", func() bool { return a.Clear(t.Context()) })
	await(t, "all are invalidated", func() bool { return !b.has(names["z"]) })
	if b.get(t, names["z"], "z"); b.made.Load() != 2 {
		t.Error("what was cleared came back from Redis")
	}
}

// Large values are compressed; what is not a value is not taken for one.
func TestSharedValues(t *testing.T) {
	server := redistest.Start(t)
	a, b, client := newGateway(t, at(server)), newGateway(t, at(server)), dial(t, server)
	ctx := t.Context()
	entry := entryKey(a.share(t, client, strings.Repeat("a", 100_000)))
	fields, err := client.Do(ctx, client.B().Hgetall().Key(entry).Build()).AsStrMap()
	if err != nil || len(fields["v"]) == 0 || len(fields["v"]) > 5000 {
		t.Errorf("%d bytes: %v", len(fields["v"]), err)
	}
	if ttl, _ := client.Do(ctx, client.B().Pttl().Key(entry).Build()).AsInt64(); ttl <= 0 || ttl > 60_000 {
		t.Errorf("it is kept for %d ms", ttl)
	}
	old := `{"Born":"2020-01-01T00:00:00Z","Fresh":1000000000,"Head":"text"}`
	for i, text := range []string{
		"", "\x00", "\x00\x00\x00\x00\xff", "\x01garbage", "\x00\xff\xff\xff\xff{}", "\x00\x00\x00\x00\x02{}rest",
		"\x00\x00\x00\x00" + string(rune(len(old))) + old + "old",
	} {
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

// unavailable are ways in which Redis is not there, or does not write.
func unavailable(t *testing.T, server *redistest.Server) map[string]struct{ fail, heal func() } {
	t.Helper()
	redis := func(words ...string) func() { return func() { do(t, dial(t, server), words...) } }
	return map[string]struct{ fail, heal func() }{
		"killed": {server.Kill, func() { server.Restart(t) }},
		"hangs":  {server.Pause, server.Resume},
		"full":   {redis("CONFIG", "SET", "maxmemory", "1"), redis("CONFIG", "SET", "maxmemory", "0")},
		// A replica of a server that is not there is read-only.
		"is read-only": {redis("REPLICAOF", "127.0.0.1", "1"), redis("REPLICAOF", "NO", "ONE")},
		"cannot write": {redis("CONFIG", "SET", "min-replicas-to-write", "1"), redis("CONFIG", "SET", "min-replicas-to-write", "0")},
	}
}

// While Redis is not available each gateway goes on alone with short ages, and what
// was invalidated meanwhile is known to all when it is back.
func TestRedisIsUnavailable(t *testing.T) {
	server := redistest.Start(t)
	a, b := newGateway(t, at(server)), newGateway(t, at(server))
	for how, c := range unavailable(t, server) {
		t.Run(how, func(t *testing.T) {
			both := func(up bool) func() bool { return func() bool { return a.link.Up() == up && b.link.Up() == up } }
			await(t, "it is shared", both(true))
			name := a.share(t, dial(t, server), "tag "+how)
			b.get(t, name, "tag "+how)
			c.fail()
			await(t, "both are alone", both(false))
			await(t, "nothing is left from before", func() bool { return !a.has(name) && !b.has(name) })
			var kept *cache.Entry
			await(t, "it is kept", func() bool { // the connection and the check may lose what they find one after the other
				b.get(t, name, "tag "+how)
				kept = b.texts.Fresh(key(name))
				return kept != nil
			})
			if time.Until(kept.Expires()) > cache.AloneAge {
				t.Errorf("it is kept until %v", kept)
			}
			// No request waits for Redis, not even for a few milliseconds.
			const tries = 1000
			start := time.Now()
			for range tries {
				if a.Invalidate(t.Context(), "tag") && how != "full" {
					t.Fatal("it is said to be written")
				}
			}
			if took := time.Since(start); took > tries*2*time.Millisecond {
				t.Errorf("%d invalidations took %v", tries, took)
			}
			c.heal()
			await(t, "it is shared again", both(true))
			before := b.made.Load()
			if b.get(t, name, "tag "+how); b.made.Load() == before {
				t.Error("what was invalidated meanwhile is there")
			}
		})
	}
}

// What is invalidated in the moment in which Redis cannot store it, other gateways
// drop all the same: at once if the server can still delete, else when they notice.
func TestInvalidationThatCannotBeStored(t *testing.T) {
	server := redistest.Start(t)
	a, b := newGateway(t, at(server)), newGateway(t, at(server))
	for how, c := range unavailable(t, server) {
		t.Run(how, func(t *testing.T) {
			await(t, "it is shared", func() bool { return a.link.Up() && b.link.Up() })
			await(t, "the other gateway has it", func() bool {
				b.get(t, how, "tag")
				time.Sleep(200 * time.Millisecond) // two checks: nothing changes any more
				return b.has(how)
			})
			c.fail()
			shared := a.Invalidate(t.Context(), "tag")
			took := await(t, "the other gateway knows", func() bool { return !b.has(how) })
			t.Logf("shared %v; another gateway knew after %v", shared, took)
			c.heal()
			if n := a.Flush(t.Context()); n != 0 {
				t.Errorf("%d tags are pending", n)
			}
		})
	}
}

// A server that is restarted with the data of an earlier time has nothing that is
// valid: what was invalidated since may be among it.
func TestRestoredRedis(t *testing.T) {
	server := redistest.Start(t)
	a, b, client := newGateway(t, at(server)), newGateway(t, at(server)), dial(t, server)
	name := a.share(t, client, "tag")
	do(t, client, "SAVE")
	a.invalidate(t, "tag")
	server.Restart(t)
	await(t, "both are up", func() bool { return a.link.Up() && b.link.Up() })
	client = dial(t, server)
	if n, err := client.Do(t.Context(), client.B().Exists().Key(entryKey(name)).Build()).AsInt64(); err != nil || n != 1 {
		t.Fatalf("the snapshot does not have the entry: %d, %v", n, err)
	}
	for who, g := range map[string]*gateway{"a": a, "b": b} {
		if got := g.get(t, name, "new"); got != "new" {
			t.Errorf("%s has what was invalidated before the restart: %s", who, got)
		}
	}
}

// A gateway reads nothing from Redis as long as Redis does not know what it
// invalidated.
func TestOwnInvalidationsFirst(t *testing.T) {
	server := redistest.Start(t)
	a, client := newGateway(t, at(server)), dial(t, server)
	for round := range 10 {
		name := a.share(t, client, fmt.Sprint("tag", round))
		server.Pause()
		a.Invalidate(t.Context(), fmt.Sprint("tag", round))
		server.Resume()
		made := a.made.Load()
		if a.get(t, name, "new"); a.made.Load() == made {
			t.Fatalf("round %d: it read its own old value", round)
		}
	}
}

// The first caller waits for a Redis that hangs; no other caller does until it answers,
// and pending invalidations are written then.
func TestHangingRedis(t *testing.T) {
	for name, ask := range map[string]func(g *gateway, i int){
		"invalidations": func(g *gateway, i int) { g.Invalidate(t.Context(), "tag", strconv.Itoa(i)) },
		"lookups":       func(g *gateway, i int) { g.get(t, fmt.Sprint("other ", i), "") },
	} {
		server := redistest.Start(t)
		a, b := newGateway(t, at(server)), newGateway(t, at(server))
		b.get(t, "k", "tag")
		server.Pause()
		start := time.Now()
		const tries = 1000
		for i := range tries {
			ask(a, i)
		}
		if took := time.Since(start); took > tries*2*time.Millisecond { // each waiting, it would be twice that
			t.Errorf("%d %s took %v", tries, name, took)
		}
		a.Invalidate(t.Context(), "tag")
		server.Resume()
		await(t, "the other gateway knows", func() bool { return !b.has("k") })
	}
}

// Flush waits for Redis, within its time, and returns how much is pending.
func TestFlush(t *testing.T) {
	server := redistest.Start(t)
	a, b := newGateway(t, at(server)), newGateway(t, at(server))
	b.get(t, "k", "tag")
	server.Pause()
	if a.Invalidate(t.Context(), "tag", "other") {
		t.Error("it is written to a server that hangs")
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if n := a.Flush(over); n == 0 {
		t.Error("nothing is pending")
	}
	a.Clear(t.Context())
	flushed := make(chan int)
	go func() { flushed <- a.Flush(t.Context()) }()
	server.Resume()
	if n := <-flushed; n != 0 {
		t.Errorf("%d tags are pending", n)
	}
	await(t, "the other gateway knows", func() bool { return !b.has("k") })
}

func TestWithoutRedis(t *testing.T) {
	if _, err := redis.Open(redis.Config{URL: "redis://user:secret@[::1"}, nil); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("%v", err)
	}
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	g := newGateway(t, redis.Config{URL: "redis://" + address})
	g.get(t, "k", "t")
	if e := g.texts.Fresh(key("k")); e == nil || time.Until(e.Expires()) > cache.AloneAge {
		t.Error("it does not keep values for a short time")
	}
	if g.Invalidate(t.Context(), "t") || g.has("k") {
		t.Error("it survives, or others are said to know")
	}
}
