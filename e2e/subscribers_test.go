package e2e_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/portico-gateway/portico/demo/demotest"
	"github.com/portico-gateway/portico/internal/longtest"
)

// audience are subscribers over connections of their own.
type audience struct {
	host  string
	conns []net.Conn
	got   chan time.Time // when each had an event
	group sync.WaitGroup
}

// join adds n subscribers, each of whom has had an event.
func (c *audience) join(t *testing.T, n int) {
	t.Helper()
	document := fmt.Sprintf(`{"query":%q}`, stock)
	request := fmt.Sprintf("POST /graphql/web HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\nAccept: text/event-stream\r\nContent-Length: %d\r\n\r\n%s",
		len(document), document)
	const atOnce = 50
	for i := range n {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", c.host)
		if err != nil {
			t.Fatalf("subscriber %d: %v", i, err)
		}
		c.conns = append(c.conns, conn)
		if _, err := io.WriteString(conn, request); err != nil {
			t.Fatalf("subscriber %d: %v", i, err)
		}
		c.group.Go(func() { c.read(conn) })
		if i >= atOnce {
			c.await(t, 1)
		}
	}
	c.await(t, min(n, atOnce))
}

func (c *audience) read(conn net.Conn) {
	lines := bufio.NewScanner(conn)
	lines.Buffer(make([]byte, 512), 4<<10)
	for lines.Scan() {
		if lines.Text() == "event: next" {
			c.got <- time.Now()
		}
	}
}

// await returns when n subscribers had an event, in order.
func (c *audience) await(t *testing.T, n int) []time.Time {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	times := make([]time.Time, 0, n)
	for len(times) < n {
		select {
		case at := <-c.got:
			times = append(times, at)
		case <-ctx.Done():
			t.Fatalf("%d of %d subscribers had an event", len(times), n)
		}
	}
	slices.SortFunc(times, time.Time.Compare)
	return times
}

func (c *audience) leave() {
	for _, conn := range c.conns {
		_ = conn.Close()
	}
	c.group.Wait()
}

// TestManySubscribersLong has 10,000 subscribers of one product, who share a stream
// of the service.
func TestManySubscribersLong(t *testing.T) {
	longtest.Only(t)
	// About 19 kB are in use, 10 of them by the stacks of three goroutines. The rest is
	// what the garbage collector lets grow.
	const subscribers, mostEach, slowest = 10_000, 40 << 10, time.Second
	d := demotest.Start(t)
	config := filepath.Join(t.TempDir(), "portico.yaml")
	many := strings.Replace(loopback, `"127.0.0.1:0"`, `"127.0.0.1:0", connectionsPerAddress: 20000`, 1) + "frontend: {limits: {callerSubscriptions: 20000}}\n"
	write(t, config, many+authDemo(d)+"cache: {size: 0}\n"+services(d))
	g := startBeside(t, d, "..", plainGateway(t), "-config", config)
	status := fmt.Sprintf("/proc/%d/status", g.cmd.Process.Pid)
	token := "Bearer " + demotest.Token(t, d, "u1", "orders:write")
	buyOne := func() time.Time {
		t.Helper()
		at := time.Now()
		if a := g.query(t, "web", buy, nil, "Authorization", token); len(a.Errors) > 0 {
			t.Fatalf("buy: %s", a.body)
		}
		return at
	}

	c := &audience{host: strings.TrimPrefix(g.url, "http://"), got: make(chan time.Time, subscribers)}
	defer c.leave()
	buyOne()
	c.join(t, 100)
	before := memoryOf(t, status, "VmRSS:")
	c.join(t, subscribers-100)
	for range 5 {
		at := buyOne()
		times := c.await(t, subscribers)
		p99 := times[subscribers*99/100].Sub(at)
		t.Logf("an event: p50 %v, p99 %v, the last %v after the order", times[subscribers/2].Sub(at).Round(time.Millisecond), p99.Round(time.Millisecond),
			times[subscribers-1].Sub(at).Round(time.Millisecond))
		if p99 > slowest {
			t.Errorf("p99 of an event: %v", p99)
		}
	}
	each := (memoryOf(t, status, "VmRSS:") - before) / (subscribers - 100)
	t.Logf("%d bytes for each of %d subscribers", each, subscribers)
	if each > mostEach {
		t.Errorf("%d bytes for each subscriber, want at most %d", each, mostEach)
	}
	if calls := g.calls(t); strings.Count(calls, "WatchStock") != 1 || !strings.Contains(calls, "WatchStock 1") {
		t.Errorf("calls: %s", calls)
	}
}
