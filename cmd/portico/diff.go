package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/usage"
	"github.com/portico-gateway/portico/internal/schemadiff"
)

const usageOfDiff = `usage: portico diff [flags] OLD [NEW]

Compares the schemas of frontends as their callers see them, and says which changes break which operations and clients.

OLD and NEW are each one of
  main, v1.2, HEAD~1     a git revision of the project: all of its frontends
  .                      a project's folder; the default of NEW is the project in -C
  schema/web             a folder with *.graphqls files, and shared beside it
  old.graphqls           a schema file
A file or a folder goes before a revision of the same name; git:NAME is always the revision. Paths are relative to the
current folder.

flags:
  -C dir               the project's folder (default ".")
  --frontend NAME      compare this frontend only
  --operations DIR     the operations of clients, instead of those of OLD (operations/<frontend>/*.graphql and *.json)
  --manifest FILE      more trusted documents: a manifest of Apollo or Relay
  --usage FILE         recorded usage of a gateway, or its URL; may be repeated, one for each gateway
  --since YYYY-MM-DD   ignore usage before this day
  --ignore-unused      do not fail for changes that nothing known uses
  --fail-on LEVEL      breaking (default) or dangerous
  --json               print JSON
  -v                   also show changes of descriptions

The exit code is 0 if nothing fails, 1 if a change does, and 2 if the schemas could not be compared.
`

// errBreaking is returned when changes fail. They have been printed.
var errBreaking = errors.New("changes that fail")

// diffFlags are the flags of the command diff.
type diffFlags struct {
	dir, frontend        string
	operations, manifest string
	usage                []string
	since                usage.Day
	ignoreUnused         bool
	failOn               schemadiff.Level
	json, verbose        bool
	old, new             string
}

// diff is the command diff.
func diff(ctx context.Context, args []string, stdout io.Writer) error {
	f, err := parseDiff(args, stdout)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	compared, err := f.compare(ctx)
	if err != nil {
		return &trouble{"diff", err}
	}
	if !f.verbose {
		for i := range compared {
			compared[i].Changes = schemadiff.Shown(compared[i].Changes)
		}
	}
	if f.json {
		err = printDiffJSON(stdout, f, compared)
	} else {
		printDiff(stdout, f, compared)
	}
	if err == nil && slices.ContainsFunc(compared, f.fails) {
		return errBreaking
	}
	return err
}

// fails reports whether changes of a frontend fail.
func (f diffFlags) fails(c comparedFrontend) bool {
	return schemadiff.Worst(c.Changes, f.ignoreUnused) >= f.failOn
}

func parseDiff(args []string, stdout io.Writer) (diffFlags, error) {
	f := diffFlags{failOn: schemadiff.Breaking}
	flags := flag.NewFlagSet("diff", flag.ContinueOnError)
	flags.SetOutput(stdout)
	flags.Usage = func() { fmt.Fprint(stdout, usageOfDiff) }
	flags.StringVar(&f.dir, "C", ".", "")
	flags.StringVar(&f.frontend, "frontend", "", "")
	flags.StringVar(&f.operations, "operations", "", "")
	flags.StringVar(&f.manifest, "manifest", "", "")
	flags.Func("usage", "", func(file string) error { f.usage = append(f.usage, file); return nil })
	flags.Func("since", "", func(text string) (err error) { f.since, err = usage.ParseDay(text); return err })
	flags.BoolVar(&f.ignoreUnused, "ignore-unused", false, "")
	flags.Func("fail-on", "", func(level string) error {
		switch level {
		case "breaking":
			f.failOn = schemadiff.Breaking
		case "dangerous":
			f.failOn = schemadiff.Dangerous
		default:
			return errors.New("write breaking or dangerous")
		}
		return nil
	})
	flags.BoolVar(&f.json, "json", false, "")
	flags.BoolVar(&f.verbose, "v", false, "")
	var names []string
	for {
		if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
			return f, err
		} else if err != nil {
			return f, errUsage
		}
		if flags.NArg() == 0 {
			break
		}
		names, args = append(names, flags.Arg(0)), flags.Args()[1:]
	}
	switch len(names) {
	case 1:
		f.old = names[0]
	case 2:
		f.old, f.new = names[0], names[1]
	default:
		flags.Usage()
		return f, errUsage
	}
	if f.since != "" && f.usage == nil {
		return f, &trouble{"diff", errors.New("--since needs --usage")}
	}
	return f, nil
}

// comparedFrontend are the changes of one frontend.
type comparedFrontend struct {
	Name    string // empty if schemas were compared that are not a project's
	Changes []schemadiff.Change
	Skipped []schemadiff.Skipped
	// Documents is the number of operations, and Usage the recorded usage, that the changes
	// were checked against. Usage is nil if no usage of the frontend was recorded.
	Documents int
	Usage     *usage.Usage
}

func (f diffFlags) compare(ctx context.Context) ([]comparedFrontend, error) {
	old, now, err := f.sides(ctx)
	if err != nil {
		return nil, err
	}
	recorded, err := readUsage(ctx, f.usage)
	if err != nil {
		return nil, err
	}
	var list []comparedFrontend
	for _, pair := range pairs(old, now) {
		c, err := f.compareFrontend(pair, recorded)
		if err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return list, nil
}

func (f diffFlags) compareFrontend(p pair, recorded *usage.Usage) (comparedFrontend, error) {
	c := comparedFrontend{Name: p.name}
	switch {
	case p.old == nil:
		c.Changes = []schemadiff.Change{schemadiff.FrontendNew(p.name, p.new.Schema)}
		return c, nil
	case p.new == nil:
		c.Changes = []schemadiff.Change{schemadiff.FrontendGone(p.name, p.old.Schema)}
	default:
		c.Changes = schemadiff.Compare(p.old.Schema, p.new.Schema)
	}
	documents, err := f.documents(p)
	if err != nil {
		return c, err
	}
	known := schemadiff.Known{Documents: documents}
	if recorded != nil {
		if known.Usage = recorded.Frontend(p.name, f.since); known.Usage != nil {
			c.Usage = recorded
		}
	}
	c.Documents = len(documents)
	var after *ast.Schema
	if p.new != nil {
		after = p.new.Schema
	}
	c.Skipped = schemadiff.Check(c.Changes, p.old.Schema, after, known)
	return c, nil
}
