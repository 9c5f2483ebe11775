//go:build unix

package main

import (
	"os"
	"syscall"
)

// attributes returns those with which the command has its own process group.
func attributes() *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{Setpgid: true}
	dieWithUs(a)
	return a
}

// forward sends a signal to the command's group, as a terminal would. That the
// command has just ended is no error: its result is on its way.
func forward(p *os.Process, s os.Signal) {
	if s, ok := s.(syscall.Signal); ok {
		_ = syscall.Kill(-p.Pid, s)
	}
}

// code is the exit code or, as shells have it, 128 more than the signal that
// ended the command.
func code(state *os.ProcessState) int {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return state.ExitCode()
}
