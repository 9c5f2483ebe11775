package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/portico-gateway/portico/internal/bindgen"
)

func generateCommand() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:     "generate",
		Short:   "Generate the Go code of all frontends",
		GroupID: groupProject,
		Long: `Generates the Go code of all frontends into graph/ and clients/. If there is a mistake or it is interrupted, no file changes.

The exit code is 0 if the code is generated, 1 for mistakes in the project or a failure, and 2 for wrong use.`,
		Example: `  portico generate
  portico generate -C ../shop`,
		Args: arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error { return generate(cmd.Context(), dir, cmd.OutOrStdout()) },
	}
	projectFlag(cmd, &dir)
	return cmd
}

func generate(ctx context.Context, dir string, stdout io.Writer) error {
	start := time.Now()
	if err := bindgen.Generate(ctx, dir, progress(stdout, start)); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%-10s %6.2fs\n", "all", time.Since(start).Seconds())
	return nil
}

// progress prints the steps of a run once it has taken a second.
func progress(stdout io.Writer, start time.Time) func(bindgen.Step) {
	var held []bindgen.Step
	return func(s bindgen.Step) {
		for _, note := range s.Notes {
			fmt.Fprintln(stdout, "note: "+note)
		}
		held = append(held, s)
		if time.Since(start) < time.Second {
			return
		}
		for _, s := range held {
			fmt.Fprintf(stdout, "%-10s %6.2fs\n", s.Name, s.Took.Seconds())
		}
		held = nil
	}
}
