package ratelimit

import (
	"context"
	"crypto/sha1" //nolint:gosec // Redis names scripts by it
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"

	"github.com/portico-gateway/portico/gateway/redis"
)

// Redis is where gateways share buckets: Redis 5 or newer or Valkey, one server
// or a cluster. Zero values stand for the defaults.
type Redis struct {
	// URL is redis:// or rediss://, with user, password and database. Several of
	// them with commas between are nodes of one cluster.
	URL string
	// Timeout is how long a request waits for it at most; 50 ms.
	Timeout time.Duration
	// LocalShare is the share of each bucket that a gateway has to itself while
	// Redis can't be reached; 0.5.
	LocalShare float64
	// Prefix is that of all keys; portico.
	Prefix string
}

// shared has buckets in Redis.
//
// Its goroutine, which close ends, connects, finds out whether Redis is back,
// and sends what is given back.
type shared struct {
	config  Redis
	log     *slog.Logger
	options rueidis.ClientOption
	sha     string                         // of the script
	client  atomic.Pointer[rueidis.Client] // nil until Redis was there once
	away    atomic.Bool                    // it could not be reached last time
	returns chan Charge
	lost    atomic.Int64 // returns that could not be sent
	stop    context.CancelFunc
	done    sync.WaitGroup

	mu     sync.Mutex
	logged time.Time
}

// script takes points from a bucket, or gives back when they are negative. The
// clock is the server's, so that gateways need not agree on the time. A bucket
// that is full again is as if it were not there, and expires then.
//
// KEYS[1] is the bucket; ARGV are capacity, points a second, points. The answer
// is whether they were granted, and how many are left.
const script = `
local capacity, refill, points = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local have = redis.call('HMGET', KEYS[1], 'points', 'at')
local available, at = tonumber(have[1]) or capacity, tonumber(have[2]) or now
if now > at then
  available = available + (now - at) * refill
  at = now
end
available = math.min(available, capacity)
local granted = 0
if available >= points then
  granted = 1
  available = math.min(available - points, capacity)
end
redis.call('HSET', KEYS[1], 'points', string.format('%.17g', available), 'at', string.format('%.17g', at))
redis.call('PEXPIRE', KEYS[1], math.ceil((capacity - available) / refill * 1000) + 1000)
return {granted, string.format('%.17g', available)}
`

func openShared(config Redis, log *slog.Logger) (*shared, error) {
	if config.Timeout <= 0 {
		config.Timeout = 50 * time.Millisecond
	}
	if config.LocalShare <= 0 || config.LocalShare > 1 {
		config.LocalShare = 0.5
	}
	if config.Prefix == "" {
		config.Prefix = "portico"
	}
	options, err := redis.Options(config.URL)
	if err != nil {
		return nil, err
	}
	options.DisableCache = true // buckets change with every call
	ctx, stop := context.WithCancel(context.Background())
	s := &shared{config: config, log: log, options: options, sha: scriptSHA(), returns: make(chan Charge, 1024), stop: stop}
	s.away.Store(true)
	s.connect(ctx)
	s.done.Go(func() { s.run(ctx) })
	return s, nil
}

// scriptSHA is how Redis names the script: by SHA-1.
func scriptSHA() string {
	sum := sha1.Sum([]byte(script)) //nolint:gosec // it is a name
	return hex.EncodeToString(sum[:])
}

// take asks Redis. It is false when that could not answer in time. An answer
// that comes too late may have taken the points, which errs on the safe side.
func (s *shared) take(ctx context.Context, charges []Charge, states []State) (granted, ok bool) {
	client := s.client.Load()
	if client == nil || s.away.Load() {
		return false, false
	}
	// A caller who leaves is no failure of Redis, and gives back what it took.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.config.Timeout)
	defer cancel()
	answers := s.exec(ctx, *client, charges)
	granted = true
	taken := make([]bool, len(charges))
	for i, answer := range answers {
		available, took, err := parse(answer)
		if err != nil {
			s.failed(err)
			s.undo(charges, taken)
			return false, false
		}
		taken[i], granted = took, granted && took
		states[i] = charges[i].state(available, took)
	}
	if !granted {
		s.undo(charges, taken)
	}
	return granted, true
}

// undo gives back what some of several charges took.
func (s *shared) undo(charges []Charge, taken []bool) {
	for i, took := range taken {
		if took && charges[i].Points > 0 {
			s.giveBack(charges[i])
		}
	}
}

// exec runs the script for each charge, all in one pipeline: one round trip,
// and another one when a server does not know the script yet.
func (s *shared) exec(ctx context.Context, client rueidis.Client, charges []Charge) []rueidis.RedisResult {
	commands := make(rueidis.Commands, len(charges))
	for i := range charges {
		c := &charges[i]
		commands[i] = client.B().Evalsha().Sha1(s.sha).Numkeys(1).Key(s.key(c.Key)).Arg(number(c.Capacity), number(c.Refill), number(c.Points)).Build()
	}
	answers := client.DoMulti(ctx, commands...)
	for i, answer := range answers {
		if e, ok := rueidis.IsRedisErr(answer.Error()); ok && e.IsNoScript() {
			c := &charges[i]
			answers[i] = client.Do(ctx, client.B().Eval().Script(script).Numkeys(1).Key(s.key(c.Key)).
				Arg(number(c.Capacity), number(c.Refill), number(c.Points)).Build())
		}
	}
	return answers
}

// key is a bucket's name in Redis. Its hash tag puts it into one slot of a
// cluster; keys may have anything in them, so they are hashed.
func (s *shared) key(key string) string {
	sum := sha256.Sum256([]byte(key))
	return s.config.Prefix + ":{" + hex.EncodeToString(sum[:16]) + "}"
}

func number(n float64) string { return strconv.FormatFloat(n, 'g', -1, 64) }

func parse(answer rueidis.RedisResult) (available float64, granted bool, err error) {
	list, err := answer.ToArray()
	if err != nil {
		return 0, false, err
	}
	if len(list) != 2 {
		return 0, false, errors.New("the script answered something else")
	}
	flag, err := list[0].AsInt64()
	if err != nil {
		return 0, false, err
	}
	text, err := list[1].ToString()
	if err != nil {
		return 0, false, err
	}
	available, err = strconv.ParseFloat(text, 64)
	return available, flag == 1, err
}

// failed makes the following requests not wait, until Redis is found to be
// back.
func (s *shared) failed(err error) {
	s.away.Store(true)
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Since(s.logged) < logEvery {
		return
	}
	s.logged = time.Now()
	s.log.Warn("Redis can't be reached: rate limits are this gateway's own meanwhile", "cause", err, "lost", s.lost.Load())
}

// How often things are done.
const (
	logEvery   = 10 * time.Second
	probeEvery = 250 * time.Millisecond
)

// giveBack queues points. It is false when Redis is away.
func (s *shared) giveBack(c Charge) bool {
	if s.away.Load() {
		return false
	}
	select {
	case s.returns <- c:
	default:
		s.lost.Add(1)
	}
	return true
}

// run is the goroutine.
func (s *shared) run(ctx context.Context) {
	probe := time.NewTicker(probeEvery)
	defer probe.Stop()
	for {
		select {
		case <-ctx.Done():
			s.send(nil) //nolint:contextcheck // it is what is done when ctx is
			return
		case c := <-s.returns:
			s.send(&c) //nolint:contextcheck // what is given back must not be lost
		case <-probe.C:
			s.connect(ctx)
		}
	}
}

// connect finds out whether Redis is there, when it was not.
func (s *shared) connect(ctx context.Context) {
	if !s.away.Load() {
		return
	}
	client := s.client.Load()
	if client == nil {
		made, err := rueidis.NewClient(s.options)
		if err != nil {
			s.failed(err)
			return
		}
		client = &made
		s.client.Store(client)
	}
	ctx, cancel := context.WithTimeout(ctx, s.config.Timeout)
	defer cancel()
	if err := (*client).Do(ctx, (*client).B().Ping().Build()).Error(); err != nil {
		if ctx.Err() == nil || errors.Is(ctx.Err(), context.DeadlineExceeded) {
			s.failed(err)
		}
		return
	}
	s.away.Store(false)
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.logged.IsZero() {
		s.log.Info("Redis is back: rate limits are those of all gateways")
		s.logged = time.Time{}
	}
}

// send gives back what is queued, in one pipeline.
func (s *shared) send(first *Charge) {
	var list []Charge
	if first != nil {
		list = append(list, *first)
	}
	for len(list) < cap(s.returns) && len(s.returns) > 0 {
		list = append(list, <-s.returns)
	}
	client := s.client.Load()
	if len(list) == 0 || client == nil {
		return
	}
	for i := range list {
		list[i].Points = -list[i].Points
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	for _, answer := range s.exec(ctx, *client, list) {
		if err := answer.Error(); err != nil {
			s.lost.Add(1)
			s.failed(err)
		}
	}
}

func (s *shared) close() {
	s.stop()
	s.done.Wait()
	if client := s.client.Load(); client != nil {
		(*client).Close()
	}
}
