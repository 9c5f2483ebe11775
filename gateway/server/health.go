package server

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/portico-gateway/portico/gateway/auth"
	"github.com/portico-gateway/portico/gateway/config"
)

// health tells operators how the gateway is. Services are checked in the background, so
// that a probe is answered at once.
type health struct {
	services map[string]config.Service
	check    func(ctx context.Context, name string) error
	verifier *auth.Verifier
	stopping atomic.Bool

	mu     sync.Mutex
	states map[string]serviceState
}

const (
	checkTimeout  = time.Second // that a service may take to say that it is there
	checkInterval = 5 * time.Second
	checkAgain    = time.Second // while a required service is down
)

// Run checks services until ctx is done.
func (h *health) Run(ctx context.Context) {
	for {
		pause := checkInterval
		if !h.checkAll(ctx) {
			pause = checkAgain
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
}

// handler serves the admin address.
func (h *health) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte("ok\n"))
	})
	mux.HandleFunc("GET /readyz", h.ready)
	return mux
}

// ready answers 200 when all required services answered the latest check, the keys of
// all issuers are known and the gateway is not stopping, else 503. The answer has the state of every
// service: those that are not required do not count.
func (h *health) ready(w http.ResponseWriter, _ *http.Request) {
	states, ready := h.known()
	status, text := http.StatusOK, "ready"
	switch {
	case h.stopping.Load():
		status, text = http.StatusServiceUnavailable, "stopping"
	case h.verifier.Ready() != nil:
		status, text = http.StatusServiceUnavailable, "waiting for the keys of token issuers"
	case !ready:
		status, text = http.StatusServiceUnavailable, "waiting for required services"
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"status": text, "services": states}) // the prober left
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

// checkAll checks all services at once, and returns whether all that are required are
// there.
func (h *health) checkAll(ctx context.Context) (ready bool) {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	var group sync.WaitGroup
	for name, service := range h.services {
		group.Go(func() {
			state := serviceState{Status: "ok", Required: service.Required}
			if err := h.check(ctx, name); err != nil {
				state.Status, state.Error = "down", err.Error()
			}
			state.checked = time.Now()
			h.mu.Lock()
			defer h.mu.Unlock()
			if h.states == nil {
				h.states = map[string]serviceState{}
			}
			h.states[name] = state
		})
	}
	group.Wait()
	_, ready = h.known()
	return ready
}
