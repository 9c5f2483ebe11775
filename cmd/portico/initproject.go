package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/portico-gateway/portico/gateway/directive"
	"github.com/portico-gateway/portico/internal/bindgen"
	"github.com/portico-gateway/portico/internal/binding"
	"github.com/portico-gateway/portico/internal/importer"
	"github.com/portico-gateway/portico/internal/predict"
	"github.com/portico-gateway/portico/internal/project"
	"github.com/portico-gateway/portico/internal/scaffold"
	"github.com/portico-gateway/portico/internal/settings"
)

// projectMaker makes a project.
type projectMaker struct {
	console

	target   string
	options  scaffold.Options
	roots    []string // of imports of protos
	dir      string   // where it is made, before it is moved
	examples []scaffold.Example
	notes    []string
}

// make makes the project beside its place and moves it there, so that nothing is left of one that fails.
func (n *projectMaker) make(ctx context.Context, target string, from []string) (err error) {
	if err := n.vacant(target); err != nil { // moving would find it too, but later
		return err
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	if n.dir, err = os.MkdirTemp(filepath.Dir(target), ".portico-init-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(n.dir)) }()
	if err := os.Chmod(n.dir, 0o755); err != nil { //nolint:gosec // as mkdir makes folders
		return err
	}
	n.options.Directives = slices.Concat(directive.Definitions(), binding.Definitions())
	n.options.Settings = settings.Schema()
	for _, step := range []func() error{
		func() error { return n.schemas(ctx, from) },
		n.files,
		n.operations,
		func() error { return bindgen.Generate(ctx, n.dir, progress(n.out, time.Now())) },
		func() error {
			_, err := bindgen.Check(ctx, n.dir, predict.Options{Update: true}, nil)
			return err
		},
		func() error { return n.tidy(ctx) },
		func() error { return n.repository(ctx, target) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return move(n.dir, target)
}

// schemas writes the schemas and documents of the services.
func (n *projectMaker) schemas(ctx context.Context, from []string) error {
	for _, folder := range append([]string{"shared"}, n.options.Frontends...) {
		if err := os.MkdirAll(filepath.Join(n.dir, "schema", folder), 0o755); err != nil {
			return err
		}
	}
	if from == nil {
		service, files, err := scaffold.Blog()
		if err != nil {
			return err
		}
		n.options.Services = []scaffold.Service{service}
		return n.write(files)
	}
	reads := false
	for i, given := range from {
		name, file, ok := strings.Cut(given, "=")
		if !ok {
			name, file = strings.ToLower(strings.TrimSuffix(filepath.Base(given), filepath.Ext(given))), given
		}
		draft, err := n.draft(ctx, file, importer.Options{Dir: n.dir, Service: name, Roots: n.roots})
		if err != nil {
			return err
		}
		service := scaffold.Service{Name: name, URL: cmp.Or(draft.URL, fmt.Sprintf("http://127.0.0.1:%d", 7001+i))}
		switch {
		case isServer(file):
			service.URL = file
		case isProto(file):
			service.URL = fmt.Sprintf("grpc://127.0.0.1:%d", 7001+i)
		}
		n.options.Services = append(n.options.Services, service)
		reads = reads || bytes.Contains(draft.Files[0].Content, []byte("type Query {"))
		for _, left := range draft.LeftOut {
			n.notes = append(n.notes, name+": left out: "+left)
		}
		n.notes = append(n.notes, draft.Notes...)
		changes, err := draft.Changes(n.dir)
		if err != nil {
			return err
		}
		if err := importer.Write(n.dir, changes); err != nil {
			return err
		}
	}
	if !reads {
		return errors.New("no operation of the services only reads, so there is no type Query, which every GraphQL schema needs: give another service, too")
	}
	return nil
}

// isServer reports whether a location is a gRPC server.
func isServer(location string) bool {
	return strings.HasPrefix(location, "grpc://") || strings.HasPrefix(location, "grpcs://")
}

// isProto reports whether a location is a proto, or a folder of protos.
func isProto(location string) bool {
	info, err := os.Stat(location)
	return filepath.Ext(location) == ".proto" || err == nil && info.IsDir()
}

func (n *projectMaker) draft(ctx context.Context, file string, o importer.Options) (*importer.Draft, error) {
	if isProto(file) || isServer(file) {
		return importer.Proto(ctx, []string{file}, o)
	}
	return importer.OpenAPI(ctx, file, o)
}

func (n *projectMaker) files() error {
	all, err := scaffold.Files(n.options)
	if err != nil {
		return err
	}
	return n.write(all)
}

// operations writes an operation for each frontend.
func (n *projectMaker) operations() error {
	report := &project.Report{}
	of, err := project.Read(n.dir, report)
	if err := cmp.Or(err, report.Err()); err != nil {
		return err
	}
	for _, front := range of.Frontends {
		if e, ok := scaffold.ExampleOf(front.Name, front.API); ok {
			n.examples = append(n.examples, e)
		}
	}
	files, err := scaffold.ExampleFiles(n.options.Module, n.examples)
	if err != nil {
		return err
	}
	return n.write(files)
}

// tidy leaves in go.mod what the project requires. It needs no network where Portico was built; where it fails, a build
// needs no less.
func (n *projectMaker) tidy(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, "go", "mod", "tidy")
	cmd.Dir, cmd.Env = n.dir, append(os.Environ(), "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		n.notes = append(n.notes, fmt.Sprintf("go mod tidy failed: run it again with a network: %v: %s", err, strings.TrimSpace(string(out))))
	}
	return nil
}

// repository makes a git repository, unless the project is in one or there is no git.
func (n *projectMaker) repository(ctx context.Context, target string) error {
	if _, err := exec.LookPath("git"); err != nil {
		return nil //nolint:nilerr // the project needs none
	}
	inside := exec.CommandContext(ctx, "git", "-C", filepath.Dir(target), "rev-parse", "--git-dir")
	_, err := os.Stat(filepath.Join(target, ".git"))
	if inside.Run() == nil || err == nil {
		return nil
	}
	if out, err := exec.CommandContext(ctx, "git", "init", "--quiet", "--initial-branch=main", n.dir).CombinedOutput(); err != nil {
		return fmt.Errorf("git init: %w: %s", err, out)
	}
	return nil
}

func (n *projectMaker) write(files []scaffold.File) error {
	for _, f := range files {
		name := filepath.Join(n.dir, filepath.FromSlash(f.Path))
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, f.Content, 0o644)); err != nil { //nolint:gosec // sources
			return err
		}
	}
	return nil
}

// vacant returns an error if a folder has what the project has, too.
func (n *projectMaker) vacant(target string) error {
	info, err := os.Stat(target)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is there, and is no folder: give another name", target)
	}
	files, err := scaffold.Files(n.options)
	if err != nil {
		return err
	}
	names := []string{"clients", "graph", "operations"}
	for _, f := range files {
		top, _, _ := strings.Cut(f.Path, "/")
		names = append(names, top)
	}
	slices.Sort(names)
	var taken []string
	for _, name := range slices.Compact(names) {
		if _, err := os.Lstat(filepath.Join(target, name)); !errors.Is(err, fs.ErrNotExist) {
			taken = append(taken, name)
		}
	}
	if taken != nil {
		return fmt.Errorf("%s has %s already, so nothing was written: give another name", target, strings.Join(taken, ", "))
	}
	return nil
}

// move moves a project to its folder, which has none of it.
func move(from, to string) error {
	if os.Rename(from, to) == nil { // there was no such folder, or it was empty
		return nil
	}
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := os.Rename(filepath.Join(from, e.Name()), filepath.Join(to, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// next prints what was made and what to do.
func (n *projectMaker) next(took time.Duration) {
	var services []string
	for _, s := range n.options.Services {
		services = append(services, s.Name+" at "+s.URL)
	}
	fmt.Fprintf(n.out, "made %s in %.1fs: module %s\n", n.target, took.Seconds(), n.options.Module)
	fmt.Fprintf(n.out, "  %s: %s\n", plural(len(n.options.Frontends), "frontend"), strings.Join(n.options.Frontends, ", "))
	fmt.Fprintf(n.out, "  %s: %s\n", plural(len(services), "service"), strings.Join(services, ", "))
	if n.options.Portico.Replace {
		fmt.Fprintf(n.out, "  go.mod takes Portico from %s, since this build is no released version\n", n.options.Portico.Dir)
	}
	n.list("to do:", n.notes)
	fmt.Fprintf(n.out, "\nnext:\n  cd %s\n  make dev     # the console is at http://127.0.0.1:8080/playground\n", n.target)
	fmt.Fprint(n.out, "  make test\n")
}
