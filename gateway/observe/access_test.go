package observe_test

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/portico-gateway/portico/gateway/observe"
)

// logged returns what is logged of lines.
func logged(t testing.TB, config observe.AccessConfig, random float64, lines ...*observe.Line) string {
	t.Helper()
	var out bytes.Buffer
	a := observe.NewAccess(&out, func() float64 { return random })
	a.Change(config)
	for _, l := range lines {
		a.Write(l)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	a.Run(ctx) // which writes what is left
	return out.String()
}

func TestAccessLine(t *testing.T) {
	got := logged(t, observe.AccessConfig{All: true, Sample: 1}, 0, &observe.Line{
		Request: "r1", Transport: "http", Method: "POST", Status: 200, Frontend: "web", Operation: "Home", Type: "query", Hash: "ab", Client: "shop", Version: "1.2",
		Subject: "token:8:issuer:u1", Outcome: "partial", Codes: []string{"FORBIDDEN", "A\"B"}, Took: 1234567 * time.Nanosecond, Calls: 2, Waited: time.Millisecond,
		Cache: "miss", Cost: 12, Bytes: 100,
	})
	_, rest, _ := strings.Cut(got, `,"level"`)
	const want = `:"INFO","msg":"request","request":"r1","transport":"http","method":"POST","frontend":"web","operation":"Home","type":"query","document":"ab",` +
		`"client":"shop","clientVersion":"1.2","subject":"e8c9a2eb8c3a55cc","outcome":"partial","cache":"miss","codes":["FORBIDDEN","A\"B"],` +
		`"status":200,"ms":1.234,"calls":2,"callsMs":1.000,"cost":12,"bytes":100}` + "\n"
	if strings.Contains(got, "u1") {
		t.Errorf("the log contains the subject: %s", got)
	}
	at := strings.Index(rest, `"subject":"`)
	if at < 0 {
		t.Fatalf("no subject: %s", got)
	}
	const prefix = `"subject":"`
	rest = rest[:at+len(prefix)] + "e8c9a2eb8c3a55cc" + rest[at+len(prefix)+16:]
	if rest != want {
		t.Errorf("got\n%swant\n%s", rest, want)
	}
}

// A log that goes nowhere takes no time for lines.
func TestAccessOfNobody(t *testing.T) {
	a := observe.NewAccess(nil, func() float64 { return 0 })
	a.Change(observe.AccessConfig{All: true, Sample: 1, Slow: time.Second})
	if line := (&observe.Line{Type: "query", Took: time.Minute}); a.IsSlow(line) {
		t.Error("the plan of an operation is made for nobody")
	}
	a.Write(nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	a.Run(ctx)
}

func TestAccessSamples(t *testing.T) {
	line := func(outcome string, took time.Duration) *observe.Line {
		return &observe.Line{Type: "query", Outcome: outcome, Took: took}
	}
	for name, c := range map[string]struct {
		config observe.AccessConfig
		random float64
		want   int
	}{
		"nothing":               {observe.AccessConfig{}, 0, 0},
		"all":                   {observe.AccessConfig{All: true, Sample: 1}, .99, 3},
		"a sample, drawn":       {observe.AccessConfig{All: true, Sample: .1}, .05, 3},
		"a sample, not drawn":   {observe.AccessConfig{All: true, Sample: .1}, .5, 1}, // the one with an error
		"slow ones":             {observe.AccessConfig{Slow: time.Second}, .5, 1},
		"slow ones of a sample": {observe.AccessConfig{All: true, Slow: time.Second}, .5, 2},
	} {
		got := logged(t, c.config, c.random, line(observe.Success, time.Millisecond), line(observe.Success, 2*time.Second), line(observe.Partial, time.Millisecond))
		if n := strings.Count(got, "\n"); n != c.want {
			t.Errorf("%s: %d lines, want %d", name, n, c.want)
		}
	}
}

// Whatever callers choose, a line is one line of JSON, of bounded length.
func FuzzAccess(f *testing.F) {
	f.Add("Home", "shop", "1.2", "CODE")
	f.Add("a\nb", "\x00\xff\"\\", "\u2028", strings.Repeat("x", 10_000))
	f.Fuzz(func(t *testing.T, operation, client, version, code string) {
		got := logged(t, observe.AccessConfig{All: true, Sample: 1}, 0, &observe.Line{Operation: operation, Client: client, Version: version, Codes: []string{code}, Outcome: "x"})
		if strings.Count(got, "\n") != 1 || len(got) > 10_000 || !utf8.ValidString(got) {
			t.Fatalf("%q", got)
		}
		var line struct{ Operation string }
		if err := json.Unmarshal([]byte(got), &line); err != nil {
			t.Fatalf("%v: %s", err, got)
		}
		if len(operation) <= 256 && utf8.ValidString(operation) && line.Operation != operation {
			t.Fatalf("the operation is %q, want %q", line.Operation, operation)
		}
	})
}

// A slow operation has its calls, a bounded number of them.
func TestPlanOfSlowLine(t *testing.T) {
	line := &observe.Line{
		Type: "query", Outcome: observe.Success, Took: time.Second, More: 3,
		Plan: []observe.Call{
			{Service: "catalog", Route: "a.graphqls:1:2", From: 1500 * time.Microsecond, To: 2 * time.Millisecond, Attempts: 1},
			{Service: "catalog", Version: "next", Route: "Products", Keys: 7, Cache: "hit", From: 2 * time.Millisecond, To: 2 * time.Millisecond},
			{Service: "reviews", Route: "/r.R/Get", Keys: 20, From: 3 * time.Millisecond, Attempts: 2, Outcome: "A\"B"},
		},
	}
	got := logged(t, observe.AccessConfig{Slow: time.Second}, 0, line)
	_, got, _ = strings.Cut(got, `"cost":0,`)
	const want = `"plan":[{"service":"catalog","route":"a.graphqls:1:2","attempts":1,"fromMs":1.500,"toMs":2.000},` +
		`{"service":"catalog","version":"next","route":"Products","keys":7,"cache":"hit","fromMs":2.000,"toMs":2.000},` +
		`{"service":"reviews","route":"/r.R/Get","keys":20,"attempts":2,"outcome":"A\"B","fromMs":3.000}],"planMore":3}` + "\n"
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
