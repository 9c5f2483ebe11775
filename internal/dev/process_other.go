//go:build !linux

package dev

import "syscall"

// attributes are those of a gateway's process. Ctrl-C is not for it, but for dev, which ends it when its requests are
// answered.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
