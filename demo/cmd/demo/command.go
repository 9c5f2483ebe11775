package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
)

// exitError is the exit code of a command that failed.
type exitError struct {
	code int
}

func (e *exitError) Error() string { return fmt.Sprintf("the command exited with code %d", e.code) }

// runCommand runs the command and passes signals on to it, each once: the
// command has a process group of its own, so that what a terminal sends to the
// whole foreground group reaches it through us only. A server that takes a
// second Ctrl-C for "stop now" sees a second one only when there was one.
//
// It fails with an [exitError] when the command fails.
func runCommand(ctx context.Context, command []string, signals <-chan os.Signal, std stdio) error {
	// Linux kills the command when the thread that started it ends (prctl(2),
	// PR_SET_PDEATHSIG), which must not be before the process does.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = std.in, std.out, std.err
	cmd.SysProcAttr = attributes()
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("demo: start the command: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case s := <-signals:
			forward(cmd.Process, s)
		case err := <-ended:
			return result(err)
		}
	}
}

// result says how the command ended.
func result(err error) error {
	exit, ok := errors.AsType[*exec.ExitError](err)
	switch {
	case err == nil:
		return nil
	case ok:
		return &exitError{code: code(exit.ProcessState)}
	default:
		return fmt.Errorf("demo: wait for the command: %w", err)
	}
}
