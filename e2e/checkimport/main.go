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
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"time"
)

func main() {
	only := flag.String("only", "", "only entries whose name `contains` this text")
	vet := flag.Bool("vet", true, "compile the projects")
	project := flag.String("project", "", "leave the project of the last entry in this `folder`")
	flag.Parse()
	if flag.NArg() == 0 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, flag.Args(), checker{only: *only, project: *project, vet: *vet})
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, dirs []string, c checker) error {
	apis, err := find(dirs)
	if err != nil {
		return err
	}
	bin, err := os.MkdirTemp("", "checkimport-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(bin) }()
	c.portico = filepath.Join(bin, "portico")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", c.portico, "github.com/portico-gateway/portico/cmd/portico").CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	fmt.Println("| document | format | bytes | operations | imported | import | generate | vet | compiles | left out |")
	fmt.Println("|---|---|--:|--:|--:|--:|--:|--:|---|---|")
	checked := 0
	var failures []string
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
			state = "no"
			failures = append(failures, a.name+": "+firstLines(r.err.Error(), 5))
		}
		fmt.Printf("| %s | %s | %d | %d | %d | %.1f s | %.1f s | %.1f s | %s | %s |\n",
			a.name, r.format, a.bytes, r.operations, r.imported, r.drafted.Seconds(), r.generated.Seconds(), r.vetted.Seconds(), state, r.leftOut())
	}
	fmt.Printf("\n%d documents, %d of them compile without a change\n", checked, checked-len(failures))
	for _, failure := range failures {
		fmt.Println("\n" + failure)
	}
	if len(failures) > 0 {
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
