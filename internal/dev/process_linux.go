package dev

import "syscall"

// attributes are those of a gateway's process. Ctrl-C is not for it, but for dev, which ends it when its requests are
// answered; if dev is killed, so is the gateway.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
