// Package redistest runs a redis-server for tests.
package redistest

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/portico-gateway/portico/gateway/redis"
)

// Server is a redis-server on a free port of loopback. It saves nothing by itself.
type Server struct {
	// Addr is host:port.
	Addr string

	args []string
	dir  string
	cmd  *exec.Cmd
}

// Start runs a server until the test ends. Args are added to its command line.
func Start(t testing.TB, args ...string) *Server {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Fatal("there is no redis-server: run `make test`, which installs it (e2e/setup.sh)")
	}
	s := &Server{Addr: "127.0.0.1:" + FreePort(t), args: args, dir: t.TempDir()}
	s.Restart(t)
	t.Cleanup(func() { s.Kill() })
	return s
}

// URL is how clients find the server.
func (s *Server) URL() string { return "redis://" + s.Addr }

// Link returns a link to the server, which [Run] runs.
func (s *Server) Link(t testing.TB, config redis.Config, log *slog.Logger) *redis.Link {
	t.Helper()
	if config.URL == "" {
		config.URL = s.URL()
	}
	link, err := redis.Open(config, log)
	if err != nil {
		t.Fatal(err)
	}
	return link
}

// Run runs something until the test ends.
func Run(t testing.TB, run func(context.Context)) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan struct{})
	go func() {
		defer close(done)
		run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
}

// FreePort returns a port of loopback that is free at the moment.
func FreePort(t testing.TB) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// Restart runs the server again, at the same address, with what it saved, which is
// nothing unless it was told to. It returns when the server accepts connections.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	s.Kill()
	_, port, _ := strings.Cut(s.Addr, ":")
	args := append([]string{"--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", s.dir}, s.args...)
	s.cmd = exec.Command("redis-server", args...) //nolint:noctx // Kill ends it
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ready := make(chan error, 1)
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if strings.Contains(lines.Text(), "Ready to accept connections") {
				ready <- nil
			}
		}
		ready <- fmt.Errorf("redis-server ended: %w", lines.Err())
	}()
	select {
	case err := <-ready:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(time.Minute):
		t.Fatal("redis-server does not start")
	}
}

// Forget deletes what the server saved.
func (s *Server) Forget(t testing.TB) {
	t.Helper()
	if err := os.RemoveAll(filepath.Join(s.dir, "dump.rdb")); err != nil {
		t.Fatal(err)
	}
}

// Size is how many keys the server has.
func (s *Server) Size(t testing.TB) int {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var size int
	if _, err := fmt.Fprint(conn, "DBSIZE\r\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fscanf(conn, ":%d\r\n", &size); err != nil {
		t.Fatal(err)
	}
	return size
}

// Pause makes the server hang.
func (s *Server) Pause() { _ = s.cmd.Process.Signal(syscall.SIGSTOP) }

// Resume ends that.
func (s *Server) Resume() { _ = s.cmd.Process.Signal(syscall.SIGCONT) }

// Kill ends the server, if it runs.
func (s *Server) Kill() {
	if s.cmd == nil || s.cmd.Process == nil {
		return
	}
	_ = s.cmd.Process.Kill()
	_, _ = s.cmd.Process.Wait()
	s.cmd = nil
}
