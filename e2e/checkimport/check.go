package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/portico-gateway/portico/gateway/directive"
	"github.com/portico-gateway/portico/internal/binding"
	"github.com/portico-gateway/portico/internal/importer"
	"github.com/portico-gateway/portico/internal/scaffold"
	"github.com/portico-gateway/portico/internal/settings"
)

// result is what came out of an entry.
type result struct {
	format                     string // such as OpenAPI 3.0
	operations, imported       int
	drafted, generated, vetted time.Duration
	left                       []string
	err                        error
}

// leftOut returns the reasons for what was left out, with how often each occurs.
func (r result) leftOut() string {
	reasons := map[string]int{}
	for _, left := range r.left {
		_, why, _ := strings.Cut(left, ": ")
		reasons[why]++
	}
	var all []string
	for _, why := range slices.Sorted(maps.Keys(reasons)) {
		all = append(all, fmt.Sprintf("%d: %s", reasons[why], why))
	}
	return strings.Join(all, "; ")
}

// checker says what is checked.
type checker struct {
	only    string // a part of the names
	project string // the folder that the last project is left in, or ""
	vet     bool
	portico string // the command
}

// check imports an entry into an empty project, generates it and vets it.
func (c checker) check(ctx context.Context, a api) (r result) {
	dir, err := os.MkdirTemp("", "checkimport-")
	if err != nil {
		return result{err: err}
	}
	if c.project != "" {
		_ = os.RemoveAll(dir)
		dir = c.project
		_ = os.RemoveAll(dir)
	} else {
		defer func() { _ = os.RemoveAll(dir) }()
	}
	if r.err = empty(ctx, dir); r.err != nil {
		return r
	}
	start := time.Now()
	r.format = a.format()
	draft, err := a.draft(ctx, dir)
	r.drafted = time.Since(start)
	if err != nil {
		r.err = err
		return r
	}
	r.imported, r.left, r.operations = draft.Fields, draft.LeftOut, draft.Fields+len(draft.LeftOut)
	changes, err := draft.Changes(dir)
	if r.err = errors.Join(err, importer.Write(dir, changes)); r.err != nil {
		return r
	}
	start = time.Now()
	r.err = c.generate(ctx, dir)
	r.generated = time.Since(start)
	if r.err != nil || !c.vet {
		return r
	}
	start = time.Now()
	vet := exec.CommandContext(ctx, "go", "vet", "./...")
	vet.Dir, vet.Env = dir, append(os.Environ(), "GOWORK=off", "GOFLAGS=-trimpath")
	if out, err := vet.CombinedOutput(); err != nil {
		r.err = fmt.Errorf("%w: %s", err, out)
	}
	r.vetted = time.Since(start)
	return r
}

// generate runs the command, as a user does: gqlgen remembers names of types for as long as a process runs.
func (c checker) generate(ctx context.Context, dir string) error {
	cmd := exec.CommandContext(ctx, c.portico, "generate", "-C", dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s", out)
	}
	return nil
}

// format is the document's format, such as "OpenAPI 3.0".
func (a api) format() string {
	if a.proto {
		return "proto3"
	}
	content, err := os.ReadFile(a.files[0])
	if err != nil {
		return ""
	}
	name := "OpenAPI "
	if strings.Contains(version.FindString(string(content)), "swagger") {
		name = "Swagger "
	}
	return name + number.FindString(string(content[version.FindIndex(content)[1]:]))
}

var number = regexp.MustCompile(`\d\.\d`)

func (a api) draft(ctx context.Context, dir string) (*importer.Draft, error) {
	o := importer.Options{Dir: dir, Service: "api", Roots: a.roots}
	if a.proto {
		return importer.Proto(ctx, a.files, o)
	}
	return importer.OpenAPI(ctx, a.files[0], o)
}

// empty makes a project without fields.
func empty(ctx context.Context, dir string) error {
	root, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/portico-gateway/portico").Output()
	if err != nil {
		return err
	}
	files, err := scaffold.Files(scaffold.Options{
		Name: "checked", Module: "example.com/checked", Frontends: []string{"web"}, Services: []scaffold.Service{{Name: "api", URL: "http://127.0.0.1:7001"}},
		Portico:    scaffold.Portico{Version: "v0.0.0", Replace: true, Dir: strings.TrimSpace(string(root))},
		Directives: slices.Concat(directive.Definitions(), binding.Definitions()), Settings: settings.Schema(),
	})
	if err != nil {
		return err
	}
	for _, f := range files {
		name := filepath.Join(dir, filepath.FromSlash(f.Path))
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, f.Content, 0o600)); err != nil {
			return err
		}
	}
	return os.MkdirAll(filepath.Join(dir, "schema", "shared"), 0o755)
}
