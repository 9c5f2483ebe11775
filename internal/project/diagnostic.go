package project

import (
	"cmp"
	"errors"
	"fmt"
	"go/token"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/portico-gateway/portico/internal/nearest"
)

// Diagnostic is one mistake in a project, at its place.
type Diagnostic struct {
	// File is relative to the project, with slashes.
	File string
	// Line and Column count from 1; they are 0 for the file as a whole.
	Line, Column int
	// Message describes the mistake.
	Message string
	// Fix describes how to correct it; empty when the message does.
	Fix string
}

// String returns "file:line:column: message", with the fix on a line of its
// own.
func (d Diagnostic) String() string {
	var b strings.Builder
	b.WriteString(d.File)
	if d.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", d.Line, d.Column)
	}
	b.WriteString(": " + d.Message)
	if d.Fix != "" {
		b.WriteString("\n\tfix: " + d.Fix)
	}
	return b.String()
}

// Diagnostics are the mistakes that a run found: sorted by position, without
// duplicates.
type Diagnostics []Diagnostic

// Error returns all diagnostics, one after the other.
func (ds Diagnostics) Error() string {
	lines := make([]string, len(ds))
	for i, d := range ds {
		lines[i] = d.String()
	}
	return strings.Join(lines, "\n")
}

// Report collects diagnostics. It is not safe for concurrent use.
type Report struct{ list Diagnostics }

// Add adds a diagnostic.
func (r *Report) Add(d Diagnostic) { r.list = append(r.list, d) }

// At adds a mistake at a position of the schema. The fix describes how to correct
// it; it is empty when the message does.
func (r *Report) At(pos *ast.Position, fix, format string, args ...any) {
	d := Diagnostic{Message: fmt.Sprintf(format, args...), Fix: fix}
	if pos != nil {
		d.Line, d.Column = pos.Line, pos.Column
		if pos.Src != nil {
			d.File = pos.Src.Name
		}
	}
	r.Add(d)
}

// AtGo adds a mistake at a position of Go code.
func (r *Report) AtGo(pos token.Position, fix, format string, args ...any) {
	r.Add(Diagnostic{File: pos.Filename, Line: pos.Line, Column: pos.Column, Message: fmt.Sprintf(format, args...), Fix: fix})
}

// gql adds what the parser or the validator found.
func (r *Report) gql(err error, fix string) {
	var list gqlerror.List
	if g, ok := errors.AsType[*gqlerror.Error](err); ok && !errors.As(err, &list) {
		list = gqlerror.List{g}
	}
	for _, g := range list {
		d := Diagnostic{Message: g.Message, Fix: fix}
		d.File, _ = g.Extensions["file"].(string)
		if len(g.Locations) > 0 {
			d.Line, d.Column = g.Locations[0].Line, g.Locations[0].Column
		}
		r.Add(d)
	}
}

// Join adds the diagnostics of another report.
func (r *Report) Join(other *Report) { r.list = append(r.list, other.list...) }

// Len returns the number of diagnostics so far.
func (r *Report) Len() int { return len(r.list) }

// HasLine reports whether there is a diagnostic at a line of a file.
func (r *Report) HasLine(file string, line int) bool {
	return slices.ContainsFunc(r.list, func(d Diagnostic) bool { return d.File == file && d.Line == line })
}

// Err returns the diagnostics as [Diagnostics], or nil when there are none.
func (r *Report) Err() error {
	if len(r.list) == 0 {
		return nil
	}
	slices.SortStableFunc(r.list, func(a, b Diagnostic) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Message, b.Message))
	})
	// A shared file is read for every frontend: its mistakes come several times.
	return slices.Compact(r.list)
}

// Where returns a position as text, for a message.
func Where(pos *ast.Position) string {
	if pos == nil || pos.Src == nil {
		return "an unknown place"
	}
	return fmt.Sprintf("%s:%d:%d", pos.Src.Name, pos.Line, pos.Column)
}

// DidYouMean returns a suggestion of the name in names that is nearest to name;
// empty when none is near.
func DidYouMean(name string, names []string) string {
	if best := nearest.Of(name, names); best != "" {
		return fmt.Sprintf("did you mean %s?", best)
	}
	return ""
}
