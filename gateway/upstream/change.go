package upstream

import (
	"errors"
	"slices"
)

// Change is a change of services that has been checked, but not applied.
type Change struct {
	services *Services
	changed  []changed
	removed  []string
}

// changed is a service with another configuration, or a new one.
type changed struct {
	name  string
	setup *setup
	of    client
}

// SettingError is a mistake in the configuration of a service.
type SettingError struct {
	Service string
	Err     error
}

// Error is part of error.
func (e *SettingError) Error() string { return e.Setting() + ": " + e.Unwrap().Error() }

// Setting returns the path of the setting, such as services.catalog.tls.ca.
func (e *SettingError) Setting() string {
	path := "services." + e.Service
	if of, ok := errors.AsType[*ofSetting](e.Err); ok {
		path += "." + of.name
	}
	return path
}

// Unwrap returns the cause.
func (e *SettingError) Unwrap() error {
	if of, ok := errors.AsType[*ofSetting](e.Err); ok {
		return of.error
	}
	return e.Err
}

// ofSetting is an error of one setting of a service.
type ofSetting struct {
	name string // such as tls.ca
	error
}

func (e *ofSetting) Unwrap() error { return e.error }

// Change prepares a change of the configurations of services, which can be new ones, and
// the removal of others. Its error has every mistake, including removed services that are
// still called. Either Apply or Discard must be called.
func (s *Services) Change(configs []Config, removed []string) (*Change, error) {
	c := &Change{services: s, removed: removed}
	var errs []error
	for _, config := range configs {
		setup, of, err := newSetup(config.withDefaults(), s.client(config.Name))
		if err != nil {
			errs = append(errs, &SettingError{config.Name, err})
			continue
		}
		c.changed = append(c.changed, changed{config.Name, setup, of})
	}
	for _, name := range removed {
		if of := s.client(name); of != nil && of.common().used {
			errs = append(errs, &SettingError{name, errors.New("it is called by this gateway, and can't be removed")})
		}
	}
	if len(errs) > 0 {
		c.Discard()
		return nil, errors.Join(errs...)
	}
	return c, nil
}

// Discard discards the change.
func (c *Change) Discard() {
	for _, of := range c.changed {
		of.setup.versions.close()
	}
}

// Apply makes the change. Running calls and open streams continue with the old
// configuration; its connections are closed when they have ended.
func (c *Change) Apply() {
	s := c.services
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, of := range c.changed {
		before := of.of.apply(of.setup)
		s.clients[of.name] = of.of
		s.begin(of.setup.versions)
		if before != nil {
			s.end(before.versions)
			before.versions.replace(of.of.common())
		}
	}
	for _, name := range c.removed {
		if of := s.clients[name]; of != nil {
			delete(s.clients, name)
			versions := of.common().versions()
			s.end(versions)
			versions.replace(nil)
		}
	}
	s.rule()
}

// begin runs versions, if the services run; the lock is held.
func (s *Services) begin(vs *versions) {
	if s.run != nil {
		s.run(vs)
	}
	s.all = append(s.all, vs)
}

// end ends what begin began; the lock is held.
func (s *Services) end(vs *versions) {
	vs.stop()
	s.all = slices.DeleteFunc(s.all, func(one *versions) bool { return one == vs })
}

// rule collects the rules of all services; the lock is held.
func (s *Services) rule() {
	rules := map[string][]Rule{}
	for name, c := range s.clients {
		if of := c.common().config().Canary; len(of) > 0 {
			rules[name] = of
		}
	}
	s.rules.Store(&rules)
}
