package server

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/portico-gateway/portico/gateway/auth"
	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/gateway/listen"
)

// overSocket returns a client of a Unix domain socket.
func overSocket(t *testing.T, path string) *http.Client {
	t.Helper()
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// A proxy beside the gateway is trusted to name the client.
func TestUnixSockets(t *testing.T) {
	dir := t.TempDir()
	public, admin := filepath.Join(dir, "public.sock"), filepath.Join(dir, "admin.sock")
	stale, err := net.ListenUnix("unix", &net.UnixAddr{Name: public, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	stale.SetUnlinkOnClose(false)
	_ = stale.Close() // as a process that was killed
	address := func(ctx context.Context, _ map[string]any) (any, error) { return auth.Address(ctx), nil }
	r := runGateway(t, map[string]field{"public": address}, func(c *config.Config) {
		c.Server.TLS, c.Server.Listen, c.Admin.Listen = nil, "unix:"+public, "unix:"+admin
	})
	if r.url != "http://unix:"+public+":" {
		t.Error(r.url)
	}
	for path, mode := range map[string]os.FileMode{public: 0o660, admin: 0o600} {
		if info, err := os.Stat(path); err != nil || runtime.GOOS == "linux" && info.Mode().Perm() != mode {
			t.Errorf("%s: %v %v", path, info.Mode(), err)
		}
	}
	r.url = "http://gateway"
	for header, want := range map[string]string{
		"X-Forwarded-For: 192.0.2.1": "192.0.2.1", "X-Forwarded-For: 192.0.2.9, 192.0.2.1": "192.0.2.1",
		"X-Forwarded-For: unknown": "", "Forwarded: for=192.0.2.1": "",
	} {
		if _, text, err := r.query(overSocket(t, public), "{public}", header); err != nil || text != `{"data":{"public":"`+want+`"}}` {
			t.Errorf("%s: %s %v", header, text, err)
		}
	}
	resp, err := overSocket(t, admin).Get("http://gateway/livez")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != http.StatusOK {
		t.Error(resp.Status, err)
	}
	_ = resp.Body.Close()
	if _, err := listen.Open(t.Context(), listen.Config{Address: "unix:" + public}); err == nil || !strings.Contains(err.Error(), "another process listens on") {
		t.Errorf("a socket that is used: %v", err)
	}
	r.stop(nil)
	if err := <-r.ended; err != nil {
		t.Error(err)
	}
	r.ended <- nil // for the cleanup
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}
