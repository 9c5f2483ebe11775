//go:build unix

package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"
)

// playSignals is a command that prints each signal and ends with SIGTERM.
func playSignals() {
	signals := make(chan os.Signal, 10)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	fmt.Println("ready")
	for s := range signals {
		fmt.Println(s)
		if s == syscall.SIGTERM {
			os.Exit(3)
		}
	}
}

// startSignals starts the demo with that command, in a process group of its
// own, as a shell would.
func startSignals(t *testing.T) (*exec.Cmd, *bufio.Reader) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := []string{"env", roleVariable + "=signals", self}
	cmd := exec.CommandContext(t.Context(), self, append(free(), command...)...)
	cmd.Env = append(os.Environ(), roleVariable+"=demo")
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	expectLine(t, lines, "ready\n")
	return cmd, lines
}

func expectLine(t *testing.T, lines *bufio.Reader, want string) {
	t.Helper()
	if got, err := lines.ReadString('\n'); got != want {
		t.Fatalf("got %q, %v, want %q", got, err, want)
	}
}

func TestEachSignalReachesTheCommandOnce(t *testing.T) {
	cmd, lines := startSignals(t)
	group := -cmd.Process.Pid
	for range 2 {
		if err := syscall.Kill(group, syscall.SIGINT); err != nil { // what Ctrl-C does
			t.Fatal(err)
		}
		expectLine(t, lines, "interrupt\n")
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	expectLine(t, lines, "terminated\n")
	if rest, err := io.ReadAll(lines); len(rest) > 0 || err != nil {
		t.Errorf("more signals: %q, %v", rest, err)
	}
	_ = cmd.Wait() // the test reads the exit code
	if got := cmd.ProcessState.ExitCode(); got != 3 {
		t.Errorf("exit code %d, want the command's 3", got)
	}
}
