package scaffold

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"

	"golang.org/x/mod/modfile"
)

// modulePath is the module of Portico.
const modulePath = "github.com/portico-gateway/portico"

// Portico is what a project requires of Portico.
type Portico struct {
	// Path is its module's path.
	Path string
	// Version is the version that is required.
	Version string
	// Dir has its source.
	Dir string
	// Sum and GoModSum are the checksums of a released version, as go.sum has them.
	Sum, GoModSum string
	// Replace reports whether go.mod must say where the source is, since the version is not released.
	Replace bool
}

// FindPortico returns the version of this program. The source of one that is not released is looked for around the program's
// file and around the working directory; dir, if it is not empty, says where it is.
func FindPortico(ctx context.Context, dir string) (Portico, error) {
	if info, ok := debug.ReadBuildInfo(); ok && dir == "" && info.Main.Path == modulePath && info.Main.Sum != "" {
		return released(ctx, info.Main.Version)
	}
	p := Portico{Path: modulePath, Version: "v0.0.0", Replace: true}
	var candidates []string
	if dir != "" {
		candidates = []string{dir}
	} else {
		if program, err := os.Executable(); err == nil {
			candidates = append(candidates, parents(filepath.Dir(program))...)
		}
		if here, err := os.Getwd(); err == nil {
			candidates = append(candidates, parents(here)...)
		}
		if out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", modulePath).Output(); err == nil {
			candidates = append(candidates, strings.TrimSpace(string(out)))
		}
	}
	for _, candidate := range candidates {
		text, err := os.ReadFile(filepath.Join(candidate, "go.mod"))
		if err == nil && modfile.ModulePath(text) == modulePath {
			p.Dir, err = filepath.Abs(candidate)
			return p, err
		}
	}
	if dir != "" {
		return p, fmt.Errorf("%s has no source of Portico: it has no go.mod of %s", dir, modulePath)
	}
	return p, errors.New("this portico is not a released version, and its source was not found: give --portico DIR, the folder of its checkout")
}

func parents(dir string) []string {
	list := []string{dir}
	for filepath.Dir(dir) != dir {
		dir = filepath.Dir(dir)
		list = append(list, dir)
	}
	return list
}

func released(ctx context.Context, version string) (Portico, error) {
	p := Portico{Path: modulePath, Version: version}
	cmd := exec.CommandContext(ctx, "go", "mod", "download", "-json", modulePath+"@"+version)
	cmd.Dir = os.TempDir() // of no module
	out, err := cmd.Output()
	if err != nil {
		return p, fmt.Errorf("go mod download %s@%s: %w", modulePath, version, err)
	}
	return p, json.Unmarshal(out, &p)
}

// readModule reads the go.mod of Portico.
func readModule(dir string) (*modfile.File, error) {
	text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		return nil, err
	}
	return modfile.Parse("go.mod", text, nil)
}

// moduleFiles returns go.mod and go.sum of a module. They require what Portico requires, in the same versions, so that a
// build needs nothing that a build of Portico did not need.
func moduleFiles(module string, of Portico, required *modfile.File) ([]File, error) {
	f := new(modfile.File)
	err := errors.Join(f.AddModuleStmt(module), f.AddGoStmt(required.Go.Version), f.AddRequire(modulePath, of.Version), f.AddTool(modulePath+"/cmd/portico"))
	if of.Replace {
		err = errors.Join(err, f.AddReplace(modulePath, "", of.Dir, ""))
	}
	if err != nil {
		return nil, err
	}
	for _, r := range required.Require {
		f.AddNewRequire(r.Mod.Path, r.Mod.Version, true)
	}
	text, err := f.Format()
	if err != nil {
		return nil, err
	}
	sums, err := os.ReadFile(filepath.Join(of.Dir, "go.sum"))
	if err != nil {
		return nil, err
	}
	if !of.Replace {
		sums = fmt.Appendf(sums, "%[1]s %[2]s %[3]s\n%[1]s %[2]s/go.mod %[4]s\n", modulePath, of.Version, of.Sum, of.GoModSum)
	}
	return []File{{"go.mod", text}, {"go.sum", sums}}, nil
}
