package main

import "syscall"

// dieWithUs has the kernel kill the command when this process dies, even by
// SIGKILL.
func dieWithUs(a *syscall.SysProcAttr) { a.Pdeathsig = syscall.SIGKILL }
