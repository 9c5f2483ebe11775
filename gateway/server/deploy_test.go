package server

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/portico-gateway/portico/gateway/config"
)

// knownMetrics are the labels of metrics, by name: the gateway's own, with their parts, and others that a
// scrape has.
type knownMetrics map[string][]string

func newKnownMetrics(t *testing.T, s *Server) knownMetrics {
	t.Helper()
	k := knownMetrics{"up": nil, "ALERTS": {"alertname", "alertstate"}}
	for _, m := range s.observer.Metrics().All() {
		k[m.Name] = m.Labels
		if m.Type == "histogram" {
			k[m.Name+"_sum"], k[m.Name+"_count"], k[m.Name+"_bucket"] = m.Labels, m.Labels, append(slices.Clone(m.Labels), "le")
		}
	}
	w := httptest.NewRecorder()
	s.observer.Metrics().Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for line := range strings.Lines(w.Body.String()) {
		if name := regexp.MustCompile(`^(go_|process_)\w+`).FindString(line); name != "" {
			k[name] = nil
		}
	}
	k["go_gc_duration_seconds"] = []string{"quantile"}
	return k
}

// check returns what an expression names that does not exist: metrics, and labels of them. legend is
// how its series are shown.
func (k knownMetrics) check(expr, legend string) (wrong []string) {
	var (
		text     = regexp.MustCompile(`"[^"]*"`)
		span     = regexp.MustCompile(`\[[^\]]*\]|\$\w+|\boffset +\w+`)
		grouping = regexp.MustCompile(`\b(by|without|on|ignoring|group_left|group_right) *\(([^)]*)\)`)
		selector = regexp.MustCompile(`([a-zA-Z_][\w:]*)(\{([^}]*)\})?`)
		matcher  = regexp.MustCompile(`(\w+) *(=~|!~|!=|=) *`)
	)
	expr = span.ReplaceAllString(text.ReplaceAllString(expr, ""), "")
	labels, groups := []string{"job", "instance"}, grouping.FindAllStringSubmatch(expr, -1)
	expr = grouping.ReplaceAllString(expr, "")
	found := 0
	for _, at := range selector.FindAllStringSubmatchIndex(expr, -1) {
		name, rest := expr[at[2]:at[3]], strings.TrimLeft(expr[at[1]:], " ")
		if at[4] < 0 && (strings.HasPrefix(rest, "(") || slices.Contains([]string{"and", "or", "unless", "bool", "offset"}, name)) {
			continue
		}
		own, ok := k[name]
		if !ok {
			wrong = append(wrong, name)
			continue
		}
		found++
		if labels = append(labels, own...); at[4] < 0 {
			continue
		}
		for _, m := range matcher.FindAllStringSubmatch(expr[at[6]:at[7]], -1) {
			if !slices.Contains(append([]string{"job", "instance"}, own...), m[1]) {
				wrong = append(wrong, name+"{"+m[1]+"}")
			}
		}
	}
	for _, group := range groups {
		for label := range strings.SplitSeq(group[2], ",") {
			if label = strings.TrimSpace(label); label != "" && !slices.Contains(labels, label) {
				wrong = append(wrong, "by "+label)
			}
		}
	}
	for _, m := range regexp.MustCompile(`\{\{ ?(?:\$labels\.)?(\w+)`).FindAllStringSubmatch(legend, -1) {
		if !slices.Contains(labels, m[1]) {
			wrong = append(wrong, "legend "+m[1])
		}
	}
	if found == 0 && len(wrong) == 0 {
		wrong = append(wrong, "no metric")
	}
	return wrong
}

// rules is a file of rules of Prometheus.
type rules struct {
	Groups []struct {
		Rules []struct {
			Record, Alert, Expr string
			For                 string
			Labels, Annotations map[string]string
		}
	}
}

// readRules returns the rules of deploy/, whose records are known then.
func (k knownMetrics) readRules(t *testing.T) (r rules) {
	t.Helper()
	text, err := os.ReadFile("../../deploy/prometheus/alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	for _, g := range r.Groups {
		for _, one := range g.Rules {
			if one.Record != "" {
				k[one.Record] = []string{"frontend"}
			}
		}
	}
	return r
}

// deployed is a gateway with all metrics that there are.
func deployed(t *testing.T) *Server {
	t.Helper()
	_, s, _ := observed(t, map[string]field{}, func(c *config.Config) { c.Redis.URL = "redis://127.0.0.1:1" })
	return s
}

// Alerts and dashboards name only metrics and labels that there are.
func TestRules(t *testing.T) {
	k := newKnownMetrics(t, deployed(t))
	tests, err := os.ReadFile("../../deploy/prometheus/alerts_test.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range k.readRules(t).Groups {
		for _, r := range g.Rules {
			legend := strings.Join(slices.Collect(maps.Values(r.Annotations)), " ")
			if wrong := k.check(r.Expr, legend); len(wrong) > 0 {
				t.Errorf("%s%s: there is no %q", r.Record, r.Alert, wrong)
			}
			if r.Alert == "" {
				continue
			}
			if !slices.Contains([]string{"page", "ticket"}, r.Labels["severity"]) || r.Annotations["summary"] == "" || r.Annotations["description"] == "" {
				t.Errorf("%s has no severity, summary or description", r.Alert)
			}
			quiet := regexp.MustCompile(`alertname: ` + r.Alert + `, eval_time: \w+, exp_alerts: \[\]`)
			fires := regexp.MustCompile(`alertname: ` + r.Alert + `\n +eval_time: \w+\n +exp_alerts:\n +- exp_labels`)
			if !quiet.Match(tests) || !fires.Match(tests) {
				t.Errorf("%s has no test in which it fires, or none in which it does not", r.Alert)
			}
		}
	}
}

// docs/observability.md has a table of the alerts that there are.
func TestTableOfAlerts(t *testing.T) {
	var table strings.Builder
	variable := regexp.MustCompile(`\{\{ \$(?:labels\.(\w+)|value[^}]*) \}\}`)
	var last string
	for _, g := range (knownMetrics{}).readRules(t).Groups {
		for _, r := range g.Rules {
			if r.Alert == "" {
				continue
			}
			says := variable.ReplaceAllStringFunc(r.Annotations["summary"], func(v string) string {
				if label := variable.FindStringSubmatch(v)[1]; label != "" {
					return "*" + label + "*"
				}
				return "*N*"
			})
			after := r.For
			if window := r.Labels["window"]; window != "" {
				after = "window of " + window
			}
			line := fmt.Sprintf("| `%s` | %s | %s | %s. %s |\n", r.Alert, r.Labels["severity"], after, says, r.Annotations["description"])
			if line != last {
				table.WriteString(line)
			}
			last = line
		}
	}
	checkTable(t, "| alert | severity | after | what it says |\n|---|---|---|---|\n", table.String())
}

// dashboard is what the tests read of a dashboard of Grafana.
type dashboard struct {
	UID, Title string
	Templating struct {
		List []struct{ Name, Definition string }
	}
	Panels []struct {
		ID          int
		Type, Title string
		GridPos     struct{ X, Y, W, H int }
		Targets     []struct{ RefID, Expr, LegendFormat string }
	}
	Annotations struct {
		List []struct{ Expr, TitleFormat string }
	}
}

func TestDashboards(t *testing.T) {
	k := newKnownMetrics(t, deployed(t))
	k.readRules(t)
	files, err := filepath.Glob("../../deploy/grafana/*.json")
	if err != nil || len(files) < 2 {
		t.Fatal(files, err)
	}
	uids, shown := map[string]bool{}, strings.Builder{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var d dashboard
		if err := json.Unmarshal(text, &d); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if d.UID == "" || uids[d.UID] || d.Title == "" {
			t.Errorf("%s has no id or title of its own", file)
		}
		uids[d.UID] = true
		shown.Write(text)
		k.checkDashboard(t, d)
	}
	for name := range k {
		own := strings.HasPrefix(name, "portico_") && !strings.HasSuffix(name, "_sum") && !strings.HasSuffix(name, "_count") && !strings.HasSuffix(name, "_bucket")
		if own && !strings.Contains(shown.String(), name) {
			t.Errorf("no dashboard shows %s", name)
		}
	}
}

func (k knownMetrics) checkDashboard(t *testing.T, d dashboard) {
	t.Helper()
	variables := map[string]bool{"__rate_interval": true, "__range": true}
	for _, v := range d.Templating.List {
		if variables[v.Name] = true; v.Name == "datasource" {
			continue
		}
		inner := strings.TrimSuffix(strings.TrimPrefix(v.Definition, "label_values("), ")")
		at := strings.LastIndex(inner, ",")
		if wrong := k.check(inner[:at], "{{"+strings.TrimSpace(inner[at+1:])+"}}"); len(wrong) > 0 {
			t.Errorf("%s: the variable %s: there is no %q", d.Title, v.Name, wrong)
		}
	}
	for _, a := range d.Annotations.List {
		if wrong := k.check(a.Expr, a.TitleFormat); len(wrong) > 0 {
			t.Errorf("%s: annotations: there is no %q", d.Title, wrong)
		}
	}
	ids, taken := map[int]bool{}, map[string]bool{}
	for _, p := range d.Panels {
		name := fmt.Sprintf("%s: %s", d.Title, p.Title)
		if ids[p.ID] || p.Title == "" || (len(p.Targets) == 0) != (p.Type == "row") {
			t.Errorf("%s (%d): it has no id of its own, no title, or nothing to show", name, p.ID)
		}
		ids[p.ID] = true
		at := p.GridPos
		for x := at.X; x < at.X+at.W; x++ {
			for y := at.Y; y < at.Y+at.H; y++ {
				cell := fmt.Sprint(x, ",", y)
				if taken[cell] || x >= 24 {
					t.Fatalf("%s: it lies over another panel", name)
				}
				taken[cell] = true
			}
		}
		for _, target := range p.Targets {
			if wrong := k.check(target.Expr, target.LegendFormat); len(wrong) > 0 {
				t.Errorf("%s: there is no %q", name, wrong)
			}
			for _, v := range regexp.MustCompile(`\$(\w+)`).FindAllStringSubmatch(target.Expr, -1) {
				if !variables[v[1]] {
					t.Errorf("%s: there is no variable %s", name, v[1])
				}
			}
		}
	}
}

// The check finds what does not exist.
func TestChecksOfExpressions(t *testing.T) {
	k := knownMetrics{"m_total": {"frontend"}, "h_bucket": {"le"}}
	for expr, want := range map[string]string{
		`rate(m_total{frontend="a\\d+", job=~"b"}[5m]) > 0 and on (job) m_total`: "[]",
		`histogram_quantile(0.9, sum by (le) (rate(h_bucket[$__range])))`:        "[]",
		`sum(rate(n_total[5m]))`:                              `["n_total"]`,
		`m_total{service="a"}`:                                `["m_total{service}"]`,
		`sum by (frontend, service) (m_total)`:                `["by service"]`,
		`m_total / ignoring(le) group_left (version) m_total`: `["by le" "by version"]`,
		`vector(0)`: `["no metric"]`,
		`max_over_time(m_total[1h:1m] offset 1d) or m_tota{}`: `["m_tota"]`,
	} {
		if got := fmt.Sprintf("%q", k.check(expr, "{{job}}")); got != want {
			t.Errorf("%s: %s, want %s", expr, got, want)
		}
	}
	if got := k.check("m_total", "{{service}} {{ $labels.le }}"); fmt.Sprint(got) != "[legend service legend le]" {
		t.Error(got)
	}
}
