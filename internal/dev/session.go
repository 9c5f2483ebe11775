package dev

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/internal/bindgen"
)

// Options are those of [Run].
type Options struct {
	// Root is the project.
	Root string
	// Config is the configuration's file, relative to Root or absolute; portico.yaml.
	Config string
	// Main is the gateway's package; ./cmd/gateway.
	Main string
	// Log is the least level of what gateways log, such as info. Requests are logged with info and debug.
	Log string
	// Record is a folder, below which all that services answer is recorded; empty for no recording. Replay is such a folder, from
	// which it is answered in their place. Both are relative to Root or absolute.
	Record, Replay string
	// Mocks starts mocks for services that do not answer when a gateway starts. Their answers are by Seed.
	Mocks bool
	Seed  uint64
	// Out is where progress, mistakes and the logs of gateways go; Color colors them.
	Out   io.Writer
	Color bool
}

// session is a run. One goroutine uses it, but for the fields that say otherwise.
type session struct {
	Options

	dir         string   // of the binary and the sockets
	environment []string // of this process when it began: bindgen changes it
	print       *printer
	status      *status
	proxy       *proxy
	standIns    *standIns
	front       *front
	built       bool   // there is a binary
	serving     string // which binary the gateway that serves was started from
	starts      int

	unbuilt      bool // nothing was built of the code and the schemas as they are now
	reconfigured bool // no gateway was started with the configuration as it is now
}

func newSession(o Options, dir string) *session {
	s := &session{
		Options: o, dir: dir, environment: os.Environ(), print: &printer{out: o.Out, color: o.Color}, status: newStatus(), front: &front{root: o.Root},
		unbuilt: true,
	}
	s.standIns = newStandIns(o, s.print)
	s.proxy = newProxy(s.status)
	return s
}

func (s *session) close() {
	s.front.close()
	s.proxy.close()
	s.standIns.close()
}

// run follows changes until ctx is done. A change ends the work for the one before it.
func (s *session) run(ctx context.Context, changes <-chan []string) error {
	if cfg, err := config.Load(s.Config, os.Getenv); err == nil { // else start shows the mistakes
		if err := s.front.open(ctx, cfg, s.proxy); err != nil {
			return err
		}
		s.print.line(dim, "the first gateway is being built; then it is at %s/playground", s.front.url)
	}
	cancel, done := s.work(ctx)
	wait := func() {
		if cancel(); done != nil {
			<-done //nolint:errcheck // what comes next replaces it
		}
	}
	for {
		select {
		case <-ctx.Done():
			wait()
			return nil
		case err := <-done:
			if done = nil; err != nil {
				s.fail(err)
			}
		case files := <-changes:
			wait()
			s.print.line(plain, "changed: %s", strings.Join(files, ", "))
			s.status.set(func(r *report) { r.State, r.Mistakes, r.Changes = working, nil, r.Changes+1 })
			for _, file := range files {
				if filepath.Join(s.Root, file) == s.Config {
					s.reconfigured = true
				} else {
					s.unbuilt = true
				}
			}
			cancel, done = s.work(ctx)
		}
	}
}

// work begins to make a gateway of the project as it is now. It sends what becomes of that.
func (s *session) work(ctx context.Context) (cancel func(), done chan error) {
	ctx, cancel = context.WithCancel(ctx)
	done = make(chan error, 1)
	go func() { done <- s.update(ctx) }()
	return cancel, done
}

// update makes a gateway of the project as it is now, and lets it take over. If the configuration has changed, of which nothing
// is generated, the gateway that was built last is started with it first: that takes no time.
func (s *session) update(ctx context.Context) error {
	began := time.Now()
	var failed error
	if s.reconfigured && s.built {
		// It may fail because of the code that is not built yet, but not for mistakes in the file itself.
		if failed = s.start(ctx, began); isMistaken(failed) || !s.unbuilt {
			return failed
		}
	}
	if err := bindgen.Generate(ctx, s.Root, s.note); err != nil {
		return err
	}
	s.standIns.renew()
	generated := time.Since(began)
	binary, err := s.build(ctx)
	if err != nil {
		return err
	}
	s.built, s.unbuilt = true, false
	switch {
	case binary == s.serving && failed != nil:
		return failed
	case binary == s.serving && !s.reconfigured:
		s.status.set(func(r *report) { r.State = serving })
		return nil
	}
	s.print.line(dim, "generated in %s, built in %s", seconds(generated), seconds(time.Since(began)-generated))
	if err := s.start(ctx, began); err != nil {
		return err
	}
	s.serving = binary
	return nil
}

func isMistaken(err error) bool {
	_, ok := errors.AsType[config.Mistakes](err)
	return ok
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

func (s *session) note(step bindgen.Step) {
	for _, note := range step.Notes {
		s.print.line(plain, "note: %s", note)
	}
}

// build builds the gateway, and returns what identifies the binary.
func (s *session) build(ctx context.Context) (string, error) {
	binary := filepath.Join(s.dir, "gateway")
	// Without symbols, which only debuggers read, since they take a third of the time to link; and what is generated, and uses it, without
	// inlining, since that takes a quarter of the time to compile.
	args := []string{"build", "-buildvcs=false", "-ldflags=-s -w"}
	for _, folder := range []string{"graph", "clients", "resolvers"} {
		args = append(args, "-gcflags=./"+folder+"/...=-l")
	}
	cmd := exec.CommandContext(ctx, "go", append(args, "-o", binary, s.Main)...) //nolint:gosec // the project's own package
	cmd.Dir, cmd.Env = s.Root, s.environment
	if text, err := cmd.CombinedOutput(); err != nil {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		return "", errors.New(cmp.Or(strings.TrimSpace(string(text)), err.Error()))
	}
	info, err := os.Stat(binary)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d %d", info.ModTime().UnixNano(), info.Size()), nil
}

// start starts the gateway that was built last, with the configuration as it is now, and lets it take over.
func (s *session) start(ctx context.Context, began time.Time) error {
	cfg, err := config.Load(s.Config, os.Getenv)
	if err != nil {
		return err
	}
	if err := s.front.open(ctx, cfg, s.proxy); err != nil {
		return err
	}
	s.starts++
	at := addresses{
		public: fmt.Sprintf("unix:%s/%d.public", s.dir, s.starts),
		admin:  fmt.Sprintf("unix:%s/%d.admin", s.dir, s.starts),
	}
	args := []string{
		"-config", s.Config, "-log", s.Log, "-set", "server.listen=" + at.public, "-set", "admin.listen=" + at.admin,
		"-set", "server.forwardedHeader=X-Forwarded-For", // in which the proxy names the caller
	}
	if cfg.Server.TLS != nil {
		args = append(args, "-set", "server.tls=null")
	}
	if s.Log == "warn" || s.Log == "error" {
		args = append(args, "-set", "accessLog.enabled=false")
	}
	for _, setting := range s.standIns.settings(ctx, cfg) {
		args = append(args, "-set", setting)
	}
	next, err := process{binary: filepath.Join(s.dir, "gateway"), root: s.Root, args: args, environment: s.environment, at: at, out: s.Out}.start(ctx)
	if err != nil {
		return err
	}
	if before := s.proxy.gateway(); before == nil || before.isReady(ctx) { // else nothing is lost if the next one is not ready
		next.awaitReady(ctx)
	}
	s.reconfigured = false
	s.proxy.change(next)
	s.watchOver(next)
	s.status.set(func(r *report) { r.State, r.Version = serving, r.Version+1 })
	s.print.line(green, "serving %s/playground (%s)", s.front.url, seconds(time.Since(began)))
	return nil
}

// watchOver shows when a gateway ends that should not.
func (s *session) watchOver(g *gateway) {
	go func() {
		<-g.ended
		if s.proxy.gateway() == g {
			s.fail(errors.New("the gateway has ended: what it wrote is in the terminal. It is started again with the next change"))
		}
	}()
}

// version counts the gateways that have served.
func (s *session) version() int {
	now, _ := s.status.latest()
	return now.Version
}

// fail shows what is wrong.
func (s *session) fail(err error) {
	list := s.mistakes(err)
	for _, m := range list {
		s.print.line(red, "%s", strings.TrimSpace(m.At+" "+m.Message))
	}
	s.status.set(func(r *report) { r.State, r.Mistakes = mistaken, list })
	if s.version() > 0 {
		s.print.line(dim, "the gateway before this change goes on serving")
	}
}

var position = regexp.MustCompile(`^(\S+\.\w+:\d+(?::\d+)?): (.*)$`)

// mistakes returns the mistakes that an error reports, with paths that are relative to the project.
func (s *session) mistakes(err error) []Mistake {
	if list, ok := errors.AsType[bindgen.Diagnostics](err); ok {
		var out []Mistake
		for _, d := range list {
			at := d.File
			if d.Line > 0 {
				at = fmt.Sprintf("%s:%d:%d", d.File, d.Line, d.Column)
			}
			message := d.Message
			if d.Fix != "" {
				message += "\nfix: " + d.Fix
			}
			out = append(out, Mistake{At: at, Message: message})
		}
		return out
	}
	var out []Mistake
	for line := range strings.Lines(strings.ReplaceAll(err.Error(), s.Root+string(filepath.Separator), "")) {
		line = strings.TrimPrefix(strings.TrimRight(line, "\n"), "gateway: ")
		switch match := position.FindStringSubmatch(strings.TrimPrefix(line, "./")); {
		case match != nil:
			out = append(out, Mistake{At: match[1], Message: match[2]})
		case len(out) == 0 || out[len(out)-1].At == "":
			if !strings.HasPrefix(line, "# ") { // the Go command names the package
				out = append(out, Mistake{Message: line})
			}
		case strings.HasPrefix(line, "\t"):
			out[len(out)-1].Message += "\n" + strings.TrimSpace(line)
		default:
			out = append(out, Mistake{Message: line})
		}
	}
	return out
}
