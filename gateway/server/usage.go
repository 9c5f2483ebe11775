package server

import (
	"context"
	"net/http"
	"slices"

	"github.com/portico-gateway/portico/gateway/problem"
)

// Requested is part of [operation.Observer]: it records what an operation uses.
func (o *observer) Requested(ctx context.Context, value any) {
	name, version := "", ""
	if r := requestOf(ctx); r != nil {
		name, version = r.seen.client, r.seen.version
	}
	value.(*described).usage.Count(name, version)
}

// introduce notes the client that the payload of connection_init names as the headers of
// requests do: browsers send no headers of their own with a WebSocket.
func (s *seen) introduce(payload map[string]any) {
	header := http.Header{}
	for name, value := range payload {
		if text, ok := value.(string); ok {
			header.Set(name, text)
		}
	}
	if name, version := clientOf(header); name != "" {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.client, s.version = name, version
	}
}

// serveUsage answers with recorded usage as a file: of all frontends, or of the one that the
// parameter frontend names.
func (s *Server) serveUsage(w http.ResponseWriter, r *http.Request) {
	frontend := r.URL.Query().Get("frontend")
	if frontend != "" && !slices.Contains(s.now().names, frontend) {
		writeProblem(w, r, http.StatusNotFound, problem.New(problem.FrontendNotFound, "No frontend has this name."))
		return
	}
	w.Header().Set("Content-Type", "application/jsonl; charset=utf-8")
	_ = s.observer.usage.Write(w, frontend) // an error is that of a client that left
}
