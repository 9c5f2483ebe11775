package e2e_test

import (
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/portico-gateway/portico/demo/demotest"
)

// After SIGTERM the gateway is not ready, and serves requests for a while longer, on old and on
// new connections, of which it closes each. None is lost.
func TestLameDuck(t *testing.T) {
	t.Parallel()
	d := demotest.Start(t)
	file := filepath.Join(t.TempDir(), "portico.yaml")
	write(t, file, strings.Replace(loopback, `"127.0.0.1:0"`, `"127.0.0.1:0", lameDuck: 3s`, 1)+authDemo(d)+services(d))
	g := startBeside(t, d, "..", binary, "-config", file)

	var ended atomic.Bool
	var before, closing atomic.Int64
	var group sync.WaitGroup
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}}
	for range 8 {
		group.Go(func() {
			for !ended.Load() {
				resp, err := client.Post(g.url+"/graphql/web", "application/json", strings.NewReader(`{"query":"{ categories { id } }"}`))
				if err != nil {
					t.Errorf("a request was lost: %v", err)
					return
				}
				_ = resp.Body.Close()
				switch {
				case resp.StatusCode != http.StatusOK:
					t.Errorf("status %d", resp.StatusCode)
				case resp.Close:
					closing.Add(1)
				default:
					before.Add(1)
				}
			}
		})
	}
	await(t, "requests are answered", func() bool { return before.Load() > 100 })
	if err := g.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	await(t, "the gateway is not ready", func() bool {
		status, _, body := get(t, g.admin+"/readyz")
		return status == http.StatusServiceUnavailable && strings.Contains(body, "stopping")
	})
	await(t, "connections are closed", func() bool { return closing.Load() > 20 })
	ended.Store(true)
	group.Wait()
	if err := g.cmd.Wait(); err != nil {
		t.Errorf("the gateway ended with %v:\n%s", err, g.log)
	}
	g.check(t)
}
