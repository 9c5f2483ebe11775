package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"log/slog"
	"os"

	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/gateway/observe"
	"github.com/portico-gateway/portico/gateway/server"
	"github.com/portico-gateway/portico/graph"
)

// gatewayCommand makes the program be a gateway.
const gatewayCommand = "gateway"

// runGateway serves the frontends of this project as cmd/gateway does, until ctx is done. It can
// do so without a bound on what is executed.
func runGateway(ctx context.Context, args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet(gatewayCommand, flag.ContinueOnError)
	file := flags.String("config", "", "the configuration's file")
	unbounded := flags.Bool("unbounded", false, "execute any number of operations at a time")
	if err := flags.Parse(args); err != nil {
		return err
	}
	cfg, err := config.Load(*file, os.Getenv)
	if err != nil {
		return err
	}
	log := observe.NewLogger(stdout, slog.LevelWarn, os.Getenv)
	defer observe.Flush(log)                                                    //nolint:contextcheck // ctx is done then
	gateway, err := server.New(cfg, log, server.Options{Unbounded: *unbounded}) //nolint:contextcheck // it connects to nothing
	if err != nil {
		return err
	}
	frontends, policies, err := graph.Open(gateway.Services())
	if err != nil {
		return errors.Join(err, gateway.Close())
	}
	return errors.Join(gateway.Run(ctx, frontends, policies), gateway.Close())
}
