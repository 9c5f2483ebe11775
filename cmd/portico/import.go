package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"golang.org/x/term"

	"github.com/portico-gateway/portico/internal/importer"
)

const importUsage = `portico import makes a draft of a schema with bindings out of a service's document.

usage: portico import openapi FILE --service NAME [flags]
       portico import proto FILE... --service NAME [flags]

The draft is written to schema/shared/NAME.graphqls, the document to clients/.

flags:
  --service NAME     the service, as portico.yaml names it
  --frontend NAME    write to schema/NAME/ instead: for one frontend only
  --only LIST        the operations, with commas: operationIds or "GET /orders/*"; methods of protos
  -I DIR             where imports of protos are found; can be repeated
  --yes              overwrite files without asking
  -C dir             the project's folder (default ".")
`

// console is who runs the command.
type console struct {
	in       io.Reader
	out      io.Writer
	terminal bool // somebody can answer
	colour   bool
}

func newConsole(in *os.File, out io.Writer, getenv func(string) string) console {
	file, ok := out.(*os.File)
	shown := ok && term.IsTerminal(int(file.Fd()))
	return console{in: in, out: out, terminal: shown && term.IsTerminal(int(in.Fd())), colour: shown && getenv("NO_COLOR") == ""}
}

// importFlags are the command line of an import.
type importFlags struct {
	importer.Options
	yes   bool
	files []string
	grpc  bool
}

func importDraft(ctx context.Context, args []string, c console) error {
	if len(args) == 0 || strings.HasPrefix(args[0], "-") || args[0] == "help" {
		fmt.Fprint(c.out, importUsage)
		if len(args) > 0 && slices.Contains([]string{"help", "-h", "-help", "--help"}, args[0]) {
			return nil
		}
		return errUsage
	}
	if args[0] != "openapi" && args[0] != "proto" {
		return fmt.Errorf("import knows openapi and proto, but not %q", args[0])
	}
	f, err := parseImport(args[1:], c.out)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	} else if err != nil {
		return err
	}
	f.grpc = args[0] == "proto"
	draft, err := f.draft(ctx)
	if err != nil {
		return err
	}
	return c.write(draft, f)
}

func (f *importFlags) draft(ctx context.Context) (*importer.Draft, error) {
	switch {
	case f.grpc:
		return importer.Proto(ctx, f.files, f.Options)
	case len(f.files) > 1:
		return nil, fmt.Errorf("import openapi takes one file, but got %d: %s", len(f.files), strings.Join(f.files, ", "))
	}
	return importer.OpenAPI(f.files[0], f.Options)
}

// parseImport takes flags before, between and after the files.
func parseImport(args []string, out io.Writer) (*importFlags, error) {
	f := &importFlags{}
	flags := flag.NewFlagSet("import", flag.ContinueOnError)
	flags.SetOutput(out)
	flags.Usage = func() { fmt.Fprint(out, importUsage) }
	flags.StringVar(&f.Service, "service", "", "")
	flags.StringVar(&f.Frontend, "frontend", "", "")
	flags.Func("only", "", func(list string) error { f.Only = append(f.Only, names(list)...); return nil })
	flags.BoolVar(&f.yes, "yes", false, "")
	flags.StringVar(&f.Dir, "C", ".", "")
	flags.Func("I", "", func(dir string) error { f.Roots = append(f.Roots, dir); return nil })
	for {
		if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
			return nil, err
		} else if err != nil {
			return nil, errUsage
		}
		if flags.NArg() == 0 {
			break
		}
		f.files, args = append(f.files, flags.Arg(0)), flags.Args()[1:]
	}
	if f.Frontend == "shared" {
		f.Frontend = "" // what --frontend is not given for
	}
	switch {
	case len(f.files) == 0:
		return nil, errors.New("import needs the service's document: portico import openapi FILE --service NAME")
	case f.Service == "":
		return nil, errors.New("import needs --service NAME: how portico.yaml names the service")
	}
	return f, nil
}

// names are the names of a list with commas.
func names(list string) []string {
	all := strings.Split(list, ",")
	for i := range all {
		all[i] = strings.TrimSpace(all[i])
	}
	return slices.DeleteFunc(all, func(name string) bool { return name == "" })
}

// write writes a draft if nothing is overwritten or somebody agrees to it, and
// says what is next.
func (c console) write(draft *importer.Draft, f *importFlags) error {
	changes, err := draft.Changes(f.Dir)
	if err != nil {
		return err
	}
	if err := c.confirm(changes, f.yes); err != nil {
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
	fmt.Fprintf(c.out, "%d %s of the service became fields\n", draft.Fields, plural(draft.Fields, "operation"))
	c.list("left out:", draft.LeftOut)
	c.list("to do:", draft.Notes)
	c.next(draft, f)
	return nil
}

// confirm shows what would be overwritten and asks.
func (c console) confirm(changes []importer.Change, yes bool) error {
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
	answer, err := bufio.NewReader(c.in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
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

// paint colours a diff.
func (c console) paint(diff string) string {
	if !c.colour {
		return diff
	}
	var b strings.Builder
	for line := range strings.Lines(diff) {
		colour := map[byte]string{'+': "\x1b[32m", '-': "\x1b[31m", '@': "\x1b[36m"}[line[0]]
		if colour == "" {
			b.WriteString(line)
			continue
		}
		b.WriteString(colour + strings.TrimSuffix(line, "\n") + "\x1b[0m\n")
	}
	return b.String()
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

// next tells what is left to do, in the order in which it is done.
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
		fmt.Fprintf(c.out, "\nadd to portico.yaml:\n  services:\n    %s:\n      url: %s\n", f.Service, url)
	}
	var settings struct{ Models map[string]any }
	readYAML(filepath.Join(f.Dir, "gqlgen.yml"), &settings)
	models := map[string]string{"DateTime": "Time", "Int64": "Int64", "JSON": "Any"} // gqlgen's own Int64 is Go's int
	title := "\nadd to gqlgen.yml:\n  models:\n"
	for _, name := range draft.Scalars {
		if _, known := settings.Models[name]; !known {
			fmt.Fprintf(c.out, "%s    %s:\n      model: github.com/99designs/gqlgen/graphql.%s\n", title, name, models[name])
			title = ""
		}
	}
	fmt.Fprint(c.out, "\nthen: make generate\n")
}

// readYAML reads what it can of a file: it is only to know which hints to give.
func readYAML(file string, to any) {
	if content, err := os.ReadFile(file); err == nil {
		_ = yaml.Unmarshal(content, to) // make generate tells mistakes in it
	}
}
