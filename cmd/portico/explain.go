package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/internal/bindgen"
	"github.com/portico-gateway/portico/internal/predict"
)

const usageOfExplain = `usage: portico explain FILE [flags]

Says which calls of services the operation in a file makes at worst, without a gateway; or, with --run, which calls a gateway
made for it, and when.

flags:
  --frontend NAME       the frontend; by default that of the file's folder, as in operations/web/Home.graphql
  --run URL             send the operation to a gateway, such as http://127.0.0.1:8080, whose frontend.explain is true
  --variables JSON      the variables, as {"id": "p1"}
  --header 'NAME: VALUE'  send a header field; may be repeated
  --json                print JSON
  -C dir                the project's folder (default "."), without --run

The exit code is 0 if the operation is valid and, with --run, its answer has no errors; otherwise 1, and 2 for wrong flags.
`

// explainFlags are the flags of the command explain.
type explainFlags struct {
	dir, file, frontend, run string
	variables                json.RawMessage
	header                   http.Header
	json                     bool
}

func parseExplain(args []string, stdout io.Writer) (explainFlags, error) {
	f := explainFlags{header: http.Header{}}
	flags := flag.NewFlagSet("explain", flag.ContinueOnError)
	flags.SetOutput(stdout)
	flags.Usage = func() { fmt.Fprint(stdout, usageOfExplain) }
	flags.StringVar(&f.dir, "C", ".", "")
	flags.StringVar(&f.frontend, "frontend", "", "")
	flags.StringVar(&f.run, "run", "", "")
	flags.BoolVar(&f.json, "json", false, "")
	flags.Func("variables", "", func(text string) error {
		var object map[string]any
		if err := json.Unmarshal([]byte(text), &object); err != nil {
			return fmt.Errorf("they must be a JSON object: %w", err)
		}
		f.variables = json.RawMessage(text)
		return nil
	})
	headerFlag(flags, f.header)
	for rest := args; ; { // flags may follow the file
		if err := flags.Parse(rest); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				return f, err
			}
			return f, errUsage
		}
		if flags.NArg() == 0 {
			break
		}
		if f.file != "" {
			return f, fmt.Errorf("explain takes one file, but got %q and %q", f.file, flags.Arg(0))
		}
		f.file, rest = flags.Arg(0), flags.Args()[1:]
	}
	if f.file == "" {
		flags.Usage()
		return f, errUsage
	}
	if f.frontend == "" {
		f.frontend = filepath.Base(filepath.Dir(f.file))
	}
	return f, nil
}

// explain is the command explain.
func explain(ctx context.Context, args []string, stdout io.Writer) error {
	f, err := parseExplain(args, stdout)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	text, err := os.ReadFile(f.file)
	if err != nil {
		return err
	}
	if f.run != "" {
		return f.ask(ctx, string(text), stdout)
	}
	calls, err := bindgen.Explain(ctx, f.dir, f.frontend, &ast.Source{Name: f.file, Input: string(text)}, nil)
	if err != nil {
		return err
	}
	if f.json {
		return printJSON(stdout, calls)
	}
	printCalls(stdout, []predict.Calls{calls})
	return nil
}

func printJSON(stdout io.Writer, value any) error {
	e := json.NewEncoder(stdout)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(value)
}

// explained is an answer that says how it was made: see docs/explain.md.
type explained struct {
	Errors []struct {
		Message    string
		Path       []any
		Extensions struct{ Code string }
	}
	Extensions struct {
		Explain json.RawMessage
	}
}

// explanation is extensions.explain.
type explanation struct {
	Frontend, Operation, Type string
	PreparedMs, Ms            float64
	Cache                     struct {
		Status, Scope string
		MaxAge        int
	}
	Cost struct {
		Requested float64 `json:"requestedQueryCost"`
		Actual    float64 `json:"actualQueryCost"`
	}
	Calls []explainedCall
	More  int
}

type explainedCall struct {
	Service, Version, Route, Cache, Endpoint, Code string
	Keys, Attempts, Status                         int
	FromMs, Ms                                     float64
}

// errFailed is returned when an answer has errors. They have been printed.
var errFailed = errors.New("the answer has errors")

// ask sends an operation to a gateway and prints how the answer was made.
func (f explainFlags) ask(ctx context.Context, document string, stdout io.Writer) error {
	body := map[string]any{"query": document, "variables": f.variables, "extensions": map[string]any{"explain": true}}
	got, err := sending{f.run, f.frontend, f.header}.send(ctx, body)
	if err != nil {
		return err
	}
	var answer explained
	if err := json.Unmarshal(got.text, &answer); err != nil {
		return fmt.Errorf("%s answers %s, which is no answer to a GraphQL request", got.from, got.status)
	}
	for _, e := range answer.Errors {
		fmt.Fprintf(stdout, "error: %s %s%s\n", e.Extensions.Code, pathOf(e.Path), e.Message)
	}
	switch {
	case answer.Extensions.Explain == nil && len(answer.Errors) == 0:
		return errors.New("the gateway explains nothing: set frontend.explain to true in portico.yaml, and send what explainScope needs")
	case answer.Extensions.Explain == nil:
		return errFailed
	case f.json:
		err = printJSON(stdout, answer.Extensions.Explain)
	default:
		var e explanation
		if err = json.Unmarshal(answer.Extensions.Explain, &e); err == nil {
			printExplanation(stdout, &e)
		}
	}
	if err == nil && len(answer.Errors) > 0 {
		return errFailed
	}
	return err
}

func pathOf(path []any) string {
	if len(path) == 0 {
		return ""
	}
	texts := make([]string, len(path))
	for i, part := range path {
		texts[i] = fmt.Sprint(part)
	}
	return strings.Join(texts, ".") + ": "
}
