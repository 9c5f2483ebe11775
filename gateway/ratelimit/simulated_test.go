package ratelimit_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/portico-gateway/portico/e2e/redistest"
	"github.com/portico-gateway/portico/gateway/ratelimit"
	"github.com/portico-gateway/portico/gateway/redis"
)

// simulation is a Redis whose clock is simulated, and that fails when a test wants it to. A
// real one executes the script. It is not safe for concurrent use.
type simulation struct {
	*clock
	t      testing.TB
	client rueidis.Client
	script *rueidis.Lua
	life   int
	saved  map[string]string // key → DUMP
	up     bool
}

func simulate(t testing.TB) *simulation {
	t.Helper()
	client, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{redistest.Start(t).Addr}, DisableCache: true, DisableRetry: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	const expiring = `
local function expire(key, at)
  redis.call('HSET', key, 'expires', string.format('%.17g', at))
end
local expires = redis.call('HGET', KEYS[1], 'expires')
if expires and tonumber(expires) <= ARGV[8] + ARGV[9] / 1000000 then
  redis.call('DEL', KEYS[1])
end
`
	text := strings.NewReplacer("redis.call('TIME')", "{ARGV[8], ARGV[9]}", "redis.call('PEXPIRE', KEYS[1], ", "expire(KEYS[1], now + 0.001 * ").Replace(ratelimit.Script)
	return &simulation{clock: &clock{now: time.Unix(1000, 0)}, t: t, client: client, script: rueidis.NewLuaScript(expiring + text), up: true}
}

// flush deletes all buckets, which takes a microsecond.
func (s *simulation) flush() {
	s.do("FLUSHALL")
	s.add(time.Microsecond)
}

// restart makes another life of the server, without data.
func (s *simulation) restart() {
	s.life++
	s.flush()
}

// save saves a snapshot.
func (s *simulation) save() {
	s.saved = map[string]string{}
	keys, err := s.do("KEYS", "*").AsStrSlice()
	if err != nil {
		s.t.Fatal(err)
	}
	for _, key := range keys {
		if s.saved[key], err = s.do("DUMP", key).ToString(); err != nil {
			s.t.Fatal(err)
		}
	}
}

// restore makes another life of the server, with the snapshot.
func (s *simulation) restore() {
	s.restart()
	for key, value := range s.saved {
		s.do("RESTORE", key, "0", value)
	}
}

func (s *simulation) do(words ...string) rueidis.RedisResult {
	s.t.Helper()
	result := s.client.Do(s.t.Context(), s.client.B().Arbitrary(words...).Build())
	if err := result.Error(); err != nil {
		s.t.Fatalf("%q: %v", words, err)
	}
	return result
}

// way is a gateway's way to the simulation.
type way struct {
	*simulation
	cut     bool   // the gateway has no session
	unheard bool   // calls are executed, and their answers are lost
	life    string // of the gateway's session, if it is not that of the server
}

// limiter returns a limiter that uses the simulation, and a function that sends what
// waits.
func (s *simulation) limiter() (*ratelimit.Limiter, *way, func()) {
	w := &way{simulation: s}
	l, settle := ratelimit.NewOn(w, "test", 100_000, 0.5, s.Now)
	return l, w, func() { settle(s.t.Context()) }
}

func (w *way) Session() *redis.Session {
	if w.cut || !w.up {
		return nil
	}
	return &redis.Session{Life: cmp.Or(w.life, fmt.Sprintf("%016d and more", w.simulation.life))}
}

func (w *way) Do(ctx context.Context, _ *redis.Session, _ *redis.Script, calls ...redis.Call) ([]redis.Result, error) {
	now := w.Now().UnixMicro()
	results := make([]redis.Result, len(calls))
	for i, c := range calls {
		args := append(append([]string{}, c.Args...), strconv.FormatInt(now/1e6, 10), strconv.FormatInt(now%1e6, 10))
		results[i] = w.script.Exec(ctx, w.client, c.Keys, args)
	}
	if w.unheard {
		return nil, errors.New("the answers are lost")
	}
	return results, nil
}
