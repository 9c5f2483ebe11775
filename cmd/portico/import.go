package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"github.com/portico-gateway/portico/internal/bindgen"
	"github.com/portico-gateway/portico/internal/importer"
)

// importFlags are the command line of an import.
type importFlags struct {
	importer.Options
	yes   bool
	files []string
	grpc  bool
}

func importCommand(c console) *cobra.Command {
	return parent(&cobra.Command{
		Use:     "import",
		Short:   "Draft a schema with bindings from an OpenAPI document or protos",
		GroupID: groupServices,
		Example: `  portico import openapi shop.yaml --service shop
  portico import proto reviews.proto --service reviews --frontend web
  portico import proto grpc://127.0.0.1:50051 --service stock`,
	}, importKindCommand(c, &cobra.Command{
		Use:   "openapi FILE|URL --service NAME",
		Short: "Draft a schema from a document of OpenAPI 3.0 or 3.1 or Swagger 2.0",
		Example: `  portico import openapi shop.yaml --service shop
  portico import openapi https://shop.example/openapi.json --service shop
  portico import openapi shop.yaml --service shop --only 'listOrders,GET /orders/*'`,
		Args: arguments(1, 1),
	}), importKindCommand(c, &cobra.Command{
		Use:   "proto FILE|FOLDER|grpc://HOST:PORT... --service NAME",
		Short: "Draft a schema from protos: files, folders such as modules of buf, or a server with gRPC Server Reflection",
		Example: `  portico import proto reviews.proto --service reviews
  portico import proto ./proto --service reviews
  portico import proto grpc://127.0.0.1:50051 --service reviews
  portico import proto api/reviews.proto -I api -I third_party --service reviews --frontend web`,
		Args: arguments(1, -1),
	}))
}

// importKindCommand adds to a command what both kinds of import have.
func importKindCommand(c console, cmd *cobra.Command) *cobra.Command {
	var f importFlags
	cmd.Long = cmd.Short + `, with bindings for its operations.

The draft is written to schema/shared/NAME.graphqls. clients/ gets the part of the document that it is made of: generate checks
bindings with it, and the next import compares it with the document as it is then. What has changed is merged into the draft, so
that changes made by hand stay; what no longer fits is listed. Files are not changed without asking.

The exit code is 0 if the draft is written, 1 if it is not, and 2 for wrong use.`
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		f.files, f.grpc = args, cmd.Name() == "proto"
		if f.Frontend == "shared" {
			f.Frontend = "" // what --frontend is not given for
		}
		f.Progress = c.steps(time.Now())
		draft, err := f.draft(cmd.Context())
		if err != nil {
			return err
		}
		return c.write(cmd.Context(), draft, &f)
	}
	flags := cmd.Flags()
	projectFlag(cmd, &f.Dir)
	frontendFlag(cmd, &f.Frontend, "write to schema/`NAME`/ instead: for one frontend only")
	flags.StringVar(&f.Service, "service", "", "the `NAME` of the service in portico.yaml (required)")
	_ = cmd.MarkFlagRequired("service") // it fails for undefined flags only
	only := "only the operations in `LIST`, separated by commas: operationIds, \"GET /orders/{id}\", or methods of protos; " +
		"* stands for a part of a name or path, ** for any text"
	flags.Func("only", only, func(list string) error {
		f.Only = append(f.Only, importer.ParseOnly(list)...)
		return nil
	})
	flags.StringArrayVarP(&f.Roots, "import-path", "I", nil, "search `DIR` for imports of protos; may be repeated")
	flags.BoolVar(&f.yes, "yes", false, "overwrite files without asking")
	return cmd
}

// steps prints the steps of an import on a terminal.
func (c console) steps(start time.Time) func(string) {
	return func(step string) {
		if c.terminal {
			fmt.Fprintf(c.out, "%5.1fs %s\n", time.Since(start).Seconds(), step)
		}
	}
}

// conflicts describes the conflicts of a draft.
func conflicts(draft *importer.Draft) []string {
	var all []string
	for _, c := range draft.Conflicts {
		place := fmt.Sprintf("%s:%d", draft.Files[0].Path, c.Line)
		switch {
		case len(c.Theirs) == 0:
			all = append(all, place+": the document has removed this")
		default:
			all = append(all, place+": the document would have\n    "+strings.TrimRight(strings.Join(c.Theirs, "    "), "\n"))
		}
	}
	return all
}

// misfits are the bindings of the project that do not fit the documents as they are now.
func misfits(ctx context.Context, dir string) []string {
	_, err := bindgen.Routes(ctx, dir)
	mistakes, ok := errors.AsType[bindgen.Diagnostics](err)
	if !ok {
		return nil // of a project that is not complete, generate reports what is missing
	}
	var all []string
	for _, m := range mistakes {
		all = append(all, m.String())
	}
	return all
}

func fieldsOf(n int) string {
	if n == 1 {
		return "a field"
	}
	return "fields"
}

func (f *importFlags) draft(ctx context.Context) (*importer.Draft, error) {
	if f.grpc {
		return importer.Proto(ctx, f.files, f.Options)
	}
	return importer.OpenAPI(ctx, f.files[0], f.Options)
}

// write writes a draft if nothing is overwritten or somebody agrees to it, and
// prints what to do next.
func (c console) write(ctx context.Context, draft *importer.Draft, f *importFlags) error {
	changes, err := draft.Changes(f.Dir)
	if err != nil {
		return err
	}
	if err := c.confirm(ctx, changes, f.yes); err != nil {
		return err
	}
	if err := importer.Write(f.Dir, changes); err != nil {
		return err
	}
	for _, file := range draft.Files {
		state := "unchanged"
		if slices.ContainsFunc(changes, func(change importer.Change) bool { return change.Path == file.Path }) {
			state = "wrote"
		}
		fmt.Fprintf(c.out, "%-10s %s\n", state, file.Path)
	}
	fmt.Fprintf(c.out, "%d %s of the service became %s\n", draft.Fields, plural(draft.Fields, "operation"), fieldsOf(draft.Fields))
	c.list("left out:", draft.LeftOut)
	c.list("missing in the document:", draft.Warnings)
	c.list("changed here and in the document, where the text here stays:", conflicts(draft))
	if draft.Again {
		c.list("no longer fit:", misfits(ctx, f.Dir))
	}
	c.list("to do:", draft.Notes)
	c.next(draft, f)
	return nil
}

// confirm shows what would be overwritten and asks.
func (c console) confirm(ctx context.Context, changes []importer.Change, yes bool) error {
	changes = slices.DeleteFunc(slices.Clone(changes), func(change importer.Change) bool { return !change.Overwrites() })
	if yes || len(changes) == 0 {
		return nil
	}
	var names []string
	for _, change := range changes {
		diff, err := change.Diff()
		if err != nil {
			return err
		}
		names = append(names, change.Path)
		fmt.Fprint(c.out, c.paint(shortened(diff)))
	}
	what := strings.Join(names, ", ")
	if !c.terminal {
		return fmt.Errorf("%s would change, so nothing was written; --yes overwrites without asking", what)
	}
	fmt.Fprintf(c.out, "overwrite %s? [y/N] ", what)
	answer, err := c.answer(ctx)
	if err != nil {
		return err
	}
	if answer = strings.ToLower(strings.TrimSpace(answer)); answer != "y" && answer != "yes" {
		return errors.New("nothing was written")
	}
	return nil
}

// shortened is a diff of which people read the beginning at most: documents are
// long, and they change as a whole.
func shortened(diff string) string {
	const most = 400
	lines := strings.SplitAfter(diff, "\n")
	if len(lines) <= most {
		return diff
	}
	return strings.Join(lines[:most], "") + fmt.Sprintf("… and %d more lines\n", len(lines)-most)
}

func (c console) list(title string, items []string) {
	if len(items) == 0 {
		return
	}
	fmt.Fprintf(c.out, "\n%s\n", title)
	for _, item := range items {
		fmt.Fprintf(c.out, "  %s\n", item)
	}
}

// next prints what is left to do, in the order in which it is done.
func (c console) next(draft *importer.Draft, f *importFlags) {
	var config struct{ Services map[string]any }
	readYAML(filepath.Join(f.Dir, "portico.yaml"), &config)
	if _, known := config.Services[f.Service]; !known {
		url := draft.URL
		switch {
		case f.grpc:
			url = "grpc://127.0.0.1:50051  # where it is"
		case url == "":
			url = "http://127.0.0.1:8081  # where it is"
		}
		if config.Services == nil {
			fmt.Fprintf(c.out, "\nadd to portico.yaml:\nservices:\n  %s:\n    url: %s\n", f.Service, url)
		} else {
			fmt.Fprintf(c.out, "\nadd to services in portico.yaml:\n  %s:\n    url: %s\n", f.Service, url)
		}
	}
	fmt.Fprint(c.out, "\nthen: make generate\n")
}

// readYAML reads what it can of a file: it is only to know which hints to give.
func readYAML(file string, to any) {
	if content, err := os.ReadFile(file); err == nil {
		_ = yaml.Unmarshal(content, to) // make generate reports mistakes in it
	}
}
