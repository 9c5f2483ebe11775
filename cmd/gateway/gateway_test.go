package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/portico-gateway/portico/demo"
	"github.com/portico-gateway/portico/demo/demotest"
	"github.com/portico-gateway/portico/gateway"
	"github.com/portico-gateway/portico/graph"
)

// running is the gateway of this command, in this process, before the demo's services.
type running struct {
	demo       *demo.Demo
	url, admin string
	log        *output
}

// output is what a gateway has written. It is safe for concurrent use.
type output struct {
	mu    sync.Mutex
	text  bytes.Buffer
	grown sync.Cond // there is more, or it has ended
	ended bool
}

// Write is part of io.Writer.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.grown.Broadcast()
	return o.text.Write(p)
}

// end notes that there is no more.
func (o *output) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ended = true
	o.grown.Broadcast()
}

// find waits until find finds what it looks for in the text; it reports false if the text ended before.
func (o *output) find(find func(text string) bool) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for !find(o.text.String()) {
		if o.ended {
			return false
		}
		o.grown.Wait()
	}
	return true
}

// String returns all of the text.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// start runs the gateway with the configuration of this repository, in which text is replaced: old and
// new in turns. It ends with the test.
func start(t testing.TB, cacheSize string, replacements ...string) *running {
	t.Helper()
	text, err := os.ReadFile("../../portico.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(replacements); i += 2 {
		if !bytes.Contains(text, []byte(replacements[i])) {
			t.Fatalf("portico.yaml has no %q", replacements[i])
		}
		text = bytes.Replace(text, []byte(replacements[i]), []byte(replacements[i+1]), 1)
	}
	file := filepath.Join(t.TempDir(), "portico.yaml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	g := &running{demo: demotest.Start(t), log: &output{}}
	g.log.grown.L = &g.log.mu
	env := map[string]string{"PORTICO_LISTEN": "127.0.0.1:0", "PORTICO_ADMIN_LISTEN": "127.0.0.1:0", "CACHE_SIZE": cacheSize}
	for _, name := range demo.Names()[1:] {
		env[strings.ToUpper(name)+"_URL"] = g.demo.URL(name)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- gateway.Run(ctx, graph.Open, gateway.Process{Args: []string{"-config", file}, Getenv: func(name string) string { return env[name] }, Stdout: g.log})
		g.log.end()
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the gateway ended with %v:\n%s", err, g.log)
		}
	})
	if !g.log.find(g.isReady) {
		t.Fatalf("the gateway did not start:\n%s", g.log)
	}
	return g
}

// isReady reports whether the log has the addresses, and that tokens can be verified.
func (g *running) isReady(log string) bool {
	for line := range strings.Lines(log) {
		var record struct{ Msg, GraphQL, Health string }
		if json.Unmarshal([]byte(line), &record) == nil && record.Msg == "ready to serve" {
			g.url, g.admin = strings.TrimSuffix(record.GraphQL, "/graphql"), strings.TrimSuffix(record.Health, "/readyz")
		}
	}
	return g.url != "" && strings.Contains(log, "the keys of a token issuer are known")
}

// do sends a request, whose header has lines "Name: value", and reads its answer.
func (g *running) do(ctx context.Context, method, path, body string, header ...string) error {
	req, err := http.NewRequestWithContext(ctx, method, g.url+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		req.Header.Set(name, value)
	}
	req.Header.Set("Accept-Encoding", "identity") // or the client adds gzip
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}

// query returns the body of a request.
func query(document string, more ...any) string {
	all := map[string]any{"query": document}
	for i := 0; i < len(more); i += 2 {
		all[fmt.Sprint(more[i])] = more[i+1]
	}
	text, err := json.Marshal(all)
	if err != nil {
		panic(err) // a mistake of the test
	}
	return string(text)
}
