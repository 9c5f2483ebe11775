package main

import (
	"io"
	"testing"
)

func TestCommandDiesWithTheDemo(t *testing.T) {
	cmd, lines := startSignals(t)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	// The end of the output comes when nobody is left who holds the pipe.
	if rest, err := io.ReadAll(lines); len(rest) > 0 || err != nil {
		t.Errorf("got %q, %v", rest, err)
	}
	_ = cmd.Wait() // it was killed
}
