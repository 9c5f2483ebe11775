// Command gateway serves the frontends of this project.
//
//	gateway [-config portico.yaml] [-log info]
//
// It stops on SIGINT and SIGTERM, after the requests that are under way, and with
// SIGTERM after server.lameDuck; a second signal ends it at once. It reads its
// configuration again on SIGHUP, and when the file has changed.
package main

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

	"github.com/portico-gateway/portico/clients"
	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/gateway/observe"
	"github.com/portico-gateway/portico/gateway/server"
	"github.com/portico-gateway/portico/graph"
	"github.com/portico-gateway/portico/resolvers"
)

func main() {
	ctx, stop := untilSignal()
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, hangups)
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

// run is the gateway without the process around it: it serves until ctx is
// done, and reloads its configuration when reload has something.
func run(ctx context.Context, args []string, getenv func(string) string, stdout io.Writer, reload <-chan os.Signal) error {
	flags := flag.NewFlagSet("gateway", flag.ContinueOnError)
	flags.SetOutput(stdout)
	file := flags.String("config", "portico.yaml", "the configuration's file")
	var level slog.Level
	flags.TextVar(&level, "log", slog.LevelInfo, "the least level of what is logged: debug, info, warn, error")
	if err := flags.Parse(args); err != nil {
		return err
	}
	load := func() (*config.Config, error) { return config.Load(*file, getenv) }
	cfg, err := load()
	if err != nil {
		return err
	}
	log := observe.NewLogger(stdout, level, getenv)
	defer observe.Flush(log) //nolint:contextcheck // ctx is done then
	options := server.Options{Policies: resolvers.Policies(), AccessLog: stdout, Load: load, File: *file, Reload: reload}
	gateway, err := server.New(cfg, log, options) //nolint:contextcheck // it connects to nothing
	if err != nil {
		return err
	}
	defer gateway.Close()
	services, err := clients.New(gateway.Services())
	if err != nil {
		return err
	}
	return gateway.Run(ctx, graph.Frontends(resolvers.New(services), services))
}
