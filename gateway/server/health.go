package server

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/portico-gateway/portico/gateway/config"
)

// health reports the state of the gateway to operators. Services are checked in the background when a
// probe asks for them and what is known is old, so that the probe is answered at once.
type health struct {
	check   func(ctx context.Context, name string) error
	unready func() error // why the gateway is not ready, besides services; nil if it is
	// configuration returns which configuration is in effect.
	configuration func() reloadState
	stopping      atomic.Bool
	wanted        chan struct{} // has one value if a check is wanted

	mu       sync.Mutex
	services map[string]config.Service
	changes  int // of services
	states   map[string]serviceState
	ready    bool          // of the latest check
	checked  time.Time     // when it ended
	done     chan struct{} // closed when the next one has ended
}

const (
	checkTimeout = time.Second     // that a service may take to say that it is there
	checkHolds   = 5 * time.Second // for how long a check is good, if all that are required are there
	checkAgain   = time.Second     // if one is not
	probeWaits   = 40 * time.Millisecond
)

func newHealth(services map[string]config.Service, check func(context.Context, string) error, unready func() error, configuration func() reloadState) *health {
	return &health{services: services, check: check, unready: unready, configuration: configuration, wanted: make(chan struct{}, 1), done: make(chan struct{})}
}

// change makes others the services that are checked. What is known of one counts until the
// next check.
func (h *health) change(services map[string]config.Service) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.services, h.checked = services, time.Time{}
	h.changes++
}

// Run checks services when that is wanted, until ctx is done.
func (h *health) Run(ctx context.Context) {
	for {
		select {
		case <-h.wanted:
			if _, fresh := h.latest(); !fresh { // it was wanted while the one before was under way
				h.checkAll(ctx)
			}
		case <-ctx.Done():
			return
		}
	}
}

// latest reports whether the latest check is good. done is closed when the next one has
// ended.
func (h *health) latest() (done <-chan struct{}, fresh bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	age := time.Since(h.checked)
	return h.done, age < checkAgain || age < checkHolds && h.ready
}

// refresh begins a check if what is known is old, and waits a moment for its end.
func (h *health) refresh(ctx context.Context) {
	done, fresh := h.latest()
	if fresh {
		return
	}
	h.want()
	timer := time.NewTimer(probeWaits)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// want makes Run check services soon. It does not wait.
func (h *health) want() {
	select {
	case h.wanted <- struct{}{}:
	default: // one is wanted already
	}
}

// serveLive answers that the process works.
func serveLive(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("ok\n"))
}

// serveReady answers 200 when all required services answered the latest check, the keys of
// all issuers are known and the gateway is not stopping, else 503. The answer has the state of every
// service: those that are not required do not count.
func (h *health) serveReady(w http.ResponseWriter, r *http.Request) {
	h.refresh(r.Context())
	states, ready := h.known()
	status, text := http.StatusOK, "ready"
	switch {
	case h.stopping.Load():
		status, text = http.StatusServiceUnavailable, "stopping"
	case h.unready() != nil:
		status, text = http.StatusServiceUnavailable, "waiting for the keys of token issuers"
	case !ready:
		status, text = http.StatusServiceUnavailable, "waiting for required services"
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"status": text, "services": states, "configuration": h.configuration()}) // the prober left
}

// serviceState is what is known of a service.
type serviceState struct {
	Status   string  `json:"status"` // ok, down, or unknown before the first check
	Required bool    `json:"required"`
	Error    string  `json:"error,omitempty"`
	Age      float64 `json:"age"` // of the check, in seconds

	checked time.Time
}

// known returns what is known of services, and whether all that are required are there.
func (h *health) known() (states map[string]serviceState, ready bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	states, ready = map[string]serviceState{}, true
	for name, service := range h.services {
		state, ok := h.states[name]
		if ok {
			state.Age = time.Since(state.checked).Round(time.Millisecond).Seconds()
		} else {
			state = serviceState{Status: "unknown", Required: service.Required}
		}
		states[name] = state
		ready = ready && (state.Status == "ok" || !service.Required)
	}
	return states, ready
}

// checkAll checks all services at once.
func (h *health) checkAll(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	h.mu.Lock()
	services, changes := h.services, h.changes
	h.mu.Unlock()
	states, ready := map[string]serviceState{}, true
	var mu sync.Mutex
	var group sync.WaitGroup
	for name, service := range services {
		group.Go(func() {
			state := serviceState{Status: "ok", Required: service.Required}
			if err := h.check(ctx, name); err != nil {
				state.Status, state.Error = "down", err.Error()
			}
			state.checked = time.Now()
			mu.Lock()
			defer mu.Unlock()
			states[name] = state
			ready = ready && (state.Status == "ok" || !service.Required)
		})
	}
	group.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.states, h.ready = states, ready
	if h.changes == changes { // else it was of other services
		h.checked = time.Now()
	}
	close(h.done)
	h.done = make(chan struct{})
}
