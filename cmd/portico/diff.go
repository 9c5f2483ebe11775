package main

import (
	"context"
	"errors"
	"io"
	"maps"
	"slices"

	"github.com/spf13/cobra"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/usage"
	"github.com/portico-gateway/portico/internal/schemadiff"
)

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

func diffCommand() *cobra.Command {
	f := diffFlags{failOn: schemadiff.Breaking}
	cmd := &cobra.Command{
		Use:     "diff OLD [NEW]",
		Short:   "Show which changes of a schema break which operations and clients",
		GroupID: groupSchema,
		Long: `Compares the schemas of frontends as their callers see them, and shows which changes break which operations and clients.

OLD and NEW are each one of
  main, v1.2, HEAD~1     a git revision of the project: all of its frontends
  .                      a project's folder; the default of NEW is that of --project
  schema/web             a folder with *.graphqls files, and shared beside it
  old.graphqls           a schema file
A file or a folder takes precedence over a revision of the same name; git:NAME is always the revision. Paths are relative to the
current folder.

The exit code is 0 if no change fails, 1 if one does, and 2 if the schemas could not be compared or for wrong use.`,
		Example: `  portico diff main
  portico diff v1.2 v1.3 --frontend web --fail-on dangerous
  portico diff main --usage http://127.0.0.1:9090/usage --since 2026-11-01 --ignore-unused`,
		Args: arguments(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.old = args[0]; len(args) == 2 {
				f.new = args[1]
			}
			return f.diff(cmd.Context(), cmd.OutOrStdout())
		},
	}
	flags := cmd.Flags()
	projectFlag(cmd, &f.dir)
	frontendFlag(cmd, &f.frontend, "compare the frontend `NAME` only")
	flags.StringVar(&f.operations, "operations", "", "read operations of clients from `DIR`, not from OLD (operations/<frontend>/*.graphql and *.json)")
	flags.StringVar(&f.manifest, "manifest", "", "add the trusted documents in `FILE`, a manifest of Apollo or Relay")
	flags.StringArrayVar(&f.usage, "usage", nil, "read the recorded usage of a gateway from `FILE`, or from its URL; may be repeated, one for each gateway")
	sinceFlag(cmd, &f.since)
	flags.BoolVar(&f.ignoreUnused, "ignore-unused", false, "do not fail for changes of unused parts")
	failOnFlag(cmd, &f.failOn)
	flags.BoolVar(&f.json, "json", false, "print JSON")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "also show changes of descriptions")
	return cmd
}

// sinceFlag defines --since, a day.
func sinceFlag(cmd *cobra.Command, since *usage.Day) {
	cmd.Flags().Func("since", "ignore usage before the day `YYYY-MM-DD`", func(text string) (err error) { *since, err = usage.ParseDay(text); return err })
}

func failOnFlag(cmd *cobra.Command, failOn *schemadiff.Level) {
	levels := map[string]schemadiff.Level{"breaking": schemadiff.Breaking, "dangerous": schemadiff.Dangerous}
	cmd.Flags().Func("fail-on", "the minimum `LEVEL` that fails: breaking or dangerous (default breaking)", func(name string) error {
		level, ok := levels[name]
		if !ok {
			return errors.New("write breaking or dangerous")
		}
		*failOn = level
		return nil
	})
	completeFlag(cmd, "fail-on", cobra.FixedCompletions(slices.Sorted(maps.Keys(levels)), cobra.ShellCompDirectiveNoFileComp))
}

func (f diffFlags) diff(ctx context.Context, stdout io.Writer) error {
	if f.since != "" && f.usage == nil {
		return &trouble{"diff", errors.New("--since needs --usage")}
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
