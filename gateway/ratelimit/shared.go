package ratelimit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"strconv"
	"sync/atomic"

	"github.com/portico-gateway/portico/gateway/redis"
)

// Redis is where gateways share buckets. Zero values stand for the defaults.
type Redis struct {
	// Link is the link to the server, or to a cluster, whose timeout bounds how long
	// a request waits.
	Link *redis.Link
	// LocalShare is the share of each bucket that a gateway has to itself while
	// the link is down; 0.5.
	LocalShare float64
}

// shared has buckets in Redis. Its method run sends what is given back.
type shared struct {
	config  Redis
	log     *slog.Logger
	port    *redis.Port
	script  *redis.Script
	returns chan Charge
	lost    atomic.Int64 // returns that could not be sent
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

func newShared(config Redis, log *slog.Logger) *shared {
	if config.LocalShare <= 0 || config.LocalShare > 1 {
		config.LocalShare = 0.5
	}
	return &shared{config: config, log: log, port: config.Link.Port(0), script: redis.NewScript(script), returns: make(chan Charge, 1024)}
}

// take takes points from Redis. ok is false if it could not answer in time. An
// answer that comes too late may have taken the points, which errs on the safe
// side.
func (s *shared) take(ctx context.Context, charges []Charge, states []State) (granted, ok bool) {
	// A caller who leaves is no failure of Redis, and gives back what it took.
	results, _ := s.port.Do(context.WithoutCancel(ctx), s.port.Session(), s.script, s.calls(charges)...)
	if results == nil {
		return false, false
	}
	granted = true
	taken := make([]bool, len(charges))
	for i, result := range results {
		available, took, err := parse(result)
		if err != nil {
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

// calls returns the calls of the script for charges.
func (s *shared) calls(charges []Charge) []redis.Call {
	calls := make([]redis.Call, len(charges))
	for i := range charges {
		c := &charges[i]
		calls[i] = redis.Call{Keys: []string{s.key(c.Key)}, Args: []string{number(c.Capacity), number(c.Refill), number(c.Points)}}
	}
	return calls
}

// key is a bucket's name in Redis. Its hash tag puts it into one slot of a
// cluster; keys may have anything in them, so they are hashed.
func (s *shared) key(key string) string {
	sum := sha256.Sum256([]byte(key))
	return s.config.Link.Prefix() + ":{" + hex.EncodeToString(sum[:16]) + "}"
}

func number(n float64) string { return strconv.FormatFloat(n, 'g', -1, 64) }

func parse(answer redis.Result) (available float64, granted bool, err error) {
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

// giveBack queues points. It returns false if the link is down.
func (s *shared) giveBack(c Charge) bool {
	if s.port.Session() == nil {
		return false
	}
	select {
	case s.returns <- c:
	default:
		s.lost.Add(1)
	}
	return true
}

// run sends what is given back until ctx is done, and what is queued then.
func (s *shared) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			s.send(context.WithoutCancel(ctx), nil)
			if lost := s.lost.Load(); lost > 0 {
				s.log.WarnContext(ctx, "points of rate limits were not given back, since Redis was not available or too slow", "times", lost)
			}
			return
		case c := <-s.returns:
			s.send(context.WithoutCancel(ctx), &c) // it must not be lost
		}
	}
}

// send gives back what is queued, in one pipeline.
func (s *shared) send(ctx context.Context, first *Charge) {
	var list []Charge
	if first != nil {
		list = append(list, *first)
	}
	for len(list) < cap(s.returns) && len(s.returns) > 0 {
		list = append(list, <-s.returns)
	}
	if len(list) == 0 {
		return
	}
	for i := range list {
		list[i].Points = -list[i].Points
	}
	results, _ := s.port.Do(ctx, s.port.Session(), s.script, s.calls(list)...)
	if results == nil {
		s.lost.Add(int64(len(list)))
	}
	for _, result := range results {
		if result.Error() != nil {
			s.lost.Add(1)
		}
	}
}
