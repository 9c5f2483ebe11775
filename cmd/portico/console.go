package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// console is who runs the command.
type console struct {
	in       io.Reader
	out      io.Writer
	terminal bool // somebody can answer
	colour   bool
}

func newConsole(in *os.File, out io.Writer, getenv func(string) string) console {
	file, ok := out.(*os.File)
	shown := ok && term.IsTerminal(int(file.Fd()))
	return console{in: in, out: out, terminal: shown && term.IsTerminal(int(in.Fd())), colour: shown && getenv("NO_COLOR") == ""}
}

// answer reads a line, unless the command is interrupted before.
func (c console) answer(ctx context.Context) (string, error) {
	type read struct {
		line string
		err  error
	}
	lines := make(chan read, 1)
	go func() { // it cannot be stopped; the process ends soon
		line, err := bufio.NewReader(c.in).ReadString('\n')
		lines <- read{line, err}
	}()
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case r := <-lines:
		if errors.Is(r.err, io.EOF) {
			r.err = nil
		}
		return r.line, r.err
	}
}

// paint colours a diff.
func (c console) paint(diff string) string {
	if !c.colour {
		return diff
	}
	var b strings.Builder
	for line := range strings.Lines(diff) {
		colour := map[byte]string{'+': "\x1b[32m", '-': "\x1b[31m", '@': "\x1b[36m"}[line[0]]
		if colour == "" {
			b.WriteString(line)
			continue
		}
		b.WriteString(colour + strings.TrimSuffix(line, "\n") + "\x1b[0m\n")
	}
	return b.String()
}
