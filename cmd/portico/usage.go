package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/usage"
	"github.com/portico-gateway/portico/internal/fieldusage"
	"github.com/portico-gateway/portico/internal/nearest"
	"github.com/portico-gateway/portico/internal/project"
)

const usageOfUsage = `usage: portico usage [flags] FILE...

Lists the fields of each frontend that nobody requested, and the deprecated fields, arguments, input fields and enum
values that clients use nevertheless, by the usage that gateways have recorded.

FILE is a file of recorded usage (usage.file), or the URL of a gateway, such as http://127.0.0.1:9090/usage, to which
ADMIN_TOKEN is sent if it is set. Several are merged: one for each gateway.

flags:
  -C dir               the project's folder (default ".")
  --frontend NAME      list this frontend only
  --since YYYY-MM-DD   ignore usage before this day
  --json               print JSON

The exit code is 0 if the usage could be read, and 2 if not.
`

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

// listUsage is the command usage.
func listUsage(ctx context.Context, args []string, stdout io.Writer) error {
	f, err := parseUsage(args, stdout)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
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

func parseUsage(args []string, stdout io.Writer) (usageFlags, error) {
	var f usageFlags
	flags := flag.NewFlagSet("usage", flag.ContinueOnError)
	flags.SetOutput(stdout)
	flags.Usage = func() { fmt.Fprint(stdout, usageOfUsage) }
	flags.StringVar(&f.dir, "C", ".", "")
	flags.StringVar(&f.frontend, "frontend", "", "")
	flags.Func("since", "", func(text string) (err error) { f.since, err = usage.ParseDay(text); return err })
	flags.BoolVar(&f.json, "json", false, "")
	for {
		if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
			return f, err
		} else if err != nil {
			return f, errUsage
		}
		if flags.NArg() == 0 {
			break
		}
		f.files, args = append(f.files, flags.Arg(0)), flags.Args()[1:]
	}
	if len(f.files) == 0 {
		flags.Usage()
		return f, errUsage
	}
	return f, nil
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
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(all)
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
