//go:build linux

package e2e_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

// The README's way for newcomers, as they go it: make run in a terminal, the
// queries of the README and of other documents, Ctrl-C. The exit code is 0 and
// nothing is left.
func TestReadme(t *testing.T) {
	for _, address := range []string{"127.0.0.1:8080", "127.0.0.1:9090", "127.0.0.1:7000"} {
		l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", address)
		if err != nil {
			t.Fatalf("the test needs the addresses that make run uses: stop what runs there (%v)", err)
		}
		_ = l.Close() // it was free
	}
	blocks := examplesOf(t, "../README.md")
	if len(blocks) < 2 || strings.TrimSpace(blocks[0][1]) != "make run\nmake test" {
		t.Fatalf("the README does not begin with its two commands: %q", blocks)
	}
	terminal := runInTerminal(t, "make run")
	awaitAnswer(t, "http://127.0.0.1:9090/readyz")
	for _, document := range []string{"../docs/auth.md", "../docs/clients.md"} {
		blocks = append(blocks, examplesOf(t, document)...)
	}
	for _, block := range blocks[1:] {
		command, want := block[1], block[2]
		if want == "" {
			continue // other tests run it
		}
		out, err := exec.CommandContext(t.Context(), "sh", "-c", command).Output()
		if err != nil || compact(string(out)) != compact(want) {
			t.Errorf("%s\n got %s, %v\nwant %s", command, out, err, want)
		}
	}
	terminal.interrupt(t)
	for _, address := range []string{"127.0.0.1:8080", "127.0.0.1:9090", "127.0.0.1:7000", "127.0.0.1:7001"} {
		if conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address); err == nil {
			_ = conn.Close() // it should not be there
			t.Errorf("something still listens on %s", address)
		}
	}
}

// examplesOf returns the commands of a document, each with the JSON that follows
// it, or "". Those in a list are indented.
func examplesOf(t *testing.T, document string) [][]string {
	t.Helper()
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	return regexp.MustCompile("(?s)```sh\n(.*?)```\n(?:\n? *```json\n(.*?)```)?").FindAllStringSubmatch(string(text), -1)
}

func compact(text string) string { return regexp.MustCompile(`\s+`).ReplaceAllString(text, "") }

// terminal is a command in a terminal of its own.
type terminal struct {
	cmd *exec.Cmd
	in  io.Writer
	out *lockedBuffer
}

func runInTerminal(t *testing.T, command string) *terminal {
	t.Helper()
	// script(1) runs the command in a terminal, and exits with its code.
	term := &terminal{cmd: exec.Command("script", "-qec", command, "/dev/null"), out: &lockedBuffer{}}
	term.cmd.Dir = ".."
	term.cmd.Stdout, term.cmd.Stderr = term.out, term.out
	in, err := term.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	term.in = in
	if err := term.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if term.cmd.ProcessState == nil {
			_ = term.cmd.Process.Kill() // the test has failed already
			_ = term.cmd.Wait()
		}
	})
	return term
}

// interrupt presses Ctrl-C and expects the exit code 0.
func (term *terminal) interrupt(t *testing.T) {
	t.Helper()
	if _, err := term.in.Write([]byte{3}); err != nil {
		t.Fatal(err)
	}
	cut := time.AfterFunc(patience, func() { _ = term.cmd.Process.Kill() })
	defer cut.Stop()
	if err := term.cmd.Wait(); err != nil {
		t.Errorf("make run ended with %v:\n%s", err, term.out)
	}
	for _, url := range []string{"http://127.0.0.1:8080/playground", "http://127.0.0.1:7001"} {
		if !strings.Contains(term.out.String(), url) {
			t.Errorf("make run did not print %s:\n%s", url, term.out)
		}
	}
}

// awaitAnswer waits until a URL answers 200; make run builds first.
func awaitAnswer(t *testing.T, url string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, bytes.NewReader(nil))
		if err != nil {
			t.Fatal(err)
		}
		if resp, err := http.DefaultClient.Do(req); err == nil {
			_ = resp.Body.Close() // only the status matters
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s did not answer", url)
		case <-time.After(50 * time.Millisecond):
		}
	}
}
