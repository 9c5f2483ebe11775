// Command portico generates the Go code of a project from its schemas.
//
//	portico init NAME [flags]
//	portico mock [flags]
//	portico generate [-C dir]
//	portico check [-C dir] [--max-calls N] [--update]
//	portico import openapi|proto FILE... --service NAME
//	portico config check|show|schema [FILE]
//	portico diff OLD [NEW] [flags]
//	portico explain FILE [flags]
//	portico usage [flags] FILE...
//	portico docs --out DIR [flags]
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
	"time"

	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/internal/bindgen"
)

func main() {
	os.Exit(exitCode(run(context.Background(), os.Args[1:], os.Stdout), os.Stderr))
}

const usageOfAll = `portico compiles the schemas of a Backend-for-Frontend into Go.

usage: portico <command> [flags]

commands:
  init        make a project; see portico init -h
  mock        answer for the services from their documents; see portico mock -h
  generate    generate the Go code of all frontends (graph/, clients/)
  check       check everything without writing, and count the calls that operations make at worst
  import      draft a schema with bindings from an OpenAPI document or protos; see portico import -h
  config      check portico.yaml, show its settings, or print its JSON Schema; see portico config -h
  diff        say which changes of a schema break which operations and clients; see portico diff -h
  explain     say which calls an operation makes, or made and when; see portico explain -h
  usage       list fields that nobody requests, and deprecated ones that are requested; see portico usage -h
  docs        write the documentation of the frontends' APIs; see portico docs -h

flags of generate and check:
  -C dir         the project's folder (default ".")

flags of check:
  --max-calls N  the most calls that one operation may make
  --update       accept the calls as they are: write operations/calls.json
`

// errUsage is returned when the usage has been printed.
var errUsage = errors.New("usage")

// run is the command without the process around it.
func run(ctx context.Context, args []string, stdout io.Writer) error {
	if len(args) == 0 {
		fmt.Fprint(stdout, usageOfAll)
		return errUsage
	}
	switch args[0] {
	case "init":
		return initProject(ctx, args[1:], newConsole(os.Stdin, stdout, os.Getenv))
	case "mock":
		return mockServices(ctx, args[1:], stdout)
	case "generate":
		return generate(ctx, args[1:], stdout)
	case "check":
		return check(ctx, args[1:], stdout)
	case "import":
		return importDraft(ctx, args[1:], newConsole(os.Stdin, stdout, os.Getenv))
	case "config":
		return configure(args[1:], os.Getenv, stdout)
	case "diff":
		return diff(ctx, args[1:], stdout)
	case "explain":
		return explain(ctx, args[1:], stdout)
	case "usage":
		return listUsage(ctx, args[1:], stdout)
	case "docs":
		return docs(ctx, args[1:], stdout)
	case "help", "-h", "-help", "--help":
		fmt.Fprint(stdout, usageOfAll)
		return nil
	}
	return fmt.Errorf("there is no command %q; see portico help", args[0])
}

func generate(ctx context.Context, args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("generate", flag.ContinueOnError)
	flags.SetOutput(stdout)
	dir := flags.String("C", ".", "the project's folder")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return errUsage
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("generate takes no arguments, but got %q", flags.Args())
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	start := time.Now()
	if err := bindgen.Generate(ctx, *dir, progress(stdout, start)); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%-10s %6.2fs\n", "all", time.Since(start).Seconds())
	return nil
}

// trouble is the error of a command whose exit code 1 means something else, if it could
// not do its work.
type trouble struct {
	command string
	err     error
}

// Error returns the command and what stopped it.
func (t *trouble) Error() string { return fmt.Sprintf("portico %s: %v", t.command, t.err) }

// Unwrap returns what stopped it.
func (t *trouble) Unwrap() error { return t.err }

// exitCode prints an error and returns the process's exit code: 1 for a
// mistake in the project or a failure, 2 for wrong use, and for [trouble].
func exitCode(err error, stderr io.Writer) int {
	if stopped, ok := errors.AsType[*trouble](err); ok {
		fmt.Fprintln(stderr, stopped)
		return 2
	}
	var found bindgen.Diagnostics
	var wrong config.Mistakes
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errUsage):
		return 2
	case errors.Is(err, errBreaking), errors.Is(err, errFailed): // it is printed
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(stderr, "interrupted; no file was changed")
	case errors.As(err, &found):
		fmt.Fprintf(stderr, "%v\n%d %s; no file was changed\n", found, len(found), plural(len(found), "mistake"))
	case errors.As(err, &wrong):
		fmt.Fprintf(stderr, "%v\n%d %s\n", wrong, len(wrong), plural(len(wrong), "mistake"))
	default:
		fmt.Fprintln(stderr, "portico:", err)
	}
	return 1
}

func plural(n int, word string) string {
	if n == 1 {
		return word
	}
	return word + "s"
}
