package fault

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// UnknownServiceError says that a fault was meant for no service.
type UnknownServiceError struct {
	Service string
	Known   []string // sorted
}

func (e *UnknownServiceError) Error() string {
	return fmt.Sprintf("there is no service %q: there are %s", e.Service, strings.Join(e.Known, ", "))
}

// Switch holds the faults of all services. It is safe for concurrent use.
type Switch struct {
	mu       sync.Mutex
	services map[string]*state
}

// state is the fault of a service.
type state struct {
	fault   Fault
	calls   int           // since the fault was set
	changed chan struct{} // closed when there is another fault
}

// NewSwitch makes a switch with which all services are healthy.
func NewSwitch(services ...string) *Switch {
	s := &Switch{services: make(map[string]*state, len(services))}
	for _, name := range services {
		s.services[name] = &state{changed: make(chan struct{})}
	}
	return s
}

// Set replaces the fault of a service; the zero value heals it. Calls that are
// held up go on under the new fault. It fails with an [UnknownServiceError], or
// when the fault is not valid.
func (s *Switch) Set(service string, f Fault) error {
	if err := f.Validate(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.services[service]; !ok {
		return &UnknownServiceError{Service: service, Known: s.known()}
	}
	s.replace(service, f)
	return nil
}

// Heal lifts all faults.
func (s *Switch) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name := range s.services {
		s.replace(name, Fault{})
	}
}

func (s *Switch) replace(service string, f Fault) {
	close(s.services[service].changed)
	s.services[service] = &state{fault: f, changed: make(chan struct{})}
}

// Faults returns the faults of the services that have one.
func (s *Switch) Faults() map[string]Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	faults := make(map[string]Fault)
	for name, state := range s.services {
		if state.fault != (Fault{}) {
			faults[name] = state.fault
		}
	}
	return faults
}

// Serving is what the service's health check says: false when its fault leaves
// no call a chance. Asking does not count as a call.
func (s *Switch) Serving(service string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.services[service].fault.total()
}

func (s *Switch) known() []string {
	var names []string
	for name := range s.services {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// A verdict is what becomes of a call.
type verdict struct {
	fail, html bool
}

// judge holds a call up as the service's fault requires, and then returns the
// verdict. It fails with the context's error only.
func (s *Switch) judge(ctx context.Context, service string) (verdict, error) {
	for {
		f, n, changed := s.arrive(service)
		settled, err := f.wait(ctx, changed)
		if err != nil {
			return verdict{}, err
		}
		if settled {
			return verdict{fail: f.fails(n), html: f.HTML}, nil
		}
	}
}

// arrive returns the fault that a call meets, the number of the call under it,
// and a channel that is closed when there is another fault.
func (s *Switch) arrive(service string) (Fault, int, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	state := s.services[service]
	state.calls++
	return state.fault, state.calls, state.changed
}
