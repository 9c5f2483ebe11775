package main

import (
	"github.com/spf13/cobra"

	"github.com/portico-gateway/portico/internal/dev"
)

func devCommand(c console) *cobra.Command {
	var o dev.Options
	cmd := &cobra.Command{
		Use:     "dev",
		Short:   "Serve the project while it is edited",
		GroupID: groupProject,
		Long: `Serves the project, and each change of it: it watches the schemas, portico.yaml, documents, protos and Go code, generates, builds,
and lets the new gateway take over without a request being lost. While there is a mistake, which is shown here and in the
console, the gateway before it goes on serving. Services that do not answer are mocked: see portico mock.

Gateways are started with the settings of portico.yaml, behind this process, which listens in their place: it speaks TLS
with the certificates of server.tls, but asks no client for one.

The exit code is 0 after an interruption, 1 if nothing can be served, such as for an address that is in use, and 2 for wrong use.`,
		Example: `  portico dev
  portico dev --mocks=false --log info`,
		Args: arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.Out, o.Color = cmd.OutOrStdout(), c.colour
			return dev.Run(cmd.Context(), o)
		},
	}
	flags := cmd.Flags()
	projectFlag(cmd, &o.Root)
	flags.StringVar(&o.Config, "config", "portico.yaml", "the configuration's `FILE`")
	flags.StringVar(&o.Main, "main", "./cmd/gateway", "the gateway's `PACKAGE`")
	flags.StringVar(&o.Log, "log", "warn", "the least `LEVEL` of what the gateway logs: debug, info, warn, error")
	flags.BoolVar(&o.Mocks, "mocks", true, "mock services that do not answer")
	flags.Uint64Var(&o.Seed, "seed", 1, "mock other answers with another `NUMBER`")
	return cmd
}
