package ratelimit_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"math"
	"math/rand/v2"
	"net"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/portico-gateway/portico/e2e/redistest"
	"github.com/portico-gateway/portico/gateway/ratelimit"
	"github.com/portico-gateway/portico/gateway/redis"
	"github.com/portico-gateway/portico/internal/longtest"
)

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func open(t testing.TB, config ratelimit.Config) *ratelimit.Limiter {
	t.Helper()
	l := ratelimit.New(config)
	redistest.Run(t, l.Run)
	return l
}

// shared returns a limiter whose link has been tried.
func shared(t testing.TB, link *redis.Link, localShare float64) *ratelimit.Limiter {
	t.Helper()
	redistest.Run(t, link.Run)
	<-link.Tried()
	return open(t, ratelimit.Config{Redis: &ratelimit.Redis{Link: link, LocalShare: localShare}})
}

func take(t testing.TB, l *ratelimit.Limiter, b ratelimit.Bucket, points float64) (ratelimit.State, bool) {
	t.Helper()
	states := make([]ratelimit.State, 1)
	granted := l.Take(t.Context(), []ratelimit.Charge{{Bucket: b, Points: points}}, states)
	return states[0], granted
}

func TestBucket(t *testing.T) {
	c := &clock{now: time.Unix(1000, 0)}
	l := open(t, ratelimit.Config{Now: c.Now})
	b := ratelimit.Bucket{Key: "a", Capacity: 10, Refill: 2}
	for _, step := range []struct {
		what      string
		pass      time.Duration
		points    float64
		granted   bool
		available float64
		wait      time.Duration
	}{
		{"a new bucket is full", 0, 7, true, 3, 0},
		{"what is left", 0, 3, true, 0, 0},
		{"nothing is left", 0, 1, false, 0, 500 * time.Millisecond},
		{"nothing is free", 0, 0, true, 0, 0},
		{"it fills", time.Second, 3, false, 2, 500 * time.Millisecond},
		{"it fills on", 500 * time.Millisecond, 3, true, 0, 0},
		{"not beyond its capacity", time.Hour, 11, false, 10, 24 * time.Hour},
		{"the clock goes back", -time.Hour, 4, true, 6, 0},
		{"and forth", time.Hour, 6, true, 0, 0},
	} {
		c.add(step.pass)
		state, granted := take(t, l, b, step.points)
		if granted != step.granted || math.Abs(state.Available-step.available) > 1e-9 || (state.Wait-step.wait).Abs() > time.Microsecond {
			t.Errorf("%s: %v, %+v", step.what, granted, state)
		}
	}
	l.Return(b, 4)
	l.Return(b, 400)
	if state, _ := take(t, l, b, 0); state.Available != 10 {
		t.Errorf("returned: %+v", state)
	}
}

// All charges are granted, or none is.
func TestSeveralCharges(t *testing.T) {
	server := redistest.Start(t)
	for name, l := range map[string]*ratelimit.Limiter{
		"memory": open(t, ratelimit.Config{}),
		"redis":  shared(t, server.Link(t, redis.Config{Timeout: time.Second}, nil), 0),
	} {
		t.Run(name, func(t *testing.T) {
			charge := func(key string, capacity, points float64) ratelimit.Charge {
				return ratelimit.Charge{Bucket: ratelimit.Bucket{Key: key, Capacity: capacity, Refill: 0.001}, Points: points}
			}
			states := make([]ratelimit.State, 3)
			if l.Take(t.Context(), []ratelimit.Charge{charge("a", 10, 5), charge("b", 3, 4), charge("c", 10, 5)}, states) {
				t.Fatal("granted what one bucket does not have")
			}
			if states[1].Wait == 0 || states[1].Available != 3 {
				t.Errorf("the state of the one that refused: %+v", states[1])
			}
			await(t, "what was taken is given back", func() bool {
				return l.Take(t.Context(), []ratelimit.Charge{charge("a", 10, 10), charge("b", 3, 3), charge("c", 10, 10)}, states)
			})
		})
	}
}

func await(t testing.TB, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// A random history grants exactly what a naive model of it does.
func TestModel(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	c := &clock{now: time.Unix(1000, 0)}
	l := open(t, ratelimit.Config{Now: c.Now})
	b := ratelimit.Bucket{Key: "a", Capacity: 50, Refill: 8}
	points, total, start := b.Capacity, 0.0, c.Now()
	for range 20_000 {
		d := time.Duration(random.IntN(500)) * time.Millisecond
		c.add(d)
		points = min(b.Capacity, points+d.Seconds()*b.Refill)
		want := float64(random.IntN(12))
		state, granted := take(t, l, b, want)
		if math.Abs(points-want) > 1e-6 && granted != (points >= want) {
			t.Fatalf("%v of %v: %v", want, points, granted)
		}
		if granted {
			points -= want
			total += want
		}
		if math.Abs(state.Available-points) > 1e-6 {
			t.Fatalf("available %v, want %v", state.Available, points)
		}
		if random.IntN(4) == 0 && granted {
			l.Return(b, want/2)
			points, total = min(b.Capacity, points+want/2), total-want/2
		}
	}
	if most := b.Capacity + c.Now().Sub(start).Seconds()*b.Refill; total > most+1e-6 {
		t.Errorf("granted %v of %v", total, most)
	}
}

// Many keys take no more memory than is set, and push out only buckets that
// are nearly full.
func TestManyBuckets(t *testing.T) {
	c := &clock{now: time.Unix(1000, 0)}
	l := open(t, ratelimit.Config{MaxBuckets: 6400, Now: c.Now})
	drained := ratelimit.Bucket{Key: "drained", Capacity: 100, Refill: 0.001}
	take(t, l, drained, 100)
	for i := range 100_000 {
		take(t, l, ratelimit.Bucket{Key: fmt.Sprint("attacker", i), Capacity: 100, Refill: 0.001}, 1)
	}
	if state, granted := take(t, l, drained, 50); granted {
		t.Errorf("an empty bucket was forgotten: %+v", state)
	}
}

func TestNonsense(t *testing.T) {
	l := open(t, ratelimit.Config{})
	for _, c := range []ratelimit.Charge{
		{Bucket: ratelimit.Bucket{Key: "a", Capacity: math.NaN(), Refill: 1}}, {Bucket: ratelimit.Bucket{Key: "a", Capacity: 1, Refill: math.Inf(1)}},
		{Bucket: ratelimit.Bucket{Key: "a", Capacity: 1, Refill: 1}, Points: math.NaN()}, {Bucket: ratelimit.Bucket{Key: "a", Capacity: 1, Refill: 1}, Points: -1},
		{Bucket: ratelimit.Bucket{Key: "a", Capacity: -1, Refill: 1}}, {Bucket: ratelimit.Bucket{Key: "a"}},
	} {
		if l.Take(t.Context(), []ratelimit.Charge{c}, make([]ratelimit.State, 1)) {
			t.Errorf("granted %+v", c)
		}
		l.Return(c.Bucket, c.Points)
	}
	if state, granted := take(t, l, ratelimit.Bucket{Key: "a", Capacity: 1, Refill: 1}, 1); !granted {
		t.Errorf("afterwards: %+v", state)
	}
}

// load takes points from several limiters until so many requests were refused.
// It returns how many points were granted, and the least and the most that the
// bucket has in this time, whatever the machine's speed: when a request is
// refused, the bucket, which is filled since the first request, has no point.
func load(t *testing.T, limiters []*ratelimit.Limiter, b ratelimit.Bucket, refusals int64) (granted, least, most float64) {
	t.Helper()
	const clients = 32
	var (
		wait           sync.WaitGroup
		total, refused atomic.Int64
		mu             sync.Mutex
		first, latest  time.Duration // when the first request was answered, and the latest that was refused sent
	)
	start := time.Now()
	for i := range clients {
		l := limiters[i%len(limiters)]
		wait.Go(func() {
			states := make([]ratelimit.State, 1)
			for refused.Load() < refusals {
				sent := time.Since(start)
				ok := l.Take(t.Context(), []ratelimit.Charge{{Bucket: b, Points: 1}}, states)
				mu.Lock()
				if first == 0 {
					first = time.Since(start)
				}
				if !ok {
					latest = max(latest, sent)
				}
				mu.Unlock()
				if ok {
					total.Add(1)
					continue
				}
				refused.Add(1)
				time.Sleep(min(states[0].Wait, 2*time.Millisecond))
			}
		})
	}
	wait.Wait()
	took := time.Since(start)
	return float64(total.Load()), b.Capacity + b.Refill*(latest-first).Seconds() - 1, b.Capacity + b.Refill*took.Seconds()
}

// Two limiters on one Redis grant together what one bucket has: not more, and
// not less.
func TestExact(t *testing.T) { exact(t, 1000) }

func TestExactLong(t *testing.T) {
	longtest.Only(t)
	exact(t, 100_000)
}

func exact(t *testing.T, refusals int64) {
	t.Helper()
	server := redistest.Start(t)
	patient := redis.Config{Timeout: 20 * time.Second}
	for name, limiters := range map[string][]*ratelimit.Limiter{
		"memory": {open(t, ratelimit.Config{})},
		"redis":  {shared(t, server.Link(t, patient, nil), 0), shared(t, server.Link(t, patient, nil), 0)},
	} {
		t.Run(name, func(t *testing.T) {
			b := ratelimit.Bucket{Key: name, Capacity: 200, Refill: 50}
			granted, least, most := load(t, limiters, b, refusals)
			if granted > most || granted < least {
				t.Errorf("granted %v of %v to %v", granted, least, most)
			}
			t.Logf("granted %.0f of %.0f to %.0f", granted, least, most)
		})
	}
}

type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.b.String(), text)
}

// While Redis hangs or is gone, requests go on with a share of the bucket; they
// come back to it by themselves.
func TestRedisIsAway(t *testing.T) {
	server := redistest.Start(t)
	for name, c := range map[string]struct{ begin, end func() }{
		"hangs":     {server.Pause, server.Resume},
		"is killed": {server.Kill, func() { server.Restart(t) }},
	} {
		t.Run(name, func(t *testing.T) {
			log := &lines{}
			const timeout = 500 * time.Millisecond
			l := shared(t, server.Link(t, redis.Config{Timeout: timeout}, slog.New(slog.NewTextHandler(log, nil))), 0.25)
			b := ratelimit.Bucket{Key: name, Capacity: 100, Refill: 0.001}
			take(t, l, b, 60)
			if _, granted := take(t, l, b, 41); granted {
				t.Fatal("the bucket granted more than it has")
			}
			c.begin()
			granted := 0
			start := time.Now()
			const tries = 200
			for range tries {
				if _, ok := take(t, l, b, 1); ok {
					granted++
				}
			}
			took := time.Since(start)
			await(t, "the link is down", func() bool { return log.count("Redis is not available") > 0 })
			c.end()
			if granted != 10 {
				t.Errorf("granted %d of the gateway's own share of 10 of the 40 that were left", granted)
			}
			if took > tries*timeout/2 { // each waiting for Redis, it would be twice that
				t.Errorf("%d requests took %v", tries, took)
			}
			if n := log.count("Redis is not available"); n != 1 {
				t.Errorf("%d lines in the log", n)
			}
			await(t, "Redis is used again", func() bool { return log.count("Redis is available again") == 1 })
			other := shared(t, server.Link(t, redis.Config{Timeout: time.Second}, nil), 0)
			var state ratelimit.State
			await(t, "what was granted is charged", func() bool {
				state, _ = take(t, other, b, 0)
				return state.Available < 30.9
			})
			if state.Available < 29 { // a request that had no answer in time may be charged twice
				t.Errorf("afterwards the bucket has %v", state.Available)
			}
			fresh := ratelimit.Bucket{Key: name + " afterwards", Capacity: 10, Refill: 0.001}
			take(t, l, fresh, 10)
			if _, granted := take(t, other, fresh, 1); granted {
				t.Error("afterwards the bucket is not shared")
			}
		})
	}
}

// A limiter that starts without Redis comes to it.
func TestRedisComesLater(t *testing.T) {
	server := redistest.Start(t, "--requirepass", "hunter2")
	server.Kill()
	log := &lines{}
	l := shared(t, server.Link(t, redis.Config{URL: "redis://:hunter2@" + server.Addr}, slog.New(slog.NewTextHandler(log, nil))), 0)
	b := ratelimit.Bucket{Key: "a", Capacity: 10, Refill: 0.001}
	if _, granted := take(t, l, b, 1); !granted {
		t.Error("nothing without Redis")
	}
	server.Restart(t)
	await(t, "Redis is used", func() bool { return log.count("Redis is available again") == 1 })
	if log.count("hunter2") > 0 {
		t.Error("the log has the password")
	}
}

// A request is one round trip, whatever it charges; a server that has forgotten
// the script costs another one.
func TestRoundTrips(t *testing.T) {
	server := redistest.Start(t)
	proxy := listen(t, server.Addr)
	l := shared(t, server.Link(t, redis.Config{URL: "redis://" + proxy.addr, Timeout: 5 * time.Second}, nil), 0)
	charges := []ratelimit.Charge{
		{Bucket: ratelimit.Bucket{Key: "a", Capacity: 1e6, Refill: 1}, Points: 1},
		{Bucket: ratelimit.Bucket{Key: "b", Capacity: 1e6, Refill: 1}, Points: 1},
	}
	states := make([]ratelimit.State, 2)
	l.Take(t.Context(), charges, states) // it brings the script
	const n = 50
	before := proxy.writes.Load()
	for range n {
		if !l.Take(t.Context(), charges, states) {
			t.Fatal("refused")
		}
	}
	if got := proxy.writes.Load() - before; got != n {
		t.Errorf("%d writes to Redis for %d requests", got, n)
	}
	client, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{server.Addr}, DisableCache: true})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := client.Do(t.Context(), client.B().ScriptFlush().Build()).Error(); err != nil {
		t.Fatal(err)
	}
	if !l.Take(t.Context(), charges, states) {
		t.Error("refused after SCRIPT FLUSH")
	}
	if states[0].Available < 1e6-n-3 || states[0].Available > 1e6-n-1 {
		t.Errorf("a charge was lost: %+v", states[0])
	}
}

// proxy counts the writes of a client that call a script, but for those of the link, which checks the server from time to time.
type proxy struct {
	addr   string
	writes atomic.Int64
}

func listen(t *testing.T, target string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{addr: l.Addr().String()}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", target)
			if err != nil {
				_ = in.Close()
				return
			}
			go func() {
				defer in.Close()
				_, _ = io.Copy(in, out)
			}()
			go func() {
				defer out.Close()
				buffer := make([]byte, 64<<10)
				for {
					n, err := in.Read(buffer)
					if err != nil {
						return
					}
					if bytes.Contains(buffer[:n], []byte("EVAL")) && !bytes.Contains(buffer[:n], []byte(":check")) {
						p.writes.Add(1)
					}
					_, _ = out.Write(buffer[:n])
				}
			}()
		}
	}()
	return p
}

// A charge in Redis takes no more allocations than the client needs for it.
func BenchmarkTakeInRedis(b *testing.B) {
	l := shared(b, redistest.Start(b).Link(b, redis.Config{Timeout: 10 * time.Second}, nil), 0)
	charges := []ratelimit.Charge{{Bucket: ratelimit.Bucket{Key: "web/authenticated/someone", Capacity: 1e6, Refill: 12345}, Points: 153}}
	states := make([]ratelimit.State, 1)
	b.ReportAllocs()
	for b.Loop() {
		l.Take(b.Context(), charges, states)
	}
	if n := testing.AllocsPerRun(100, func() { l.Take(b.Context(), charges, states) }); n > 17 {
		b.Errorf("%v allocations", n)
	}
}

func BenchmarkTake(b *testing.B) {
	l := open(b, ratelimit.Config{})
	charges := []ratelimit.Charge{{Bucket: ratelimit.Bucket{Key: "web/authenticated/someone", Capacity: 1e9, Refill: 1e9}, Points: 1}}
	states := make([]ratelimit.State, 1)
	b.ReportAllocs()
	for b.Loop() {
		l.Take(b.Context(), charges, states)
	}
	if n := testing.AllocsPerRun(100, func() { l.Take(b.Context(), charges, states) }); n != 0 {
		b.Errorf("%v allocations", n)
	}
}

func FuzzTake(f *testing.F) {
	f.Add("a", 1.0, 2.0, 3.0)
	f.Add("", math.Inf(1), math.NaN(), -1.0)
	l := open(f, ratelimit.Config{MaxBuckets: 1000})
	f.Fuzz(func(t *testing.T, key string, capacity, refill, points float64) {
		c := ratelimit.Charge{Bucket: ratelimit.Bucket{Key: key, Capacity: capacity, Refill: refill}, Points: points}
		states := make([]ratelimit.State, 1)
		if l.Take(t.Context(), []ratelimit.Charge{c}, states) && points > capacity {
			t.Errorf("granted %+v", c)
		}
		if s := states[0]; s.Available < 0 || s.Wait < 0 || math.IsNaN(s.Available) {
			t.Errorf("%+v: %+v", c, s)
		}
		l.Return(c.Bucket, points)
	})
}

// Buckets are spread over the nodes of a cluster, and several of one request
// are still granted together or not at all.
func TestCluster(t *testing.T) {
	var addrs, urls []string
	for range 3 {
		node := redistest.Start(t, "--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf", "--cluster-port", redistest.FreePort(t))
		addrs, urls = append(addrs, node.Addr), append(urls, node.URL())
	}
	out, err := exec.CommandContext(t.Context(), "redis-cli", append([]string{"--cluster-yes", "--cluster", "create"}, addrs...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, addr := range addrs {
		_, port, _ := strings.Cut(addr, ":")
		await(t, "the node "+addr+" is part of the cluster", func() bool {
			state, _ := exec.CommandContext(t.Context(), "redis-cli", "-p", port, "cluster", "info").Output()
			return strings.Contains(string(state), "cluster_state:ok")
		})
	}
	log := &lines{}
	open := func(url string) *ratelimit.Limiter {
		link, err := redis.Open(redis.Config{URL: url, Timeout: 2 * time.Second}, slog.New(slog.NewTextHandler(log, nil)))
		if err != nil {
			t.Fatal(err)
		}
		l := shared(t, link, 0)
		await(t, "the link is up", link.Up)
		return l
	}
	l, other := open(strings.Join(urls, ",")), open(urls[1])
	states := make([]ratelimit.State, 2)
	for i := range 40 {
		a := ratelimit.Charge{Bucket: ratelimit.Bucket{Key: fmt.Sprint("a", i), Capacity: 10, Refill: 0.001}, Points: 6}
		b := ratelimit.Charge{Bucket: ratelimit.Bucket{Key: fmt.Sprint("b", i), Capacity: 10, Refill: 0.001}, Points: 6}
		await(t, "the cluster answers", func() bool { return l.Take(t.Context(), []ratelimit.Charge{a, b}, states) })
		if other.Take(t.Context(), []ratelimit.Charge{a, b}, states) {
			t.Errorf("bucket %d is not shared: %+v; %s", i, states, log.b.String())
		}
	}
}
