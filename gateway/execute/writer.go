package execute

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/portico-gateway/portico/gateway/decode"
	"github.com/portico-gateway/portico/gateway/problem"
)

var errNotResolved = errors.New("a field was not resolved with its level")

// Writer writes the data of a response (GraphQL specification, section 7.2.1). Null in a
// non-null position makes the Writer fail; the writer of the enclosing object or list
// truncates it with [Writer.End] or [Writer.EndItem], or fails in turn (section 6.4.4).
type Writer struct {
	run   *Run
	buf   []byte
	path  []step
	field *Selected // the innermost one
	cost  float64   // of what is written
	errs  int       // how many errors there are
	more  error     // the first that is left out
	// hidden is the first of them that callers do not see, and that the log must have.
	hidden *gqlerror.Error
	cut    *Selected // the field of which not all items with errors are reported
	items  int       // that have begun
	most   int       // how many bytes the data may have
	left   bool      // nothing more is written: the callers have left, or the data is too large
	// failed reports whether what was written last may not stay.
	failed bool
}

// step is a field of a path, or an item of a list if it has none.
type step struct {
	field *Selected
	index int
}

// Object begins an object with faults. It returns false, and has failed, if the
// whole object is none.
func (w *Writer) Object(faults *decode.Faults) bool {
	if w.left {
		w.failed = true
		return false
	}
	if faults.IsWhole() {
		if w.failed = true; w.more != nil {
			w.errs++ // no other error is made, since there may be millions
		} else {
			w.Error(faults.Whole())
		}
		return false
	}
	w.buf = append(w.buf, '{')
	if w.field != nil {
		w.cost += w.field.each
	}
	return true
}

// Close ends an object; ok reports whether its fields are.
func (w *Writer) Close(ok bool) {
	w.buf = append(w.buf, '}')
	w.failed = !ok
}

// Mark is the position at which a field or an item begins, for truncation.
type Mark struct {
	at    int
	cost  float64
	field *Selected
}

// Begin begins a field of an object with faults. If the field is denied or has a fault, or
// is one of introspection, it returns false, and the caller continues with [Writer.End].
func (w *Writer) Begin(f *Selected, faults *decode.Faults) (Mark, bool) {
	outer := w.field
	w.field = f
	if w.cut == f {
		w.cut = nil // of another object
	}
	w.path = append(w.path, step{field: f})
	w.buf = append(w.buf, f.key...)
	mark := Mark{len(w.buf), w.cost, outer}
	if err := w.run.denied[f.Field]; err != nil {
		w.Error(err)
		return mark, false
	}
	if f.ID == introspected {
		w.introspect(f)
		return mark, false
	}
	if faults != nil && !f.resolved {
		if cause := faults.Cause(f.Name); cause != nil {
			return mark, w.fault(faults, f.Name, cause)
		}
	}
	return mark, true
}

// End ends a field and reports whether the object may have it. A field that has
// failed and may be null is null.
func (w *Writer) End(f *Selected, mark Mark) bool {
	ok := w.settle(mark, f.nonNull)
	w.path = w.path[:len(w.path)-1]
	w.field = mark.field
	w.count(f, mark)
	return ok
}

func (w *Writer) settle(mark Mark, nonNull bool) bool {
	if !w.failed && len(w.buf) <= w.most {
		return true
	}
	if !w.failed {
		w.exceed()
	}
	w.failed = false
	w.buf, w.cost = append(w.buf[:mark.at], "null"...), mark.cost
	return !nonNull
}

// List begins a list.
func (w *Writer) List() {
	w.buf = append(w.buf, '[')
	w.path = append(w.path, step{})
}

// itemsBetween is the number of items between two looks at the context.
const itemsBetween = 1 << 12

// Item begins an item of a list.
func (w *Writer) Item(i int) Mark {
	if i > 0 {
		w.buf = append(w.buf, ',')
	}
	w.path[len(w.path)-1].index = i
	// The data that is there is written when the time of the operation is over, but not when nobody waits for it.
	if w.items++; w.items%itemsBetween == 0 && !w.left && errors.Is(w.run.ctx.Err(), context.Canceled) {
		w.left = true
		w.Error(context.Canceled)
	}
	return Mark{at: len(w.buf), cost: w.cost}
}

// EndItem ends an item and reports whether the list may have it.
func (w *Writer) EndItem(mark Mark, nonNull bool) bool { return w.settle(mark, nonNull) }

// EndList ends a list; ok reports whether its items are.
func (w *Writer) EndList(ok bool) {
	w.path = w.path[:len(w.path)-1]
	w.buf = append(w.buf, ']')
	w.failed = !ok
}

// Null writes null in a nullable position.
func (w *Writer) Null() { w.buf = append(w.buf, "null"...) }

// Bool writes a Boolean.
func (w *Writer) Bool(v bool) { w.buf = strconv.AppendBool(w.buf, v) }

// Int writes a whole number.
func (w *Writer) Int(v int) { w.buf = strconv.AppendInt(w.buf, int64(v), 10) }

// Int64 writes a whole number.
func (w *Writer) Int64(v int64) { w.buf = strconv.AppendInt(w.buf, v, 10) }

// Int64Text writes a whole number as a string.
func (w *Writer) Int64Text(v int64) {
	w.buf = append(strconv.AppendInt(append(w.buf, '"'), v, 10), '"')
}

// Float writes a number. NaN and infinity are errors.
func (w *Writer) Float(v float64) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		w.Error(errors.New("a Float must be finite"))
		return
	}
	w.buf = strconv.AppendFloat(w.buf, v, 'g', -1, 64)
}

// Time writes a time in RFC 3339 format.
func (w *Writer) Time(v time.Time) {
	w.buf = append(w.buf, '"')
	w.buf = v.AppendFormat(w.buf, time.RFC3339Nano)
	w.buf = append(w.buf, '"')
}

const hex = "0123456789ABCDEF"

// String writes a string (RFC 8259, section 7).
func (w *Writer) String(v string) {
	buf := w.buf
	buf = append(buf, '"')
	start := 0
	for i := 0; i < len(v); i++ {
		c := v[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			continue
		}
		if c >= utf8.RuneSelf {
			if r, size := utf8.DecodeRuneInString(v[i:]); r != utf8.RuneError || size > 1 {
				i += size - 1
				continue
			}
		}
		buf = append(buf, v[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\':
			buf = append(buf, '\\', c)
		case '\n':
			buf = append(buf, '\\', 'n')
		case '\r':
			buf = append(buf, '\\', 'r')
		case '\t':
			buf = append(buf, '\\', 't')
		default:
			if c < ' ' {
				buf = append(buf, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xf])
			} else {
				buf = append(buf, "\ufffd"...) // it is no UTF-8
			}
		}
	}
	w.buf = append(append(buf, v[start:]...), '"')
}

// Write is part of io.Writer, for marshalers.
func (w *Writer) Write(text []byte) (int, error) {
	w.buf = append(w.buf, text...)
	return len(text), nil
}

// NullOr writes null, or fails in a non-null position.
func (w *Writer) NullOr(nonNull bool) {
	if nonNull {
		w.Missing()
		return
	}
	w.Null()
}

// Unexpected fails for a value of a type that the schema does not have.
func (w *Writer) Unexpected(value any) {
	w.Error(fmt.Errorf("a value has the unexpected type %T", value))
}

// Marshal writes the output of a gqlgen marshaler. It fails for null in a non-null
// position, and if the marshaler adds errors to aside.
func (w *Writer) Marshal(nonNull bool, aside context.Context, marshaler graphql.Marshaler) { //nolint:revive // in the order of use
	start := len(w.buf)
	if marshaler == nil {
		marshaler = graphql.Null
	}
	marshaler.MarshalGQL(w)
	if n := len(w.buf) - 1; n >= start && w.buf[n] == '\n' { // json.Encoder ends values so
		w.buf = w.buf[:n]
	}
	null := nonNull && string(w.buf[start:]) == "null"
	for _, err := range graphql.GetErrors(aside) {
		if errors.Is(err, graphql.ErrInvalidNull) {
			null = true
			continue
		}
		err.Path, err.Locations = nil, nil
		w.Error(err)
		return
	}
	if null && !w.lostItem() { // of a value that is there
		w.Error(Null(""))
	}
}

// Aside returns a context for marshalers: the errors that they add are not those
// of the response, which [Writer.Marshal] adds.
func (w *Writer) Aside() context.Context {
	return graphql.WithFieldContext(graphql.WithResponseContext(w.run.ctx, graphql.DefaultErrorPresenter, graphql.DefaultRecover),
		&graphql.FieldContext{Field: graphql.CollectedField{Field: w.field.Field}})
}

// guarded calls write, and makes a panic an error of what was written last. It
// reports whether there was none.
func (w *Writer) guarded(write func()) (ok bool) {
	defer func() {
		if value := recover(); value != nil {
			w.Error(problem.Recovered(value))
		}
	}()
	write()
	return true
}
