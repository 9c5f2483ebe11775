package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/portico-gateway/portico/gateway/apidocs"
	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/gateway/execute"
	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/internal/bindgen"
	"github.com/portico-gateway/portico/internal/nearest"
	"github.com/portico-gateway/portico/internal/plan"
	"github.com/portico-gateway/portico/internal/project"
	"github.com/portico-gateway/portico/internal/schemadiff"
)

// docsFlags are the flags of the command docs.
type docsFlags struct {
	dir, out, frontend, since, run string
	header                         http.Header
	routes                         bool
}

func docsCommand() *cobra.Command {
	f := docsFlags{header: http.Header{}}
	cmd := &cobra.Command{
		Use:     "docs --out DIR",
		Short:   "Write the documentation of the frontends' APIs",
		GroupID: groupSchema,
		Long: `Writes the documentation of the frontends' APIs: DIR/index.html, DIR/<frontend>/index.html and DIR/<frontend>.md, which any
web server can serve, and which can be opened as files.

DIR is created, or must be empty or the output of an earlier run: see docs/apidocs.md. Without --run, the output is
deterministic. Limits are those of portico.yaml without environment variables.

The exit code is 0 if the files are written, 1 for mistakes in the project or a failure, and 2 for wrong use.`,
		Example: `  portico docs --out site
  portico docs --out site --since HEAD --routes
  portico docs --out site --run http://127.0.0.1:8080 --header 'Authorization: Bearer …'`,
		Args: arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error { return f.docs(cmd.Context(), cmd.OutOrStdout()) },
	}
	flags := cmd.Flags()
	projectFlag(cmd, &f.dir)
	frontendFlag(cmd, &f.frontend, "document the frontend `NAME` only")
	flags.StringVar(&f.out, "out", "", "write to the folder `DIR` (required)")
	_ = cmd.MarkFlagRequired("out") // it fails for undefined flags only
	_ = cmd.MarkFlagDirname("out")
	flags.StringVar(&f.since, "since", "", "add the changes since `OLD`: a git revision, a project's folder, or a schema; see portico diff --help")
	flags.BoolVar(&f.routes, "routes", false, "list the services that resolve each field, and the calls")
	flags.StringVar(&f.run, "run", "", "add the answers of the gateway at `URL`, such as http://127.0.0.1:8080, to the examples that are queries")
	headerFlag(cmd, f.header)
	return cmd
}

func (f docsFlags) docs(ctx context.Context, stdout io.Writer) error {
	sources, err := f.sources(ctx)
	if err != nil {
		return err
	}
	if f.run != "" {
		for i := range sources {
			if err := f.answer(ctx, &sources[i]); err != nil {
				return err
			}
		}
	}
	files, err := docsFiles(sources) //nolint:contextcheck // values of examples are read without one
	if err != nil {
		return err
	}
	if err := writeFolder(f.out, files); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%d %s in %s\n", len(files), plural(len(files), "file"), f.out)
	return nil
}

// sources returns what the references of the frontends are made of, sorted by their names.
func (f docsFlags) sources(ctx context.Context) ([]apidocs.Source, error) {
	of, err := f.project()
	if err != nil {
		return nil, err
	}
	changes, err := f.changes(ctx)
	if err != nil {
		return nil, err
	}
	var routes map[string][]plan.Route
	if f.routes {
		if routes, err = bindgen.Routes(ctx, f.dir); err != nil {
			return nil, err
		}
	}
	settings := config.Written(filepath.Join(of.Root, "portico.yaml"))
	var list []apidocs.Source
	for _, front := range of.Frontends {
		if f.frontend != "" && f.frontend != front.Name {
			continue
		}
		s := apidocs.Source{
			Frontend: front.Name, Endpoint: "/graphql/" + front.Name, Schema: front.API, Codes: problem.Descriptions(), Changes: changes[front.Name],
			Links: apidocs.Links{Assets: "../assets/", Index: "../index.html", Markdown: "../" + front.Name + ".md", Classic: true},
		}
		bounds := settings.Of(front.Name)
		s.ListSize = bounds.Cost.ListSize
		for _, b := range bounds.Bounds() {
			s.Limits = append(s.Limits, apidocs.Limit(b))
		}
		for _, o := range plan.Operations(front) {
			s.Operations = append(s.Operations, execute.Operation{Name: o.Name, Document: o.Document})
		}
		for _, r := range routes[front.Name] {
			s.Routes = append(s.Routes, execute.Route{Field: r.Coordinate, Service: r.Service, Call: r.What, Route: r.Name, Each: r.Each})
		}
		list = append(list, s)
	}
	return list, nil
}

// project reads the project. All of its mistakes are one error.
func (f docsFlags) project() (*project.Project, error) {
	root, err := filepath.Abs(f.dir)
	if err != nil {
		return nil, err
	}
	report := &project.Report{}
	of, err := project.Read(root, report)
	if err := cmp.Or(err, report.Err()); err != nil {
		return nil, err
	}
	var names []string
	for _, front := range of.Frontends {
		names = append(names, front.Name)
	}
	if f.frontend != "" && !slices.Contains(names, f.frontend) {
		return nil, fmt.Errorf("there is no frontend %s; %s", f.frontend, nearest.Hint(f.frontend, names))
	}
	return of, nil
}

// changes returns the changes of each frontend since the old version; nil if none is given.
func (f docsFlags) changes(ctx context.Context) (map[string]*apidocs.Changes, error) {
	if f.since == "" {
		return nil, nil //nolint:nilnil // no map has no changes
	}
	old, now, err := diffFlags{dir: f.dir, frontend: f.frontend, old: f.since}.sides(ctx)
	if err != nil {
		return nil, err
	}
	all := map[string]*apidocs.Changes{}
	for _, p := range pairs(old, now) {
		if p.new == nil {
			continue // it has no documentation any more
		}
		found := []schemadiff.Change{}
		if p.old == nil {
			found = append(found, schemadiff.FrontendNew(p.name, p.new.Schema))
		} else {
			found = schemadiff.Shown(schemadiff.Compare(p.old.Schema, p.new.Schema))
		}
		changes := &apidocs.Changes{Since: f.since}
		for _, c := range found {
			changes.List = append(changes.List, apidocs.Change{Level: c.Level.String(), Coordinate: c.Coordinate, Message: c.Message})
		}
		all[p.name] = changes
	}
	return all, nil
}
