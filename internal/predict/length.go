package predict

import (
	"slices"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/directive"
)

// assumedSize is the length of a list whose length is not known.
const assumedSize = 100

// length is the length of the lists of a field, according to its directives and
// arguments (IBM's cost specification, section 8).
type length struct {
	most     int  // assumedSize if the length is not known
	known    bool // whether it is known
	ofFields bool // it is the length of the fields sized, not of the field itself
	sized    []string
}

// or returns a length that is right for both.
func (l length) or(other length) length {
	return length{
		most:     max(l.most, other.most),
		known:    l.known || other.known,
		ofFields: l.ofFields && other.ofFields,
		sized:    union(l.sized, other.sized),
	}
}

// itemsAtMost returns the most items that a list field has for one parent, and
// whether that is known. Inner lists have the assumed size.
func itemsAtMost(field *ast.FieldDefinition, l length, at scope) (n int, known bool) {
	n = assumedSize
	if slices.Contains(at.sized, field.Name) {
		n, known = at.size, at.sizeKnown
	} else if !l.ofFields {
		n, known = l.most, l.known
	}
	for t := field.Type.Elem; t.Elem != nil; t = t.Elem {
		n, known = multiply(n, assumedSize), false
	}
	return n, known
}

// lengthIn returns the length of a selected field. A field of an interface has
// the lengths of the implementing types; those without a length of their own
// have that of the interface.
func (w *walker) lengthIn(s *ast.Field, declared *ast.FieldDefinition, types []*ast.Definition) length {
	base := w.length(s, declared)
	var all *length
	for _, t := range types {
		l := base
		if own := t.Fields.ForName(s.Name); own != nil {
			if tells := w.length(s, own); tells.known || tells.ofFields {
				l = tells
			}
		}
		if all != nil {
			l = all.or(l)
		}
		all = &l
	}
	if all == nil {
		return base
	}
	return *all
}

// length returns the length of a field: the largest of its slicing arguments,
// or else assumedSize of @listSize.
func (w *walker) length(s *ast.Field, field *ast.FieldDefinition) length {
	l := length{most: assumedSize, sized: []string{"nodes", "edges"}}
	slicing := []directive.ArgumentPath{{"first"}, {"last"}}
	if size := directive.ListSizeOf(field.Directives); size != nil {
		if size.SlicingArguments != nil {
			slicing = size.SlicingArguments
		}
		if len(size.SizedFields) > 0 {
			l.sized, l.ofFields = size.SizedFields, true
		}
		if size.AssumedSize != nil {
			l.most, l.known = *size.AssumedSize, true
		}
	}
	if n, ok := w.ids(s, field); ok {
		l.most, l.known = n, true
		return l
	}
	most := map[sliceKind]int{}
	for _, path := range slicing {
		n, kind := w.slice(s, field, path)
		most[kind] = max(most[kind], n)
	}
	_, open := most[sliceOpen]
	n, known := most[sliceTold]
	switch {
	case known && open: // one of several limits the length, another does not
		l.most, l.known = max(n, l.most), true
	case known:
		l.most, l.known = n, true
	case !open && !l.known && most[sliceAbsent] > 0: // the service may use up to the maximum
		l.most, l.known = most[sliceAbsent], true
	}
	return l
}

// sliceKind says how a slicing argument limits a length.
type sliceKind int

const (
	sliceAbsent sliceKind = iota // it is absent; the number is the maximum that it could have, or 0
	sliceTold                    // it limits the length to the number
	sliceOpen                    // it is given, but can be any number
)

// slice returns the largest value of a slicing argument, or of the value that
// its path leads to: its value or its default; for a variable, the maximum of
// its constraint.
func (w *walker) slice(s *ast.Field, field *ast.FieldDefinition, path directive.ArgumentPath) (int, sliceKind) {
	arg := field.Arguments.ForName(path[0])
	if arg == nil {
		return 0, sliceAbsent
	}
	value, typ, directives := arg.DefaultValue, arg.Type, arg.Directives
	if given := s.Arguments.ForName(path[0]); given != nil {
		value = given.Value
	}
	for _, name := range path[1:] {
		member := w.member(typ, name)
		if member == nil {
			return 0, sliceAbsent
		}
		value, typ, directives = memberValue(value, member), member.Type, member.Directives
	}
	most, bounded := directive.ConstraintOf(directives).Most()
	switch {
	case value == nil || value.Kind == ast.NullValue:
		return most, sliceAbsent
	case value.Kind == ast.IntValue:
		n, err := strconv.Atoi(value.Raw)
		if err != nil {
			return 0, sliceOpen
		}
		return max(n, 0), sliceTold
	case bounded:
		return most, sliceTold
	}
	return 0, sliceOpen
}

func (w *walker) member(typ *ast.Type, name string) *ast.FieldDefinition {
	if def := w.frontend.Schema.Types[typ.Name()]; def != nil {
		return def.Fields.ForName(name)
	}
	return nil
}

// memberValue returns the value of a field in an input object: its default if
// the object leaves it out, and the object itself if that is a variable.
func memberValue(object *ast.Value, member *ast.FieldDefinition) *ast.Value {
	switch {
	case object == nil || object.Kind == ast.NullValue:
		return nil
	case object.Kind != ast.ObjectValue:
		return object
	}
	if value := object.Children.ForName(member.Name); value != nil {
		return value
	}
	return member.DefaultValue
}

// union returns the texts of both lists, each once.
func union(a, b []string) []string {
	out := slices.Clone(a)
	for _, text := range b {
		if !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	return out
}
