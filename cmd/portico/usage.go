package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/spf13/cobra"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/usage"
	"github.com/portico-gateway/portico/internal/fieldusage"
	"github.com/portico-gateway/portico/internal/nearest"
	"github.com/portico-gateway/portico/internal/project"
)

// usageFlags are the flags of the command usage.
type usageFlags struct {
	dir, frontend string
	since         usage.Day
	json          bool
	files         []string
}

// listedFrontend is the usage of one frontend.
type listedFrontend struct {
	name string
	// recorded is false if there is no usage of the frontend: then nothing is known.
	recorded bool
	fieldusage.Report
}

func usageCommand() *cobra.Command {
	var f usageFlags
	cmd := &cobra.Command{
		Use:     "usage FILE...",
		Short:   "List fields that no client requests, and deprecated ones that are requested",
		GroupID: groupSchema,
		Long: `Lists the fields of each frontend that no client requested, and the deprecated fields, arguments, input fields and enum
values that clients still use, from the usage that gateways have recorded.

FILE is a file of recorded usage (usage.file), or the URL of a gateway, such as http://127.0.0.1:9090/usage, to which
ADMIN_TOKEN is sent if it is set. Several are merged: one for each gateway.

The exit code is 0 if the usage could be read, and 2 if not or for wrong use.`,
		Example: `  portico usage usage.jsonl
  portico usage http://127.0.0.1:9090/usage --frontend web --since 2026-11-01
  portico usage gateway-1.jsonl gateway-2.jsonl --json`,
		Args: arguments(1, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			f.files = args
			return f.print(cmd.Context(), cmd.OutOrStdout())
		},
	}
	projectFlag(cmd, &f.dir)
	frontendFlag(cmd, &f.frontend, "list the frontend `NAME` only")
	sinceFlag(cmd, &f.since)
	cmd.Flags().BoolVar(&f.json, "json", false, "print JSON")
	return cmd
}

func (f usageFlags) print(ctx context.Context, stdout io.Writer) error {
	recorded, list, err := f.list(ctx)
	if err != nil {
		return &trouble{"usage", err}
	}
	period := jsonPeriod{max(recorded.From, f.since), recorded.To, recorded.Incomplete}
	if f.json {
		return printUsageJSON(stdout, period, list)
	}
	printUsage(stdout, period, list)
	return nil
}

// list compares the project's frontends with the usage.
func (f usageFlags) list(ctx context.Context) (*usage.Usage, []listedFrontend, error) {
	report := &project.Report{}
	of, err := readProject(f.dir, "", report)
	if err := cmp.Or(err, report.Err()); err != nil {
		return nil, nil, err
	}
	names := slices.Sorted(maps.Keys(of.frontends))
	if f.frontend != "" {
		if of.frontends[f.frontend] == nil {
			return nil, nil, fmt.Errorf("there is no frontend %s; %s", f.frontend, nearest.Hint(f.frontend, names))
		}
		names = []string{f.frontend}
	}
	recorded, err := readUsage(ctx, f.files)
	if err != nil {
		return nil, nil, err
	}
	if f.since > recorded.To {
		return nil, nil, fmt.Errorf("the usage is from %s to %s: there is none since %s", recorded.From, recorded.To, f.since)
	}
	var list []listedFrontend
	for _, name := range names {
		listed := listedFrontend{name: name}
		if used := recorded.Frontend(name, f.since); used != nil {
			listed.recorded, listed.Report = true, fieldusage.Of(of.frontends[name].Schema, used)
		}
		list = append(list, listed)
	}
	return recorded, list, nil
}

func printUsage(out io.Writer, of jsonPeriod, list []listedFrontend) {
	for i, l := range list {
		if i > 0 {
			fmt.Fprintln(out)
		}
		if !l.recorded {
			fmt.Fprintf(out, "%s: there is no usage of it\n", l.name)
			continue
		}
		for _, p := range l.Unused {
			deprecated := ""
			if p.Reason != "" {
				deprecated = ", and is deprecated: " + p.Reason
			}
			fmt.Fprintf(out, "%s: %s was not requested%s\n", positionOf(p.At), p.Coordinate, deprecated)
		}
		for _, p := range l.Deprecated {
			fmt.Fprintf(out, "%s: %s is used, and is deprecated: %s\n", positionOf(p.At), p.Coordinate, p.Reason)
			for _, c := range p.Clients {
				fmt.Fprintf(out, "\tby %s: %d %s, the last on %s\n", c, c.Count, pluralOf(c.Count, "request"), c.Last)
			}
		}
		fmt.Fprintf(out, "%s: %d of %d fields not requested, %d deprecated %s used; usage from %s to %s\n", l.name, len(l.Unused), l.Fields, len(l.Deprecated),
			plural(len(l.Deprecated), "part"), of.From, of.To)
		if of.Incomplete {
			fmt.Fprintf(out, "%s: the usage is incomplete: what is listed as not requested may have been\n", l.name)
		}
	}
}

func positionOf(at *ast.Position) string {
	return fmt.Sprintf("%s:%d:%d", at.Src.Name, at.Line, at.Column)
}

// The JSON of usage: docs/schema-changes.md documents it.
type (
	jsonUsage struct {
		Version   int                 `json:"version"`
		Usage     jsonPeriod          `json:"usage"`
		Frontends []jsonFrontendUsage `json:"frontends"`
	}
	jsonFrontendUsage struct {
		Frontend   string     `json:"frontend"`
		Recorded   bool       `json:"recorded"`
		Fields     int        `json:"fields"`
		Unused     []jsonPart `json:"unused"`
		Deprecated []jsonPart `json:"deprecated"`
	}
	jsonPart struct {
		Coordinate string `json:"coordinate"`
		jsonPlace
		Reason  string       `json:"deprecated,omitempty"`
		Clients []jsonClient `json:"clients"`
	}
)

func printUsageJSON(out io.Writer, of jsonPeriod, list []listedFrontend) error {
	all := jsonUsage{1, of, []jsonFrontendUsage{}}
	for _, l := range list {
		all.Frontends = append(all.Frontends, jsonFrontendUsage{l.name, l.recorded, l.Fields, partsJSON(l.Unused), partsJSON(l.Deprecated)})
	}
	return printJSON(out, all)
}

func partsJSON(parts []fieldusage.Part) []jsonPart {
	list := []jsonPart{}
	for _, p := range parts {
		part := jsonPart{p.Coordinate, jsonPlace{p.At.Src.Name, p.At.Line, p.At.Column}, p.Reason, []jsonClient{}}
		for _, c := range p.Clients {
			part.Clients = append(part.Clients, jsonClient(c))
		}
		list = append(list, part)
	}
	return list
}
