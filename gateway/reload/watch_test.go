package reload

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// A file is read again when it has changed, and not while it is being written.
func TestWatcher(t *testing.T) {
	dir := t.TempDir()
	file, keys := filepath.Join(dir, "portico.yaml"), filepath.Join(dir, "keys.yaml")
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(file, "1")
	write(keys, "1")
	w := newWatcher(file, Files{keys: "1"})
	look := func(want string) {
		t.Helper()
		if got := w.look(); got != want {
			t.Fatalf("%q has changed, want %q", got, want)
		}
	}
	look("")
	write(file, "2")
	look("") // it may be being written
	write(file, "23")
	look("")
	look(file)
	w.read()
	look("")
	write(keys, "2")
	look("")
	look(keys)
	look(keys) // until it is read
	w.read()
	if err := os.Remove(keys); err != nil {
		t.Fatal(err)
	}
	look("")
	look(keys)
	w.read()
	look("")
	// As ConfigMaps of Kubernetes change: a link leads to another folder.
	write(file, "2")
	write(filepath.Join(dir, "next"), "3")
	w.read()
	if err := errors.Join(os.Remove(file), os.Symlink("next", file)); err != nil {
		t.Fatal(err)
	}
	look("")
	look(file)
	if w := newWatcher("", Files{keys: "1"}); w.known != nil {
		t.Error("without a file, others are watched")
	}
}

// What is no regular file, and would block who reads it, is not watched.
func TestWatcherOfPipes(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip(err)
	}
	done := make(chan string)
	go func() { done <- newWatcher(pipe, nil).look() }()
	select {
	case <-done:
	case <-time.After(5 * time.Second):
		t.Fatal("it blocks")
	}
}

// A file that a configuration names, and that is missing, is watched: the configuration takes
// effect when it is there. Files that are not named any more are not.
func TestWatcherOfFilesThatAreMissing(t *testing.T) {
	dir := t.TempDir()
	file, keys := filepath.Join(dir, "portico.yaml"), filepath.Join(dir, "keys.yaml")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	w := newWatcher(file, nil)
	w.read()
	w.watch(nil, map[string]string{"auth.keyFile": keys})
	for range 2 {
		if got := w.look(); got != "" {
			t.Fatalf("%s has changed", got)
		}
	}
	if err := os.WriteFile(keys, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	w.look()
	if got := w.look(); got != keys {
		t.Errorf("%q has changed, want %q", got, keys)
	}
	w.read()
	w.watch(Files{keys: ""}, nil)
	if got := w.look(); got != "" {
		t.Errorf("%s has changed", got)
	}
	if w.watch(nil, nil); len(w.known) != 1 {
		t.Errorf("%d files are watched", len(w.known))
	}
}
