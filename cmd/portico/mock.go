package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/internal/mock"
)

const usageOfMock = `usage: portico mock [flags]

Answers for the services of portico.yaml where their URLs are, until it is interrupted: from the OpenAPI documents and protos in
clients/. The same seed gives the same answers. Services that run already, that are not on this machine, or that have no
document are left out.

flags:
  -C dir              the project's folder (default ".")
  --service NAME      mock this service only; may be repeated
  --seed N            make other answers (default 1)
  --latency DURATION  wait before each answer, such as 50ms
  --fail SHARE        fail a share of the calls, such as 0.1, with 503
`

// mockFlags are the flags of the command mock.
type mockFlags struct {
	dir      string
	services []string
	seed     uint64
	latency  time.Duration
	fail     float64
}

func parseMock(args []string, stdout io.Writer) (mockFlags, error) {
	var f mockFlags
	flags := flag.NewFlagSet("mock", flag.ContinueOnError)
	flags.SetOutput(stdout)
	flags.Usage = func() { fmt.Fprint(stdout, usageOfMock) }
	flags.StringVar(&f.dir, "C", ".", "")
	flags.Func("service", "", func(name string) error { f.services = append(f.services, name); return nil })
	flags.Uint64Var(&f.seed, "seed", 1, "")
	flags.DurationVar(&f.latency, "latency", 0, "")
	flags.Float64Var(&f.fail, "fail", 0, "")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return f, err
	} else if err != nil {
		return f, errUsage
	}
	if flags.NArg() > 0 {
		return f, fmt.Errorf("mock takes no arguments, but got %q", flags.Args())
	}
	return f, nil
}

// mockServices is the command mock.
func mockServices(ctx context.Context, args []string, stdout io.Writer) error {
	f, err := parseMock(args, stdout)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	cfg, err := config.Load(filepath.Join(f.dir, "portico.yaml"), os.Getenv)
	if err != nil {
		return err
	}
	for _, name := range f.services {
		if _, ok := cfg.Services[name]; !ok {
			return fmt.Errorf("portico.yaml has no service %s", name)
		}
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	var servers sync.WaitGroup
	mocked := 0
	for _, name := range slices.Sorted(maps.Keys(cfg.Services)) {
		if f.services != nil && !slices.Contains(f.services, name) {
			continue
		}
		if err := f.serve(ctx, name, cfg.Services[name].URL, &servers); err != nil {
			fmt.Fprintf(stdout, "%-12s left out: %v\n", name, err)
			continue
		}
		mocked++
		fmt.Fprintf(stdout, "%-12s mocked at %s\n", name, cfg.Services[name].URL)
	}
	if mocked == 0 {
		return errors.New("no service is mocked")
	}
	servers.Wait()
	return nil
}

// serve answers for a service until ctx is done.
func (f mockFlags) serve(ctx context.Context, service, at string, servers *sync.WaitGroup) error {
	target, err := url.Parse(at)
	if err != nil || target.Port() == "" || target.Scheme != "http" && target.Scheme != "grpc" {
		return fmt.Errorf("its URL %q is no http:// or grpc:// URL with a port", at)
	}
	if address := net.ParseIP(target.Hostname()); target.Hostname() != "localhost" && (address == nil || !address.IsLoopback()) {
		return fmt.Errorf("%s is not this machine: give the service a URL such as http://127.0.0.1:7001 in the environment", target.Host)
	}
	handler, err := mock.Service(ctx, f.dir, service, at, f.seed)
	if err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", target.Host)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: f.disturbed(http.StripPrefix(strings.TrimSuffix(target.Path, "/"), handler)), ReadHeaderTimeout: time.Minute}
	server.Protocols = new(http.Protocols)
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetUnencryptedHTTP2(true)
	servers.Go(func() { _ = server.Serve(listener) })
	servers.Go(func() {
		<-ctx.Done()
		_ = server.Close()
	})
	return nil
}

// disturbed adds latency and faults.
func (f mockFlags) disturbed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(f.latency):
		case <-r.Context().Done():
			return
		}
		if rand.Float64() < f.fail { //nolint:gosec // no secret
			http.Error(w, "the mock fails", http.StatusServiceUnavailable)
			return
		}
		next.ServeHTTP(w, r)
	})
}
