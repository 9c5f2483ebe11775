// Command peers compares the gateway with handlers that are written by hand:
//
//	go run ./bench/peers -assert
//
// A project of bindings only is generated and built: posts with their users (q5u,
// two levels) and posts with their comments and the authors of these (q4u, three
// levels) of one REST service. Beside it stands a handler of net/http with
// encoding/json that makes the same calls. Service, gateway and handler are
// processes of their own, and take turns, so that what slows the machine slows
// all; figures are medians of ratios. With -assert the command exits with 1 when a
// goal is missed.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"reflect"
	"slices"
	"strings"
	"time"
)

func main() {
	if os.Getenv(asServer) != "" {
		if err := serve(os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, "peers:", err)
			os.Exit(1)
		}
		return
	}
	rounds := flag.Int("rounds", 9, "how often each of both is measured")
	length := flag.Duration("time", 700*time.Millisecond, "how long each time")
	assert := flag.Bool("assert", false, "exit with 1 when a goal is missed")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	missed, err := run(ctx, os.Stdout, *rounds, *length)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
	if *assert && missed > 0 {
		os.Exit(1)
	}
}

// operation is one that gateway and handler answer.
type operation struct {
	name, query string
	ratio       float64 // the goal with nothing shared
	allocations float64 // the goal
}

func operations() []operation {
	return []operation{
		{"q5u", "query($tag:String){posts(tag:$tag){id title user{name}}}", 1.25, 500},
		{"q4u", "query($tag:String){posts(tag:$tag){id title comments{body author{name}}}}", 2, 1500},
	}
}

// body returns the format of a request's body.
func (o operation) body(tag string) string {
	return fmt.Sprintf(`{"query":%q,"variables":{"tag":%q}}`, o.query, tag)
}

// constant calls no service.
const constant = `{"query":"{ __typename }"}`

// bench measures and prints the results.
type bench struct {
	*programs

	out      io.Writer
	rounds   int
	length   time.Duration
	requests distinct
	goals    int
	missed   int
}

// run measures everything, and returns how many goals were missed.
func run(ctx context.Context, out io.Writer, rounds int, length time.Duration) (missed int, _ error) {
	root, err := os.Getwd()
	if err != nil {
		return 0, err
	}
	dir, err := os.MkdirTemp("", "portico-peers")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	fmt.Fprintln(out, "generating and building a gateway ...")
	p, err := newPrograms(ctx, root, dir)
	if err != nil {
		return 0, err
	}
	defer p.close()
	b := &bench{programs: p, out: out, rounds: rounds, length: length}
	for _, measure := range []func() error{b.nothingShared, b.coalesced, b.cached, b.withoutCalls, b.latencies} {
		if err := measure(); err != nil {
			return 0, err
		}
	}
	fmt.Fprintf(out, "%d of %d goals are met\n", b.goals-b.missed, b.goals)
	return b.missed, nil
}

// pair starts a gateway and a handler of a service.
func (b *bench) pair(delay string, coalesce bool) (gateway, handler target, counter string, err error) {
	service, err := b.other(nil, "service", delay)
	if err != nil {
		return target{}, target{}, "", err
	}
	gateway, counter, err = b.gateway(settings{blog: "http://" + service, coalesce: coalesce})
	if err != nil {
		return target{}, target{}, "", err
	}
	address, err := b.other(nil, "handler", "http://"+service, map[bool]string{true: "coalesce", false: "alone"}[coalesce])
	return gateway, target{address: address}, counter, err
}

// nothingShared measures distinct requests, and allocations.
func (b *bench) nothingShared() error {
	gateway, handler, counter, err := b.pair("0s", false)
	if err != nil {
		return err
	}
	for _, o := range operations() {
		handler.path = "/" + o.name
		if err := same(gateway, handler, o.body("x")); err != nil {
			return err
		}
		for _, connections := range []int{16, 64} {
			what := fmt.Sprintf("%s, nothing shared, %d connections", o.name, connections)
			if err := b.ratio(comparison{what, gateway, handler, o.body("x%d"), connections, o.ratio}); err != nil {
				return err
			}
		}
		n, err := allocations(b.ctx, gateway, counter, o.body("x%d"))
		if err != nil {
			return err
		}
		b.print(n <= o.allocations, "%s: %.0f allocations a request; goal: at most %.0f", o.name, n, o.allocations)
	}
	return nil
}

// coalesced measures requests that are all the same.
func (b *bench) coalesced() error {
	gateway, handler, _, err := b.pair("0s", true)
	if err != nil {
		return err
	}
	for _, o := range operations() {
		handler.path = "/" + o.name
		what := o.name + ", identical requests coalesced, handler with singleflight"
		if err := b.ratio(comparison{what, gateway, handler, o.body("x"), 16, 0.95}); err != nil {
			return err
		}
	}
	return nil
}

// cached measures a cached answer beside the same bytes and fields.
func (b *bench) cached() error {
	service, err := b.other(nil, "service", "0s")
	if err != nil {
		return err
	}
	gateway, _, err := b.gateway(settings{blog: "http://" + service, coalesce: true, cached: true})
	if err != nil {
		return err
	}
	o := operations()[0]
	if _, err := gateway.body(o.body("x")); err != nil { // from now on it is cached
		return err
	}
	r, err := http.NewRequestWithContext(b.ctx, http.MethodPost, "http://"+gateway.address+gateway.path, strings.NewReader(o.body("x")))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept-Encoding", "identity")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	c := cannedAnswer{Header: resp.Header}
	if c.Body, err = io.ReadAll(resp.Body); err != nil {
		return err
	}
	if resp.Header.Get("Age") == "" {
		return fmt.Errorf("the answer is not cached: %v", resp.Header)
	}
	delete(c.Header, "Date")
	input, err := json.Marshal(c)
	if err != nil {
		return err
	}
	address, err := b.other(input, "canned")
	if err != nil {
		return err
	}
	what := fmt.Sprintf("cached, %d bytes, net/http with the same fields and body", len(c.Body))
	return b.ratio(comparison{what, gateway, target{address, "/"}, o.body("x"), 16, 0.95})
}

// withoutCalls measures an operation that calls no service.
func (b *bench) withoutCalls() error {
	gateway, handler, _, err := b.pair("0s", false)
	if err != nil {
		return err
	}
	handler.path = "/constant"
	if err := same(gateway, handler, constant); err != nil {
		return err
	}
	return b.ratio(comparison{"{ __typename }, handler that decodes the request", gateway, handler, constant, 16, 0.9})
}

// latencies measures what is added to the time of services over one connection.
func (b *bench) latencies() error {
	gateway, handler, _, err := b.pair("5ms", false)
	if err != nil {
		return err
	}
	const samples, most = 15, 300 * time.Microsecond
	for i, o := range operations() {
		handler.path = "/" + o.name
		services := time.Duration(i+2) * 5 * time.Millisecond
		var ours, theirs, more []time.Duration
		for range b.rounds {
			g, err := gateway.latency(o.body("x%d"), samples, &b.requests)
			if err != nil {
				return err
			}
			h, err := handler.latency(o.body("x%d"), samples, &b.requests)
			if err != nil {
				return err
			}
			ours, theirs, more = append(ours, g-services), append(theirs, h-services), append(more, g-h)
		}
		d := median(more)
		b.print(d <= most, "%s, one connection, services at 5 ms: gateway adds %v, handler %v: %v more; goal: at most %v more",
			o.name, median(ours), median(theirs), d.Round(time.Microsecond), most)
	}
	return nil
}

// comparison is what gateway and handler are asked in turns.
type comparison struct {
	what             string
	gateway, handler target
	body             string // a format, as distinct has them
	connections      int
	goal             float64 // the least ratio
}

// ratio measures both in turns.
func (b *bench) ratio(c comparison) error {
	var ratios, ours, theirs []float64
	for i := range b.rounds + 1 {
		g, err := c.gateway.rate(c.body, b.length, c.connections, &b.requests)
		if err != nil {
			return err
		}
		h, err := c.handler.rate(c.body, b.length, c.connections, &b.requests)
		if err != nil {
			return err
		}
		if i > 0 { // the first round warms both up
			ratios, ours, theirs = append(ratios, g/h), append(ours, g), append(theirs, h)
		}
	}
	m := median(ratios)
	b.print(m >= c.goal, "%s: gateway %.0f/s, handler %.0f/s: ratio %.2f (%.2f to %.2f); goal: at least %.2f",
		c.what, median(ours), median(theirs), m, slices.Min(ratios), slices.Max(ratios), c.goal)
	return nil
}

func (b *bench) print(met bool, format string, args ...any) {
	b.goals++
	mark := "met   "
	if !met {
		b.missed++
		mark = "MISSED"
	}
	fmt.Fprintln(b.out, mark, fmt.Sprintf(format, args...))
}

func median[T float64 | time.Duration](list []T) T {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2]
}

// same checks that both give the same answer.
func same(a, b target, request string) error {
	var values [2]any
	for i, t := range []target{a, b} {
		body, err := t.body(request)
		if err != nil {
			return err
		}
		if err := json.NewDecoder(bytes.NewReader(body)).Decode(&values[i]); err != nil {
			return err
		}
	}
	if !reflect.DeepEqual(values[0], values[1]) {
		return fmt.Errorf("%s: gateway and handler answer differently", request)
	}
	return nil
}
