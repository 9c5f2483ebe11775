// Command redis measures how much later answers come when gateways share a cache
// through Redis:
//
//	go run ./bench/redis
//
// It runs the gateway's binary twice, with Redis and without, and asks both in
// turns for answers that neither has: while Redis is there, is paused and is
// killed.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/portico-gateway/portico/bench/internal/load"
	"github.com/portico-gateway/portico/demo"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "redis:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	dir, err := os.MkdirTemp("", "portico-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	binary := filepath.Join(dir, "gateway")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", binary, "./cmd/gateway").CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	services, err := demo.Start(ctx, demo.FreeConfig())
	if err != nil {
		return err
	}
	defer services.Close()
	redis := load.Free()
	_, port, _ := net.SplitHostPort(redis)
	var started processes
	defer func() { // nothing is left behind
		cancel()
		started.wait()
	}()
	server := exec.CommandContext(ctx, "redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--dir", dir)
	if err := started.start(server); err != nil {
		return err
	}
	var gateways [2]string
	for i, url := range []string{"", "redis://" + redis} {
		gateways[i] = load.Free()
		file := filepath.Join(dir, fmt.Sprint(i, ".yaml"))
		if err := os.WriteFile(file, []byte(configuration(services, gateways[i], load.Free(), url)), 0o600); err != nil {
			return err
		}
		cmd := exec.CommandContext(ctx, binary, "-config", file, "-log", "error")
		cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
		if err := started.start(cmd); err != nil {
			return err
		}
		if err := await(ctx, gateways[i]); err != nil {
			return err
		}
	}
	return measure(ctx, gateways, server.Process)
}

// processes are those that were started.
type processes []*exec.Cmd

func (p *processes) start(cmd *exec.Cmd) error {
	if err := cmd.Start(); err != nil {
		return err
	}
	*p = append(*p, cmd)
	return nil
}

// wait returns when all have ended.
func (p processes) wait() {
	for _, cmd := range p {
		_ = cmd.Wait() // it was killed
	}
}

// measure compares the gateway without Redis and the one with it while Redis is
// up, paused and killed.
func measure(ctx context.Context, gateways [2]string, redis *os.Process) error {
	n := 0
	for _, phase := range []struct {
		name   string
		signal os.Signal
	}{{"up", syscall.SIGCONT}, {"paused", syscall.SIGSTOP}, {"killed", syscall.SIGKILL}} {
		if err := redis.Signal(phase.signal); err != nil {
			return err
		}
		var took [2][]time.Duration
		for range 2000 {
			n++
			for i, address := range gateways {
				d, err := ask(ctx, address, n)
				if err != nil {
					return err
				}
				took[i] = append(took[i], d)
			}
		}
		fmt.Printf("Redis %-6s: p50 %v and %v without, p99 %v and %v without: %v later\n", phase.name,
			percentile(took[1], 50), percentile(took[0], 50), percentile(took[1], 99), percentile(took[0], 99), percentile(took[1], 99)-percentile(took[0], 99))
	}
	return nil
}

// configuration is that of a gateway.
func configuration(services *demo.Demo, address, admin, redis string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "server: {listen: %q}\nadmin: {listen: %q}\nfrontend: {caching: {maxAge: 60s}}\nredis: {url: %q}\nservices:\n", address, admin, redis)
	for _, name := range demo.Names()[1:] {
		fmt.Fprintf(&b, "  %s: {url: %q}\n", name, services.URL(name))
	}
	return b.String()
}

// await waits until a gateway answers.
func await(ctx context.Context, address string) error {
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		if _, err := ask(ctx, address, 0); err == nil {
			return nil
		} else if time.Since(began) > 10*time.Second {
			return err
		}
	}
}

// ask asks for an answer that has not been asked for.
func ask(ctx context.Context, address string, n int) (time.Duration, error) {
	body := fmt.Sprintf(`{"query":"query Q($search: String) { products(first: 1, search: $search) { nodes { id name } } }","variables":{"search":"%d"}}`, n)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address+"/graphql/web", strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	began := time.Now()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil && (resp.StatusCode != http.StatusOK || bytes.Contains(text, []byte(`"errors"`))) {
		err = errors.New(string(text))
	}
	return time.Since(began), err
}

func percentile(list []time.Duration, p int) time.Duration {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)*p/100].Round(10 * time.Microsecond)
}
