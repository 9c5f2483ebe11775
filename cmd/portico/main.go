// Command portico generates the Go code of a project from its schemas. docs/cli.md lists its commands.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/internal/bindgen"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends a command that does not stop
	os.Exit(exitCode(run(ctx, os.Args[1:], os.Stdout), os.Stderr))
}

// run is the command without the process around it.
func run(ctx context.Context, args []string, stdout io.Writer) error {
	return runWith(ctx, args, newConsole(os.Stdin, stdout, os.Getenv))
}

// errUsage is returned when the usage has been printed.
var errUsage = errors.New("usage")

// errMistakes is returned when mistakes have been printed as JSON.
var errMistakes = errors.New("mistakes")

// misuse is the error of a command line that is wrong.
type misuse struct {
	command string // such as "portico diff"
	err     error
}

// Error returns what is wrong, and which command has the help.
func (m *misuse) Error() string { return fmt.Sprintf("portico: %v; see %s --help", m.err, m.command) }

// Unwrap returns what is wrong.
func (m *misuse) Unwrap() error { return m.err }

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
	var stopped *trouble
	var wrongUse *misuse
	var found bindgen.Diagnostics
	var wrong config.Mistakes
	switch {
	case err == nil:
		return 0
	case errors.As(err, &stopped), errors.As(err, &wrongUse):
		fmt.Fprintln(stderr, err)
		return 2
	case errors.Is(err, errUsage):
		return 2
	case errors.Is(err, errBreaking), errors.Is(err, errFailed), errors.Is(err, errMistakes): // it is printed
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
