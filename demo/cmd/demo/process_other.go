//go:build !unix

package main

import (
	"os"
	"syscall"
)

// attributes has none: the command shares our console.
func attributes() *syscall.SysProcAttr { return nil }

// forward ends the command: there is no gentler way.
func forward(p *os.Process, _ os.Signal) { _ = p.Kill() }

// code is the exit code.
func code(state *os.ProcessState) int { return state.ExitCode() }
