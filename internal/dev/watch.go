package dev

import (
	"context"
	"crypto/sha256"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/portico-gateway/portico/internal/project"
)

// quiet is how long nothing may change before what has changed is read: an editor writes a file in several steps.
const quiet = 20 * time.Millisecond

// watcher knows the contents of a project's files.
type watcher struct {
	root  string
	known map[string][sha256.Size]byte // of the files that matter, by their paths in the project
	inner *fsnotify.Watcher
}

// watch sends the names of files of a project that have changed, with slashes, until ctx is done. Files that a gateway is not
// made of, and those that are generated, are left out; so are changes that leave the contents.
func watch(ctx context.Context, root string) (<-chan []string, error) {
	inner, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	w := &watcher{root: root, known: map[string][sha256.Size]byte{}, inner: inner}
	if err := w.add(root); err != nil {
		return nil, errors.Join(err, inner.Close())
	}
	w.changed()
	changes := make(chan []string)
	go func() {
		defer inner.Close()
		w.run(ctx, changes)
	}()
	return changes, nil
}

func (w *watcher) run(ctx context.Context, changes chan<- []string) {
	timer := time.NewTimer(0)
	for {
		select {
		case <-ctx.Done():
			return
		case event := <-w.inner.Events:
			if event.Has(fsnotify.Create) {
				_ = w.add(event.Name) // what is gone again needs no watching
			}
			timer.Reset(quiet)
		case <-w.inner.Errors: //nolint:errcheck // such as that events were lost: all files are read again
			timer.Reset(quiet)
		case <-timer.C:
			files := w.changed()
			if len(files) == 0 {
				continue
			}
			select {
			case changes <- files:
			case <-ctx.Done():
				return
			}
		}
	}
}

// add watches a folder with all below it.
func (w *watcher) add(path string) error {
	return filepath.WalkDir(path, func(path string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case !d.IsDir():
			return nil
		case path != w.root && isLeftOut(d.Name()):
			return fs.SkipDir
		}
		return w.inner.Add(path)
	})
}

// isLeftOut reports whether a folder has nothing that a gateway is made of.
func isLeftOut(name string) bool {
	return strings.HasPrefix(name, ".") || slices.Contains([]string{"node_modules", "testdata", "bin", "vendor", "docs"}, name)
}

// matters reports whether a gateway is made of a file.
func matters(name string) bool {
	others := []string{"_test.go", ".pb.go", project.GeneratedSuffix}
	if strings.HasPrefix(name, ".") || slices.ContainsFunc(others, func(suffix string) bool { return strings.HasSuffix(name, suffix) }) {
		return false
	}
	switch filepath.Ext(name) {
	case ".graphqls", ".graphql", ".gql", ".go", ".proto", ".yaml", ".yml":
		return true
	case ".json": // documents of services; others are written by the tools of projects
		return strings.HasPrefix(name, "openapi")
	}
	return name == "go.mod" || name == "go.sum"
}

// changed returns the files that have other contents than when it was called last.
func (w *watcher) changed() []string {
	now := map[string][sha256.Size]byte{}
	_ = filepath.WalkDir(w.root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return nil //nolint:nilerr // what can't be read is not there
		case d.IsDir() && path != w.root && isLeftOut(d.Name()):
			return fs.SkipDir
		case d.IsDir() || !matters(d.Name()):
			return nil
		}
		if text, err := os.ReadFile(path); err == nil {
			name, _ := filepath.Rel(w.root, path)
			now[filepath.ToSlash(name)] = sha256.Sum256(text)
		}
		return nil
	})
	var files []string
	for name, sum := range now {
		if w.known[name] != sum {
			files = append(files, name)
		}
	}
	for name := range w.known {
		if _, ok := now[name]; !ok {
			files = append(files, name)
		}
	}
	w.known = now
	slices.Sort(files)
	return files
}
