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

// health tells operators how the gateway is.
type health struct {
	services map[string]config.Service
	check    func(ctx context.Context, name string) error
	verifier *auth.Verifier
	stopping atomic.Bool
}

// checkTimeout bounds how long a service may take to say that it is there.
const checkTimeout = time.Second

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

// ready answers 200 when all required services answer, the keys of all issuers
// are known and the gateway is not stopping, else 503. The answer tells every service's state: those that are
// not required do not count.
func (h *health) ready(w http.ResponseWriter, r *http.Request) {
	states, ready := h.states(r.Context())
	status, text := http.StatusOK, "ready"
	switch {
	case h.stopping.Load():
		status, text = http.StatusServiceUnavailable, "stopping"
	case !ready:
		status, text = http.StatusServiceUnavailable, "waiting for required services"
	case h.verifier.Ready() != nil:
		status, text = http.StatusServiceUnavailable, "waiting for the keys of token issuers"
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"status": text, "services": states}) // the prober left
}

type serviceState struct {
	Status   string `json:"status"`
	Required bool   `json:"required"`
	Error    string `json:"error,omitempty"`
}

// states asks all services at once.
func (h *health) states(ctx context.Context) (states map[string]serviceState, ready bool) {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	states, ready = map[string]serviceState{}, true
	var (
		mu   sync.Mutex
		wait sync.WaitGroup
	)
	for name, service := range h.services {
		wait.Go(func() {
			state := serviceState{Status: "ok", Required: service.Required}
			if err := h.check(ctx, name); err != nil {
				state.Status, state.Error = "down", err.Error()
			}
			mu.Lock()
			defer mu.Unlock()
			states[name] = state
			ready = ready && (state.Status == "ok" || !service.Required)
		})
	}
	wait.Wait()
	return states, ready
}
