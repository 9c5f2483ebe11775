package e2e_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/portico-gateway/portico/demo/demotest"
	"github.com/portico-gateway/portico/internal/longtest"
)

// loaded returns when the configuration that is in effect was loaded, and why a later one is not.
func loaded(t *testing.T, g *gateway) (at, problem string) {
	t.Helper()
	_, _, body := get(t, g.admin+"/readyz")
	var said struct {
		Configuration struct{ Loaded, Error string }
	}
	if err := json.Unmarshal([]byte(body), &said); err != nil {
		t.Fatal(err)
	}
	return said.Configuration.Loaded, said.Configuration.Error
}

// The configuration is reloaded by SIGHUP and when its file changes, under load and with a
// subscription by each protocol: no request fails, and the subscriptions go on. A file with
// a mistake changes nothing, and the log and /readyz say what is wrong, and where.
func TestReload(t *testing.T) { reloadOften(t, 20) }

func TestReloadLong(t *testing.T) {
	longtest.Only(t)
	reloadOften(t, 100)
}

func reloadOften(t *testing.T, n int) {
	t.Parallel()
	d := demotest.Start(t)
	file := filepath.Join(t.TempDir(), "portico.yaml")
	configure := func(n int) {
		t.Helper()
		text := loopback + authDemo(d) + fmt.Sprintf("frontend: {limits: {depth: %d}}\n", 15+n%2) +
			strings.ReplaceAll(services(d), "  catalog: {", fmt.Sprintf("  catalog: {timeout: %ds, ", 20+n%2))
		write(t, file+".new", text)
		if err := os.Rename(file+".new", file); err != nil {
			t.Fatal(err)
		}
	}
	configure(0)
	g := startBeside(t, d, "..", binary, "-config", file)
	streams := []stream{openSocket(t, g, stock), openEvents(t, g, stock)}
	for _, s := range streams {
		defer s.close()
		s.next(t)
	}

	var ended atomic.Bool
	var answered atomic.Int64
	var group sync.WaitGroup
	token := "Bearer " + demotest.Token(t, d, "u1", "orders:write")
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}}
	for range 4 {
		group.Go(func() {
			for !ended.Load() {
				resp, err := client.Post(g.url+"/graphql/web", "application/json", strings.NewReader(`{"query":"{ categories { id } product(id: \"p1\") { id stock { available } } }"}`))
				if err != nil {
					t.Errorf("a request was lost: %v", err)
					return
				}
				a := &answer{status: resp.StatusCode}
				if a.decode(resp) != nil || resp.StatusCode != http.StatusOK || len(a.Errors) > 0 {
					t.Errorf("status %d: %s", resp.StatusCode, a.body)
				}
				answered.Add(1)
			}
		})
	}
	for i := range n {
		requests := answered.Load()
		before, _ := loaded(t, g)
		configure(i + 1)
		if i > 0 { // the first one is noticed without it
			if err := g.cmd.Process.Signal(syscall.SIGHUP); err != nil {
				t.Fatal(err)
			}
		}
		await(t, "the configuration is reloaded", func() bool {
			now, problem := loaded(t, g)
			return now != before && problem == ""
		})
		await(t, "requests are answered", func() bool { return answered.Load() > requests })
	}
	for want, s := range map[string]stream{"by WebSocket": streams[0], "by server-sent events": streams[1]} {
		if a := g.query(t, "web", buy, nil, "Authorization", token); len(a.Errors) > 0 {
			t.Fatalf("buy: %s", a.body)
		}
		if got := s.next(t); !strings.Contains(got, `"available":98`) {
			t.Errorf("the event %s: %s", want, got)
		}
	}

	count, _ := loaded(t, g)
	write(t, file, loopback+authDemo(d)+"frontend: {limits: {depth: many}}\n"+services(d))
	if err := g.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	await(t, "the mistake is reported", func() bool {
		_, problem := loaded(t, g)
		return problem != "" && strings.Contains(g.log.String(), "the configuration is not reloaded")
	})
	if now, problem := loaded(t, g); now != count || !strings.Contains(problem, "portico.yaml:") || !strings.Contains(problem, "frontend.limits.depth") {
		t.Errorf("/readyz: %s, of %s before, %s", now, count, problem)
	}
	if !strings.Contains(g.log.String(), "portico.yaml:") {
		t.Errorf("the log does not say where the mistake is:\n%s", g.log)
	}
	ended.Store(true)
	group.Wait()
}

// A canary begins, and ends, by a reload: cached answers of the one version are not those of the other.
func TestReloadOfCanary(t *testing.T) {
	t.Parallel()
	d := demotest.Start(t)
	next := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"categories":[{"id":"v2","name":"V2"}]}`)
	}))
	defer next.Close()
	file := filepath.Join(t.TempDir(), "portico.yaml")
	g := (*gateway)(nil)
	configure := func(of string) {
		t.Helper()
		write(t, file, loopback+authDemo(d)+cached+strings.ReplaceAll(services(d), "  catalog: {", "  catalog: {"+of))
		if g == nil {
			g = startBeside(t, d, "..", binary, "-config", file)
			return
		}
		before, _ := loaded(t, g)
		if err := g.cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		await(t, "the configuration is reloaded", func() bool {
			now, problem := loaded(t, g)
			return now != before && problem == ""
		})
	}
	ask := func(header string) string {
		t.Helper()
		a := g.query(t, "web", "{ categories { id } }", nil, "X-Canary", header)
		if len(a.Errors) > 0 {
			t.Fatalf("%s", a.body)
		}
		return string(a.Data)
	}
	configure("")
	first := ask("always")
	if again := ask("never"); again != first || strings.Contains(first, "v2") {
		t.Fatalf("without versions: %s and %s", first, again)
	}
	version := fmt.Sprintf("versions: {v2: {url: %q}}, canary: {to: v2, percent: %%d, header: x-canary}, ", next.URL)
	configure(fmt.Sprintf(version, 0))
	for range 2 {
		if got := ask("always"); !strings.Contains(got, "v2") {
			t.Errorf("of v2: %s", got)
		}
		if got := ask("never"); got != first {
			t.Errorf("of the main version: %s", got)
		}
	}
	configure(fmt.Sprintf(version, 100))
	if got := ask(""); !strings.Contains(got, "v2") {
		t.Errorf("all to v2: %s", got)
	}
	configure("")
	if got := ask("always"); got != first {
		t.Errorf("after the canary: %s", got)
	}
}
