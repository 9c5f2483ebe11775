package ratelimit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

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

// port is a [redis.Port].
type port interface {
	Session() *redis.Session
	Do(ctx context.Context, s *redis.Session, script *redis.Script, calls ...redis.Call) ([]redis.Result, error)
}

// shared has buckets in Redis. Its method run sends what is given back.
type shared struct {
	prefix  string // of keys
	port    port
	local   *memory
	log     *slog.Logger
	script  *redis.Script
	returns chan Charge
	alone   atomic.Bool  // whether points were granted that Redis does not know of
	lost    atomic.Int64 // returns that could not be sent
	life    string       // of the server that has all reports; of run
}

// script takes points from a bucket, or returns them when they are negative. The
// clock is the server's, so that gateways need not agree on the time.
//
// KEYS[1] is the bucket. ARGV are capacity, points a second, points, the gateway's
// report (points, used, id), and what identifies the server's data. The answer is
// whether the points were granted, how many are left, and the bucket's id.
//
// A bucket that does not exist, or was restored from other data, begins with no more
// than the points of the report, and has a new id. A gateway that reports another id may know
// of fewer points; the bucket is then corrected as if it had begun with those.
// For that, "full" is the time when the bucket would be full if nothing had been
// taken from it.
//
// What the gateway used is taken even if there is not as much. The debt is at most
// half of the capacity.
//
// A bucket expires when it would be full from empty, not when it is full: what any
// gateway reports is then the capacity, and an expired bucket is not mistaken for a
// lost one.
const script = `
local capacity, refill, points = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local reported, used, life = tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[7]
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local have = redis.call('HMGET', KEYS[1], 'points', 'at', 'id', 'full', 'life')
local available, at, id, full = tonumber(have[1]), tonumber(have[2]) or now, have[3], tonumber(have[4])
if available then
  if now > at then
    available = available + (now - at) * refill
    at = now
  end
  available = math.min(available, capacity)
end
if not available or not full or have[5] ~= life then
  available = math.min(available or capacity, reported)
  id, full = string.format('%.0f', time[1] * 1000000 + time[2]), now + (capacity - available) / refill
  redis.call('HSET', KEYS[1], 'id', id, 'full', string.format('%.17g', full), 'life', life)
elseif id ~= ARGV[6] then
  local more = capacity - math.max(full - now, 0) * refill - reported
  if more > 0 then
    available, full = available - more, full + more / refill
    redis.call('HSET', KEYS[1], 'full', string.format('%.17g', full))
  end
end
available = math.min(math.max(available - used, -capacity / 2), capacity)
local granted = 0
if points <= 0 or available >= points then
  granted = 1
  available = math.min(available - points, capacity)
end
redis.call('HSET', KEYS[1], 'points', string.format('%.17g', available), 'at', string.format('%.17g', at))
redis.call('PEXPIRE', KEYS[1], math.min(math.ceil(math.max(capacity, capacity - available) / refill * 1000) + 1000, 1e12))
return {granted, string.format('%.17g', available), tonumber(id)}
`

func newShared(prefix string, port port, local *memory, log *slog.Logger) *shared {
	return &shared{prefix: prefix, port: port, local: local, log: log, script: redis.NewScript(script), returns: make(chan Charge, 1024)}
}

// take takes points from Redis. ok is false if it could not answer in time. An
// answer that comes too late may have taken the points, which errs on the safe
// side.
func (s *shared) take(ctx context.Context, charges []Charge, states []State) (granted, ok bool) {
	session := s.port.Session()
	if session == nil {
		return false, false
	}
	reports := make([]report, len(charges))
	// A caller who leaves is no failure of Redis, and its points are returned.
	results, _ := s.port.Do(context.WithoutCancel(ctx), session, s.script, s.calls(session, charges, reports)...)
	granted, ok = true, len(results) == len(charges)
	for i := range charges {
		a, err := answer{}, redis.ErrDown
		if i < len(results) {
			a, err = parse(results[i])
		}
		if err != nil {
			s.local.restore(&charges[i], reports[i].used)
			ok = false
			continue
		}
		s.local.learn(&charges[i], reports[i], a)
		reports[i].granted, granted = a.granted, granted && a.granted
		states[i] = charges[i].state(a.available, a.granted, 1)
	}
	if !granted || !ok {
		s.undo(charges, reports)
	}
	return granted, ok
}

// undo returns what some of several charges took.
func (s *shared) undo(charges []Charge, reports []report) {
	for i, c := range charges {
		if reports[i].granted && c.Points > 0 {
			s.giveBack(c)
		}
	}
}

// calls returns the calls of the script for charges, and the reports that they have.
func (s *shared) calls(session *redis.Session, charges []Charge, reports []report) []redis.Call {
	calls := make([]redis.Call, len(charges))
	for i := range charges {
		reports[i] = s.local.report(&charges[i])
		calls[i] = s.call(session, &charges[i], &reports[i])
	}
	return calls
}

// call returns a call of the script. All of its words are in one text, to be one
// allocation.
func (s *shared) call(session *redis.Session, c *Charge, r *report) redis.Call {
	var ends [7]int
	text := s.appendKey(make([]byte, 0, 256), c.Key)
	for i, n := range [...]float64{c.Capacity, c.Refill, c.Points, r.points, r.used} {
		ends[i] = len(text)
		text = strconv.AppendFloat(text, n, 'g', -1, 64)
	}
	ends[5] = len(text)
	text = strconv.AppendInt(text, r.id, 10)
	ends[6] = len(text)
	all := string(text)
	words := make([]string, 1, 8)
	words[0] = all[:ends[0]]
	for i := range 6 {
		words = append(words, all[ends[i]:ends[i+1]])
	}
	words = append(words, session.Life[:min(len(session.Life), 16)])
	return redis.Call{Keys: words[:1:1], Args: words[1:]}
}

// appendKey adds a bucket's name in Redis. Its hash tag puts it into one slot of a
// cluster; keys may have anything in them, so they are hashed.
func (s *shared) appendKey(to []byte, key string) []byte {
	sum := sha256.Sum256([]byte(key))
	to = append(append(to, s.prefix...), ":{"...)
	return append(hex.AppendEncode(to, sum[:16]), '}')
}

// answer is what the script answers.
type answer struct {
	granted   bool
	available float64
	id        int64
}

func parse(result redis.Result) (a answer, err error) {
	list, err := result.ToArray()
	if err != nil {
		return a, err
	}
	if len(list) != 3 {
		return a, errors.New("the script answered something else")
	}
	flag, err := list[0].AsInt64()
	if err != nil {
		return a, err
	}
	text, err := list[1].ToString()
	if err != nil {
		return a, err
	}
	if a.available, err = strconv.ParseFloat(text, 64); err != nil {
		return a, err
	}
	a.granted = flag == 1
	a.id, err = list[2].AsInt64()
	return a, err
}

// giveBack queues points. If the link is down, or too slow for so many, they are a
// part of the next report.
func (s *shared) giveBack(c Charge) {
	if s.port.Session() != nil {
		select {
		case s.returns <- c:
			return
		default:
		}
	}
	s.local.giveBack(&c)
	s.alone.Store(true)
}

// run sends what is given back until ctx is done, and what is queued then. When the
// link is up again, it settles.
func (s *shared) run(ctx context.Context) {
	ticker := time.NewTicker(settleEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			for len(s.returns) > 0 {
				s.sendQueued(context.WithoutCancel(ctx), nil)
			}
			s.settle(context.WithoutCancel(ctx))
			if lost := s.lost.Load(); lost > 0 {
				s.log.WarnContext(ctx, "points of rate limits were not given back, since Redis was not available or too slow", "times", lost)
			}
			return
		case c := <-s.returns:
			s.sendQueued(context.WithoutCancel(ctx), &c) // it must not be lost
		case <-ticker.C:
			s.settle(ctx)
		}
	}
}

// settleEvery is how often it is checked whether there is something to settle, and
// the link is up: as often as the link is checked.
const settleEvery = 100 * time.Millisecond

// batch is how many charges are sent at a time: few enough that requests hardly wait
// for them.
const batch = 128

// settle reports what was granted while the link was down, and everything to a server
// that has other data. It does not wait for charges: callers may have gone to
// another gateway.
func (s *shared) settle(ctx context.Context) {
	session := s.port.Session()
	if session == nil {
		return
	}
	other := session.Life != s.life
	if !s.alone.Swap(false) && !other {
		return
	}
	for list := range slices.Chunk(s.local.unsettled(other), batch) {
		if s.send(ctx, list) != len(list) {
			s.alone.Store(true)
			return
		}
	}
	s.life = session.Life
}

// sendQueued returns the points that are queued.
func (s *shared) sendQueued(ctx context.Context, first *Charge) {
	var list []Charge
	if first != nil {
		list = append(list, *first)
	}
	for len(list) < batch && len(s.returns) > 0 {
		list = append(list, <-s.returns)
	}
	if len(list) == 0 {
		return
	}
	for i := range list {
		list[i].Points = -list[i].Points
	}
	if s.port.Session() == nil { // none was sent
		for i := range list {
			list[i].Points = -list[i].Points
			s.giveBack(list[i])
		}
		return
	}
	if lost := len(list) - s.send(ctx, list); lost > 0 {
		s.lost.Add(int64(lost))
		s.alone.Store(true)
	}
}

// send sends charges in one pipeline. It returns how many were answered; the others
// may have been executed.
func (s *shared) send(ctx context.Context, list []Charge) (answered int) {
	session := s.port.Session()
	if session == nil {
		return 0
	}
	reports := make([]report, len(list))
	results, _ := s.port.Do(ctx, session, s.script, s.calls(session, list, reports)...)
	for i := range list {
		if i < len(results) {
			if a, err := parse(results[i]); err == nil {
				s.local.learn(&list[i], reports[i], a)
				answered++
				continue
			}
		}
		s.local.restore(&list[i], reports[i].used)
	}
	return answered
}
