package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/internal/mock"
)

// mockFlags are the flags of the command mock.
type mockFlags struct {
	dir      string
	services []string
	seed     uint64
	latency  time.Duration
	fail     float64
}

func mockCommand() *cobra.Command {
	var f mockFlags
	cmd := &cobra.Command{
		Use:     "mock",
		Short:   "Mock services from their documents and bindings",
		GroupID: groupServices,
		Long: `Mocks the services of portico.yaml at their URLs until it is interrupted. Answers are generated from
clients/<service>/openapi.yaml, or from the protos in clients/proto; for an HTTP service without a document, from the bindings in
the schemas. The same seed gives the same answers. Services that are already running, are not on this machine, or have neither a
document nor a binding are skipped.

The exit code is 0 after an interruption, 1 if no service can be mocked, and 2 for wrong use.`,
		Example: `  portico mock
  portico mock --service orders --latency 50ms --fail 0.1`,
		Args: arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error { return f.mock(cmd.Context(), cmd.OutOrStdout()) },
	}
	flags := cmd.Flags()
	projectFlag(cmd, &f.dir)
	flags.StringArrayVar(&f.services, "service", nil, "mock the service `NAME` only; may be repeated")
	flags.Uint64Var(&f.seed, "seed", 1, "the seed of the answers, a `NUMBER`")
	flags.DurationVar(&f.latency, "latency", 0, "wait for a `DURATION` before each answer, such as 50ms")
	flags.Float64Var(&f.fail, "fail", 0, "fail a `SHARE` of the calls, such as 0.1, with 503")
	return cmd
}

// mock answers until ctx is done.
func (f mockFlags) mock(ctx context.Context, stdout io.Writer) error {
	cfg, err := config.Load(filepath.Join(f.dir, "portico.yaml"), os.Getenv)
	if err != nil {
		return err
	}
	for _, name := range f.services {
		if _, ok := cfg.Services[name]; !ok {
			return fmt.Errorf("portico.yaml has no service %s", name)
		}
	}
	var servers sync.WaitGroup
	project, mocked := mock.NewProject(f.dir), 0
	for _, name := range slices.Sorted(maps.Keys(cfg.Services)) {
		if f.services != nil && !slices.Contains(f.services, name) {
			continue
		}
		if err := f.serve(ctx, project, name, cfg.Services[name].URL, &servers); err != nil {
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
func (f mockFlags) serve(ctx context.Context, project *mock.Project, service, at string, servers *sync.WaitGroup) error {
	target, err := url.Parse(at)
	if err != nil || target.Port() == "" || target.Scheme != "http" && target.Scheme != "grpc" {
		return fmt.Errorf("its URL %q is no http:// or grpc:// URL with a port", at)
	}
	if address := net.ParseIP(target.Hostname()); target.Hostname() != "localhost" && (address == nil || !address.IsLoopback()) {
		return fmt.Errorf("%s is not this machine: give the service a URL such as http://127.0.0.1:7001 in the environment", target.Host)
	}
	handler, err := project.Service(ctx, service, at, f.seed)
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
