package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/portico-gateway/portico/bench/internal/load"
)

// bench is a service and two gateways.
type bench struct {
	bounded, unbounded string // the addresses of the gateways

	products int // that an operation asks for

	number  atomic.Int64 // of requests
	calls   atomic.Int64 // of the service
	tries   int64        // requests of try, most of which are calls
	service *http.Server
	dir     string
	ends    []func()
}

// start starts the service and the gateways, which run on a CPU, or on any if that is
// empty. The caller closes the bench.
func start(ctx context.Context, cpu string, products int) (*bench, error) {
	b := &bench{products: products}
	var err error
	if b.dir, err = os.MkdirTemp("", "overload"); err != nil {
		return nil, err
	}
	if err = b.serve(); err == nil {
		b.bounded, err = b.launch(ctx, cpu)
	}
	if err == nil {
		b.unbounded, err = b.launch(ctx, cpu, "-unbounded")
	}
	for _, address := range []string{b.bounded, b.unbounded} {
		if err == nil {
			err = b.try(address)
		}
	}
	if err != nil {
		b.close()
		return nil, err
	}
	return b, nil
}

// try returns an error if the answer to a request has errors, or none is there.
func (b *bench) try(address string) error {
	b.tries++
	body, err := load.Body(address, b.request())
	if err == nil && !isAnswer(body) {
		err = fmt.Errorf("a request is answered with %.200s", body)
	}
	return err
}

// close ends the gateways and the service.
func (b *bench) close() {
	for _, end := range b.ends {
		end()
	}
	if b.service != nil {
		_ = b.service.Close()
	}
	_ = os.RemoveAll(b.dir)
}

// peakConnections is how many callers wait for answers when the peak is measured. They are
// enough to keep a CPU busy, and fewer than are ever refused.
const peakConnections = 8

// peak returns the most answers a second that the gateway with a bound has.
func (b *bench) peak(lasts time.Duration) (float64, error) {
	warming := min(lasts, time.Second)
	if _, err := load.Rate(b.unbounded, b.request, warming, peakConnections); err != nil {
		return 0, err
	}
	if _, err := load.Rate(b.bounded, b.request, warming, peakConnections); err != nil {
		return 0, err
	}
	return load.Rate(b.bounded, b.request, lasts, peakConnections)
}

// measure offers requests to a gateway, at so many a second, after what came before has ended.
func (b *bench) measure(address string, rate float64, lasts time.Duration) (measured, error) {
	if err := b.settle(address); err != nil {
		return measured{}, err
	}
	before := b.calls.Load() - b.tries
	m := offer(address, rate, lasts, b.request)
	err := b.settle(address)
	m.calls = b.calls.Load() - b.tries - before
	return m, err
}

// settle waits until a gateway answers at once.
func (b *bench) settle(address string) error {
	deadline := time.Now().Add(time.Minute)
	for row := 0; row < 10; { // in a row
		began := time.Now()
		err := b.try(address)
		if row++; err != nil || time.Since(began) > 100*time.Millisecond {
			row = 0
		}
		if time.Now().After(deadline) {
			return errors.Join(errors.New("the gateway does not become idle"), err)
		}
	}
	return nil
}

// request returns a request that no other one is equal to.
func (b *bench) request() []byte {
	const query = "query($n:Int,$q:String){products(first:$n,search:$q){nodes{id name price{amount currency}}}}"
	body := fmt.Sprintf(`{"query":%q,"variables":{"n":%d,"q":"%d"}}`, query, b.products, b.number.Add(1))
	return fmt.Appendf(nil, "POST /graphql/web HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

// serve runs a catalog that has the same products for every request.
func (b *bench) serve() error {
	var text bytes.Buffer
	text.WriteString(`{"products":[`)
	for i := range b.products {
		if i > 0 {
			text.WriteByte(',')
		}
		fmt.Fprintf(&text, `{"id":"p%d","product_name":"Product %d","description":"It is the %dth of all.","category_id":"c1",`, i, i, i)
		fmt.Fprintf(&text, `"price_cents":100,"currency":"EUR","thumbnail_url":"http://x/","cursor":"%d"}`, i)
	}
	text.WriteString(`],"next_cursor":null}`)
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it lasts
	if err != nil {
		return err
	}
	b.service = &http.Server{Addr: l.Addr().String(), ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		b.calls.Add(1)
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(text.Bytes())
	})}
	go func() { _ = b.service.Serve(l) }()
	return nil
}

// launch runs this program as a gateway, and returns its address.
func (b *bench) launch(ctx context.Context, cpu string, args ...string) (string, error) {
	program, err := os.Executable()
	if err != nil {
		return "", err
	}
	address := load.Free()
	file := filepath.Join(b.dir, fmt.Sprintf("portico%d.yaml", len(b.ends)))
	text := fmt.Sprintf(`server: {listen: %q, connectionsPerAddress: 20000}
admin: {listen: "127.0.0.1:0"}
cache: {size: 0}
services:
  catalog: {url: "http://%s"}
  accounts: {url: "http://127.0.0.1:1", forwardAuthorization: true}
  orders: {url: "http://127.0.0.1:1", forwardAuthorization: true}
  shipping: {url: "http://127.0.0.1:1"}
  reviews: {url: "grpc://127.0.0.1:1"}
  inventory: {url: "grpc://127.0.0.1:1"}
`, address, b.service.Addr)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return "", err
	}
	command := append([]string{program, gatewayCommand, "-config", file}, args...)
	if cpu != "" {
		command = append([]string{"taskset", "-c", cpu}, command...)
	}
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	if err := cmd.Start(); err != nil {
		return "", err
	}
	ended, done := make(chan error, 1), make(chan struct{})
	go func() {
		ended <- cmd.Wait()
		close(done)
	}()
	b.ends = append(b.ends, func() {
		_ = cmd.Cancel() // it may have ended
		<-done
	})
	return address, load.Await(address, ended)
}
