package fleettest

import (
	"encoding/json"
	"net"
	"net/http"
	"testing"
	"time"
)

// Base is the path before those of all routes of an HTTP endpoint but its health
// check, which is /healthz.
const Base = "/base"

// StartHTTP runs an HTTP endpoint at host:port until the test ends. A port of 0 is
// a free one. Its routes, below [Base], answer {"id": …}:
//
//	GET  /items/{id}
//	POST /items         a mutation, with an id in its body
//	GET  /touched/{id}  a mutation over GET
//	GET  /hanging/{id}  never answers
func StartHTTP(t testing.TB, addr string, options Options) *Backend {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	b := &Backend{Addr: listener.Addr().String(), options: options, stop: stop}
	server := &http.Server{Handler: b.routes(), ReadHeaderTimeout: time.Minute}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener) // http.ErrServerClosed
	}()
	t.Cleanup(func() {
		close(stop)
		_ = server.Close() // what is under way is cut off
		<-done
	})
	return b
}

func (b *Backend) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(http.ResponseWriter, *http.Request) { b.checks.Add(1) })
	mux.HandleFunc("GET "+Base+"/healthz", func(http.ResponseWriter, *http.Request) { b.checks.Add(1) })
	mux.HandleFunc("GET "+Base+"/items/{id}", func(w http.ResponseWriter, r *http.Request) { b.serve(w, r, r.PathValue("id"), false) })
	mux.HandleFunc("GET "+Base+"/touched/{id}", func(w http.ResponseWriter, r *http.Request) { b.serve(w, r, r.PathValue("id"), true) })
	mux.HandleFunc("GET "+Base+"/hanging/{id}", func(_ http.ResponseWriter, r *http.Request) { b.hang(r.Context()) })
	mux.HandleFunc("POST "+Base+"/items", func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			ID string `json:"id"`
		}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		b.serve(w, r, body.ID, true)
	})
	return mux
}

// serve answers a call.
func (b *Backend) serve(w http.ResponseWriter, r *http.Request, id string, mutates bool) {
	mutation := ""
	if mutates {
		mutation = id
	}
	fails := b.called(r.Context(), mutation)
	if b.closing.Load() {
		w.Header().Set("Connection", "close")
	}
	w.Header().Set("Content-Type", "application/json")
	if fails {
		w.WriteHeader(http.StatusInternalServerError)
	}
	_ = json.NewEncoder(w).Encode(map[string]string{"id": id}) // the caller may have left
}
