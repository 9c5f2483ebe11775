// Package reload decides when a gateway reads its configuration again: when a process asks for it by
// a signal or a request, or a file has changed. What a reload does is the caller's. [Running] are the parts that
// begin and end with configurations.
package reload

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"
)

// Reloader asks for reloads, one at a time. It is safe for concurrent use.
type Reloader struct {
	config  Config
	asked   chan request
	stopped chan struct{} // closed when there are no reloads any more

	mu     sync.Mutex
	latest State
}

// Config is the configuration of a [Reloader]. The zero value reloads when [Reloader.Ask] is called.
type Config struct {
	// File is the file of the configuration, which is watched; empty for none.
	File string
	// Signals asks for a reload for each signal, as SIGHUP does; it may be nil.
	Signals <-chan os.Signal
	// Notify is called after each reload, when State knows of it, with its cause and duration; nil for no call.
	Notify func(cause string, took time.Duration, of Outcome)
}

// Outcome is the result of a reload.
type Outcome struct {
	// Changed are the paths of the settings that are in effect with other values.
	Changed []string `json:"changed"`
	// Restart are those that take effect when the gateway is started again.
	Restart []string `json:"restart"`
	// Err is why the configuration before stays in effect; nil if it does not.
	Err error `json:"-"`
	// Files are those that the configuration in effect names, with their contents. They are watched.
	Files Files `json:"-"`
	// Unread are the names of other files to watch: of a configuration that can't take effect, since
	// they may be why. The keys do not matter.
	Unread map[string]string `json:"-"`
}

// Files are the contents of files by their names.
type Files map[string]string

// State describes which configuration is in effect.
type State struct {
	Loaded time.Time `json:"loaded"`          // when the one that is in effect was
	Error  string    `json:"error,omitempty"` // why a newer one is not; empty if there is none
}

// request asks for a reload. The outcome is sent to done.
type request struct {
	cause string
	done  chan<- Outcome // nil if nobody waits for it
}

// ErrStopping is the error of a reload that is asked for when the gateway stops.
var ErrStopping = errors.New("the gateway is stopping")

// New returns a reloader of a configuration that has been loaded now.
func New(config Config) *Reloader {
	return &Reloader{config: config, asked: make(chan request), stopped: make(chan struct{}), latest: State{Loaded: time.Now()}}
}

// State returns which configuration is in effect.
func (r *Reloader) State() State {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.latest
}

// note notes the outcome of a reload.
func (r *Reloader) note(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.latest.Error = err.Error()
		return
	}
	r.latest = State{Loaded: time.Now()}
}

// Ask asks for a reload, and waits for it or for ctx. Its error is that of the outcome, that of
// ctx, or [ErrStopping].
func (r *Reloader) Ask(ctx context.Context, cause string) (Outcome, error) {
	done := make(chan Outcome, 1)
	select {
	case r.asked <- request{cause, done}:
	case <-r.stopped:
		return Outcome{}, ErrStopping
	case <-ctx.Done():
		return Outcome{}, ctx.Err()
	}
	select {
	case of := <-done:
		return of, of.Err
	case <-ctx.Done():
		return Outcome{}, ctx.Err()
	}
}

// Run calls reload whenever a reload is asked for, until ctx is done. Its cause is SIGHUP, the name of a file, or what
// Ask was given. files are those that the configuration in effect names. It is called once.
func (r *Reloader) Run(ctx context.Context, files Files, reload func() Outcome) {
	defer close(r.stopped)
	watcher := newWatcher(r.config.File, files)
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	signals := r.config.Signals
	for {
		var next request
		select {
		case <-ctx.Done():
			return
		case _, ok := <-signals:
			if !ok {
				signals = nil
				continue
			}
			next.cause = "SIGHUP"
		case <-ticker.C:
			if next.cause = watcher.look(); next.cause == "" {
				continue
			}
		case next = <-r.asked:
		}
		if ctx.Err() != nil { // select takes any of the cases that can proceed
			if next.done != nil {
				next.done <- Outcome{Err: ErrStopping}
			}
			return
		}
		watcher.read()
		began := time.Now()
		of := reload()
		watcher.watch(of.Files, of.Unread)
		r.note(of.Err)
		if r.config.Notify != nil {
			r.config.Notify(next.cause, time.Since(began), of)
		}
		if next.done != nil {
			next.done <- of
		}
	}
}
