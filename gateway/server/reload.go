package server

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/gateway/reload"
)

// runStates runs the parts of the state, and reloads the configuration when it is asked to or
// a file changes, until ctx is done. The parts run until own is done. It is called once.
func (s *Server) runStates(ctx, own context.Context) {
	var parts reload.Running
	defer parts.Wait()
	parts.Change(own, s.now().parts()...)
	s.reloader.Run(ctx, s.now().files, func() reload.Outcome {
		of := s.reload(own)
		parts.Change(own, s.now().parts()...)
		return of
	})
}

// reload makes the configuration, as it is now, the one that is in effect, or keeps the one that
// is. One goroutine calls it.
func (s *Server) reload(ctx context.Context) (of reload.Outcome) {
	defer func() { of.Files = s.now().files }()
	if s.options.Load == nil {
		of.Err = errors.New("this gateway can't read its configuration again")
		return of
	}
	before := s.now().config
	cfg, err := s.options.Load()
	if err == nil {
		err = s.change(ctx, cfg)
	}
	if err != nil {
		of.Err, of.Unread = err, filesOf(cfg)
		return of
	}
	if othersAnswer(before, cfg) {
		s.store.Clear(ctx)
	}
	of.Changed, _ = config.Differ(before, cfg)
	_, of.Restart = config.Differ(s.started, cfg) // which settings wait for a restart also after another reload
	return of
}

// reloaded counts and logs a reload.
func (s *Server) reloaded(cause string, took time.Duration, of reload.Outcome) {
	s.observer.Metrics().Reload(of.Err)
	if of.Err != nil {
		s.log.Error("the configuration is not reloaded: the one before stays in effect", "cause", cause, "mistakes", strings.Split(of.Err.Error(), "\n"))
		return
	}
	s.log.Info("configuration reloaded", "cause", cause, "took", took.Round(time.Microsecond), "changed", strings.Join(of.Changed, ", "))
	if len(of.Restart) > 0 {
		s.log.Warn("settings take effect when the gateway is started again", "settings", strings.Join(of.Restart, ", "))
	}
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
	next.credentials.Verifier.Fetch(fetching)
	services.Apply()
	s.apply(next)
	return nil
}
