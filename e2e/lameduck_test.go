package e2e_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/portico-gateway/portico/internal/longtest"
)

// After SIGTERM the gateway is not ready, and serves requests for a while longer, on old and on new connections, of
// which it closes each. None is lost, also at the end of that time.
func TestLameDuck(t *testing.T) {
	t.Parallel()
	lameDuck(t, 5*time.Millisecond, 200)
}

func TestLameDuckLong(t *testing.T) {
	longtest.Only(t)
	for range 3 {
		lameDuck(t, 0, 10_000)
	}
}

func lameDuck(t *testing.T, pace time.Duration, requests int64) {
	t.Helper()
	replicas, ledger := startReplicas(t, 1)
	g := replicas[0]
	l := startRawLoad(t, &rawLoad{address: strings.TrimPrefix(g.url, "http://"), untilRefused: true}, pace)
	l.await(t, requests)
	g.terminate(t)
	await(t, "the gateway is not ready", func() bool {
		status, _, body := get(t, g.admin+"/readyz")
		return status == http.StatusServiceUnavailable && strings.Contains(body, "stopping")
	})
	g.awaitEnd(t)
	l.group.Wait() // nothing listens any more
	l.check(t, ledger)
	if l.closing < 20 {
		t.Errorf("%d connections are closed in the lame duck period", l.closing)
	}
}
