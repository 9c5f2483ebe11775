package plan

import (
	"fmt"
	"go/constant"
	"go/token"
	"go/types"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/99designs/gqlgen/codegen/templates"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/directive"
)

// Shape is a struct that an answer is decoded into: a tree of the names that
// are read.
type Shape struct {
	Members []*ShapeMember
	// Copies are the values that the struct decodes for its parts; see settle.
	Copies []Copy
}

// ShapeMember is a name in a shape: an object with members of its own (Inner),
// a value (Type), or a part (Part): an embedded struct that is decoded from the
// same object.
type ShapeMember struct {
	Name   string // in the service's answer; empty for a part
	GoName string
	Type   types.Type // of a value
	Inner  *Shape
	Part   *Object
	// Apart reports whether a part is not decoded but filled by copies.
	Apart bool

	pos *ast.Position // of a part
}

// Place is the path of a value in a struct: the names of Go fields.
type Place struct{ Names []string }

// String returns the path with dots.
func (p *Place) String() string { return strings.Join(p.Names, ".") }

// Copy assigns a value to the place in a part that it belongs to.
type Copy struct{ To, From *Place }

// add puts a value at a path. It returns an error if something else is at the
// path.
func (s *Shape) add(path directive.Path, t types.Type) (*Place, error) {
	m := s.find(path[0])
	switch {
	case m == nil && len(path) == 1:
		m = &ShapeMember{Name: path[0], GoName: s.free(path[0]), Type: t}
		s.Members = append(s.Members, m)
	case m == nil:
		m = &ShapeMember{Name: path[0], GoName: s.free(path[0]), Inner: &Shape{}}
		s.Members = append(s.Members, m)
	case (len(path) == 1) != (m.Inner == nil), len(path) == 1 && TypeName(m.Type) != TypeName(t):
		return nil, fmt.Errorf("%s is read with two types", path[0])
	}
	if len(path) == 1 {
		return &Place{Names: []string{m.GoName}}, nil
	}
	rest, err := m.Inner.add(path[1:], t)
	if err != nil {
		return nil, err
	}
	return &Place{Names: append([]string{m.GoName}, rest.Names...)}, nil
}

// embed makes an object a part of the struct, which is decoded from the same
// object.
func (s *Shape) embed(part *Object, pos *ast.Position) *Place {
	name := part.row.Obj().Name()
	if !slices.ContainsFunc(s.Members, func(m *ShapeMember) bool { return m.Part == part }) {
		s.Members = append(s.Members, &ShapeMember{GoName: name, Part: part, pos: pos})
	}
	return &Place{Names: []string{name}}
}

func (s *Shape) find(name string) *ShapeMember {
	for _, m := range s.Members {
		if m.Name == name && m.Part == nil {
			return m
		}
	}
	return nil
}

// at returns the value at a path; nil if there is none.
func (s *Shape) at(path directive.Path) (types.Type, *Place) {
	m := s.find(path[0])
	switch {
	case m == nil || len(path) == 1 && m.Inner != nil || len(path) > 1 && m.Inner == nil:
		return nil, nil
	case len(path) == 1:
		return m.Type, &Place{Names: []string{m.GoName}}
	}
	t, place := m.Inner.at(path[1:])
	if place == nil {
		return nil, nil
	}
	return t, &Place{Names: append([]string{m.GoName}, place.Names...)}
}

// free returns a Go name for a name that no other member has.
func (s *Shape) free(name string) string {
	return FieldName(name, func(taken string) bool {
		return slices.ContainsFunc(s.Members, func(m *ShapeMember) bool { return m.GoName == taken })
	})
}

// FieldName returns an exported Go name for a name of a service, for which
// taken returns false.
func FieldName(name string, taken func(string) bool) string {
	out := templates.ToGo(strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return '_'
	}, strings.TrimPrefix(name, "@")))
	if first, _ := utf8.DecodeRuneInString(out); !unicode.IsUpper(first) { // not exported
		out = "Field" + out
	}
	for base, n := out, 2; taken(out); n++ {
		out = fmt.Sprintf("%s%d", base, n)
	}
	return out
}

// settle resolves conflicts between a row and its parts. If several of them
// read the same name, Go's decoders set only the outermost field, or none. So
// the outer row then decodes all values of such a part and copies them.
func (m *maker) settle(o *Object) {
	if o.settled == 2 {
		return
	}
	o.settled = 1
	count := map[string]int{}
	for _, member := range o.Row.Members {
		count[member.Name]++
	}
	parts := o.parts()
	for _, p := range parts {
		if p.Part.settled == 1 {
			m.report.At(p.pos, "use the object itself", "$ makes %s a part of itself", p.Part.Def.Name)
			o.settled = 2
			return
		}
		m.settle(p.Part)
		for name := range p.Part.names() {
			count[name]++
		}
	}
	for _, p := range parts {
		if slices.ContainsFunc(slices.Collect(maps.Keys(p.Part.names())), func(name string) bool { return count[name] > 1 }) {
			m.separate(o, p)
		}
	}
	o.settled = 2
}

// separate makes a row decode the values of a part itself.
func (m *maker) separate(o *Object, p *ShapeMember) {
	p.Apart = true
	p.Part.leaves(func(path directive.Path, t types.Type, place *Place) {
		outer, err := o.Row.add(path, t)
		if err != nil {
			m.report.At(p.pos, "give one of them another type, or a converter", "%s and %s: %v", o.Def.Name, p.Part.Def.Name, err)
			return
		}
		o.Row.Copies = append(o.Row.Copies, Copy{To: &Place{Names: append([]string{p.GoName}, place.Names...)}, From: outer})
	})
}

func (o *Object) parts() []*ShapeMember {
	var parts []*ShapeMember
	for _, member := range o.Row.Members {
		if member.Part != nil {
			parts = append(parts, member)
		}
	}
	return parts
}

// names returns the names that a row and its parts read.
func (o *Object) names() map[string]bool {
	names := map[string]bool{}
	o.leaves(func(path directive.Path, _ types.Type, _ *Place) { names[path[0]] = true })
	return names
}

// leaves calls do for each value that a row reads, and for each value that only
// its parts read.
func (o *Object) leaves(do func(path directive.Path, t types.Type, place *Place)) {
	o.Row.leaves(nil, nil, do)
	for _, p := range o.parts() {
		if p.Part.settled == 1 {
			continue // reported
		}
		p.Part.leaves(func(path directive.Path, t types.Type, place *Place) {
			if o.Row.find(path[0]) == nil {
				do(path, t, &Place{Names: append([]string{p.GoName}, place.Names...)})
			}
		})
	}
}

func (s *Shape) leaves(path directive.Path, names []string, do func(path directive.Path, t types.Type, place *Place)) {
	for _, m := range s.Members {
		at, place := append(slices.Clone(path), m.Name), append(slices.Clone(names), m.GoName)
		switch {
		case m.Part != nil:
		case m.Inner != nil:
			m.Inner.leaves(at, place, do)
		default:
			do(at, m.Type, &Place{Names: place})
		}
	}
}

// fits reports whether an integer literal is a value of a numeric Go type.
func fits(raw string, t types.Type) bool {
	basic, ok := t.Underlying().(*types.Basic)
	if !ok || basic.Info()&types.IsNumeric == 0 {
		return false
	}
	value := constant.MakeFromLiteral(raw[signs(raw):], token.INT, 0)
	if signs(raw) > 0 {
		value = constant.UnaryOp(token.SUB, value, 0)
	}
	bits := map[types.BasicKind]int{
		types.Int: 64, types.Int64: 64, types.Int32: 32, types.Int16: 16, types.Int8: 8,
		types.Uint: 64, types.Uint64: 64, types.Uint32: 32, types.Uint16: 16, types.Uint8: 8,
	}[basic.Kind()]
	switch {
	case bits == 0: // a floating-point number
		return true
	case basic.Info()&types.IsUnsigned != 0:
		return constant.Sign(value) >= 0 && constant.BitLen(value) <= bits
	case constant.Sign(value) < 0: // the least number has a bit more
		return constant.BitLen(constant.BinaryOp(value, token.ADD, constant.MakeInt64(1))) < bits
	}
	return constant.BitLen(value) < bits
}

// signs returns the number of characters of a literal's sign.
func signs(raw string) int {
	if strings.HasPrefix(raw, "-") {
		return 1
	}
	return 0
}
