package execute

import (
	"cmp"
	"errors"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/portico-gateway/portico/gateway/decode"
	"github.com/portico-gateway/portico/gateway/problem"
)

// Fault adds the error of a value. It returns true if the value is written all the
// same: a list of which some items have errors, which may be null. Else it has
// failed.
func (w *Writer) Fault(err error) bool {
	items, ok := errors.AsType[*decode.Items](err)
	if !ok {
		w.Error(err)
		return false
	}
	if items.Cut() {
		w.cut = w.field
	}
	depth := len(w.path)
	for _, item := range items.Errors() {
		for _, i := range item.Path {
			w.path = append(w.path, step{index: i})
		}
		w.Error(item.Err)
		w.path = w.path[:depth]
		if items.Lost() {
			return false
		}
	}
	w.failed = false
	return true
}

// fault is [Writer.Fault] of the fault of a field. Beyond [mostErrors] it makes no problem of the cause, since there may be
// millions.
func (w *Writer) fault(faults *decode.Faults, field string, cause error) bool {
	if _, crash := errors.AsType[*problem.PanicError](cause); w.more == nil || crash && w.hidden == nil {
		return w.Fault(faults.Of(field))
	}
	items, ok := cause.(*decode.Items) //nolint:errorlint // items of this list, and not of another
	if !ok || items.Lost() {
		w.failed = true
		w.errs++
		return false
	}
	if items.Cut() {
		w.cut = w.field
	}
	w.errs += len(items.Errors())
	return true
}

// exceed ends the writing of data that is too large. Its error is there however many others there are.
func (w *Writer) exceed() {
	if !w.left {
		w.left = true
		graphql.AddError(w.run.ctx, w.errorOf(problem.New(problem.MaxResponseLimit, "The data of the response would have more than %d bytes.", w.most)))
	}
}

// Missing fails for null in a non-null position.
func (w *Writer) Missing() {
	if w.lostItem() {
		return
	}
	f, path := w.field, w.errorPath()
	err := &graphql.InvalidNullError{Object: f.ObjectDefinition.Name, Field: f.Name, DeclaredType: f.Definition.Type.String(), Path: path}
	w.Error(&gqlerror.Error{Err: err, Message: err.Error(), Path: path, Locations: []gqlerror.Location{}}) // as gqlgen has it
}

// lostItem fails for an item that is null only because it may be null in another frontend. It is an error of the service,
// unless the item has one. It returns false for other values.
func (w *Writer) lostItem() bool {
	if !w.field.nullItems || w.path[len(w.path)-1].field != nil {
		return false
	}
	if w.failed = true; w.cut != w.field && !w.reported(w.errorPath()) {
		w.Error(Null(""))
	}
	return true
}

// reported reports whether there is an error at a path, or too many to tell.
func (w *Writer) reported(path ast.Path) bool {
	return w.errs > mostErrors || slices.ContainsFunc(graphql.GetErrors(w.run.ctx), func(e *gqlerror.Error) bool { return slices.Equal(e.Path, path) })
}

// mostErrors is the number of errors that an answer has, so that a small answer of a service that is
// all wrong does not become a large one.
const mostErrors = 1000

// finish adds one error in place of those that were left out.
func (w *Writer) finish() {
	if w.more == nil {
		return
	}
	left := w.errs - mostErrors
	if w.hidden != nil {
		graphql.AddError(w.run.ctx, w.hidden)
		if left--; left == 0 {
			return
		}
	}
	err := problem.New(problem.CodeOf(w.more), "%d more errors are left out.", left)
	graphql.AddError(w.run.ctx, err.OfRequest())
}

// Error adds an error of the value that is being written, and fails. Beyond [mostErrors] it is
// counted only, but for the first one that the log must have.
func (w *Writer) Error(err error) {
	w.failed = true
	if w.errs++; w.errs <= mostErrors {
		graphql.AddError(w.run.ctx, w.errorOf(err))
		return
	}
	w.more = cmp.Or(w.more, err)
	if _, isShown := errors.AsType[*problem.Error](err); w.hidden == nil && !isShown {
		w.hidden = w.errorOf(err)
	}
}

// errorOf returns the error of the value that is being written.
func (w *Writer) errorOf(err error) *gqlerror.Error {
	path := w.errorPath()
	known, ok := errors.AsType[*gqlerror.Error](err)
	if !ok {
		known = gqlerror.WrapPath(path, err)
	} else {
		copied := *known // others may have it
		known = &copied
	}
	if known.Path == nil {
		known.Path = path
	}
	if pos := w.field.Position; known.Locations == nil && pos != nil && pos.Line > 0 {
		known.Locations = []gqlerror.Location{{Line: pos.Line, Column: pos.Column}}
	}
	return known
}

// errorPath returns the path of what is being written.
func (w *Writer) errorPath() ast.Path {
	path := make(ast.Path, len(w.path))
	for i, s := range w.path {
		if s.field != nil {
			path[i] = ast.PathName(s.field.Alias)
		} else {
			path[i] = ast.PathIndex(s.index)
		}
	}
	return path
}
