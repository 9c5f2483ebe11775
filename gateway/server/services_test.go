package server

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/graph"
)

// Answers name services only if the configuration says so; the log always
// is.
func TestServicesAreTold(t *testing.T) {
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusInternalServerError)
	}))
	defer service.Close()
	for _, told := range []bool{false, true} {
		cfg, err := config.Load("../../portico.yaml", func(name string) string {
			return map[string]string{"CATALOG_URL": service.URL}[name]
		})
		if err != nil {
			t.Fatal(err)
		}
		cfg.Frontend.Errors.Services = told
		var log bytes.Buffer
		s, err := New(cfg, slog.New(slog.NewJSONHandler(&log, nil)), Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		frontends, policies, err := graph.Open(s.Services())
		if err != nil {
			t.Fatal(err)
		}
		if err := s.open(frontends, policies); err != nil {
			t.Fatal(err)
		}
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/graphql/web", strings.NewReader(`{"query":"{ product(id: \"p1\") { id } }"}`))
		r.Header.Set("Content-Type", "application/json")
		s.ServeHTTP(w, r)
		body, err := io.ReadAll(w.Body)
		if err != nil {
			t.Fatal(err)
		}
		var answer struct {
			Errors []struct {
				Message    string
				Extensions map[string]any
			}
		}
		if err := json.Unmarshal(body, &answer); err != nil || len(answer.Errors) != 1 {
			t.Fatalf("%v: %s", err, body)
		}
		got := answer.Errors[0]
		if got.Message != "The service failed." || got.Extensions["code"] != "DOWNSTREAM_SERVICE_ERROR" || (got.Extensions["service"] == "catalog") != told || strings.Contains(string(body), "catalog") != told {
			t.Errorf("told: %t: %s", told, body)
		}
		if !strings.Contains(log.String(), "service catalog: The service failed.") {
			t.Errorf("the log: %s", log.String())
		}
	}
}
