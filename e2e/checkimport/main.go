// Checkimport imports public documents into empty projects, generates and vets these, and writes a table of what came out of it:
//
//	go run ./e2e/checkimport DIR...
//
// Each entry of DIR is one API: a file (.json, .yaml, .yml or .proto), or a folder with the files of a document or of protos. The exit code is
// 1 if a project does not compile.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	only := flag.String("only", "", "only entries whose name `contains` this text")
	vet := flag.Bool("vet", true, "compile the projects")
	project := flag.String("project", "", "leave the project of the last entry in this `folder`")
	flag.Parse()
	if flag.NArg() == 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(ctx, flag.Args(), checker{*only, *project, *vet}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, dirs []string, c checker) error {
	apis, err := find(dirs)
	if err != nil {
		return err
	}
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 1, ' ', 0)
	fmt.Fprintln(out, "| document\t| format\t| bytes\t| operations\t| imported\t| seconds: import\t| generate\t| vet\t| compiles\t| left out\t|")
	fmt.Fprintln(out, "|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|")
	failed, checked := 0, 0
	for _, a := range apis {
		if !strings.Contains(a.name, c.only) {
			continue
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		fmt.Fprintf(os.Stderr, "%s %s …\n", time.Now().Format(time.TimeOnly), a.name)
		r := c.check(ctx, a)
		checked++
		state := "yes"
		if r.err != nil {
			failed++
			state = "no: " + strings.ReplaceAll(firstLines(r.err.Error(), 3), "\n", "; ")
		}
		fmt.Fprintf(out, "| %s\t| %s\t| %d\t| %d\t| %d\t| %.1f\t| %.1f\t| %.1f\t| %s\t| %s\t|\n",
			a.name, a.format(), a.bytes, r.operations, r.imported, r.drafted.Seconds(), r.generated.Seconds(), r.vetted.Seconds(), state, r.leftOut())
	}
	if err := out.Flush(); err != nil {
		return err
	}
	fmt.Printf("\n%d documents, %d of them compile without a change\n", checked, checked-failed)
	if failed > 0 {
		return errors.New("not all projects compile")
	}
	return nil
}

func firstLines(text string, n int) string {
	lines := strings.SplitN(strings.TrimSpace(text), "\n", n+1)
	return strings.Join(lines[:min(n, len(lines))], "\n")
}

// api is an entry: the root files of a document or of protos.
type api struct {
	name  string
	files []string
	roots []string // where protos import from
	proto bool
	bytes int64
}

func (a api) format() string {
	if a.proto {
		return "proto"
	}
	return strings.TrimPrefix(filepath.Ext(a.files[0]), ".")
}
