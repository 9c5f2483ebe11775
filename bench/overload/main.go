// Command overload measures what a gateway answers when it is offered more than it
// can do: for each rate, how many answers come in time (goodput), how many requests
// are refused, how long both take, and how many calls the service gets.
//
//	go build -o bin/ ./cmd/gateway ./bench/overload && taskset -c 1 bin/overload -gateway bin/gateway
//
// It runs a catalog of its own, and the gateway on CPU 0. First it finds the most that the
// gateway does, with callers that each wait for an answer. Then requests come at rates
// that do not depend on answers. All differ, so that nothing is cached or shared. A caller
// waits for a second.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/portico-gateway/portico/bench/internal/load"
)

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

const (
	patience    = time.Second // of a caller
	connections = 3000        // callers that wait at a time
)

func run(ctx context.Context, args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("overload", flag.ContinueOnError)
	binary := flags.String("gateway", "bin/gateway", "the gateway's binary")
	lasts := flags.Duration("for", 5*time.Second, "how long each rate lasts")
	assert := flags.Bool("assert", false, "fail if at 3 times the peak the goodput is below 90 % of it, or refusals take longer than 20 ms")
	if err := flags.Parse(args); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	service, calls, err := serve()
	if err != nil {
		return err
	}
	defer service.Close()
	address, err := start(ctx, *binary, service.Addr)
	if err != nil {
		return err
	}
	var number atomic.Int64
	if _, err := load.Rate(address, func() []byte { return request(&number) }, time.Second, 8); err != nil { // warm
		return err
	}
	peak, err := load.Rate(address, func() []byte { return request(&number) }, *lasts, 8)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "peak: %.0f answers a second\n\n", peak)
	fmt.Fprintf(stdout, "%8s %8s %8s %9s %9s %9s %9s %8s %8s\n", "offered", "of peak", "goodput", "p50", "p99", "refused", "p99", "late", "calls")
	var missed error
	for _, factor := range []float64{0.5, 0.8, 1, 1.5, 2, 3} {
		before := calls.Load()
		r := offer(address, factor*peak, *lasts, &number)
		good := float64(len(r.good)) / lasts.Seconds()
		fmt.Fprintf(stdout, "%8.0f %7.1f× %7.0f%% %9v %9v %8.0f%% %9v %8d %8d\n", factor*peak, factor, 100*good/peak,
			quantile(r.good, .5), quantile(r.good, .99), 100*float64(len(r.refused))/float64(max(r.sent, 1)), quantile(r.refused, .99),
			r.late, calls.Load()-before)
		if factor == 3 && (good < .9*peak || quantile(r.refused, .99) > 20*time.Millisecond) {
			missed = errors.New("at 3 times the peak, the goodput or the time of refusals is not what it should be")
		}
	}
	if *assert {
		return missed
	}
	return nil
}

// result is what came of the requests of one rate.
type result struct {
	sent          int
	good, refused []time.Duration
	late          int // without an answer in time, and those that were never sent
}

// offer sends requests at a rate.
func offer(address string, rate float64, lasts time.Duration, number *atomic.Int64) result {
	var r result
	var mu sync.Mutex
	var group sync.WaitGroup
	waiting := make(chan time.Time, connections)
	for range connections {
		group.Go(func() {
			var c *caller
			for due := range waiting {
				outcome, took := ask(&c, address, request(number), due)
				mu.Lock()
				switch outcome {
				case good:
					r.good = append(r.good, took)
				case refused:
					r.refused = append(r.refused, took)
				default:
					r.late++
				}
				mu.Unlock()
			}
			if c != nil {
				_ = c.Close()
			}
		})
	}
	began := time.Now()
	for n := 0; ; n++ {
		due := began.Add(time.Duration(float64(n) / rate * float64(time.Second)))
		if due.Sub(began) > lasts {
			break
		}
		time.Sleep(time.Until(due))
		r.sent++
		select {
		case waiting <- due:
		default:
			mu.Lock()
			r.late++
			mu.Unlock()
		}
	}
	close(waiting)
	group.Wait()
	return r
}

type outcome int

const (
	late outcome = iota
	good
	refused
)

type caller struct{ *load.Connection }

// ask sends a request, which was due at a time.
func ask(c **caller, address string, request []byte, due time.Time) (outcome, time.Duration) {
	if time.Since(due) > patience {
		return late, 0
	}
	if *c == nil {
		connection, err := load.Dial(address)
		if err != nil {
			return late, 0
		}
		*c = &caller{connection}
	}
	_ = (*c).SetDeadline(due.Add(patience))
	status, err := (*c).Do(request, nil)
	took := time.Since(due)
	if err != nil {
		_ = (*c).Close()
		*c = nil
		return late, took
	}
	if status == http.StatusServiceUnavailable {
		return refused, took
	}
	return good, took
}

func quantile(times []time.Duration, q float64) time.Duration {
	if len(times) == 0 {
		return 0
	}
	slices.Sort(times)
	return times[int(q*float64(len(times)-1))].Round(100 * time.Microsecond)
}

// request returns a request that no other one is equal to.
func request(number *atomic.Int64) []byte {
	const query = "query($q:String){products(first:20,search:$q){nodes{id name price{amount currency}}}}"
	body := fmt.Sprintf(`{"query":%q,"variables":{"q":"%d"}}`, query, number.Add(1))
	return fmt.Appendf(nil, "POST /graphql/web HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

// serve runs a catalog that has 20 products for every request.
func serve() (server *http.Server, calls *atomic.Int64, err error) {
	calls = &atomic.Int64{}
	var b bytes.Buffer
	b.WriteString(`{"products":[`)
	for i := range 20 {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"id":"p%d","name":"Product %d","description":"It is the %dth of all.","category_id":"c1",`, i, i, i)
		fmt.Fprint(&b, `"price":{"amount":"1.00","currency":"EUR"}}`)
	}
	b.WriteString(`],"next_cursor":null}`)
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it lasts
	if err != nil {
		return nil, nil, err
	}
	server = &http.Server{Addr: l.Addr().String(), ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(b.Bytes())
	})}
	go func() { _ = server.Serve(l) }()
	return server, calls, nil
}

// start runs the gateway on CPU 0.
func start(ctx context.Context, binary, catalog string) (string, error) {
	address, admin := load.Free(), load.Free()
	dir, err := os.MkdirTemp("", "overload")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	file := dir + "/portico.yaml"
	text := fmt.Sprintf(`server: {listen: %q, connectionsPerAddress: 20000}
admin: {listen: %q}
cache: {size: 0}
services:
  catalog: {url: "http://%s"}
  accounts: {url: "http://127.0.0.1:1", forwardAuthorization: true}
  orders: {url: "http://127.0.0.1:1", forwardAuthorization: true}
  shipping: {url: "http://127.0.0.1:1"}
  reviews: {url: "grpc://127.0.0.1:1"}
  inventory: {url: "grpc://127.0.0.1:1"}
`, address, admin, catalog)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, "taskset", "-c", "0", binary, "-config", file)
	cmd.Stderr = os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	if err := cmd.Start(); err != nil {
		return "", err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	return address, load.Await(address, ended)
}
