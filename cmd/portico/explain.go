package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/internal/bindgen"
	"github.com/portico-gateway/portico/internal/predict"
)

// explainFlags are the flags of the command explain.
type explainFlags struct {
	dir, file, frontend, run string
	variables                json.RawMessage
	header                   http.Header
	json                     bool
}

func explainCommand() *cobra.Command {
	f := explainFlags{header: http.Header{}}
	cmd := &cobra.Command{
		Use:     "explain FILE",
		Short:   "Show which calls an operation makes, or made and when",
		GroupID: groupSchema,
		Long: `Shows the maximum calls of services for the operation in a file, without a gateway; or, with --run, the calls that a gateway
made for it, and when.

The exit code is 0 if the operation is valid and, with --run, its answer has no errors; otherwise 1, and 2 for wrong use.`,
		Example: `  portico explain operations/web/ProductPage.graphql
  portico explain page.graphql --frontend web --json
  portico explain operations/web/ProductPage.graphql --run http://127.0.0.1:8080 --variables '{"id": "p1"}'`,
		Args: arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.file = args[0]; f.frontend == "" {
				f.frontend = filepath.Base(filepath.Dir(f.file))
			}
			return f.explain(cmd.Context(), cmd.OutOrStdout())
		},
	}
	flags := cmd.Flags()
	projectFlag(cmd, &f.dir)
	frontendFlag(cmd, &f.frontend, "the `NAME` of the frontend; by default that of the file's folder, as in operations/web/Home.graphql")
	flags.StringVar(&f.run, "run", "", "send the operation to the gateway at `URL`, such as http://127.0.0.1:8080, whose frontend.explain is true")
	flags.BoolVar(&f.json, "json", false, "print JSON")
	flags.Func("variables", "a `JSON` object with the variables, such as {\"id\": \"p1\"}", func(text string) error {
		var object map[string]any
		if err := json.Unmarshal([]byte(text), &object); err != nil {
			return fmt.Errorf("they must be a JSON object: %w", err)
		}
		f.variables = json.RawMessage(text)
		return nil
	})
	headerFlag(cmd, f.header)
	return cmd
}

func (f explainFlags) explain(ctx context.Context, stdout io.Writer) error {
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
