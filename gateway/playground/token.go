package playground

import (
	"encoding/json"
	"io"
	"net/http"
	"time"
)

// Token passes a request for a demo token on to where these are minted, which
// browsers can't reach: it is another origin.
func Token(target string) http.Handler {
	client := &http.Client{Timeout: 5 * time.Second}
	const most = 16 << 10
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		req, err := http.NewRequestWithContext(r.Context(), http.MethodPost, target, http.MaxBytesReader(w, r.Body, most))
		if err != nil {
			noToken(w, http.StatusInternalServerError, "The address of demo tokens is wrong: check playground.tokenURL.")
			return
		}
		req.Header.Set("Content-Type", "application/json")
		resp, err := client.Do(req)
		if err != nil {
			noToken(w, http.StatusBadGateway, "The demo is not running, so there are no demo tokens.")
			return
		}
		defer resp.Body.Close()
		w.WriteHeader(resp.StatusCode)
		_, _ = io.Copy(w, io.LimitReader(resp.Body, most)) // the caller left: nothing to do
	})
}

func noToken(w http.ResponseWriter, status int, message string) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"errors": []map[string]any{{"message": message}}}) // the caller left: nothing to do
}
