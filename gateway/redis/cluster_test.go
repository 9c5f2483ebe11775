package redis_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/portico-gateway/portico/e2e/redistest"
	"github.com/portico-gateway/portico/gateway/redis"
)

// cluster starts three nodes that go on without one of them, the first of which has
// the keys of the cache.
func cluster(t *testing.T) []*redistest.Server {
	t.Helper()
	var nodes []*redistest.Server
	create := []string{"--cluster-yes", "--cluster", "create"}
	for range 3 {
		node := redistest.Start(t, "--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf", "--cluster-port", redistest.FreePort(t),
			"--cluster-require-full-coverage", "no")
		nodes, create = append(nodes, node), append(create, node.Addr)
	}
	cli := func(args ...string) string {
		out, err := exec.CommandContext(t.Context(), "redis-cli", args...).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return string(out)
	}
	cli(create...)
	port := func(node *redistest.Server) string { return strings.TrimPrefix(node.Addr, "127.0.0.1:") }
	for _, node := range nodes {
		await(t, "the node is part of the cluster", func() bool { return strings.Contains(cli("-p", port(node), "cluster", "info"), "cluster_state:ok") })
	}
	for i, node := range nodes {
		if !strings.Contains(cli("-p", port(node), "get", "test:{cache}:check"), "MOVED") {
			nodes[0], nodes[i] = nodes[i], nodes[0]
		}
	}
	return nodes
}

// A node of a cluster that is not available is no concern of the others' keys.
func TestNodeIsUnavailable(t *testing.T) {
	nodes := cluster(t)
	link, w, _ := open(t, nodes[0], redis.Config{})
	await(t, "it is up", link.Up)
	nodes[1].Kill()
	await(t, "the connection is lost", func() bool { return w.lost.Load() > 1 })
	await(t, "it is up again", link.Up)
	before := w.lost.Load()
	for checked := w.checked.Load(); w.checked.Load() < checked+5; {
		await(t, "it is up", link.Up)
	}
	if w.lost.Load() > before+2 {
		t.Errorf("sessions end all the time: %d were lost in 5 checks", w.lost.Load()-before)
	}
}
