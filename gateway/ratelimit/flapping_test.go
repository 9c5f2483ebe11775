package ratelimit_test

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/portico-gateway/portico/e2e/redistest"
	"github.com/portico-gateway/portico/gateway/ratelimit"
	"github.com/portico-gateway/portico/gateway/redis"
	"github.com/portico-gateway/portico/internal/longtest"
)

// Random histories of restarts, partitions and losses of data, with constant demand
// on one or both of two gateways, grant at most a tenth over the budget, and not less than four
// fifths of it.
func TestFlapping(t *testing.T) { flapping(t, 3) }

func TestFlappingLong(t *testing.T) {
	longtest.Only(t)
	flapping(t, 200)
}

// Two gateways and a Redis that is killed, or hangs, again and again.
func TestKilled(t *testing.T) {
	for name, c := range outages {
		t.Run(name, func(t *testing.T) { killed(t, c, 4, 0) })
	}
}

func TestKilledLong(t *testing.T) {
	longtest.Only(t)
	for name, c := range outages {
		t.Run(name, func(t *testing.T) { killed(t, c, 20, time.Second) })
	}
}

var outages = map[string]outage{
	"killed": {(*redistest.Server).Kill, func(t *testing.T, s *redistest.Server) { s.Restart(t) }},
	"hangs":  {(*redistest.Server).Pause, func(_ *testing.T, s *redistest.Server) { s.Resume() }},
}

type outage struct {
	begin func(*redistest.Server)
	end   func(*testing.T, *redistest.Server)
}

// killed has so many outages, each of which begins, and ends, after both gateways
// refused requests with Redis, and without it, and half of the pause.
func killed(t *testing.T, c outage, outages int, pause time.Duration) {
	t.Helper()
	server := redistest.Start(t)
	links := []*redis.Link{server.Link(t, redis.Config{}, nil), server.Link(t, redis.Config{}, nil)}
	limiters := []*ratelimit.Limiter{shared(t, links[0], 0.5), shared(t, links[1], 0.5)}
	b := ratelimit.Bucket{Key: "a", Capacity: 200, Refill: 50}
	var refused, granted [2]atomic.Int64
	// refusals waits until both gateways have refused so many more.
	refusals := func(what string) {
		before := [2]int64{refused[0].Load(), refused[1].Load()}
		after := time.Now().Add(pause / 2)
		await(t, what, func() bool {
			return refused[0].Load() >= before[0]+50 && refused[1].Load() >= before[1]+50 && !time.Now().Before(after)
		})
	}
	start := time.Now()
	end := ask(t, limiters, b, &granted, &refused)
	for range outages {
		await(t, "the links are up", func() bool { return links[0].Up() && links[1].Up() })
		refusals("the bucket in Redis is empty")
		c.begin(server)
		await(t, "the links are down", func() bool { return !links[0].Up() && !links[1].Up() })
		refusals("the shares are empty")
		c.end(t, server)
	}
	await(t, "the links are up", func() bool { return links[0].Up() && links[1].Up() })
	refusals("both gateways have reported what they know")
	total := func() float64 { return float64(granted[0].Load() + granted[1].Load()) }
	before := total()
	await(t, "debts are paid back", func() bool { return total() >= before+10 })
	end()
	budget := b.Capacity + b.Refill*time.Since(start).Seconds()
	t.Logf("granted %.0f of %.0f", total(), budget)
	if total() > 1.1*budget {
		t.Errorf("granted %.3f of the budget", total()/budget)
	}
}

// ask asks two limiters for points all the time, until the function that it returns
// is called.
func ask(t *testing.T, limiters []*ratelimit.Limiter, b ratelimit.Bucket, granted, refused *[2]atomic.Int64) (end func()) {
	t.Helper()
	var (
		wait sync.WaitGroup
		done atomic.Bool
	)
	for i := range 16 {
		wait.Go(func() {
			states := make([]ratelimit.State, 1)
			for !done.Load() {
				if limiters[i%2].Take(t.Context(), []ratelimit.Charge{{Bucket: b, Points: 1}}, states) {
					granted[i%2].Add(1)
					continue
				}
				refused[i%2].Add(1)
				time.Sleep(min(states[0].Wait, 2*time.Millisecond))
			}
		})
	}
	return func() {
		done.Store(true)
		wait.Wait()
	}
}

func flapping(t *testing.T, histories int) {
	t.Helper()
	s := simulate(t)
	highest, lowest := 0.0, 10.0
	for seed := range histories {
		s.restart()
		h := newHistory(s, uint64(seed))
		for range 2000 {
			h.step(t)
		}
		part := h.granted / (h.bucket.Capacity + h.bucket.Refill*s.Now().Sub(h.start).Seconds())
		highest, lowest = max(highest, part), min(lowest, part)
		if part > 1.1 || part < 0.8 {
			t.Errorf("history %d: granted %.3f of the budget; %s", seed, part, h.events)
		}
	}
	t.Logf("granted %.3f to %.3f of the budget", lowest, highest)
}

type gateway struct {
	*ratelimit.Limiter
	way    *way
	settle func()
	back   time.Time // when its way to Redis is no longer cut
}

type history struct {
	*simulation
	random   *rand.Rand
	bucket   ratelimit.Bucket
	gateways []gateway
	start    time.Time
	back     time.Time // when the server is up again
	granted  float64
	asked    int // the gateway that is asked; 2 for both
	events   string
}

func newHistory(s *simulation, seed uint64) *history {
	h := &history{simulation: s, random: rand.New(rand.NewPCG(seed, 7)), start: s.Now()}
	h.asked = 2
	h.bucket = ratelimit.Bucket{Key: "a", Capacity: float64(20 + h.random.IntN(80)), Refill: float64(10 + h.random.IntN(20))}
	for range 2 {
		g := gateway{}
		g.Limiter, g.way, g.settle = s.limiter()
		h.gateways = append(h.gateways, g)
	}
	s.save()
	return h
}

// step lets some time pass, in which something may happen, and asks all gateways for
// more than there is.
func (h *history) step(t *testing.T) {
	t.Helper()
	h.add(time.Duration(h.random.IntN(60)) * time.Millisecond)
	h.happen()
	h.up = !h.Now().Before(h.back)
	for i := range h.gateways {
		g := &h.gateways[i]
		g.way.cut = h.Now().Before(g.back)
		g.way.unheard = h.random.IntN(100) == 0
		if h.random.IntN(3) == 0 {
			g.settle()
		}
	}
	for range 4 {
		g := h.gateways[h.random.IntN(2)]
		if h.asked < 2 {
			g = h.gateways[h.asked]
		}
		points := float64(1 + h.random.IntN(3))
		if _, ok := take(t, g.Limiter, h.bucket, points); !ok {
			continue
		}
		h.granted += points
		if h.random.IntN(4) == 0 {
			h.granted--
			g.Return(h.bucket, 1)
		}
	}
}

// happen may begin something that lasts up to a second.
func (h *history) happen() {
	if h.random.IntN(50) == 0 {
		h.asked = h.random.IntN(3)
	}
	kind := h.random.IntN(200)
	if kind > 5 {
		return
	}
	until := h.Now().Add(time.Duration(h.random.IntN(1000)) * time.Millisecond)
	switch h.events += string("rpcfse"[kind]); kind {
	case 0: // it restarts, without data
		h.restart()
		h.back = until
	case 1: // nobody reaches it
		h.back = until
	case 2: // one gateway does not reach it
		h.gateways[h.random.IntN(2)].back = until
	case 3: // the data is deleted; gateways notice that when they are asked
		if h.asked == 2 {
			h.flush()
		}
	case 4: // a snapshot is saved
		h.save()
	case 5: // the snapshot is restored
		h.restore()
		h.back = until
	}
}
