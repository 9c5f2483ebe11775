package server

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/portico-gateway/portico/gateway/config"
)

// reloading is what is known of reloads.
type reloading struct {
	asked   chan reloadRequest
	stopped chan struct{} // closed when there are no reloads any more

	mu     sync.Mutex
	latest reloadState
}

// reloadRequest asks for a reload. The outcome is sent to done.
type reloadRequest struct {
	cause string // such as SIGHUP
	done  chan<- reloaded
}

// reloaded is what came of a reload.
type reloaded struct {
	// Changed are the paths of the settings that are in effect with other values.
	Changed []string `json:"changed"`
	// Restart are those that take effect when the gateway is started again.
	Restart []string `json:"restart"`
	err     error
	failed  *config.Config // that could not take effect; nil if there is none
}

// reloadState describes which configuration is in effect.
type reloadState struct {
	Loaded time.Time `json:"loaded"`          // when the one that is in effect was
	Error  string    `json:"error,omitempty"` // why a newer one is not; empty if there is none
}

func newReloading() *reloading {
	return &reloading{asked: make(chan reloadRequest), stopped: make(chan struct{}), latest: reloadState{Loaded: time.Now()}}
}

// state returns which configuration is in effect.
func (r *reloading) state() reloadState {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.latest
}

// note notes what came of a reload.
func (r *reloading) note(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.latest.Error = err.Error()
		return
	}
	r.latest = reloadState{Loaded: time.Now()}
}

// errStopping is the error of a reload that is asked for when the gateway stops.
var errStopping = errors.New("the gateway is stopping")

// ask asks for a reload, and waits for it or for ctx.
func (r *reloading) ask(ctx context.Context, cause string) (reloaded, error) {
	done := make(chan reloaded, 1)
	select {
	case r.asked <- reloadRequest{cause, done}:
	case <-r.stopped:
		return reloaded{}, errStopping
	case <-ctx.Done():
		return reloaded{}, ctx.Err()
	}
	select {
	case of := <-done:
		return of, of.err
	case <-ctx.Done():
		return reloaded{}, ctx.Err()
	}
}

// runStates runs the parts of the state, and reloads the configuration when it is asked to or
// a file changes, until ctx is done. The parts run until own is done. It is called once.
func (s *Server) runStates(ctx, own context.Context) {
	var group sync.WaitGroup
	defer group.Wait()
	defer close(s.reloading.stopped)
	parts := &runningParts{group: &group, ends: map[runner]context.CancelFunc{}}
	parts.are(own, s.now())
	watcher := newWatcher(s.options.File, s.now())
	hangups := s.options.Reload
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	for {
		var request reloadRequest
		select {
		case <-ctx.Done():
			return
		case _, ok := <-hangups:
			if !ok {
				hangups = nil
				continue
			}
			request.cause = "SIGHUP"
		case <-ticker.C:
			if request.cause = watcher.look(); request.cause == "" {
				continue
			}
		case request = <-s.reloading.asked:
		}
		if ctx.Err() != nil { // select takes any of the cases that can proceed
			if request.done != nil {
				request.done <- reloaded{err: errStopping}
			}
			return
		}
		watcher.read()
		of := s.reload(own, request.cause)
		parts.are(own, s.now())
		watcher.watch(s.now(), of.failed)
		if request.done != nil {
			request.done <- of
		}
	}
}

// reload makes the configuration, as it is now, the one that is in effect, or keeps the one that
// is. One goroutine calls it.
func (s *Server) reload(ctx context.Context, cause string) (of reloaded) {
	began := time.Now()
	defer func() {
		s.reloading.note(of.err)
		s.observer.metrics.Reload(of.err)
		if of.err == nil {
			s.log.Info("configuration reloaded", "cause", cause, "took", time.Since(began).Round(time.Microsecond), "changed", strings.Join(of.Changed, ", "))
		}
		if len(of.Restart) > 0 {
			s.log.Warn("settings take effect when the gateway is started again", "settings", strings.Join(of.Restart, ", "))
		}
	}()
	if s.options.Load == nil {
		of.err = errors.New("this gateway can't read its configuration again")
		return of
	}
	before := s.now().config
	cfg, err := s.options.Load()
	if err == nil {
		err = s.change(ctx, cfg)
	}
	if err != nil {
		of.err, of.failed = err, cfg
		s.log.Error("the configuration is not reloaded: the one before stays in effect", "cause", cause, "mistakes", mistakesOf(err))
		return of
	}
	if othersAnswer(before, cfg) {
		s.store.Clear(ctx)
	}
	of.Changed, of.Restart = config.Differ(before, cfg)
	return of
}

// keysWait is how long a reload waits for the keys of issuers that are new.
const keysWait = 2 * time.Second

// change makes a configuration the one that is in effect. With an error, nothing has changed.
func (s *Server) change(ctx context.Context, cfg *config.Config) error {
	before := s.now()
	next, err := s.newState(cfg, before)
	if err != nil {
		return err
	}
	changed, removed := s.changedServices(before, next)
	services, err := s.services.Change(changed, removed)
	if err != nil {
		// All that is wrong is said at once.
		return errors.Join(cfg.At("services", err), s.serve(next, before, s.frontends)) //nolint:contextcheck // literals are parsed without a request
	}
	if err := s.serve(next, before, s.frontends); err != nil { //nolint:contextcheck // see above
		services.Discard()
		return err
	}
	fetching, cancel := context.WithTimeout(ctx, keysWait)
	defer cancel()
	next.verifier.Fetch(fetching)
	services.Apply()
	s.apply(next)
	return nil
}

// runner is a part of a state that runs.
type runner interface{ Run(ctx context.Context) }

// runningParts are the parts that run.
type runningParts struct {
	group *sync.WaitGroup
	ends  map[runner]context.CancelFunc
}

// are begins what a state has and does not run, and ends what else runs.
func (r *runningParts) are(ctx context.Context, of *state) {
	parts := map[runner]bool{of.verifier: true}
	for _, operations := range of.operations {
		parts[operations] = true
	}
	for part := range parts {
		if r.ends[part] == nil {
			own, cancel := context.WithCancel(ctx)
			r.ends[part] = cancel
			r.group.Go(func() { runPart(ctx, own, part) })
		}
	}
	for part, end := range r.ends {
		if !parts[part] {
			end()
			delete(r.ends, part)
		}
	}
}

// runPart runs a part until own is done. One that can be closed is when ctx is done, since the
// gateway stops; if it was replaced before, what callers wait for is done first.
func runPart(ctx, own context.Context, part runner) {
	part.Run(own)
	<-own.Done()
	of, closes := part.(interface {
		Drain(ctx context.Context)
		Close()
	})
	if !closes {
		return
	}
	of.Drain(ctx)
	if ctx.Err() != nil {
		of.Close()
	}
}
