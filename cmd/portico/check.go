package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/portico-gateway/portico/internal/bindgen"
	"github.com/portico-gateway/portico/internal/predict"
)

// check checks a project without writing, and prints the calls that its
// operations make at worst.
func check(ctx context.Context, args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("check", flag.ContinueOnError)
	flags.SetOutput(stdout)
	dir := flags.String("C", ".", "the project's folder")
	var options predict.Options
	flags.IntVar(&options.MaxCalls, "max-calls", 0, "the most calls that an operation may make")
	flags.BoolVar(&options.Update, "update", false, "write operations/calls.json")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return errUsage
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("check takes no arguments, but got %q", flags.Args())
	}
	start := time.Now()
	calls, err := bindgen.Check(ctx, *dir, options, progress(stdout, start))
	printCalls(stdout, calls)
	return err
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
