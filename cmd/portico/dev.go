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
		Long: `Serves the project and applies every change: it watches the schemas, portico.yaml, OpenAPI documents, protos and Go code, generates,
builds, and switches to the new gateway without losing a request. If there is a mistake, it is shown here and in the
console, and the previous gateway continues to serve. Services that do not answer are mocked: see portico mock.

Gateways run with the settings of portico.yaml behind this process, which listens at their address. It terminates TLS with the
certificates of server.tls, but does not request client certificates.

The exit code is 0 after an interruption, 1 if nothing can be served, for example because the address is in use, and 2 for wrong use.`,
		Example: `  portico dev
  portico dev --mocks=false --log info`,
	}
	serves(cmd, c, &o)
	flags := cmd.Flags()
	flags.BoolVar(&o.Mocks, "mocks", true, "mock services that do not answer")
	flags.Uint64Var(&o.Seed, "seed", 1, "the seed of the mocks, a `NUMBER`")
	return cmd
}

func recordCommand(c console) *cobra.Command {
	var o dev.Options
	cmd := &cobra.Command{
		Use:     "record",
		Short:   "Serve the project, and record what its services answer",
		GroupID: groupServices,
		Long: `Serves the project like portico dev, and records each call of the gateway: a file per call, with all of its answers, in a folder
per service. It also records the keys of token issuers. A repeated call replaces its earlier recording.

Request headers and cookies are not recorded. Values in queries, forms and JSON with names of secrets, such as
password, accessToken or api_key, are replaced. gRPC messages are recorded unchanged: check them before you share
a recording.

The exit code is that of portico dev.`,
		Example: `  portico record
  portico record --dir testdata/recordings`,
	}
	serves(cmd, c, &o)
	recordingFlag(cmd, &o.Record)
	return cmd
}

func replayCommand(c console) *cobra.Command {
	var o dev.Options
	cmd := &cobra.Command{
		Use:     "replay",
		Short:   "Serve the project without its services, from a recording",
		GroupID: groupServices,
		Long: `Serves the project like portico dev, with a recording of portico record in place of all services. A call is matched by its
method, path, query, body and caller. If a call has several recorded answers, they are returned in order, and then the last
one is repeated. A call that was not recorded fails, and is printed.

The exit code is that of portico dev.`,
		Example: `  portico replay
  portico replay --dir testdata/recordings`,
	}
	serves(cmd, c, &o)
	recordingFlag(cmd, &o.Replay)
	return cmd
}

func recordingFlag(cmd *cobra.Command, dir *string) {
	cmd.Flags().StringVar(dir, "dir", "recordings", "the `FOLDER` of the recording, in the project")
	_ = cmd.MarkFlagDirname("dir") // it fails for undefined flags only
}

// serves makes a command serve the project until it is interrupted.
func serves(cmd *cobra.Command, c console, o *dev.Options) {
	cmd.Args = arguments(0, 0)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		o.Out, o.Color = cmd.OutOrStdout(), c.colour
		return dev.Run(cmd.Context(), *o)
	}
	flags := cmd.Flags()
	projectFlag(cmd, &o.Root)
	flags.StringVar(&o.Config, "config", "portico.yaml", "the configuration `FILE`")
	flags.StringVar(&o.Main, "main", "./cmd/gateway", "the gateway's `PACKAGE`")
	flags.StringVar(&o.Log, "log", "warn", "the minimum log `LEVEL` of the gateway: debug, info (with requests), warn, error")
}
