package importer

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/pmezard/go-difflib/difflib"
)

// Draft is what an import would write. Making one writes nothing.
type Draft struct {
	// Files begins with the SDL; the others are copies of the documents.
	Files []File
	// Fields is how many operations became fields.
	Fields int
	// LeftOut lists the chosen operations that can't be bound, and why.
	LeftOut []string
	// Again reports whether the project has a draft of the service. What the document changed since then is merged into it.
	Again bool
	// Conflicts are places that both the project and the document have changed: the project's text stays.
	Conflicts []Conflict
	// Warnings are parts of the document that could not be read, with their places.
	Warnings []string
	// Notes tell what the project needs before it can be generated.
	Notes []string
	// URL is where the service is, if its document has that; or "".
	URL string
}

// File is a file of the project.
type File struct {
	Path    string // relative to the project, with slashes
	Content []byte
}

// Change is a file that an import would make or overwrite.
type Change struct {
	File
	// Old is what the file has now; nil when there is no such file.
	Old []byte
}

// Changes compares a draft with the project in dir. A file that is there with
// the same content is no change.
func (d *Draft) Changes(dir string) ([]Change, error) {
	var changes []Change
	for _, f := range d.Files {
		old, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(f.Path)))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			changes = append(changes, Change{File: f})
		case err != nil:
			return nil, err
		case !bytes.Equal(old, f.Content):
			changes = append(changes, Change{File: f, Old: append([]byte{}, old...)})
		}
	}
	return changes, nil
}

// Overwrites reports whether the file is there with other content.
func (c Change) Overwrites() bool { return c.Old != nil }

// Diff is the unified diff of the file, with three lines around each change.
func (c Change) Diff() (string, error) {
	return difflib.GetUnifiedDiffString(difflib.UnifiedDiff{
		A: splitLines(c.Old), B: splitLines(c.Content), Context: 3,
		FromFile: "a/" + c.Path, ToFile: "b/" + c.Path,
	})
}

// splitLines keeps the line ends. A last line without one gets it, as the diff
// would else run into the next line.
func splitLines(content []byte) []string {
	var lines []string
	for line := range bytes.Lines(content) {
		lines = append(lines, string(bytes.TrimSuffix(line, []byte("\n")))+"\n")
	}
	return lines
}

// Write makes the changes in dir: all of them or, with an error, none.
func Write(dir string, changes []Change) error {
	var temporary []string
	defer func() {
		for _, name := range temporary {
			_ = os.Remove(name) // those that were renamed are gone
		}
	}()
	for _, c := range changes {
		name, err := writeTemporary(filepath.Join(dir, filepath.FromSlash(c.Path)), c.Content)
		if err != nil {
			return fmt.Errorf("nothing was written: %w", err)
		}
		temporary = append(temporary, name)
	}
	for i, c := range changes {
		if err := os.Rename(temporary[i], filepath.Join(dir, filepath.FromSlash(c.Path))); err != nil {
			return errors.Join(fmt.Errorf("nothing was written: %w", err), restore(dir, changes[:i]))
		}
	}
	return nil
}

// writeTemporary writes a file beside the one that it will become.
func writeTemporary(target string, content []byte) (string, error) {
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return "", err
	}
	f, err := os.CreateTemp(filepath.Dir(target), ".portico-import-*")
	if err != nil {
		return "", err
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Chmod(0o644), f.Close()); err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), nil
}

// restore undoes changes.
func restore(dir string, changes []Change) error {
	var errs []error
	for _, c := range changes {
		name := filepath.Join(dir, filepath.FromSlash(c.Path))
		if c.Overwrites() {
			errs = append(errs, os.WriteFile(name, c.Old, 0o644))
			continue
		}
		errs = append(errs, os.Remove(name))
	}
	return errors.Join(errs...)
}
