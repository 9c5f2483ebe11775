// Package health reports whether a gateway is ready, and which of its services are available.
package health

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Health is the state of a gateway. Services are checked in the background, when a probe asks
// for them and the latest check is old, so that probes are answered at once. It is safe for
// concurrent use.
type Health struct {
	config   Config
	stopping atomic.Bool
	wanted   chan struct{} // has one value if a check is wanted

	mu       sync.Mutex
	required map[string]bool
	changes  int // of required
	states   map[string]Service
	ready    bool          // of the latest check
	checked  time.Time     // when it ended
	done     chan struct{} // closed when the next one has ended
}

// Config is the configuration of a [Health]. All functions must be safe for concurrent use.
type Config struct {
	// Check returns nil if a service is available.
	Check func(ctx context.Context, service string) error
	// Missing returns what the gateway waits for besides its services, such as "waiting for keys"; empty for nothing.
	Missing func() string
	// Configuration returns what /readyz says of the configuration, for encoding/json.
	Configuration func() any
}

const (
	checkTimeout = time.Second     // of the check of a service
	checkHolds   = 5 * time.Second // how long a check counts if all required services are available
	checkAgain   = time.Second     // and if one is not
	probeWaits   = 40 * time.Millisecond
)

// New returns the state of a gateway without services. See [Health.Change].
func New(config Config) *Health {
	return &Health{config: config, wanted: make(chan struct{}, 1), done: make(chan struct{})}
}

// Change replaces the services that are checked: their names, and whether the gateway is ready
// only when they are available. What is known of a service counts until the next check.
func (h *Health) Change(required map[string]bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.required, h.checked = required, time.Time{}
	h.changes++
}

// Stop makes the gateway not ready for good.
func (h *Health) Stop() { h.stopping.Store(true) }

// Stopping reports whether Stop was called.
func (h *Health) Stopping() bool { return h.stopping.Load() }

// Run checks services when that is wanted, until ctx is done. It is called once.
func (h *Health) Run(ctx context.Context) {
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

// latest reports whether the latest check still counts. done is closed when the next one has
// ended.
func (h *Health) latest() (done <-chan struct{}, fresh bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	age := time.Since(h.checked)
	return h.done, age < checkAgain || age < checkHolds && h.ready
}

// refresh begins a check if the latest one is old, and waits a moment for its end.
func (h *Health) refresh(ctx context.Context) {
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
func (h *Health) want() {
	select {
	case h.wanted <- struct{}{}:
	default: // one is wanted already
	}
}

// ServeLive answers that the process works.
func ServeLive(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("ok\n"))
}

// ServeReady answers 200 if the gateway is ready, else 503. It is ready if the latest check found
// all required services, nothing else is missing, and it is not stopping. The answer has the state
// of every service.
func (h *Health) ServeReady(w http.ResponseWriter, r *http.Request) {
	h.refresh(r.Context())
	services, ready := h.known()
	status, text := http.StatusServiceUnavailable, h.unready(ready)
	if text == "" {
		status, text = http.StatusOK, "ready"
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"status": text, "services": services, "configuration": h.config.Configuration()}) // the prober left
}

// unready returns why the gateway is not ready, given whether all required services are available;
// empty if it is.
func (h *Health) unready(available bool) string {
	if h.Stopping() {
		return "stopping"
	}
	if missing := h.config.Missing(); missing != "" {
		return missing
	}
	if !available {
		return "waiting for required services"
	}
	return ""
}

// Ready reports whether the gateway is ready by the latest check. If that is old, it begins another
// one, and does not wait for it.
func (h *Health) Ready() bool {
	if _, fresh := h.latest(); !fresh {
		h.want()
	}
	_, available := h.known()
	return h.unready(available) == ""
}

// Service is the state of a service.
type Service struct {
	Status   string  `json:"status"` // ok, down, or unknown before the first check
	Required bool    `json:"required"`
	Error    string  `json:"error,omitempty"`
	Age      float64 `json:"age"` // of the check, in seconds

	checked time.Time
}

// Services returns the states of services by their names. If the latest check is old, it begins another
// one, and waits for it for at most 40 ms.
func (h *Health) Services(ctx context.Context) map[string]Service {
	h.refresh(ctx)
	states, _ := h.known()
	return states
}

// known returns the states of services, and whether all that are required are available.
func (h *Health) known() (states map[string]Service, ready bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	states, ready = map[string]Service{}, true
	for name, required := range h.required {
		state, ok := h.states[name]
		if ok {
			state.Age = time.Since(state.checked).Round(time.Millisecond).Seconds()
		} else {
			state = Service{Status: "unknown", Required: required}
		}
		states[name] = state
		ready = ready && (state.Status == "ok" || !required)
	}
	return states, ready
}

// checkAll checks all services at once.
func (h *Health) checkAll(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	h.mu.Lock()
	services, changes := h.required, h.changes
	h.mu.Unlock()
	states, ready := map[string]Service{}, true
	var mu sync.Mutex
	var group sync.WaitGroup
	for name, required := range services {
		group.Go(func() {
			state := Service{Status: "ok", Required: required}
			if err := h.config.Check(ctx, name); err != nil {
				state.Status, state.Error = "down", err.Error()
			}
			state.checked = time.Now()
			mu.Lock()
			defer mu.Unlock()
			states[name] = state
			ready = ready && (state.Status == "ok" || !required)
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
