package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/portico-gateway/portico/gateway/apidocs"
)

// docsFiles returns the files of the documentation, by their paths with slashes.
func docsFiles(sources []apidocs.Source) (map[string][]byte, error) {
	style, errOfStyle := apidocs.Style()
	script, errOfScript := apidocs.Script(true)
	if err := errors.Join(errOfStyle, errOfScript); err != nil {
		return nil, err
	}
	files := map[string][]byte{"assets/docs.css": style, "assets/docs.js": script}
	index := apidocs.Index{Assets: "assets/"}
	for _, s := range sources {
		reference := apidocs.New(s)
		for name, write := range map[string]func(io.Writer, *apidocs.Reference) error{
			s.Frontend + "/index.html": apidocs.WriteHTML, s.Frontend + ".md": apidocs.WriteMarkdown,
		} {
			var text bytes.Buffer
			if err := write(&text, reference); err != nil {
				return nil, err
			}
			files[name] = text.Bytes()
		}
		index.Frontends = append(index.Frontends, apidocs.Listed{Name: s.Frontend, URL: s.Frontend + "/index.html"})
	}
	var list bytes.Buffer
	err := apidocs.WriteIndex(&list, index)
	files["index.html"] = list.Bytes()
	return files, err
}

// listOfFiles is the file of a folder that lists those which were written into it.
const listOfFiles = ".portico-docs"

// writeFolder writes files into a folder that is new, empty, or was written by it before. Files that were written
// before and no longer are, are removed; others are left alone, and never overwritten.
func writeFolder(dir string, files map[string][]byte) error {
	had, err := writtenFiles(dir)
	if err != nil {
		return err
	}
	names := slices.Sorted(maps.Keys(files))
	for _, name := range names {
		_, err := os.Lstat(filepath.Join(dir, filepath.FromSlash(name)))
		if err == nil && !slices.Contains(had, name) {
			return fmt.Errorf("%s was not written by portico docs, which would overwrite it: remove it, or choose another folder", filepath.Join(dir, name))
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := writeList(dir, slices.Concat(had, names)); err != nil { // of an interrupted run, too, it is known what is its own
		return err
	}
	for _, name := range names {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, files[name], 0o644); err != nil {
			return err
		}
	}
	for _, name := range had {
		if slices.Contains(names, name) {
			continue
		}
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		_ = os.Remove(filepath.Dir(file)) // it stays if there is something else in it
	}
	return writeList(dir, names)
}

func writeList(dir string, names []string) error {
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	return os.WriteFile(filepath.Join(dir, listOfFiles), []byte(strings.Join(names, "\n")+"\n"), 0o644)
}

// writtenFiles returns the files of a folder that were written into it before. The error is that the folder has other
// files, and none of them.
func writtenFiles(dir string) ([]string, error) {
	text, err := os.ReadFile(filepath.Join(dir, listOfFiles))
	if errors.Is(err, os.ErrNotExist) {
		entries, err := os.ReadDir(dir)
		switch {
		case errors.Is(err, os.ErrNotExist):
			return nil, nil
		case err == nil && len(entries) > 0:
			return nil, fmt.Errorf("%s has files that portico docs did not write, such as %s: choose another folder", dir, entries[0].Name())
		}
		return nil, err
	}
	if err != nil {
		return nil, err
	}
	var names []string
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		if name := lines.Text(); name != "" {
			if !filepath.IsLocal(filepath.FromSlash(name)) {
				return nil, fmt.Errorf("%s lists %q, which is not in the folder", filepath.Join(dir, listOfFiles), name)
			}
			names = append(names, name)
		}
	}
	return names, lines.Err()
}
