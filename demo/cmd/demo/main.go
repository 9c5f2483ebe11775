// Command demo runs the demo services, and optionally a command among them:
//
//	demo                        # until Ctrl-C
//	demo bin/gateway            # as long as the gateway runs
//
// With a command, the exit code is the command's.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/portico-gateway/portico/demo"
)

func main() {
	// Two: a second Ctrl-C must reach the command while the first is handled.
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)

	err := run(context.Background(), os.Args[1:], signals, stdio{in: os.Stdin, out: os.Stdout, err: os.Stderr})
	os.Exit(exitCode(err, os.Stderr))
}

// stdio is what a process reads and writes.
type stdio struct {
	in       io.Reader
	out, err io.Writer
}

// exitCode prints what went wrong, if anything did, and returns the exit code.
func exitCode(err error, stderr io.Writer) int {
	if exit, ok := errors.AsType[*exitError](err); ok {
		return exit.code // the command has told already
	}
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errUsage):
		return 2 // package flag has told already
	}
	fmt.Fprintln(stderr, err)
	if address, ok := errors.AsType[*demo.AddressError](err); ok {
		fmt.Fprintf(stderr, "Is another demo running? Stop it, or give %s another address: demo -%s 127.0.0.1:0\n",
			address.Service, address.Service)
	}
	return 1
}

// run starts the services and waits: for the command, or else for a signal or
// the end of the context.
func run(ctx context.Context, args []string, signals <-chan os.Signal, std stdio) (err error) {
	opts, err := parse(args, std.err)
	if err != nil {
		return err
	}
	d, err := demo.Start(ctx, opts.config)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()

	if !opts.quiet {
		printServices(std.err, d) // what the command prints stays clean
	}
	if len(opts.command) > 0 {
		return runCommand(ctx, opts.command, signals, std)
	}
	select {
	case <-ctx.Done():
	case <-signals:
	}
	return nil
}
