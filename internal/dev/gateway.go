package dev

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"sync"
	"time"
)

// addresses are where a gateway is reached.
type addresses struct{ public, admin string }

// gateway is the process of a gateway, which listens on Unix domain sockets.
type gateway struct {
	at    addresses
	cmd   *exec.Cmd
	ended chan struct{} // closed when the process has ended
}

// process is how a gateway is started.
type process struct {
	binary, root string
	args         []string
	environment  []string
	at           addresses
	out          io.Writer
}

// How long a gateway may take to start, and to end after it was told to: as long as its requests take, and no longer than
// this.
const (
	startTimeout = time.Minute
	endTimeout   = time.Minute
)

// start starts a gateway, and returns when it serves. If it ends before, the error is what it wrote to standard error.
func (p process) start(ctx context.Context) (*gateway, error) {
	cmd := exec.Command(p.binary, p.args...) //nolint:gosec,noctx // it is the project's gateway, which stop ends
	cmd.Dir, cmd.Env, cmd.Stdout = p.root, p.environment, p.out
	messages := &tail{to: p.out}
	cmd.Stderr = messages
	cmd.SysProcAttr = attributes()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	g := &gateway{at: p.at, cmd: cmd, ended: make(chan struct{})}
	go func() {
		defer close(g.ended)
		_ = cmd.Wait()
	}()
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-g.ended:
			return nil, errors.New(messages.String())
		case <-ctx.Done():
			g.stop()
			return nil, errors.Join(errors.New("the gateway does not start"), context.Cause(ctx))
		case <-ticker.C:
		}
		if reachable(ctx, p.at.admin) && reachable(ctx, p.at.public) {
			messages.pass()
			return g, nil
		}
	}
}

// readyTimeout is how long a gateway that serves may take to be ready: it fetches the keys of issuers, or else could not verify
// the tokens that the one before has accepted. They, and the services that are required, may be down.
const readyTimeout = 2 * time.Second

// awaitReady waits until the gateway is ready, or is not for too long.
func (g *gateway) awaitReady(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for !g.isReady(ctx) {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// isReady reports whether /readyz says so.
func (g *gateway) isReady(ctx context.Context) bool {
	through := dialing(g.at.admin)
	defer through.CloseIdleConnections()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://gateway/readyz", http.NoBody)
	if err != nil {
		return false
	}
	response, err := (&http.Client{Transport: through}).Do(r)
	if err != nil {
		return false
	}
	return response.Body.Close() == nil && response.StatusCode == http.StatusOK
}

// stop makes the gateway end when its requests are answered, and waits for that.
func (g *gateway) stop() {
	_ = g.cmd.Process.Signal(os.Interrupt) // it fails if the process has ended
	select {
	case <-g.ended:
	case <-time.After(endTimeout):
		_ = g.cmd.Process.Kill()
		<-g.ended
	}
}

// tail keeps what a process writes until it serves; from then on, it writes it to another writer.
type tail struct {
	mu   sync.Mutex
	kept bytes.Buffer
	to   io.Writer
	on   bool
}

// longestTail is how much of it is kept.
const longestTail = 64 << 10

// Write is part of [io.Writer].
func (t *tail) Write(text []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.on {
		return t.to.Write(text)
	}
	if t.kept.Len() < longestTail {
		t.kept.Write(text)
	}
	return len(text), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.kept.String()
}

// pass writes what was kept, and all that follows, to the other writer.
func (t *tail) pass() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.on = true
	_, _ = t.to.Write(t.kept.Bytes()) // it is shown to people
	t.kept.Reset()
}
