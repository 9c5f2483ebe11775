package input

import (
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/directive"
)

// typ is a type of a position: of a variable, an argument, an input field.
type typ struct {
	nonNull bool
	elem    *typ   // of a list; nil otherwise
	named   *named // nil of a list, and of what the schema does not define
	text    string // as in the schema: "[Int!]!"
}

// kind is what a named type is.
type kind int

const (
	isCustom kind = iota
	isInt
	isFloat
	isString
	isID
	isBoolean
	isEnum
	isObject
)

// named is a scalar, an enum or an input object.
type named struct {
	name       string
	kind       kind
	definition *ast.Definition
	parse      Parser          // nil accepts what the kind does
	values     map[string]bool // of an enum
	fields     []field         // of an input object, in the order of the schema
	index      map[string]int  // of fields, by name
	oneOf      bool
}

// field is an input field.
type field struct {
	name       string
	typ        *typ
	definition *ast.FieldDefinition
	hasDefault bool
	value      any  // the canonical default
	size       size // of it
	state      state
	limit      *limit
	global     *global
}

// state is how far the default of a field is compiled.
type state int

const (
	begun state = iota + 1
	done
)

var kinds = map[string]kind{"Int": isInt, "Float": isFloat, "String": isString, "ID": isID, "Boolean": isBoolean} //nolint:gochecknoglobals // it is constant

func (s *Schema) fill(n *named) {
	switch n.definition.Kind {
	case ast.Enum:
		n.kind = isEnum
		n.values = make(map[string]bool, len(n.definition.EnumValues))
		for _, value := range n.definition.EnumValues {
			n.values[value.Name] = true
		}
	case ast.InputObject:
		n.kind = isObject
		n.oneOf = n.definition.Directives.ForName("oneOf") != nil
		n.index = make(map[string]int, len(n.definition.Fields))
		n.fields = make([]field, len(n.definition.Fields))
		for i, definition := range n.definition.Fields {
			n.index[definition.Name] = i
			n.fields[i] = field{name: definition.Name, typ: s.typeOf(definition.Type), definition: definition, limit: limitOf(definition.Directives),
				global: s.globalOf(definition.Directives)}
		}
	default:
		n.kind = kinds[n.name]
	}
	n.parse = s.config.Parsers[n.name]
}

// fillDefault compiles the default of a field of an input object, and first
// those that it contains (section 3.10, "Input Object Default Value Cycles").
func (s *Schema) fillDefault(n *named, f *field) []*DefaultError {
	literal := f.definition.DefaultValue
	if literal == nil || f.state == done {
		return nil
	}
	wrong := func(message string) []*DefaultError {
		return []*DefaultError{{Of: n.name + "." + f.name, Message: message, At: literal.Position}}
	}
	if f.state == begun {
		return wrong("it contains itself")
	}
	f.state = begun
	if errs := s.contained(f.typ, literal); errs != nil {
		return errs
	}
	f.state = done
	value, err := s.constant(f.typ, literal)
	if err != nil {
		return wrong(err.Error())
	}
	if message := f.limit.wrong(value); message != "" {
		return wrong(message)
	}
	f.hasDefault, f.value, f.size = true, value, sizeOf(value)
	return nil
}

// contained compiles the defaults that a literal needs.
func (s *Schema) contained(t *typ, value *ast.Value) []*DefaultError {
	for t.elem != nil && value.Kind != ast.ListValue {
		t = t.elem
	}
	if t.elem != nil {
		for _, child := range value.Children {
			if errs := s.contained(t.elem, child.Value); errs != nil {
				return errs
			}
		}
		return nil
	}
	if t.named == nil || t.named.kind != isObject || value.Kind != ast.ObjectValue {
		return nil
	}
	for i := range t.named.fields {
		f := &t.named.fields[i]
		var errs []*DefaultError
		if given := value.Children.ForName(f.name); given != nil {
			errs = s.contained(f.typ, given)
		} else {
			errs = s.fillDefault(t.named, f)
		}
		if errs != nil {
			return errs
		}
	}
	return nil
}

func (s *Schema) typeOf(t *ast.Type) *typ {
	out := &typ{nonNull: t.NonNull, text: t.String()}
	if t.Elem != nil {
		out.elem = s.typeOf(t.Elem)
	} else {
		out.named = s.named[t.NamedType]
	}
	return out
}

// limit is the directive @constraint: the least and the most that a number may
// be. Nil limits nothing; neither does it limit null and lists.
type limit struct{ least, most *float64 }

func limitOf(directives ast.DirectiveList) *limit {
	c := directive.ConstraintOf(directives)
	if c == nil {
		return nil
	}
	return &limit{least: c.Min, most: c.Max}
}

// wrong describes the mistake of a canonical value; it returns "" if there is none.
func (l *limit) wrong(value any) string {
	if l == nil {
		return ""
	}
	n, ok := Number(value)
	if !ok || (l.least == nil || n >= *l.least) && (l.most == nil || n <= *l.most) {
		return ""
	}
	switch {
	case l.most == nil:
		return "it must be at least " + plain(*l.least)
	case l.least == nil:
		return "it must be at most " + plain(*l.most)
	}
	return "it must be from " + plain(*l.least) + " to " + plain(*l.most)
}

func plain(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }
