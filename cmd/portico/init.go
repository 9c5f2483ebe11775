package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/portico-gateway/portico/internal/scaffold"
)

// initFlags are the flags of the command init.
type initFlags struct {
	name, module, portico string
	frontends, from       []string
	roots                 []string // of imports of protos
}

func initCommand(c console) *cobra.Command {
	var f initFlags
	cmd := &cobra.Command{
		Use:     "init NAME",
		Short:   "Make a project",
		GroupID: groupProject,
		Long: `Makes a project in the folder NAME: a Go module with a schema for each frontend, its configuration, the generated code, an
operation, a test, and what a repository has. NAME may be the path of a module, such as github.com/acme/shop.

On a terminal, what is not given is asked for. Files that exist are never overwritten, and nothing is left of a project that
could not be made.

The exit code is 0 if the project was made, 1 for a mistake in a document or a failure, and 2 for wrong use.`,
		Example: `  portico init shop
  portico init shop --frontends web,mobile --from orders=openapi.yaml
  portico init github.com/acme/shop --from catalog.yaml --from reviews=proto/reviews.proto`,
		Args: arguments(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				f.name = args[0]
			}
			if c.terminal && (f.name == "" || f.frontends == nil && f.from == nil) {
				if err := f.ask(cmd.Context(), c); err != nil {
					return err
				}
			}
			if f.name == "" {
				return &misuse{cmd.CommandPath(), errors.New("init needs the name of the project")}
			}
			return f.init(cmd.Context(), c)
		},
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&f.frontends, "frontends", nil, "the frontends, a `LIST` with commas (default web)")
	flags.StringArrayVar(&f.from, "from", nil, "the OpenAPI document or proto of a service, as `[SERVICE=]FILE`; its operations become fields. "+
		"Without SERVICE, the file names the service. Without --from, the project has an example. May be repeated")
	flags.StringArrayVarP(&f.roots, "import-path", "I", nil, "look for imports of protos in the folder `DIR`; may be repeated")
	flags.StringVar(&f.module, "module", "", "the `PATH` of the Go module (default example.com/NAME)")
	flags.StringVar(&f.portico, "portico", "", "the source of Portico in the folder `DIR`, for a build of it that is no released version and does not find it")
	_ = cmd.MarkFlagDirname("portico") // it fails for undefined flags only
	return cmd
}

// ask asks for what is not given.
func (f *initFlags) ask(ctx context.Context, c console) error {
	c.in = bufio.NewReader(c.in) // one for all questions
	question := func(text, otherwise string) (string, error) {
		fmt.Fprintf(c.out, "%s [%s]: ", text, otherwise)
		answer, err := c.answer(ctx)
		return cmp.Or(strings.TrimSpace(answer), otherwise), err
	}
	var err error
	if f.name == "" {
		if f.name, err = question("name of the project", "shop"); err != nil {
			return err
		}
	}
	if f.frontends == nil {
		list, err := question("frontends, with commas", "web")
		if err != nil {
			return err
		}
		f.frontends = names(list)
	}
	if f.from == nil {
		const example = "an example"
		file, err := question("OpenAPI document or proto of a service", example)
		if err != nil {
			return err
		}
		if file != example {
			f.from = []string{file}
		}
	}
	return nil
}

// init makes the project.
func (f *initFlags) init(ctx context.Context, c console) error {
	start := time.Now()
	n := projectMaker{console: c, target: f.name, roots: f.roots, options: scaffold.Options{Module: f.module, Frontends: f.frontends}}
	if before, _, ok := strings.Cut(f.name, "/"); ok && strings.Contains(strings.Trim(before, "."), ".") { // a module's path, and no path of files
		n.target, n.options.Module = filepath.Base(f.name), cmp.Or(f.module, f.name)
	}
	absolute, err := filepath.Abs(n.target)
	if err != nil {
		return err
	}
	n.options.Name = filepath.Base(absolute)
	n.options.Module = cmp.Or(n.options.Module, "example.com/"+n.options.Name)
	if n.options.Frontends == nil {
		n.options.Frontends = []string{"web"}
	}
	if err := n.options.Check(); err != nil {
		return err
	}
	if n.options.Portico, err = scaffold.FindPortico(ctx, f.portico); err != nil {
		return err
	}
	if err := n.make(ctx, absolute, f.from); err != nil {
		return err
	}
	n.next(time.Since(start))
	return nil
}
