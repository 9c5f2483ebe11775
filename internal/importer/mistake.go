package importer

import (
	"fmt"

	"github.com/vektah/gqlparser/v2/gqlerror"
)

// MistakeError is a mistake in what was given: the command line, a document or
// the project.
type MistakeError struct {
	File         string // "" for the command line
	Line, Column int    // 0 when not known
	Message      string
	Fix          string // what to do about it, or ""
}

// Error is file:line:column: message, and on a second line what to do.
func (e *MistakeError) Error() string {
	place := e.File
	if e.Line > 0 {
		place = fmt.Sprintf("%s:%d", place, e.Line)
	}
	if e.Column > 0 {
		place = fmt.Sprintf("%s:%d", place, e.Column)
	}
	if place != "" {
		place += ": "
	}
	if e.Fix != "" {
		return place + e.Message + "\n\tfix: " + e.Fix
	}
	return place + e.Message
}

// mistakeOf returns a syntax error of SDL with its position.
func mistakeOf(err error, file string) error {
	m := &MistakeError{File: file, Message: err.Error()}
	var list gqlerror.List
	if found, ok := err.(*gqlerror.Error); ok { //nolint:errorlint // gqlparser returns it as it is
		list = append(list, found)
	}
	if len(list) > 0 && len(list[0].Locations) > 0 {
		m.Line, m.Column, m.Message = list[0].Locations[0].Line, list[0].Locations[0].Column, list[0].Message
	}
	return m
}
