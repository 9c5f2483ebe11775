package middleware

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/gateway/problem"
)

func TestChain(t *testing.T) {
	var passed []string
	step := func(name string) Middleware {
		return Middleware{name, func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				passed = append(passed, name)
				next.ServeHTTP(w, r)
			})
		}}
	}
	end := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { passed = append(passed, "end") })
	Chain(end, []Middleware{step("outer"), step("inner")}).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	if !slices.Equal(passed, []string{"outer", "inner", "end"}) {
		t.Errorf("passed %q", passed)
	}
}

func TestRequestIDs(t *testing.T) {
	handler := RequestID(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	for given, kept := range map[string]bool{
		"abc-123_X": true, "": false, "a b": false, "a\"b": false, "é": false, strings.Repeat("a", 65): false, strings.Repeat("a", 64): true,
	} {
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set(requestIDHeader, given)
		handler.ServeHTTP(w, r)
		if got := w.Header().Get(requestIDHeader); (got == given) != kept || got == "" {
			t.Errorf("%q became %q", given, got)
		}
	}
}

// A panic is an answer with an id that the log has, or the end of a connection
// when the answer had begun.
func TestPanics(t *testing.T) {
	var log bytes.Buffer
	boom := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/late" {
			_, _ = w.Write([]byte("half of")) // and no more
		}
		panic("boom")
	})
	server := httptest.NewServer(Recover(slog.New(slog.NewTextHandler(&log, nil)), boom))
	defer server.Close()
	resp, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct {
		Errors []struct {
			Message    string
			Extensions map[string]string
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	got := answer.Errors[0]
	if resp.StatusCode != 500 || got.Extensions["code"] != "INTERNAL_SERVER_ERROR" || strings.Contains(got.Message, "boom") {
		t.Errorf("status %d, %+v", resp.StatusCode, got)
	}
	if id := got.Extensions["id"]; id == "" || !strings.Contains(log.String(), id) || !strings.Contains(log.String(), "boom") {
		t.Errorf("id %q, log %s", id, log.String())
	}
	if resp, err := http.Get(server.URL + "/late"); err == nil {
		defer resp.Body.Close()
		if _, err := new(bytes.Buffer).ReadFrom(resp.Body); err == nil {
			t.Error("half of an answer looks like the whole")
		}
	}
}

func TestOrigins(t *testing.T) {
	handler := CORS(config.CORS{Origins: []string{"https://shop.example"}, Credentials: true}, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	for origin, allowed := range map[string]bool{"https://shop.example": true, "https://evil.example": false, "null": false} {
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodOptions, "/graphql", nil)
		r.Header.Set("Origin", origin)
		r.Header.Set("Access-Control-Request-Method", "POST")
		r.Header.Set("Access-Control-Request-Headers", "authorization,content-type")
		handler.ServeHTTP(w, r)
		if got := w.Header().Get("Access-Control-Allow-Origin"); (got == origin) != allowed {
			t.Errorf("%s: allowed %q", origin, got)
		}
	}
	closed := CORS(config.CORS{}, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	w := httptest.NewRecorder()
	closed.ServeHTTP(w, httptest.NewRequest(http.MethodOptions, "/graphql", nil))
	if w.Code != http.StatusTeapot || len(w.Header()) > 0 {
		t.Errorf("without origins CORS does something: %d %v", w.Code, w.Header())
	}
}

func TestHostsNameFrontends(t *testing.T) {
	c := &Choice{Hosts: map[string]string{"m.shop.example": "mobile"}, Default: "web"}
	for host, want := range map[string]string{"m.shop.example": "mobile", "M.Shop.Example:8080": "mobile", "shop.example": "web", "[::1]:80": "web"} {
		r := httptest.NewRequest(http.MethodGet, "/graphql", nil)
		r.Host = host
		if got := c.name(r); got != want {
			t.Errorf("%s: %s, want %s", host, got, want)
		}
	}
}

// Callers that prefer application/graphql-response+json get problems as such:
// else they do not read the errors of a 401.
func TestMediaTypeOfProblems(t *testing.T) {
	for accept, want := range map[string]string{
		"":                 "application/json; charset=utf-8",
		"application/json": "application/json; charset=utf-8",
		"application/graphql-response+json,application/json;q=0.9": "application/graphql-response+json; charset=utf-8",
	} {
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/graphql", nil)
		r.Header.Set("Accept", accept)
		RefuseCaller(w, r, slog.New(slog.DiscardHandler), problem.New(problem.Unauthenticated, "No."))
		if got := w.Header().Get("Content-Type"); got != want || w.Code != http.StatusUnauthorized {
			t.Errorf("%q: %d %s, want 401 %s", accept, w.Code, got, want)
		}
	}
}

// Deadlines of reading begin no answer: a panic after that is still answered.
func TestReadDeadlineBeginsNoAnswer(t *testing.T) {
	late := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if err := http.NewResponseController(w).SetReadDeadline(time.Time{}); err != nil {
			t.Error(err)
		}
		panic("boom")
	})
	server := httptest.NewServer(Recover(slog.New(slog.DiscardHandler), late))
	defer server.Close()
	resp, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	if resp.Body.Close(); resp.StatusCode != http.StatusInternalServerError {
		t.Errorf("status %d", resp.StatusCode)
	}
}
