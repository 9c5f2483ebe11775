// Package e2e tests the gateway's binary with the demo services behind it, over
// real sockets and with real clients.
package e2e_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/portico-gateway/portico/demo"
	"github.com/portico-gateway/portico/demo/demotest"
)

// binary is the gateway, and portico the tool: both are built once, for all
// tests.
var binary, portico string

func TestMain(m *testing.M) { os.Exit(runTests(m)) }

func runTests(m *testing.M) int {
	dir, err := os.MkdirTemp("", "portico-e2e-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	// What is compiled in copies of this repository is the same in all of them.
	_ = os.Setenv("GOFLAGS", os.Getenv("GOFLAGS")+" -trimpath")
	// By default a program with the race detector sleeps for a second before it
	// exits: each gateway would.
	_ = os.Setenv("GORACE", "atexit_sleep_ms=50 "+os.Getenv("GORACE"))
	binary, portico = filepath.Join(dir, "gateway"), filepath.Join(dir, "portico")
	for _, args := range [][]string{{"-race", "-o", binary, "../cmd/gateway"}, {"-o", portico, "../cmd/portico"}} {
		if err := build(args...); err != nil {
			panic(err)
		}
	}
	defer closeChromium()
	defer closeExtended()
	defer closeCommon()
	return m.Run()
}

// build builds a program without DWARF, which takes a third of the time to link, and
// which only debuggers read.
func build(args ...string) error {
	_, err := execute(".", "go", append([]string{"build", "-ldflags=-w"}, args...)...)
	return err
}

// plainGateway returns a gateway without the race detector, which takes several times
// the memory and bounds the number of goroutines to 8128.
func plainGateway(t *testing.T) string {
	t.Helper()
	file, err := buildPlain()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// buildPlain builds it when it is first needed.
var buildPlain = sync.OnceValues(func() (string, error) {
	file := filepath.Join(filepath.Dir(binary), "plain")
	return file, build("-o", file, "../cmd/gateway")
})

// gateway is a running gateway with demo services of its own.
type gateway struct {
	demo  *demo.Demo
	url   string // of the public address
	admin string
	log   *lockedBuffer
	cmd   *exec.Cmd
}

// start runs the gateway with the configuration that this repository ships.
func start(t *testing.T) *gateway {
	t.Helper()
	return startIn(t, "..", binary)
}

// startIn runs a gateway in the folder of its project.
func startIn(t *testing.T, dir, binary string) *gateway {
	t.Helper()
	return startBeside(t, demotest.Start(t), dir, binary)
}

// startWith runs a gateway with another configuration; the demo's services are
// added to it.
func startWith(t *testing.T, d *demo.Demo, config string) *gateway {
	t.Helper()
	file := filepath.Join(t.TempDir(), "portico.yaml")
	if !strings.Contains(config, "\ncache:") { // the tests of caching have it; others count calls
		config += "\ncache: {size: 0}\n"
	}
	write(t, file, config+services(d))
	return startBeside(t, d, "..", binary, "-config", file)
}

// common is the gateway that tests share.
var common *gateway

// shared returns a gateway with the configuration that this repository ships,
// which other tests use too, after one another. The demo behind it is as if it
// were new. A test that stops it, breaks a service for good, or places many
// orders (30 a minute are allowed) starts its own.
func shared(t *testing.T) *gateway {
	t.Helper()
	t.Setenv("PORTICO_E2E_SHARED", "1") // which a parallel test may not call
	if common == nil {
		d, err := demo.Start(context.Background(), demo.FreeConfig())
		if err != nil {
			t.Fatal(err)
		}
		common = launch(t, d, "..", binary)
		common.awaitKeys(t)
	}
	common.demo.Heal()
	common.demo.Reset()
	t.Cleanup(func() { common.check(t) })
	return common
}

func closeCommon() {
	if common != nil {
		if err := common.end(); err != nil {
			panic(fmt.Sprintf("the shared gateway ended with %v:\n%s", err, common.log))
		}
		_ = common.demo.Close()
	}
}

// services is the section of this name, with the addresses of a demo.
func services(d *demo.Demo) string {
	var b strings.Builder
	b.WriteString("\nservices:\n")
	for _, name := range []string{demo.Catalog, demo.Accounts, demo.Orders, demo.Shipping, demo.Reviews, demo.Inventory} {
		fmt.Fprintf(&b, "  %s: {url: %q, forwardAuthorization: %v}\n", name, d.URL(name), name == demo.Accounts || name == demo.Orders)
	}
	return b.String()
}

// startBeside runs a gateway in front of a demo that runs.
func startBeside(t *testing.T, d *demo.Demo, dir, binary string, args ...string) *gateway {
	t.Helper()
	g := startUnready(t, d, dir, binary, args...)
	g.awaitKeys(t)
	return g
}

// startUnready is startBeside of a gateway that may not get the keys of tokens.
func startUnready(t *testing.T, d *demo.Demo, dir, binary string, args ...string) *gateway {
	t.Helper()
	g := launch(t, d, dir, binary, args...)
	t.Cleanup(func() { g.stop(t) })
	return g
}

// launch runs a gateway that the caller ends.
func launch(t *testing.T, d *demo.Demo, dir, binary string, args ...string) *gateway {
	t.Helper()
	g := &gateway{demo: d, log: &lockedBuffer{}}
	g.cmd = exec.Command(binary, args...)
	g.cmd.Dir = dir
	g.cmd.Env = append(os.Environ(), "PORTICO_LISTEN=127.0.0.1:0", "PORTICO_ADMIN_LISTEN=127.0.0.1:0", "CACHE_SIZE=0", "DEMO_TOKEN_URL="+d.URL(demo.Accounts)+"/token")
	for _, name := range []string{demo.Catalog, demo.Accounts, demo.Orders, demo.Shipping, demo.Reviews, demo.Inventory} {
		g.cmd.Env = append(g.cmd.Env, strings.ToUpper(name)+"_URL="+d.URL(name))
	}
	g.cmd.Stderr = g.log
	stdout, err := g.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := g.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if !g.awaitReady(stdout) {
		_ = g.cmd.Process.Kill() // it ends, or has
		_ = g.cmd.Wait()
		t.Fatalf("the gateway did not start:\n%s", g.log)
	}
	return g
}

// awaitReady reads the log until the gateway has logged its addresses, and goes on
// reading it. It reports false when the log ends before.
func (g *gateway) awaitReady(stdout io.Reader) bool {
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		_, _ = g.log.Write(append(lines.Bytes(), '\n'))
		var record struct{ Msg, GraphQL, Health string }
		if json.Unmarshal(lines.Bytes(), &record) == nil && record.Msg == "ready to serve" {
			g.url, g.admin = strings.TrimSuffix(record.GraphQL, "/graphql"), strings.TrimSuffix(record.Health, "/readyz")
			go func() { _, _ = io.Copy(g.log, stdout) }()
			return true
		}
	}
	return false
}

// patience is how long tests wait for what must happen at some time.
const patience = time.Minute

// await waits until something happened.
func await(t *testing.T, what string, happened func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !happened(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// awaitKeys waits until the gateway can tell good tokens from bad ones.
func (g *gateway) awaitKeys(t *testing.T) {
	t.Helper()
	await(t, "the gateway has the keys of tokens", func() bool {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, g.admin+"/readyz", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return false
		}
		text, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		// A check that goes on would be among the calls that tests count.
		return !strings.Contains(string(text), "waiting for the keys") && !strings.Contains(string(text), `"unknown"`)
	})
}

// stop ends the gateway as an operator does; it must end well and report no
// data race.
func (g *gateway) stop(t *testing.T) {
	t.Helper()
	if g.cmd.ProcessState != nil {
		return
	}
	if err := g.end(); err != nil {
		t.Errorf("the gateway ended with %v:\n%s", err, g.log)
	}
	g.check(t)
}

// end stops the gateway, without a lame duck period, and waits for it.
func (g *gateway) end() error {
	_ = g.cmd.Process.Signal(os.Interrupt)
	cut := time.AfterFunc(patience, func() { _ = g.cmd.Process.Kill() })
	defer cut.Stop()
	return g.cmd.Wait()
}

// check fails the test if the log has a data race or a panic.
func (g *gateway) check(t *testing.T) {
	t.Helper()
	if strings.Contains(g.log.String(), "DATA RACE") || strings.Contains(g.log.String(), "panic:") {
		t.Errorf("the gateway's log:\n%s", g.log)
	}
}

// answer is what the gateway said.
type answer struct {
	status int
	header http.Header
	body   []byte

	Data   json.RawMessage `json:"data"`
	Errors []struct {
		Message    string         `json:"message"`
		Path       []any          `json:"path"`
		Extensions map[string]any `json:"extensions"`
	} `json:"errors"`
}

// code is that of the first error.
func (a *answer) code() string {
	if len(a.Errors) == 0 {
		return ""
	}
	code, _ := a.Errors[0].Extensions["code"].(string)
	return code
}

// do sends a request and decodes the answer, which must be GraphQL's JSON.
func (g *gateway) do(t *testing.T, method, path string, header map[string]string, body io.Reader) *answer {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, g.url+path, body)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range header {
		req.Header.Set(name, value)
	}
	if host := header["Host"]; host != "" {
		req.Host = host
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	a := &answer{status: resp.StatusCode, header: resp.Header}
	if err := a.decode(resp); err != nil {
		t.Fatal(err)
	}
	return a
}

// decode reads the body of an answer, and closes it.
func (a *answer) decode(resp *http.Response) (err error) {
	defer resp.Body.Close()
	if a.body, err = io.ReadAll(resp.Body); err != nil {
		return err
	}
	if err := json.Unmarshal(a.body, a); err != nil {
		return fmt.Errorf("status %d, not JSON: %.300s", a.status, a.body)
	}
	return nil
}

// query sends an operation by POST.
func (g *gateway) query(t *testing.T, frontend, document string, variables map[string]any, header ...string) *answer {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": document, "variables": variables})
	if err != nil {
		t.Fatal(err)
	}
	headers := map[string]string{"Content-Type": "application/json"}
	for i := 0; i+1 < len(header); i += 2 {
		headers[header[i]] = header[i+1]
	}
	return g.do(t, http.MethodPost, "/graphql/"+frontend, headers, bytes.NewReader(body))
}

// runGateway runs a gateway that is expected to fail, and returns its exit code
// and what it says.
func runGateway(t *testing.T, args []string, env ...string) (code int, stderr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Dir = ".."
	cmd.Env = append(os.Environ(), env...)
	var b bytes.Buffer
	cmd.Stderr = &b
	_ = cmd.Run() // the caller reads the exit code
	return cmd.ProcessState.ExitCode(), b.String()
}
