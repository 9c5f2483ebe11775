package main

import (
	"errors"
	"flag"
	"fmt"
	"io"

	"github.com/portico-gateway/portico/demo"
)

// errUsage says that the flags are wrong. Which, has been written already.
var errUsage = errors.New("wrong usage")

// options are what the command line says.
type options struct {
	config  demo.Config
	quiet   bool
	command []string // may be empty
}

// parse reads the flags up to the first argument that is none; from there on
// it is the command.
func parse(args []string, stderr io.Writer) (options, error) {
	opts := options{config: demo.DefaultConfig()}
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprint(stderr, "Usage: demo [flags] [command args…]\n\n"+
			"Runs the demo services until Ctrl-C, or as long as the command runs.\n\n")
		flags.PrintDefaults()
	}
	flags.BoolVar(&opts.quiet, "quiet", false, "don't list the services")
	for _, a := range []struct {
		name    string
		address *string
	}{
		{demo.Control, &opts.config.Control},
		{demo.Catalog, &opts.config.Catalog},
		{demo.Accounts, &opts.config.Accounts},
		{demo.Orders, &opts.config.Orders},
		{demo.Shipping, &opts.config.Shipping},
		{demo.Reviews, &opts.config.Reviews},
		{demo.Inventory, &opts.config.Inventory},
	} {
		flags.StringVar(a.address, a.name, *a.address, "`address` of "+a.name)
	}
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return options{}, err
	} else if err != nil {
		return options{}, errors.Join(errUsage, err)
	}
	opts.command = flags.Args()
	return opts, nil
}
