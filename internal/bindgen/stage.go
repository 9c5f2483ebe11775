package bindgen

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/mod/modfile"

	"github.com/portico-gateway/portico/internal/project"
)

// stage is a copy of the project in which a run writes, so that a run that
// fails changes nothing. It has links to all files that are not generated: Go
// finds the same packages there, with the same import paths.
type stage struct {
	root  string
	dir   string   // absolute, in root so that a file can be renamed from here to there
	stale []string // generated files that are in the project now, relative to root
	wd    string   // the working directory to go back to
}

// newStage makes the stage and changes the working directory to it, where
// gqlgen works; close changes it back. Stages of processes that were killed are
// removed.
func newStage(root string) (*stage, error) {
	if err := removeLeftovers(root); err != nil {
		return nil, err
	}
	wd, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(root, fmt.Sprintf("%s%d-", stagePrefix, os.Getpid()))
	if err != nil {
		return nil, err
	}
	s := &stage{root: root, dir: dir, wd: wd}
	if err := s.open(); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// removeLeftovers removes stages whose process is gone.
func removeLeftovers(root string) error {
	stages, err := filepath.Glob(filepath.Join(root, stagePrefix+"*"))
	if err != nil {
		return err
	}
	for _, dir := range stages {
		owner, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(dir), stagePrefix), "-")
		if pid, err := strconv.Atoi(owner); err == nil && pid != os.Getpid() && isRunning(pid) {
			continue
		}
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
	}
	return nil
}

func isRunning(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	err = p.Signal(syscall.Signal(0))
	return err == nil || errors.Is(err, os.ErrPermission)
}

func (s *stage) open() error {
	var err error
	if s.stale, err = generatedFiles(s.root); err != nil {
		return err
	}
	// git ignores the folder, whatever the project's own .gitignore says.
	if err := os.WriteFile(filepath.Join(s.dir, ".gitignore"), []byte("*\n"), 0o600); err != nil {
		return err
	}
	if err := s.copyModFile(); err != nil {
		return err
	}
	if err := s.link("."); err != nil {
		return err
	}
	for _, folder := range generatedFolders() {
		if err := s.linkFiles(folder); err != nil {
			return err
		}
	}
	return os.Chdir(s.dir)
}

// link links the entries of a folder of the project into the stage.
func (s *stage) link(folder string) error {
	entries, err := os.ReadDir(filepath.Join(s.root, folder))
	if err != nil {
		return err
	}
	for _, entry := range entries {
		name := filepath.Join(folder, entry.Name())
		if strings.HasPrefix(entry.Name(), ".") || slices.Contains(generatedFolders(), name) || name == "go.mod" {
			continue
		}
		if err := os.Symlink(filepath.Join(s.root, name), filepath.Join(s.dir, name)); err != nil {
			return err
		}
	}
	return nil
}

const stagePrefix = ".portico-generate-"

// generatedFolders returns the folders with generated files, which may have
// others.
func generatedFolders() []string { return []string{project.GraphFolder, project.ClientsFolder} }

// linkFiles copies a folder of the project as links to its files, without
// generated ones.
func (s *stage) linkFiles(folder string) error {
	if err := os.MkdirAll(s.path(folder), 0o755); err != nil {
		return err
	}
	root := filepath.Join(s.root, filepath.FromSlash(folder))
	return filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		name, err := filepath.Rel(s.root, file)
		if err != nil {
			return err
		}
		switch to := filepath.Join(s.dir, name); {
		case d.IsDir():
			return os.MkdirAll(to, 0o755)
		case strings.HasSuffix(name, project.GeneratedSuffix) && isGenerated(s.root, file, d):
			return nil
		default:
			return os.Symlink(file, to)
		}
	})
}

// copyModFile copies go.mod: relative paths in it are relative to its folder.
func (s *stage) copyModFile() error {
	text, err := os.ReadFile(filepath.Join(s.root, "go.mod"))
	if err != nil {
		return err
	}
	mod, err := modfile.Parse("go.mod", text, nil)
	if err != nil {
		return err
	}
	for _, r := range mod.Replace {
		if r.New.Version != "" || filepath.IsAbs(r.New.Path) {
			continue
		}
		if err := mod.AddReplace(r.Old.Path, r.Old.Version, filepath.Join(s.root, r.New.Path), ""); err != nil {
			return err
		}
	}
	if text, err = mod.Format(); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(s.dir, "go.mod"), text, 0o600)
}

func (s *stage) close() error {
	return errors.Join(os.Chdir(s.wd), os.RemoveAll(s.dir))
}

// path returns the path of a staged file.
func (s *stage) path(name string) string { return filepath.Join(s.dir, filepath.FromSlash(name)) }

// generatedFiles lists the generated files below root, relative to it.
func generatedFiles(root string) ([]string, error) {
	var names []string
	for _, folder := range generatedFolders() {
		more, err := generatedIn(root, folder)
		if err != nil {
			return nil, err
		}
		names = append(names, more...)
	}
	return names, nil
}

func generatedIn(root, folder string) ([]string, error) {
	var names []string
	err := filepath.WalkDir(filepath.Join(root, folder), func(file string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		if isGenerated(root, file, d) {
			name, err := filepath.Rel(root, file)
			if err != nil {
				return err
			}
			names = append(names, filepath.ToSlash(name))
		}
		return nil
	})
	return names, err
}

// isGenerated reports whether a run makes the file: one with the suffix, or the
// Go code of a proto. In a stage, all files that are not links are made by the
// run. In a project, the folders of graph and of the protos belong to this
// generator; elsewhere, other generators may write such files.
func isGenerated(root, file string, d fs.DirEntry) bool {
	staged := strings.HasPrefix(filepath.Base(root), stagePrefix)
	switch {
	case d.IsDir():
		return false
	case strings.HasSuffix(d.Name(), project.GeneratedSuffix):
		if strings.HasPrefix(file, filepath.Join(root, project.GraphFolder)+string(filepath.Separator)) {
			return true
		}
		return d.Type().IsRegular() && (staged || hasHeader(file))
	case !strings.HasSuffix(d.Name(), ".pb.go") || strings.HasSuffix(d.Name(), "_grpc.pb.go"):
		return false
	}
	protos := strings.HasPrefix(file, filepath.Join(root, filepath.FromSlash(project.ProtoFolder))+string(filepath.Separator))
	return d.Type().IsRegular() && (staged || protos)
}

// hasHeader reports whether a file begins with the header of this generator.
func hasHeader(file string) bool {
	text, err := os.ReadFile(file)
	return err == nil && bytes.HasPrefix(text, []byte(project.GeneratedHeader))
}

// commit moves the staged files to their places and removes generated files
// that this run did not make. If a step fails, the steps before it are undone.
func (s *stage) commit() (err error) {
	names, err := generatedFiles(s.dir)
	if err != nil {
		return err
	}
	var undo []func() error
	defer func() {
		if err != nil {
			for _, step := range slices.Backward(undo) {
				err = errors.Join(err, step())
			}
		}
	}()
	for _, name := range names {
		back, err := replaceFile(filepath.Join(s.root, filepath.FromSlash(name)), s.path(name))
		if err != nil {
			return err
		}
		undo = append(undo, back)
	}
	for _, name := range s.stale {
		if slices.Contains(names, name) {
			continue
		}
		back, err := removeFile(filepath.Join(s.root, filepath.FromSlash(name)))
		if err != nil {
			return err
		}
		undo = append(undo, back)
		// Removes the folder of a removed frontend, unless it has other files.
		_ = os.Remove(filepath.Join(s.root, filepath.FromSlash(path.Dir(name))))
	}
	return nil
}

// replaceFile moves a file to its place. A file with the same content stays as
// it is, with its time, so that Go rebuilds nothing. It returns a function that
// undoes the change.
func replaceFile(to, from string) (undo func() error, err error) {
	fresh, err := os.ReadFile(from)
	if err != nil {
		return nil, err
	}
	old, err := os.ReadFile(to)
	switch {
	case err == nil && bytes.Equal(old, fresh):
		return func() error { return nil }, nil
	case err == nil:
		undo = func() error { return os.WriteFile(to, old, 0o644) }
	case errors.Is(err, fs.ErrNotExist):
		undo = func() error { return os.Remove(to) }
	default:
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return nil, err
	}
	if err := os.Rename(from, to); err != nil {
		return nil, fmt.Errorf("could not replace %s: %w", to, err)
	}
	return undo, os.Chmod(to, 0o644)
}

func removeFile(name string) (undo func() error, err error) {
	old, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	if err := os.Remove(name); err != nil {
		return nil, err
	}
	return func() error { return os.WriteFile(name, old, 0o644) }, nil
}
