package server

import (
	"bytes"
	"cmp"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/gateway/middleware"
	"github.com/portico-gateway/portico/gateway/observe"
)

// The order decides what a panic, another site or a caller without credentials
// meets first.
func TestOrderOfMiddlewares(t *testing.T) {
	of := &state{config: &config.Config{}}
	var names []string
	for _, m := range new(Server).middlewares(of) {
		names = append(names, m.Name)
	}
	for _, m := range new(Server).frontendMiddlewares(of, "web") {
		names = append(names, m.Name)
	}
	if want := []string{"end to end", "request id", "observe", "recover", "client address", "cors", "principal"}; !slices.Equal(names, want) {
		t.Errorf("got %q, want %q", names, want)
	}
	unobserved := (&Server{options: Options{Unobserved: true}}).middlewares(of)
	if slices.ContainsFunc(unobserved, func(m middleware.Middleware) bool { return m.Name == "observe" }) || len(unobserved) != 4 {
		t.Errorf("without observation: %v", unobserved)
	}
}

func TestConfigurationNamesFrontends(t *testing.T) {
	names := []string{"mobile", "web"}
	for setting, cfg := range map[string]config.Config{
		"routing.default":     {Routing: config.Routing{Default: "tv"}},
		"routing.hosts.a.com": {Routing: config.Routing{Hosts: map[string]string{"a.com": "tv"}}},
		"frontends.tv":        {Frontends: map[string]config.Frontend{"tv": {}}},
	} {
		if err := cfg.CheckFrontends(names); err == nil || !strings.Contains(err.Error(), setting) || !strings.Contains(err.Error(), "mobile, web") {
			t.Errorf("%s: %v", setting, err)
		}
	}
	cfg := config.Defaults()
	s, err := New(&cfg, slog.New(slog.DiscardHandler), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.open(nil, nil); err == nil {
		t.Error("no error without frontends")
	}
}

// Callers who send bad tokens without end do not fill the
// log.
func TestFailuresWithoutEnd(t *testing.T) {
	var out bytes.Buffer
	log := observe.NewLogger(&out, slog.LevelInfo, func(string) string { return "" })
	cfg, err := config.Load("../../portico.yaml", func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(cfg, log, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	handler := middleware.Chain(http.NotFoundHandler(), append(s.middlewares(s.now()), s.frontendMiddlewares(s.now(), "web")...))
	start := time.Now()
	const requests = 500
	for range requests {
		r := httptest.NewRequest(http.MethodGet, "/graphql", nil)
		r.Header.Set("Authorization", "Bearer nonsense")
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != http.StatusUnauthorized {
			t.Fatal(w.Code)
		}
	}
	most := 10 * (int(time.Since(start)/time.Second) + 1)
	observe.Flush(log)
	written, all := map[string]int{}, map[string]int{}
	for line := range strings.Lines(out.String()) {
		var record struct {
			Msg, Of    string
			Suppressed int
		}
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Fatal(err)
		}
		of := cmp.Or(record.Of, record.Msg)
		if record.Of == "" {
			written[of]++
			all[of]++
		}
		all[of] += record.Suppressed
	}
	const kind = "credentials refused"
	if written[kind] > most || all[kind] != requests {
		t.Errorf("%d lines (at most %d are allowed), %d counted", written[kind], most, all[kind])
	}
}
