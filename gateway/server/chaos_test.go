package server

import (
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/portico-gateway/portico/e2e/redistest"
	"github.com/portico-gateway/portico/gateway/cache"
)

// The bounds of docs/caching.md, with what a busy machine needs to run anything.
const (
	busy       = 1500 * time.Millisecond
	knownSoon  = busy                                         // while Redis is available
	knownAlone = cache.AloneAge + 400*time.Millisecond + busy // while it is not
	knownAfter = 500*time.Millisecond + busy                  // after a gateway is connected again
)

// chaos makes Redis fail.
type chaos struct {
	server  *redistest.Server
	members []*member

	mu       sync.Mutex
	troubles []trouble
}

// trouble is the time in which Redis failed, for all gateways or one of them.
type trouble struct {
	failure  string
	from, to time.Time // to is zero while it goes on
}

// String returns what failed when.
func (c *chaos) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var b strings.Builder
	for _, t := range c.troubles {
		fmt.Fprintf(&b, "%s from %s to %s; ", t.failure, t.from.Format("05.000"), t.to.Format("05.000"))
	}
	return "now " + time.Now().Format("05.000") + "; " + b.String()
}

// known returns when all gateways must know of an invalidation at a time.
func (c *chaos) known(at, now time.Time) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	known := at.Add(knownSoon)
	for _, t := range c.troubles {
		end := t.to
		if end.IsZero() {
			end = now
		}
		if t.from.After(at.Add(knownSoon)) || end.Add(knownAfter).Before(at) {
			continue
		}
		// One that is cut off notifies the others when it is back.
		for _, bound := range []time.Time{at.Add(knownAlone), end.Add(knownAfter)} {
			if bound.After(known) {
				known = bound
			}
		}
	}
	return known
}

// run makes Redis fail in one way, for a time.
func (c *chaos) run(t *testing.T, failure string) {
	t.Helper()
	const moment = 300 * time.Millisecond
	client, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{c.server.Addr}, DisableCache: true, DisableRetry: true})
	if err != nil {
		t.Error(err)
		return
	}
	defer client.Close()
	do := func(words ...string) {
		if err := client.Do(t.Context(), client.B().Arbitrary(words...).Build()).Error(); err != nil {
			t.Errorf("%q: %v", words, err)
		}
	}
	if failure == "restore" {
		do("SAVE")
		time.Sleep(moment) // what is invalidated now is not in it
	}
	c.mu.Lock()
	c.troubles = append(c.troubles, trouble{failure: failure, from: time.Now()})
	i := len(c.troubles) - 1
	c.mu.Unlock()
	switch failure {
	case "flush":
		do("FLUSHALL")
	case "disconnect":
		do("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
	case "stop":
		c.server.Pause()
		time.Sleep(3 * moment)
		c.server.Resume()
	case "kill":
		c.server.Kill()
		time.Sleep(moment)
		c.server.Forget(t)
		c.server.Restart(t)
	case "outage": // longer than what is stored meanwhile is kept
		c.server.Kill()
		time.Sleep(2 * cache.AloneAge)
		c.server.Restart(t)
	case "restore":
		c.server.Kill()
		c.server.Restart(t)
	case "full":
		do("CONFIG", "SET", "maxmemory", "1")
		time.Sleep(3 * moment)
		do("CONFIG", "SET", "maxmemory", "0")
	case "read-only":
		do("REPLICAOF", "127.0.0.1", "1")
		time.Sleep(3 * moment)
		do("REPLICAOF", "NO", "ONE")
	case "partition", "hang":
		cable := c.members[i%len(c.members)].link
		cable.cut(failure == "hang")
		time.Sleep(3 * moment)
		cable.mend()
	default:
		t.Errorf("there is no failure %q", failure)
	}
	c.mu.Lock()
	c.troubles[i].to = time.Now()
	c.mu.Unlock()
}

// cable is the network between a gateway and Redis.
type cable struct {
	address, target string

	mu    sync.Mutex
	cond  *sync.Cond
	dead  bool // connections are refused and closed
	hangs bool // nothing arrives any more
	conns map[net.Conn]struct{}
}

func newCable(t *testing.T, target string) *cable {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cable{address: l.Addr().String(), target: target, conns: map[net.Conn]struct{}{}}
	c.cond = sync.NewCond(&c.mu)
	var group sync.WaitGroup
	group.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			group.Go(func() { c.carry(in) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		c.cut(false)
		group.Wait()
	})
	return c
}

// carry forwards a connection.
func (c *cable) carry(in net.Conn) {
	defer in.Close()
	out, err := net.Dial("tcp", c.target)
	if err != nil {
		return
	}
	defer out.Close()
	c.mu.Lock()
	if c.dead {
		c.mu.Unlock()
		return
	}
	c.conns[in], c.conns[out] = struct{}{}, struct{}{}
	c.mu.Unlock()
	var group sync.WaitGroup
	for from, to := range map[net.Conn]net.Conn{in: out, out: in} {
		group.Go(func() {
			_, _ = io.Copy(&end{c, to}, from)
			_, _ = in.Close(), out.Close()
		})
	}
	group.Wait()
	c.mu.Lock()
	delete(c.conns, in)
	delete(c.conns, out)
	c.mu.Unlock()
}

// end is an end of a connection, to which nothing is written while the cable hangs.
type end struct {
	cable *cable
	net.Conn
}

// Write is part of io.Writer.
func (e *end) Write(p []byte) (int, error) {
	e.cable.mu.Lock()
	for e.cable.hangs {
		e.cable.cond.Wait()
	}
	e.cable.mu.Unlock()
	return e.Conn.Write(p)
}

// ReadFrom hides that of the connection.
func (e *end) ReadFrom(r io.Reader) (int64, error) { return io.Copy(struct{ io.Writer }{e}, r) }

// cut closes all connections and refuses new ones, or lets them hang.
func (c *cable) cut(hang bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if hang {
		c.hangs = true
		return
	}
	c.dead, c.hangs = true, false
	c.cond.Broadcast()
	for conn := range c.conns {
		_ = conn.Close()
	}
}

func (c *cable) mend() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dead, c.hangs = false, false
	c.cond.Broadcast()
}
