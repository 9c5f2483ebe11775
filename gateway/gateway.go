// Package gateway runs a gateway: it reads the command line and portico.yaml, and serves the frontends of a project until
// it is stopped. The command of a project calls [Main]:
//
//	func main() { gateway.Main(graph.Open) }
package gateway

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/portico-gateway/portico/gateway/access"
	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/gateway/execute"
	"github.com/portico-gateway/portico/gateway/observe"
	"github.com/portico-gateway/portico/gateway/server"
	"github.com/portico-gateway/portico/gateway/upstream"
)

// Open returns the frontends of a project, which call the services, and the policies that @policy names, by name; nil for
// none. It is called once, before the gateway listens. Its error ends [Run]. portico generate writes one: graph.Open.
type Open func(services upstream.Clients) ([]execute.Frontend, map[string]access.Policy, error)

// Main serves a project until a signal stops the process, and exits with status 1 if serving fails. The flags of the process
// are -config, the path of the configuration (default portico.yaml); -set, a setting that overrides one of the file, such as
// services.catalog.url=http://127.0.0.1:7001, which may be repeated; and -log, the minimum level of the log: debug, info (the
// default), warn or error.
//
// On SIGINT and SIGTERM, it stops and waits for the running requests, for at most server.drain; on SIGTERM, it first continues
// to serve for server.lameDuck. A second signal ends the process at once. The configuration is reloaded on SIGHUP, and when the
// file has changed.
func Main(open Open) {
	ctx, stop := untilSignal()
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	err := Run(ctx, open, Process{Args: os.Args[1:], Getenv: os.Getenv, Stdout: os.Stdout, Reload: hangups})
	stop()
	var mistakes config.Mistakes
	switch {
	case errors.Is(err, flag.ErrHelp):
	case errors.As(err, &mistakes): // each begins with its file and line
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	case err != nil:
		fmt.Fprintln(os.Stderr, "gateway:", err)
		os.Exit(1)
	}
}

// untilSignal returns a context that ends with SIGINT, or with SIGTERM and the cause
// [server.ErrTerminated]. The next signal is the system's to handle.
func untilSignal() (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case s := <-signals:
			signal.Stop(signals)
			if s == syscall.SIGTERM {
				cancel(server.ErrTerminated)
			}
			cancel(nil)
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		cancel(nil)
	}
}

// Process is the environment of a gateway. Only Reload may be nil.
type Process struct {
	// Args are the arguments of the command, without its name: see [Main].
	Args []string
	// Getenv returns a variable of the environment, or "", as [os.Getenv] does.
	Getenv func(string) string
	// Stdout receives the log, the access log and the text of -help. It must be safe for concurrent use.
	Stdout io.Writer
	// Reload reloads the configuration for each value that it receives, as SIGHUP does; it may be nil.
	Reload <-chan os.Signal
}

// Run is [Main] without signals and exit statuses: it serves until ctx is done, and then waits for the running requests, for at
// most server.drain. It returns nil if all of them ended. The error is [flag.ErrHelp] if the arguments ask for help,
// [config.Mistakes] if the configuration has mistakes, or that of open.
func Run(ctx context.Context, open Open, p Process) error {
	flags := flag.NewFlagSet("gateway", flag.ContinueOnError)
	flags.SetOutput(p.Stdout)
	file := flags.String("config", "portico.yaml", "the configuration's file")
	var level slog.Level
	flags.TextVar(&level, "log", slog.LevelInfo, "the least level of what is logged: debug, info, warn, error")
	var set []string
	flags.Func("set", "a setting that counts as if the file had it, such as services.catalog.url=http://127.0.0.1:7001; may be repeated",
		func(text string) error {
			set = append(set, text)
			return nil
		})
	if err := flags.Parse(p.Args); err != nil {
		return err
	}
	load := func() (*config.Config, error) { return config.Load(*file, p.Getenv, set...) }
	cfg, err := load()
	if err != nil {
		return err
	}
	log := observe.NewLogger(p.Stdout, level, p.Getenv)
	defer observe.Flush(log) //nolint:contextcheck // ctx is done then
	options := server.Options{AccessLog: p.Stdout, Load: load, File: *file, Reload: p.Reload}
	s, err := server.New(cfg, log, options) //nolint:contextcheck // it connects to nothing
	if err != nil {
		return err
	}
	defer s.Close()
	frontends, policies, err := open(s.Services())
	if err != nil {
		return err
	}
	return s.Run(ctx, frontends, policies)
}
