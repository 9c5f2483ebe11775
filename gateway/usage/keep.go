package usage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"time"
)

// gatherEvery is how often what was counted is gathered, and the file written.
const gatherEvery = time.Minute

// Run reads the file, and writes it every minute until ctx is done, and then a last time. A
// file that can't be read is renamed, and one that can't be written is tried again: both
// are logged, and nothing else is affected.
func (r *Recorder) Run(ctx context.Context) {
	r.load()
	ticker := time.NewTicker(gatherEvery)
	defer ticker.Stop()
	for {
		if err := r.save(); err != nil {
			r.config.Log.Error("recorded usage is not written to its file", "file", r.config.File, "cause", err)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			if err := r.save(); err != nil {
				r.config.Log.Error("recorded usage is lost, since it can't be written to its file", "file", r.config.File, "cause", err)
			}
			return
		}
	}
}

// Write writes what was recorded as a file, of one frontend, or of all if the name is
// empty.
func (r *Recorder) Write(w io.Writer, frontend string) error {
	first, records := r.gathered(frontend)
	return write(w, first, records)
}

// gathered returns all that was counted.
func (r *Recorder) gathered(frontend string) (header, []Record) {
	r.gather()
	r.mu.Lock()
	t := &r.totals
	first, records := header{formatVersion, t.from, t.to, t.incomplete}, t.list(frontend)
	r.mu.Unlock()
	slices.SortFunc(records, Record.compare)
	return first, records
}

// load adds what the file has.
func (r *Recorder) load() {
	if r.config.File == "" {
		return
	}
	u, err := readFile(r.config.File)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		aside := r.config.File + ".bad"
		err = errors.Join(err, os.Rename(r.config.File, aside))
		r.config.Log.Error("the file of recorded usage can't be read, and is renamed", "file", r.config.File, "to", aside, "cause", err)
	default:
		r.mu.Lock()
		defer r.mu.Unlock()
		r.totals.restore(u)
	}
}

func readFile(name string) (*Usage, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return Read(file, Limits{})
}

// save writes the file, if there is one, and if anything has changed.
func (r *Recorder) save() error {
	r.gather()
	if r.config.File == "" || !r.change(false) {
		return nil
	}
	err := replace(r.config.File, func(w io.Writer) error { return r.Write(w, "") })
	if err != nil {
		r.change(true)
	}
	return err
}

// change sets whether there is anything that is not written, and returns the previous value.
func (r *Recorder) change(changed bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	before := r.totals.changed
	r.totals.changed = changed
	return before
}

// replace replaces a file as a whole, or leaves it as it is.
func replace(name string, write func(io.Writer) error) (err error) {
	temporary := name + ".tmp"
	file, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(temporary) // there is nothing to do about it
		}
	}()
	if err := errors.Join(write(file), file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("%s: %w", temporary, err)
	}
	return os.Rename(temporary, name)
}
