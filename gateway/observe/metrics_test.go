package observe_test

import (
	"fmt"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/portico-gateway/portico/gateway/observe"
)

func scrape(t *testing.T, m *observe.Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	text, err := io.ReadAll(w.Body)
	if err != nil || w.Code != 200 {
		t.Fatal(w.Code, err)
	}
	return string(text)
}

// series returns how many series the gateway's own metrics have.
func series(text string) (n int) {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "portico_") {
			n++
		}
	}
	return n
}

// What callers and services make up makes no series without end.
func TestSeriesAreBounded(t *testing.T) {
	m := observe.NewMetrics()
	add := func(name string, codes ...string) {
		m.Of(observe.Operation{Frontend: "web", Name: name, Type: "query"}).Add(&observe.Done{Outcome: observe.Partial, Codes: codes, Cache: "miss"})
	}
	for n := range 3000 {
		add(fmt.Sprint("Known", n))
	}
	for n := range 100_000 {
		add(fmt.Sprint("Other", n), fmt.Sprint("CODE_", n%500))
	}
	for n := range 1000 {
		m.Call("catalog", fmt.Sprint("CODE_", n), time.Millisecond, 1)
	}
	text := scrape(t, m)
	const most = 2001*(5+18+1) + 500 // outcomes, duration, faults; codes
	if n := series(text); n > most || n < 2000*20 {
		t.Errorf("%d series, want at most %d", n, most)
	}
	if !strings.Contains(text, `portico_operations_total{frontend="web",operation="other",outcome="partial",type="query"} 101000`) {
		t.Error("what has no series of its own is not counted as another operation")
	}
}

// The names and the texts are those that Prometheus recommends.
func TestMetricsAreLinted(t *testing.T) {
	m := observe.NewMetrics()
	m.Of(observe.Operation{Frontend: "web", Name: "Home", Type: "query"}).Add(&observe.Done{
		Outcome: observe.Success, Codes: []string{"FORBIDDEN"}, Cache: "hit", Took: time.Second, Waited: time.Millisecond, Calls: 1, Requested: 2, Actual: 1,
	})
	m.Of(observe.Operation{Frontend: "web", Name: "Stock", Type: "subscription"}).Add(&observe.Done{Outcome: observe.Success, Events: 3})
	m.Call("catalog", observe.Success, time.Second, 2)
	m.Request(200)
	m.Reload(nil)
	m.Gauge("things", "Things that there are.", []string{"kind"}, func() []observe.Sample { return []observe.Sample{{Value: 1, Labels: []string{"a"}}} })
	m.Gauge("seen_things_total", "Things that there were.", nil, func() []observe.Sample { return []observe.Sample{{Value: 2}} })
	text := scrape(t, m)
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "portico_") {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
	for _, want := range []string{
		`portico_operations_total{frontend="web",operation="Home",outcome="success",type="query"} 1`,
		`portico_operation_duration_seconds_sum{frontend="web",operation="Home"} 1`,
		`portico_operation_gateway_seconds_sum{frontend="web"} 0.999`,
		`portico_operation_services_seconds_count{frontend="web"} 1`,
		`portico_answers_total{cache="hit",frontend="web"} 1`,
		`portico_errors_total{code="FORBIDDEN",frontend="web"} 1`,
		`portico_operation_cost_points_total{frontend="web",kind="requested"} 2`,
		`portico_subscription_events_total{frontend="web",operation="Stock"} 3`,
		`portico_calls_total{outcome="success",service="catalog"} 1`,
		`portico_call_attempts_total{service="catalog"} 2`,
		`portico_http_requests_total{status="200"} 1`,
		`portico_config_reloads_total{result="success"} 1`,
		`portico_things{kind="a"} 1`,
		`portico_seen_things_total 2`,
		`go_goroutines`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %s", want)
		}
	}
}

// A request costs no allocation, but for its errors.
func TestAddAllocates(t *testing.T) {
	m := observe.NewMetrics()
	o := m.Of(observe.Operation{Frontend: "web", Name: "Home", Type: "query"})
	d := &observe.Done{Outcome: observe.Success, Cache: "hit", Took: time.Millisecond, Actual: 1}
	if n := testing.AllocsPerRun(100, func() { o.Add(d) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// A call costs no allocation.
func TestCallAllocates(t *testing.T) {
	m := observe.NewMetrics()
	m.Request(200)
	if n := testing.AllocsPerRun(100, func() {
		m.Call("catalog", observe.Success, time.Millisecond, 1)
		m.Request(200)
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
