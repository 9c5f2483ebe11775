package openapi

import (
	"fmt"
	"strings"
)

// Error is a mistake in a document.
type Error struct {
	File         string
	Line, Column int // from 1; 0 if they are not known
	Message      string
	Fix          string // what to do, or ""
}

// Error returns file:line:column: message.
func (e *Error) Error() string {
	place := e.File
	if e.Line > 0 {
		place = fmt.Sprintf("%s:%d:%d", place, e.Line, max(e.Column, 1))
	}
	return place + ": " + e.Message
}

// at sets the position to the end of the text before it.
func (e *Error) at(before string) {
	e.Line = 1 + strings.Count(before, "\n")
	e.Column = 1 + len([]rune(before[strings.LastIndexByte(before, '\n')+1:]))
}
