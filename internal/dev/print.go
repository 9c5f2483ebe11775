package dev

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// printer prints what happens, a line each.
type printer struct {
	mu    sync.Mutex
	out   io.Writer
	color bool
}

// Write prints lines of a gateway's log.
func (p *printer) Write(text []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.Write(text)
}

// The colors of a line.
const (
	plain = ""
	red   = "\x1b[31m"
	green = "\x1b[32m"
	dim   = "\x1b[2m"
)

func (p *printer) line(color, format string, args ...any) {
	text := time.Now().Format(time.TimeOnly) + "  " + fmt.Sprintf(format, args...)
	if p.color && color != plain {
		text = color + text + "\x1b[0m"
	}
	fmt.Fprintln(p, text)
}
