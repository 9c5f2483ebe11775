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
		Short:   "Create a project",
		GroupID: groupProject,
		Long: `Creates a project in the folder NAME: a Go module with a schema for each frontend, its configuration, the generated code, an
operation, a test, and the usual files of a repository. NAME may be a module path, such as github.com/acme/shop.

On a terminal, the command prompts for missing values. Existing files are never overwritten, and a failed run leaves no files
behind.

The exit code is 0 if the project was created, 1 for a mistake in a document or a failure, and 2 for wrong use.`,
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
	flags.StringArrayVarP(&f.roots, "import-path", "I", nil, "search `DIR` for imports of protos; may be repeated")
	flags.StringVar(&f.module, "module", "", "the `PATH` of the Go module (default example.com/NAME)")
	flags.StringVar(&f.portico, "portico", "", "the source `DIR` of Portico, if this build is not a released version and cannot find it")
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
		f.frontends = strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
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
