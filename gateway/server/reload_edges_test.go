package server

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/portico-gateway/portico/gateway/auth"
	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/gateway/reload"
)

// A cached answer that was made with a scope is not served to a principal that has lost it.
func TestReloadTakesScopesFromCachedAnswers(t *testing.T) {
	r := openReloadable(t, map[string]field{"n": func(ctx context.Context, _ map[string]any) (any, error) {
		if auth.From(ctx).Has("a") {
			return 1, nil
		}
		return 0, nil
	}})
	for range 2 {
		if got := ask(t, r.server, http.MethodPost, "{n}", "X-Api-Key: "+keyOf("a")); !strings.Contains(got.body, `"n":1`) {
			t.Fatalf("with the scope: %s", got.body)
		}
	}
	sum := sha256.Sum256([]byte(keyOf("a")))
	r.must(func(c *config.Config) {
		c.Auth.Keys = config.Secret(fmt.Sprintf("- {sha256: %s, principal: a}\n", hex.EncodeToString(sum[:])))
	})
	if got := ask(t, r.server, http.MethodPost, "{n}", "X-Api-Key: "+keyOf("a")); !strings.Contains(got.body, `"n":0`) {
		t.Errorf("without the scope: %v %s", got.header, got.body)
	}
}

// An execution that began before a reload that sends calls elsewhere is neither cached nor shared
// after it.
func TestReloadDuringAnExecution(t *testing.T) {
	var calls atomic.Int64
	begun, end := make(chan struct{}, 1), make(chan struct{})
	r := openReloadable(t, map[string]field{"n": func(context.Context, map[string]any) (any, error) {
		n := calls.Add(1)
		if n == 1 {
			begun <- struct{}{}
			<-end
		}
		return n, nil
	}})
	service := func(port int) func(*config.Config) {
		return func(c *config.Config) {
			c.Services = map[string]config.Service{"s": {URL: fmt.Sprintf("http://127.0.0.1:%d", port), Timeout: config.Duration(time.Second), MaxBatch: 1, MaxResponse: 1}}
		}
	}
	r.must(service(1))
	first := make(chan asked, 1)
	go func() {
		got, _ := tryAsk(r.server, http.MethodPost, "{n}", nil)
		first <- got
	}()
	<-begun
	r.must(service(2))
	second := make(chan asked, 1)
	go func() {
		got, _ := tryAsk(r.server, http.MethodPost, "{n}", nil)
		second <- got
	}()
	select {
	case got := <-second:
		if !strings.Contains(got.body, `"n":2`) {
			t.Errorf("the second: %s", got.body)
		}
	case <-time.After(3 * time.Second):
		t.Error("the second waits for the first")
	}
	close(end)
	<-first
	if got := ask(t, r.server, http.MethodPost, "{n}"); strings.Contains(got.body, `"n":1`) {
		t.Errorf("the third: %s %s", got.cache(), got.body)
	}
}

// A reload that is asked for when the gateway stops is refused.
func TestReloadWhileStopping(t *testing.T) {
	cfg := config.Defaults()
	cfg.Admin.Token = "hunter2"
	s, err := New(&cfg, slog.New(slog.DiscardHandler), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, cancel := context.WithCancel(t.Context())
	own, end := context.WithCancel(t.Context())
	ran := make(chan struct{})
	go func() {
		defer close(ran)
		s.runStates(ctx, own)
	}()
	defer func() {
		end()
		<-ran
	}()
	if _, err := s.reloader.Ask(t.Context(), "a test"); err == nil || errors.Is(err, reload.ErrStopping) {
		t.Fatalf("before: %v", err) // it can't be loaded
	}
	cancel()
	req := httptest.NewRequest(http.MethodPost, "/config/reload", nil)
	req.Header.Set("Authorization", "Bearer hunter2")
	within, stop := context.WithTimeout(t.Context(), 5*time.Second)
	defer stop()
	w := httptest.NewRecorder()
	s.adminHandler().ServeHTTP(w, req.WithContext(within))
	if w.Code != http.StatusServiceUnavailable {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
