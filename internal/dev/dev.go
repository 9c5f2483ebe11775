// Package dev serves a project while it is edited: it watches the project's files, generates and builds what has changed,
// and lets the new gateway take over from the old one.
//
// The process of dev is a reverse proxy before the gateway's process ([proxy]). When another gateway has started, requests
// go to it from one moment to the next; the one before ends when its requests are answered. While a change can't be
// generated, built or started, the gateway before it goes on, and the mistakes are shown in the terminal and in the console.
//
//	watch.go    which files have changed
//	session.go  what follows: generate, build, start
//	gateway.go  the process of a gateway
//	proxy.go    requests, and who answers them
//	status.go   what is shown in the console, by dev.js
package dev

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/portico-gateway/portico/gateway/config"
)

// Options are those of [Run].
type Options struct {
	// Root is the project.
	Root string
	// Config is the configuration's file, relative to Root or absolute; portico.yaml.
	Config string
	// Main is the gateway's package; ./cmd/gateway.
	Main string
	// Log is the least level of what gateways log, such as info.
	Log string
	// Mocks starts mocks for services that do not answer when a gateway starts. Their answers are by Seed.
	Mocks bool
	Seed  uint64
	// Out is where progress, mistakes and the logs of gateways go; Color colors them.
	Out   io.Writer
	Color bool
	// Ready is called when the first gateway serves, with its URL; nil for no call.
	Ready func(url string)
}

// Run serves the project until ctx is done. Its error is that of what can't be corrected by an edit: an address that is in
// use, or a folder that is no project.
func Run(ctx context.Context, o Options) (err error) {
	if o.Root, err = filepath.Abs(o.Root); err != nil {
		return err
	}
	if o.Root, err = filepath.EvalSymlinks(o.Root); err != nil {
		return err
	}
	if !filepath.IsAbs(o.Config) {
		o.Config = filepath.Join(o.Root, o.Config)
	}
	if _, err := os.Stat(filepath.Join(o.Root, "schema")); err != nil {
		return fmt.Errorf("%s has no folder schema/: run this in the folder of a project, or begin one with portico init", o.Root)
	}
	dir, err := os.MkdirTemp("", "portico-dev-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	changes, err := watch(ctx, o.Root)
	if err != nil {
		return err
	}
	s := &session{Options: o, dir: dir, environment: os.Environ(), print: newPrinter(o.Out, o.Color), status: newStatus()}
	s.proxy = newProxy(s.status)
	s.mocks = newMocks(o)
	defer s.mocks.close()
	defer s.proxy.close()
	return s.run(ctx, changes)
}

// addresses are where a gateway is reached.
type addresses struct{ public, admin string }

// front is how the proxy is reached: at the addresses of the configuration.
type front struct {
	at      addresses
	servers []*http.Server
	wait    sync.WaitGroup
}

// open makes the proxy serve at the addresses of a configuration; nothing changes if it does already.
func (s *session) open(ctx context.Context, cfg *config.Config) error {
	at := addresses{cfg.Server.Listen, cfg.Admin.Listen}
	if s.front != nil && s.front.at == at {
		return nil
	}
	public, err := listen(ctx, "server.listen", at.public)
	if err != nil {
		return err
	}
	admin, err := listen(ctx, "admin.listen", at.admin)
	if err != nil {
		return errors.Join(err, public.Close())
	}
	if public, err = withTLS(public, cfg); err != nil {
		return errors.Join(err, admin.Close())
	}
	next := &front{at: at}
	next.serve(public, s.proxy.public(), cfg.Server.H2C)
	next.serve(admin, s.proxy.admin(), false)
	s.front.close()
	s.front, s.url = next, urlOf(public.Addr(), cfg)
	return nil
}

// close closes the connections of callers.
func (f *front) close() {
	if f == nil {
		return
	}
	for _, server := range f.servers {
		_ = server.Close()
	}
	f.wait.Wait()
}

// urlOf returns where people open a gateway that listens at an address.
func urlOf(at net.Addr, cfg *config.Config) string {
	scheme, host := "http://", at.String()
	if cfg.Server.TLS != nil {
		scheme = "https://"
	}
	if tcp, ok := at.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		host = fmt.Sprintf("127.0.0.1:%d", tcp.Port)
	}
	return scheme + host
}

// printer prints what happens, a line each.
type printer struct {
	mu    sync.Mutex
	out   io.Writer
	color bool
}

func newPrinter(out io.Writer, color bool) *printer { return &printer{out: out, color: color} }

// Write prints lines of a gateway's log.
func (p *printer) Write(text []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.Write(text)
}

// The colors of a line.
const (
	plain = ""
	red   = "\x1b[31m"
	green = "\x1b[32m"
	dim   = "\x1b[2m"
)

func (p *printer) line(color, format string, args ...any) {
	text := time.Now().Format(time.TimeOnly) + "  " + fmt.Sprintf(format, args...)
	if p.color && color != plain {
		text = color + text + "\x1b[0m"
	}
	fmt.Fprintln(p, text)
}
