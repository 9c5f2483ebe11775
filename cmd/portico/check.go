package main

import (
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/internal/bindgen"
	"github.com/portico-gateway/portico/internal/predict"
)

func checkCommand() *cobra.Command {
	var dir string
	var options predict.Options
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "check",
		Short:   "Check everything without writing, and count the calls that operations make at worst",
		GroupID: groupProject,
		Long: `Checks schemas, bindings, resolvers and operations without writing Go code, and counts the maximum number of calls of services
for each operation. An operation that the gateway would reject is a mistake: one beyond a limit or the maximum cost of portico.yaml
(without environment variables), or without a required slicing argument. The cost of an operation with required
variables is unknown, and not checked.

The exit code is 0 if there are no mistakes, 1 if there are or the project can't be read, and 2 for wrong use.`,
		Example: `  portico check
  portico check --max-calls 20
  portico check --update            # accept the calls as they are
  portico check --json | jq '.mistakes[]'`,
		Args: arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			notes := cmd.OutOrStdout()
			if asJSON {
				notes = cmd.ErrOrStderr()
			}
			calls, err := bindgen.Check(cmd.Context(), dir, options, progress(notes, time.Now()))
			err = withRefused(dir, err)
			if asJSON {
				return printCheckJSON(cmd.OutOrStdout(), calls, err)
			}
			printCalls(cmd.OutOrStdout(), calls)
			return err
		},
	}
	projectFlag(cmd, &dir)
	cmd.Flags().IntVar(&options.MaxCalls, "max-calls", 0, "the most calls, `N`, that one operation may make; 0 is no limit")
	cmd.Flags().BoolVar(&options.Update, "update", false, "accept the calls as they are: write operations/calls.json")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON: mistakes and operations")
	return cmd
}

// jsonMistake is a mistake in a project or in its configuration.
type jsonMistake struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Message string `json:"message"`
	Fix     string `json:"fix"`
}

// mistakesOf returns the mistakes that an error is; ok is false for other errors.
func mistakesOf(err error) (list []jsonMistake, ok bool) {
	list = []jsonMistake{}
	var found bindgen.Diagnostics
	var wrong config.Mistakes
	switch {
	case errors.As(err, &found):
		for _, d := range found {
			list = append(list, jsonMistake(d))
		}
	case errors.As(err, &wrong):
		for _, m := range wrong {
			message := m.Message
			if m.Path != "" {
				message = m.Path + ": " + message
			}
			list = append(list, jsonMistake{File: m.File, Line: m.Line, Column: m.Column, Message: message})
		}
	default:
		return list, err == nil
	}
	return list, true
}

// printCheckJSON prints the outcome of a check, unless it could not be made.
func printCheckJSON(stdout io.Writer, calls []predict.Calls, err error) error {
	mistakes, ok := mistakesOf(err)
	if !ok {
		return err
	}
	if calls == nil {
		calls = []predict.Calls{}
	}
	outcome := struct {
		Mistakes   []jsonMistake   `json:"mistakes"`
		Operations []predict.Calls `json:"operations"`
	}{mistakes, calls}
	if err := printJSON(stdout, outcome); err != nil {
		return err
	}
	if len(mistakes) > 0 {
		return errMistakes
	}
	return nil
}

// printCalls prints a table for each operation.
func printCalls(stdout io.Writer, all []predict.Calls) {
	for _, c := range all {
		fmt.Fprintf(stdout, "\n%s: at worst %d %s\n", c.Operation, c.Total(), plural(c.Total(), "call"))
		t := tabwriter.NewWriter(stdout, 0, 4, 2, ' ', 0)
		for _, s := range c.Steps {
			note := ""
			switch {
			case s.Each:
				note = fmt.Sprintf("N+1: a call for each of up to %d, bound at %s", s.Parents, s.At)
			case s.Count > 1:
				note = fmt.Sprintf("for up to %d", s.Parents)
			}
			fmt.Fprintf(t, "  %d\t%s\t%s\t%s\t%s\n", s.Count, s.Service, s.What, s.Path, note)
		}
		_ = t.Flush() // of a terminal or a file that nobody can read: nothing to do
		for _, field := range c.Unknown {
			fmt.Fprintf(stdout, "  ?  %s is a Go method that does not tell its calls: add @calls\n", field)
		}
	}
}
