// Command cache compares a cached answer of the gateway with a handler of
// net/http that writes the same bytes:
//
//	go run ./bench/cache
//
// The handler writes the body and its type, or all header fields, too. All serve
// over loopback sockets in this process, in turns, so that what slows the machine
// slows all. The gateway has the demo's frontends and
// services; every request passes all that a request passes.
package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/portico-gateway/portico/bench/internal/load"
	"github.com/portico-gateway/portico/demo"
	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/gateway/server"
	"github.com/portico-gateway/portico/graph"
)

func main() {
	rounds := flag.Int("rounds", 21, "how often each of both is measured")
	length := flag.Duration("time", 500*time.Millisecond, "how long each time")
	connections := flag.Int("connections", 16, "how many connections ask")
	flag.Parse()
	if err := run(*rounds, *length, *connections); err != nil {
		fmt.Fprintln(os.Stderr, "cache:", err)
		os.Exit(1)
	}
}

func run(rounds int, length time.Duration, connections int) error {
	b, err := newBench()
	if err != nil {
		return err
	}
	defer b.close()
	for _, products := range []int{10, 50} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			if err := b.compare(method, products, rounds, length, connections); err != nil {
				return err
			}
		}
	}
	return nil
}

// compare measures both in turns and prints what came out.
func (b *bench) compare(method string, products, rounds int, length time.Duration, connections int) error {
	gateway, plain, err := b.targets(method, products)
	if err != nil {
		return err
	}
	whole := plain
	whole.request = bytes.Replace(plain.request, []byte("Host:"), []byte("X-Whole: 1\r\nHost:"), 1)
	all := []target{gateway, plain, whole}
	allocs := make([]float64, len(all))
	for i, t := range all {
		if allocs[i], err = t.allocations(20_000); err != nil {
			return err
		}
	}
	rates, ratios := make([][]float64, len(all)), make([][]float64, len(all))
	for range rounds {
		for i, t := range all {
			rate, err := t.rate(length, connections)
			if err != nil {
				return err
			}
			rates[i] = append(rates[i], rate)
			ratios[i] = append(ratios[i], rates[0][len(rates[0])-1]/rate)
		}
	}
	fmt.Printf("%-4s %5d bytes: gateway %6.0f/s, net/http %6.0f/s: ratio %.3f (%.3f to %.3f in %d rounds), with the same fields %.3f; "+
		"allocations %.1f and %.1f, %.1f more\n",
		method, gateway.length, median(rates[0]), median(rates[1]), median(ratios[1]), slices.Min(ratios[1]), slices.Max(ratios[1]), rounds, median(ratios[2]),
		allocs[0], allocs[1], allocs[0]-allocs[1])
	return nil
}

func median(list []float64) float64 {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2]
}

// bench is a gateway, and a handler that writes what it is set to.
type bench struct {
	gateway, plain string // host:port
	body           atomic.Pointer[[]byte]
	header         atomic.Pointer[http.Header] // of the gateway's answer
	close          func()
}

const query = `query Products { products(first: %d) { nodes { id name price { amount currency } description }  } }`

func newBench() (*bench, error) {
	ctx, cancel := context.WithCancel(context.Background())
	services, err := demo.Start(ctx, demo.FreeConfig())
	if err != nil {
		cancel()
		return nil, err
	}
	b := &bench{gateway: load.Free(), plain: load.Free()}
	gateway, err := b.newGateway(services)
	if err != nil {
		cancel()
		return nil, err
	}
	frontends, policies, err := graph.Open(gateway.Services())
	if err != nil {
		cancel()
		return nil, err
	}
	plain := &http.Server{
		Addr: b.plain, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, header := *b.body.Load(), w.Header()
			if r.Header["X-Whole"] != nil {
				maps.Copy(header, *b.header.Load())
			} else {
				header.Set("Content-Type", "application/json; charset=utf-8")
				header.Set("Content-Length", strconv.Itoa(len(body)))
			}
			_, _ = w.Write(body) // the bench would notice
		}),
	}
	var group sync.WaitGroup
	group.Go(func() {
		if err := gateway.Run(ctx, frontends, policies); err != nil {
			fmt.Fprintln(os.Stderr, "cache: gateway:", err)
		}
	})
	group.Go(func() {
		if err := plain.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
			fmt.Fprintln(os.Stderr, "cache: net/http:", err)
		}
	})
	b.close = func() {
		cancel()
		_ = plain.Close()
		group.Wait()
		_ = gateway.Close()
		_ = services.Close()
	}
	return b, nil
}

func (b *bench) newGateway(services *demo.Demo) (*server.Server, error) {
	env := map[string]string{"PORTICO_LISTEN": b.gateway, "PORTICO_ADMIN_LISTEN": load.Free()}
	for _, name := range demo.Names()[1:] {
		scheme := "http://"
		if name == demo.Reviews || name == demo.Inventory {
			scheme = "grpc://"
		}
		env[strings.ToUpper(name)+"_URL"] = scheme + services.Addr(name)
	}
	cfg, err := config.Load("portico.yaml", func(name string) string { return env[name] })
	if err != nil {
		return nil, err
	}
	for name, f := range cfg.Frontends {
		f.RateLimit, f.Documents.Automatic = config.RateLimit{}, true
		cfg.Frontends[name] = f
	}
	cfg.Frontend.RateLimit, cfg.Frontend.Documents.Automatic = config.RateLimit{}, true // net/http has none
	cfg.Frontend.Caching.MaxAge = config.Duration(time.Hour)
	return server.New(cfg, slog.New(slog.DiscardHandler), server.Options{})
}

// target is a request and where it goes.
type target struct {
	address string
	request []byte
	length  int // of the body
}

// targets are the same request to both, after the gateway has its answer.
func (b *bench) targets(method string, products int) (gateway, plain target, _ error) {
	var request string
	query := fmt.Sprintf(query, products)
	sum := sha256.Sum256([]byte(query))
	hash := `{"persistedQuery":{"version":1,"sha256Hash":"` + hex.EncodeToString(sum[:]) + `"}}`
	whole, _ := json.Marshal(map[string]any{"query": query, "extensions": json.RawMessage(hash)})
	post := "POST /graphql/web HTTP/1.1\r\nHost: shop.example\r\nContent-Type: application/json\r\nAccept: */*\r\n" +
		"Content-Length: " + strconv.Itoa(len(whole)) + "\r\n\r\n" + string(whole)
	if request = post; method == http.MethodGet {
		request = "GET /graphql/web?extensions=" + url.QueryEscape(hash) + " HTTP/1.1\r\nHost: shop.example\r\n" +
			"GraphQL-Require-Preflight: 1\r\nAccept: */*\r\n\r\n"
	}
	gateway = target{address: b.gateway, request: []byte(post)}
	for start := time.Now(); ; time.Sleep(10 * time.Millisecond) { // until it listens
		if _, err := gateway.once(); err == nil {
			break
		} else if time.Since(start) > 5*time.Second {
			return target{}, target{}, err
		}
	}
	gateway.request = []byte(request)
	if _, err := gateway.once(); err != nil {
		return target{}, target{}, err
	}
	body, err := gateway.once()
	if err != nil {
		return target{}, target{}, err
	}
	if !bytes.Contains(body, []byte(`"nodes":[{"id"`)) {
		return target{}, target{}, fmt.Errorf("the gateway answers %s", body)
	}
	header, err := gateway.header()
	if err != nil {
		return target{}, target{}, err
	}
	gateway.length = len(body)
	b.body.Store(&body)
	b.header.Store(&header)
	return gateway, target{address: b.plain, request: []byte(request)}, nil
}

// once asks once and returns the body.
func (t target) once() ([]byte, error) { return load.Body(t.address, t.request) }

// header asks once and returns the header, without what net/http adds itself.
func (t target) header() (http.Header, error) {
	c, err := load.Dial(t.address)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	if _, err := c.Write(t.request); err != nil {
		return nil, err
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	resp.Header.Del("Date")
	return resp.Header, nil
}

// rate returns the number of answers per second that all connections get.
func (t target) rate(length time.Duration, connections int) (float64, error) {
	return load.Rate(t.address, func() []byte { return t.request }, length, connections)
}

// allocations is how many a request has, in this whole process: the client has
// none.
func (t target) allocations(requests int) (float64, error) {
	c, err := load.Dial(t.address)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range requests {
		if err := c.Ask(t.request, nil); err != nil {
			return 0, err
		}
	}
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / float64(requests), nil
}
