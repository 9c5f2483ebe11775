package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/portico-gateway/portico/demo"
	"github.com/portico-gateway/portico/demo/demotest"
	"github.com/portico-gateway/portico/e2e/redistest"
	"github.com/portico-gateway/portico/internal/longtest"
)

// prometheus is a running Prometheus.
type prometheus struct{ url string }

// startPrometheus runs Prometheus with the configuration in deploy/, for a gateway.
func startPrometheus(t *testing.T, g *gateway) *prometheus {
	t.Helper()
	if _, err := exec.LookPath("prometheus"); err != nil {
		t.Fatal("there is no prometheus: run `make test`, which installs it (e2e/setup.sh)")
	}
	rules, err := filepath.Abs("../deploy/prometheus/alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("../deploy/prometheus/prometheus.yaml")
	if err != nil {
		t.Fatal(err)
	}
	config := string(text)
	for old, with := range map[string]string{"127.0.0.1:9090": strings.TrimPrefix(g.admin, "http://"), "[alerts.yaml]": "[" + rules + "]", ": 15s": ": 1s"} {
		if !strings.Contains(config, old) {
			t.Fatalf("deploy/prometheus/prometheus.yaml has no %s", old)
		}
		config = strings.ReplaceAll(config, old, with)
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "prometheus.yaml"), config)
	address := "127.0.0.1:" + redistest.FreePort(t)
	cmd := exec.Command("prometheus", "--config.file="+filepath.Join(dir, "prometheus.yaml"), "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+address)
	log := &lockedBuffer{}
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("Prometheus:\n%s", log)
		}
	})
	p := &prometheus{"http://" + address}
	await(t, "Prometheus is ready", func() bool {
		resp, err := http.Get(p.url + "/-/ready")
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	return p
}

// read returns the data of an answer of the API.
func (p *prometheus) read(t *testing.T, path string, query url.Values, into any) {
	t.Helper()
	_, _, body := get(t, p.url+"/api/v1/"+path+"?"+query.Encode())
	var answer struct {
		Status, Error string
		Data          json.RawMessage
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil || answer.Status != "success" {
		t.Fatalf("%s %v: %v %s", path, query, err, body)
	}
	if err := json.Unmarshal(answer.Data, into); err != nil {
		t.Fatal(err)
	}
}

// query returns the values of an expression.
func (p *prometheus) query(t *testing.T, expr string) (values []float64) {
	t.Helper()
	var data struct {
		Result []struct{ Value [2]any }
	}
	p.read(t, "query", url.Values{"query": {expr}}, &data)
	for _, r := range data.Result {
		text, _ := r.Value[1].(string)
		value, err := strconv.ParseFloat(text, 64)
		if err != nil {
			t.Fatalf("%s: %v", expr, err)
		}
		values = append(values, value)
	}
	return values
}

// await waits until an expression has one value, which is want.
func (p *prometheus) await(t *testing.T, expr string, want float64) {
	t.Helper()
	var have []float64
	defer func() {
		if t.Failed() {
			t.Logf("%s: %v, want %v", expr, have, want)
		}
	}()
	await(t, fmt.Sprintf("%s is %v", expr, want), func() bool {
		have = p.query(t, expr)
		return len(have) == 1 && have[0] == want
	})
}

// counted returns the calls that the demo's services got, by service.
func (g *gateway) counted(t *testing.T) map[string]int {
	t.Helper()
	_, _, body := get(t, g.demo.URL(demo.Control)+"/calls")
	var counted struct{ Calls map[string]map[string]int }
	if err := json.Unmarshal([]byte(body), &counted); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	sums := map[string]int{}
	for service, routes := range counted.Calls {
		for n := range maps.Values(routes) {
			sums[service] += n
		}
	}
	return sums
}

// monitored is a gateway with Redis and a cache, which Prometheus scrapes.
func monitored(t *testing.T) (*gateway, *prometheus, *redistest.Server) {
	t.Helper()
	d, redis := demotest.Start(t), redistest.Start(t)
	g := startWith(t, d, loopback+authDemo(d)+"cache: {size: 16MiB}\nredis: {url: \""+redis.URL()+"\"}\n"+
		"frontend: {rateLimit: {anonymous: {capacity: 1e9, refill: 1e9}}}\n")
	return g, startPrometheus(t, g), redis
}

// Prometheus scrapes a gateway under load, and has the numbers of what was sent. All expressions of
// the dashboards and rules are valid, and show something.
func TestPrometheus(t *testing.T) {
	g, p, redis := monitored(t)
	p.await(t, `up{job="portico"}`, 1)
	page, err := os.ReadFile("../operations/web/ProductPage.graphql")
	if err != nil {
		t.Fatal(err)
	}
	var requests atomic.Int64
	send := func(document string, variables map[string]any) {
		g.query(t, "web", document, variables, "graphql-client-name", "shop")
		requests.Add(1)
	}
	ended := openSocket(t, g, stock)
	ended.next(t)
	ended.close()
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for i := range 50 {
				send(string(page), map[string]any{"id": "p" + strconv.Itoa(1+i%20)})
				send(fmt.Sprintf("query Made%d{__typename}", i), nil)
				if i%5 == 0 {
					send("{nothing}", nil)
				}
			}
		})
	}
	group.Wait()
	demotest.Fault(t, g.demo, demo.Catalog, demo.Fault{ErrorRate: 1})
	for i := range 10 {
		send(string(page), map[string]any{"id": "p" + strconv.Itoa(21+i)})
	}
	s := openSocket(t, g, stock)
	defer s.close()
	s.next(t)
	for expr, want := range map[string]float64{
		`sum(portico_http_requests_total{status!="101"})`:                                           float64(requests.Load()),
		`sum(portico_operations_total{frontend="web", operation="ProductPage", outcome="success"})`: 200,
		`sum(portico_operations_total{operation="other", type="query", outcome="success"})`:         200,
		`sum(portico_operations_total{operation="other", type="invalid", outcome="refusal"})`:       40,
		`sum(portico_operations_total{operation="ProductPage", outcome=~"partial|failure"})`:        10,
		`sum(portico_operation_faults_total)`:                                                       10,
		`portico_errors_total{code="GRAPHQL_VALIDATION_FAILED"}`:                                    40,
		`portico_errors_total{code="DOWNSTREAM_SERVICE_ERROR"}`:                                     10,
		`sum(portico_operation_duration_seconds_count{operation="ProductPage"})`:                    210,
		`sum(portico_operation_duration_seconds_bucket{operation="ProductPage", le="+Inf"})`:        210,
		`sum(portico_operations_total{type="subscription"})`:                                        1,
		`sum(portico_subscription_events_total)`:                                                    1,
		`portico_streams{frontend="web"}`:                                                           1,
		`portico_subscriptions{frontend="web"}`:                                                     1,
		`sum(portico_rate_limit_decisions_total{result="throttled"})`:                               0,
		`portico_redis_up`: 1,
		`portico_ready`:    1,
	} {
		p.await(t, expr, want)
	}
	for service, n := range g.counted(t) {
		if service == demo.Inventory { // which has a stream
			n -= 2
		}
		p.await(t, `sum(portico_call_attempts_total{service="`+service+`"})`, float64(n))
		p.await(t, `sum(portico_calls_total{service="`+service+`"}) + (sum(portico_call_decisions_total{service="`+service+`", decision="retry"}) or vector(0))`, float64(n))
	}
	p.checkRules(t)
	p.checkDashboards(t)
	checkMetrics(t, g)
	redis.Kill()
	p.await(t, `count(ALERTS{alertname="PorticoRedisDown"})`, 1)
	p.await(t, `portico_redis_up`, 0)
}

// checkRules waits until all rules were evaluated, without a mistake.
func (p *prometheus) checkRules(t *testing.T) {
	t.Helper()
	var data struct {
		Groups []struct {
			Rules []struct{ Name, Health, LastError string }
		}
	}
	await(t, "all rules are evaluated", func() bool {
		p.read(t, "rules", nil, &data)
		n := 0
		for _, g := range data.Groups {
			for _, r := range g.Rules {
				if r.Health == "err" {
					t.Fatalf("%s: %s", r.Name, r.LastError)
				}
				if r.Health != "ok" {
					return false
				}
				n++
			}
		}
		return n > 30
	})
}

// checkDashboards waits until all expressions of the dashboards show something, but those that filter.
func (p *prometheus) checkDashboards(t *testing.T) {
	t.Helper()
	files, err := filepath.Glob("../deploy/grafana/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	filter := regexp.MustCompile(`[^=!]> 0|== 0`) // what may be nothing
	variables := strings.NewReplacer("$__rate_interval", "1m", "$__range", "1h", "$job", "portico", "$instance", ".*", "$frontend", ".*", "$operation", ".*", "$service", ".*")
	n := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var d struct {
			Panels []struct {
				Title   string
				Targets []struct{ Expr string }
			}
		}
		if err := json.Unmarshal(text, &d); err != nil {
			t.Fatal(err)
		}
		for _, panel := range d.Panels {
			for _, target := range panel.Targets {
				n++
				expr := variables.Replace(target.Expr)
				if filter.MatchString(expr) {
					p.query(t, expr)
					continue
				}
				// A rate needs two samples, and what a rule records of it an evaluation after these.
				await(t, fmt.Sprintf("%s: %s: something is shown of %s", filepath.Base(file), panel.Title, expr), func() bool { return len(p.query(t, expr)) > 0 })
			}
		}
	}
	t.Logf("%d expressions", n)
}

// checkMetrics lints the gateway's own metrics, as promtool does.
func checkMetrics(t *testing.T, g *gateway) {
	t.Helper()
	_, _, body := get(t, g.admin+"/metrics")
	var own bytes.Buffer
	for line := range strings.Lines(body) {
		if strings.Contains(line, "portico_") {
			own.WriteString(line)
		}
	}
	cmd := exec.Command("promtool", "check", "metrics")
	cmd.Stdin = &own
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("promtool check metrics: %v\n%s", err, out)
	}
}

// promtool finds no mistake in the rules, and their tests succeed.
func TestAlerts(t *testing.T) {
	for _, args := range [][]string{{"check", "config", "prometheus.yaml"}, {"check", "rules", "alerts.yaml"}, {"test", "rules", "alerts_test.yaml"}} {
		cmd := exec.Command("promtool", args...)
		cmd.Dir = "../deploy/prometheus"
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "SUCCESS") {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}

// What callers make up makes no series: names of operations and of clients.
func TestSeriesAreBounded(t *testing.T) { seriesAreBounded(t, 5_000) }

func TestSeriesAreBoundedLong(t *testing.T) {
	longtest.Only(t)
	seriesAreBounded(t, 100_000)
}

// seriesAreBounded sends operations of so many names, each ten by a client of another name.
func seriesAreBounded(t *testing.T, operations int) {
	t.Helper()
	const batch = 10
	d := demotest.Start(t)
	g := startWith(t, d, loopback+authDemo(d)+fmt.Sprintf("frontend: {limits: {batch: %d}}\naccessLog: {enabled: false}\n", batch))
	series := func() int {
		_, _, body := get(t, g.admin+"/metrics")
		return strings.Count(body, "\nportico_")
	}
	send := func(n int) {
		texts := make([]string, batch)
		for i := range texts {
			texts[i] = fmt.Sprintf(`{"query":"query Made%d{__typename}"}`, n*batch+i)
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, g.url+"/graphql/web", strings.NewReader("["+strings.Join(texts, ",")+"]"))
		if err != nil {
			t.Error(err)
			return
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Graphql-Client-Name", "client"+strconv.Itoa(n))
		req.Header.Set("Graphql-Client-Version", strconv.Itoa(n))
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Error(err)
			return
		}
		var answers []json.RawMessage
		if err := json.NewDecoder(resp.Body).Decode(&answers); err != nil || len(answers) != batch {
			t.Errorf("%d answers, %v", len(answers), err)
		}
		_ = resp.Body.Close()
	}
	send(0)
	before := series()
	var next atomic.Int64
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for n := int(next.Add(1)); n < operations/batch; n = int(next.Add(1)) {
				send(n)
			}
		})
	}
	group.Wait()
	if after := series(); after != before || before < 100 {
		t.Errorf("%d series, %d before", after, before)
	}
	_, _, body := get(t, g.admin+"/metrics")
	if want := fmt.Sprintf(`portico_operations_total{frontend="web",operation="other",outcome="success",type="query"} %d`, operations); !strings.Contains(body, want+"\n") {
		t.Errorf("there is no %s", want)
	}
}
