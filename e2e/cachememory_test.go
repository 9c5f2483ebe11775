package e2e_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/portico-gateway/portico/demo/demotest"
	"github.com/portico-gateway/portico/internal/longtest"
)

// A cache that is filled with far more than it may keep stays within its size: the
// gateway takes at most twice that, and 60 MB.
func TestCacheMemoryLong(t *testing.T) {
	longtest.Only(t)
	const (
		size  = 64 << 20
		most  = 2*size + 60<<20
		total = 500 << 20
	)
	d := demotest.Start(t)
	config := filepath.Join(t.TempDir(), "portico.yaml")
	write(t, config, loopback+authDemo(d)+"cache: {size: 64MiB}\n"+services(d))
	g := startBeside(t, d, "..", plainGateway(t), "-config", config)
	const bits = 18
	var parameters, fields strings.Builder
	for i := range bits {
		fmt.Fprintf(&parameters, "$b%d: Boolean! ", i)
		fmt.Fprintf(&fields, "b%d: __typename @include(if: $b%d) ", i, i)
	}
	query := fmt.Sprintf(`query Q(%s) { products(first: 100) { nodes { id name description price { amount currency } } } %s }`, &parameters, &fields)
	var bytes, requests atomic.Int64
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for bytes.Load() < total && !t.Failed() {
				// Each has variables of its own.
				n, variables := requests.Add(1), map[string]any{}
				for i := range bits {
					variables[fmt.Sprint("b", i)] = n>>i&1 == 1
				}
				got := g.query(t, "web", query, variables)
				if got.status != http.StatusOK || !strings.HasSuffix(got.header.Get("Cache-Status"), "miss; stored") && got.header.Get("Cache-Status") != "Portico; fwd=miss" {
					t.Errorf("%d %v %.200s", got.status, got.header, got.body)
				}
				bytes.Add(int64(len(got.body)))
			}
		})
	}
	group.Wait()
	peak := peakOf(t, fmt.Sprintf("/proc/%d/status", g.cmd.Process.Pid))
	t.Logf("%d answers, %d MB: the gateway took %d MB at most", requests.Load(), bytes.Load()>>20, peak>>20)
	if peak > most {
		t.Errorf("more than %d MB", most>>20)
	}
}
