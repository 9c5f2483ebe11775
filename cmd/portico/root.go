package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portico-gateway/portico/internal/nearest"
)

// The groups of commands in the help.
const (
	groupProject  = "project"
	groupServices = "services"
	groupSchema   = "schema"
)

// rootCommand returns the command portico with all others. A new command is a function in a file
// of its own, and a line here.
func rootCommand(c console) *cobra.Command {
	root := parent(&cobra.Command{
		Use:   "portico",
		Short: "Compile the schemas of a Backend-for-Frontend into Go",
		Long: `Portico compiles the schemas of a Backend-for-Frontend into Go: one GraphQL endpoint for each frontend, in front of your services.

The exit code is 0 for success, 1 for a mistake in the project or a failure, and 2 for wrong use. Commands for which a code
means something else describe it in their help.`,
		Example: `  portico init shop                 # a project of your own
  portico generate                  # after a change of schema/ or resolvers/
  portico check --json              # in an editor or in CI
  portico diff main                 # which clients does this branch break?`,
		Version:       readVersion().String(),
		SilenceErrors: true, // exitCode prints them
		SilenceUsage:  true,
	},
		initCommand(c), devCommand(c), generateCommand(), checkCommand(), configCommand(),
		importCommand(c), mockCommand(), recordCommand(c), replayCommand(c),
		diffCommand(), docsCommand(), explainCommand(), usageCommand(),
		versionCommand(),
	)
	root.AddGroup(&cobra.Group{ID: groupProject, Title: "Project:"}, &cobra.Group{ID: groupServices, Title: "Services:"},
		&cobra.Group{ID: groupSchema, Title: "Schema and operations:"})
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetOut(c.out)
	root.SetIn(c.in)
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	return root
}

// runWith runs a command line. What is wrong before the command begins is a [misuse].
func runWith(ctx context.Context, args []string, c console) error {
	root := rootCommand(c)                  //nolint:contextcheck // commands get the context when they run
	if len(args) > 0 && args[0] == "help" { // cobra's own succeeds for unknown commands
		args = append(args[1:len(args):len(args)], "--help")
	}
	if err := unknownCommand(root, args); err != nil {
		return err
	}
	started := false
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		err := cmd.ValidateRequiredFlags() // cobra would do it after this
		started = err == nil
		return err
	}
	root.SetArgs(append([]string{}, args...)) // nil would be those of the process
	cmd, err := root.ExecuteContextC(ctx)
	if err != nil && !started {
		return &misuse{cmd.CommandPath(), err}
	}
	return err
}

// unknownCommand returns a [misuse] if there is no such command. Cobra reports flags that
// follow it first, and only for the root.
func unknownCommand(root *cobra.Command, args []string) error {
	cmd, rest, _ := root.Find(args) // its error is the one that is made here
	if !cmd.HasSubCommands() || len(rest) == 0 || strings.HasPrefix(rest[0], "-") || strings.HasPrefix(rest[0], cobra.ShellCompRequestCmd) {
		return nil
	}
	var names []string
	for _, c := range cmd.Commands() {
		names = append(names, c.Name())
	}
	return &misuse{cmd.CommandPath(), fmt.Errorf("unknown command %q for %q; %s", rest[0], cmd.CommandPath(), nearest.Hint(rest[0], names))}
}

// parent adds commands to one that does nothing but print its help.
func parent(cmd *cobra.Command, children ...*cobra.Command) *cobra.Command {
	cmd.AddCommand(children...)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := cmd.Help(); err != nil {
			return err
		}
		return errUsage
	}
	return cmd
}

// arguments accepts a number of arguments; most is -1 if there is no limit.
func arguments(least, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch n := len(args); {
		case most == 0 && n > 0:
			return fmt.Errorf("%s takes no arguments, but got %q", cmd.Name(), args)
		case n < least:
			return fmt.Errorf("%s needs an argument: %s", cmd.Name(), cmd.UseLine())
		case most > 0 && n > most:
			return fmt.Errorf("%s takes %d %s at most, but got %d: %s", cmd.Name(), most, plural(most, "argument"), n, strings.Join(args, ", "))
		}
		return nil
	}
}

// projectFlag defines --project.
func projectFlag(cmd *cobra.Command, dir *string) {
	cmd.Flags().StringVarP(dir, "project", "C", ".", "the project in the folder `DIR`")
	_ = cmd.MarkFlagDirname("project") // it fails for undefined flags only
}

// frontendFlag defines --frontend, whose values the shell completes from the folders in the schema/ of --project.
func frontendFlag(cmd *cobra.Command, frontend *string, usage string) {
	cmd.Flags().StringVar(frontend, "frontend", "", usage)
	completeFlag(cmd, "frontend", func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		dir, _ := cmd.Flags().GetString("project") // every command with --frontend has it
		names, err := frontendsBeside(filepath.Join(dir, "portico.yaml"))
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	})
}

func completeFlag(cmd *cobra.Command, flag string, values cobra.CompletionFunc) {
	_ = cmd.RegisterFlagCompletionFunc(flag, values) // it fails for undefined flags only
}
