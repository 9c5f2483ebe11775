package reload

import (
	"crypto/sha256"
	"io"
	"os"
	"time"
)

// watchEvery is how often files are looked at. A change is noticed when it has lasted for as
// long, so that a file that is being written is not read.
const watchEvery = time.Second

// longestWatched is how much of a file is looked at.
const longestWatched = 64 << 20

// digests are those of files by their names. A file that can't be read, or is no
// regular one, has the zero digest.
type digests map[string][sha256.Size]byte

// watcher notices changes of files by their contents: a symbolic link that leads elsewhere, as in
// the volumes of Kubernetes, is one, and a new time is none. One goroutine uses it.
type watcher struct {
	file    string  // of the configuration; empty if nothing is watched
	known   digests // as they were read last
	pending digests // when a change was seen that may go on; nil if there is none
}

// newWatcher returns a watcher of the file of a configuration and those that it names. It
// watches nothing if file is empty.
func newWatcher(file string, files Files) *watcher {
	if file == "" {
		return &watcher{}
	}
	w := &watcher{file: file, known: digests{file: digest(file)}}
	w.watch(files, nil)
	return w
}

// watch makes files, as they were read, and those with other names what is watched besides the file
// of the configuration. Of the latter it is not known what was read, so that each counts as changed
// once.
func (w *watcher) watch(files Files, unread map[string]string) {
	if w.file == "" {
		return
	}
	next := digests{w.file: w.known[w.file]}
	known := func(name string, otherwise [sha256.Size]byte) {
		if before, ok := w.known[name]; ok {
			otherwise = before
		}
		next[name] = otherwise
	}
	for name, text := range files {
		known(name, sha256.Sum256([]byte(text)))
	}
	for _, name := range unread {
		known(name, [sha256.Size]byte{})
	}
	w.known = next
}

// read notes that the files are about to be read.
func (w *watcher) read() { w.known, w.pending = w.now(), nil }

func (w *watcher) now() digests {
	now := digests{}
	for name := range w.known {
		now[name] = digest(name)
	}
	return now
}

// look returns the name of a file that has changed since it was read, and not since the last look;
// empty if there is none.
func (w *watcher) look() string {
	now := w.now()
	name := now.differingFrom(w.known)
	switch {
	case name == "":
		w.pending = nil
		return ""
	case w.pending == nil || now.differingFrom(w.pending) != "":
		w.pending = now
		return ""
	}
	return name
}

func (d digests) differingFrom(other digests) string {
	for name, sum := range d {
		if other[name] != sum {
			return name
		}
	}
	return ""
}

func digest(name string) (sum [sha256.Size]byte) {
	if info, err := os.Stat(name); err != nil || !info.Mode().IsRegular() { // to open a pipe blocks
		return sum
	}
	f, err := os.Open(name)
	if err != nil {
		return sum
	}
	defer f.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, io.LimitReader(f, longestWatched)); err != nil {
		return [sha256.Size]byte{}
	}
	return [sha256.Size]byte(hash.Sum(nil))
}
