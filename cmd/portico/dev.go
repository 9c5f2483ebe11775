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
	}
	serves(cmd, c, &o)
	flags := cmd.Flags()
	flags.BoolVar(&o.Mocks, "mocks", true, "mock services that do not answer")
	flags.Uint64Var(&o.Seed, "seed", 1, "mock other answers with another `NUMBER`")
	return cmd
}

func recordCommand(c console) *cobra.Command {
	var o dev.Options
	cmd := &cobra.Command{
		Use:     "record",
		Short:   "Serve the project, and record what its services answer",
		GroupID: groupServices,
		Long: `Serves the project as portico dev does, and records each call that the gateway makes: a file for each, with all answers that it got,
in a folder for each service, and the keys of token issuers. Calls that are made again replace what was recorded before.

No header of a request is recorded, and no cookie. Values in queries, forms and JSON whose names are those of secrets, such as
password, accessToken or api_key, are replaced. Messages of gRPC are recorded as they are: look at them before you share
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
		Long: `Serves the project as portico dev does. What portico record has recorded answers in place of all services: a call is found by its
method, path, query, body and caller. One that was recorded several times gets its answers in their order, and then the last
one again. A call that was not recorded fails, and is printed.

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
	flags.StringVar(&o.Config, "config", "portico.yaml", "the configuration's `FILE`")
	flags.StringVar(&o.Main, "main", "./cmd/gateway", "the gateway's `PACKAGE`")
	flags.StringVar(&o.Log, "log", "warn", "the least `LEVEL` of what the gateway logs: debug, info (with requests), warn, error")
}
