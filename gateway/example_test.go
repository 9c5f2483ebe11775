package gateway_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/portico-gateway/portico/clients"
	"github.com/portico-gateway/portico/gateway"
	"github.com/portico-gateway/portico/gateway/access"
	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/gateway/execute"
	"github.com/portico-gateway/portico/gateway/upstream"
	"github.com/portico-gateway/portico/graph"
	"github.com/portico-gateway/portico/resolvers"
)

// The main function of a project. portico generate writes graph.Open.
func ExampleMain() {
	gateway.Main(graph.Open)
}

// A project whose methods need more than the clients of services, such as a database, has an Open of its own.
func ExampleOpen() {
	open := func(services upstream.Clients) ([]execute.Frontend, map[string]access.Policy, error) {
		set, err := clients.New(services)
		if err != nil {
			return nil, nil, err
		}
		root := resolvers.New(set) // with the parameters that your New has
		return graph.Frontends(root, set), resolvers.Policies(), nil
	}
	gateway.Main(open)
}

// Run serves within a process, such as that of a test of the command, until its context is done.
func ExampleRun() {
	process := gateway.Process{
		Args:   []string{"-config", "../portico.yaml", "-set", "server.listen=127.0.0.1:0", "-set", "admin.listen=127.0.0.1:0"},
		Getenv: os.Getenv,
		Stdout: io.Discard, // the logs
	}
	ctx, stop := context.WithCancel(context.Background())
	stop() // when it should stop
	fmt.Println(gateway.Run(ctx, graph.Open, process))

	process.Args = append(process.Args, "-set", "services.catalog.timeout=soon")
	if mistakes, ok := errors.AsType[config.Mistakes](gateway.Run(ctx, graph.Open, process)); ok {
		fmt.Println(mistakes[0].Path, mistakes[0].Message) // the error itself has the file and the line as well
	}
	// Output:
	// <nil>
	// services.catalog.timeout "soon" is not a duration: write one such as 500ms, 2s or 1m30s
}
