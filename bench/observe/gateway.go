package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/portico-gateway/portico/bench/internal/load"
	"github.com/portico-gateway/portico/demo"
	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/gateway/server"
	"github.com/portico-gateway/portico/graph"
)

// mode is what a gateway observes.
type mode struct {
	name   string
	change func(*config.Config, *server.Options)
	goals  map[string]float64 // the least ratios, by the kind of requests
}

// modes returns the modes, of which the first one observes nothing. Spans are sent to the URL of a collector.
func modes(collector string) []mode {
	return []mode{
		{"nothing", func(_ *config.Config, o *server.Options) { o.Unobserved = true }, nil},
		{"metrics", func(c *config.Config, _ *server.Options) { c.AccessLog.Enabled, c.AccessLog.Slow = false, 0 }, nil},
		{"all", func(*config.Config, *server.Options) {}, map[string]float64{"cached": .92, "missed": .97}},
		// All, and a span of each operation and call of one request in a hundred, which a collector takes.
		{"traces", func(c *config.Config, _ *server.Options) {
			c.OTLP.Endpoint, c.OTLP.Sample = collector, .01
		}, map[string]float64{"cached": .90, "missed": .95}},
	}
}

func names(modes []mode) (names []string) {
	for _, m := range modes {
		names = append(names, m.name)
	}
	return names
}

// gateway is a gateway that is measured.
type gateway struct {
	mode    mode
	address string
	next    func() []byte // the next request
}

// start starts the demo's services, and gateways for requests of one kind.
func start(ctx context.Context, kind string, wanted []string) (gateways []*gateway, end func(), err error) {
	ctx, cancel := context.WithCancel(ctx)
	services, err := demo.Start(ctx, demo.FreeConfig())
	if err != nil {
		cancel()
		return nil, nil, err
	}
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		cancel()
		return nil, nil, err
	}
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
	var group sync.WaitGroup
	end = func() {
		cancel()
		group.Wait()
		collector.Close()
		_, _ = services.Close(), null.Close()
	}
	for _, m := range modes(collector.URL) {
		if !slices.Contains(wanted, m.name) {
			continue
		}
		g := &gateway{mode: m, address: load.Free(), next: requests(kind)}
		ended := make(chan error, 1)
		group.Go(func() { ended <- g.run(ctx, kind, services, null) })
		if err := load.Await(g.address, ended); err != nil {
			end()
			return nil, nil, err
		}
		body, err := load.Body(g.address, g.next())
		if err == nil && !bytes.Contains(body, []byte(`"nodes":[{"id"`)) {
			err = fmt.Errorf("the gateway answers %s", body)
		}
		if err != nil {
			end()
			return nil, nil, err
		}
		gateways = append(gateways, g)
	}
	return gateways, end, nil
}

// run serves until ctx is done.
func (g *gateway) run(ctx context.Context, kind string, services *demo.Demo, null *os.File) error {
	env := map[string]string{"PORTICO_LISTEN": g.address, "PORTICO_ADMIN_LISTEN": load.Free()}
	for _, name := range demo.Names()[1:] {
		env[strings.ToUpper(name)+"_URL"] = services.URL(name)
	}
	cfg, err := config.Load("portico.yaml", func(name string) string { return env[name] })
	if err != nil {
		return err
	}
	limit := config.RateLimit{}
	if kind == "cached" {
		cfg.Frontend.Caching.MaxAge = config.Duration(time.Hour)
	} else {
		// Nobody is refused, but what an operation cost is counted in any case, as it is with rate limits.
		limit.Anonymous = &config.Bucket{Capacity: 1e12, Refill: 1e12}
		cfg.Cache.Size, cfg.Cache.Coalesce = 0, false
	}
	for name, f := range cfg.Frontends {
		f.RateLimit = limit
		cfg.Frontends[name] = f
	}
	cfg.Frontend.RateLimit = limit
	// A character device would be taken for a terminal.
	options := server.Options{AccessLog: struct{ io.Writer }{null}, Unbounded: true}
	g.mode.change(cfg, &options)
	s, err := server.New(cfg, slog.New(slog.DiscardHandler), options) //nolint:contextcheck // it connects to nothing yet
	if err != nil {
		return err
	}
	defer s.Close()
	frontends, policies, err := graph.Open(s.Services())
	if err != nil {
		return err
	}
	return s.Run(ctx, frontends, policies)
}

// requests returns a function that returns the next request, for a page of 20 products: always the same
// one, or one with another variable, which makes no difference to the services.
func requests(kind string) func() []byte {
	const query = `{"query":"query Products($after: String) { products(first: 20, after: $after) { nodes { id name price { amount currency } } } }"`
	request := func(body string) []byte {
		return []byte("POST /graphql/web HTTP/1.1\r\nHost: shop.example\r\nContent-Type: application/json\r\nGraphQL-Client-Name: bench\r\n" +
			"GraphQL-Client-Version: 1.0\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body)
	}
	if kind == "cached" {
		same := request(query + "}")
		return func() []byte { return same }
	}
	all := make([][]byte, 1<<10)
	for i := range all {
		all[i] = request(query + fmt.Sprintf(`,"extensions":{"n":%d}}`, i))
	}
	var n atomic.Uint32
	return func() []byte { return all[n.Add(1)%uint32(len(all))] }
}

// measure returns the figures of as many requests as all connections get answered in a time.
func (g *gateway) measure(length time.Duration, connections int) (figures, error) {
	before, err := used()
	if err != nil {
		return figures{}, err
	}
	start := time.Now()
	rate, err := load.Rate(g.address, g.next, length, connections)
	if err != nil {
		return figures{}, err
	}
	answers := rate * time.Since(start).Seconds()
	after, err := used()
	return figures{rate, (after - before).Seconds() * 1e6 / answers}, err
}

// used returns the CPU time of this process.
func used() (time.Duration, error) {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0, err
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()), nil
}

// allocations returns how many a request has, in this whole process: the client has none.
func (g *gateway) allocations(requests int) (float64, error) {
	c, err := load.Dial(g.address)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	least := 0.0
	for n := range 3 { // what runs beside requests has some, too
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range requests {
			if err := c.Ask(g.next(), nil); err != nil {
				return 0, err
			}
		}
		runtime.ReadMemStats(&after)
		if made := float64(after.Mallocs-before.Mallocs) / float64(requests); n == 0 || made < least {
			least = made
		}
	}
	return least, nil
}
