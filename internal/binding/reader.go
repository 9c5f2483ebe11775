package binding

import (
	"errors"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/directive"
)

// reader reads one binding.
type reader struct {
	schema  *ast.Schema
	report  directive.Report
	binding *Binding
	failed  bool
}

func (r *reader) fail(pos *ast.Position, fix, format string, args ...any) {
	r.failed = true
	r.report(pos, fix, format, args...)
}

// streams reports whether the field is one of Subscription.
func (r *reader) streams() bool { return r.binding.Parent == r.schema.Subscription }

// raw returns the text of a scalar argument; empty when it is absent.
func raw(d *ast.Directive, name string) string {
	if arg := d.Arguments.ForName(name); arg != nil {
		return arg.Value.Raw
	}
	return ""
}

func (r *reader) path(d *ast.Directive, name string) directive.Path {
	arg := d.Arguments.ForName(name)
	if arg == nil {
		return nil
	}
	return r.pathOf(arg.Value)
}

// entries reads a path that may end in ->entries.
func (r *reader) entries(v *ast.Value) (path directive.Path, entries bool) {
	path, entries, err := directive.ParseEntries(v.Raw)
	if err != nil {
		r.fail(v.Position, "write names with dots between them, such as data.items", "%v", err)
	}
	return path, entries
}

func (r *reader) pathOf(v *ast.Value) directive.Path {
	path, err := directive.ParsePath(v.Raw)
	if err != nil {
		r.fail(v.Position, "write names with dots between them, such as data.items", "%v", err)
	}
	return path
}

// text parses a text that begins at byte from of a value. Mistakes are reported
// at their position within it.
func (r *reader) text(v *ast.Value, from int) directive.Text {
	text, err := directive.ParseText(v.Raw[from:])
	if mistake, ok := errors.AsType[*directive.TextError](err); ok {
		r.fail(within(v, from+mistake.Offset), "", "%v", err)
		return nil
	}
	at := from
	for _, part := range text {
		if part.Var != nil {
			at += strings.Index(v.Raw[at:], "{$")
			part.Var.Pos = within(v, at)
			at += len("{$")
		}
	}
	return text
}

// within returns the position of a byte within a string on one line. For other
// values it returns the position of the value.
func within(v *ast.Value, offset int) *ast.Position {
	if v.Kind != ast.StringValue || v.Position == nil {
		return v.Position
	}
	pos := *v.Position
	pos.Column += 1 + len([]rune(v.Raw[:offset])) // 1 for the quote
	return &pos
}
