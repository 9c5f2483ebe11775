package directive

import (
	"slices"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
)

// Report receives a mistake: its position, what to do about it (or ""), and
// what is wrong.
type Report func(pos *ast.Position, fix, format string, args ...any)

// Checked is the schema to check, and functions that its owner provides. They
// may be nil.
type Checked struct {
	Schema *ast.Schema
	// Suggest returns what to do about a name that does not exist, given the
	// names that do.
	Suggest func(name string, names []string) string
	// StandIn reports whether a type replaces an undefined one. No more
	// mistakes are reported about such a type.
	StandIn func(*ast.Type) bool
	// Inaccessible reports whether a field is hidden from callers.
	Inaccessible func(*ast.FieldDefinition) bool
}

func (c Checked) standsIn(t *ast.Type) bool { return c.StandIn != nil && c.StandIn(t) }

func (c Checked) inaccessible(f *ast.FieldDefinition) bool {
	return c.Inaccessible != nil && c.Inaccessible(f)
}

// hint returns a suggestion; empty if there are no names.
func (c Checked) hint(name string, names []string) string {
	if c.Suggest == nil || len(names) == 0 {
		return ""
	}
	return c.Suggest(name, names)
}

// checker checks the directives of a schema.
type checker struct {
	Checked
	report Report
}

// Check reports the mistakes in all directives of this package, in no
// particular order. The schema must be valid otherwise, and include
// [Definitions].
func Check(in Checked, report Report) {
	c := checker{in, report}
	c.others(in.Schema.SchemaDirectives)
	for _, d := range in.Schema.Directives {
		for _, arg := range d.Arguments {
			c.anywhere(arg.Directives)
			c.deprecated("@"+d.Name+"("+arg.Name+":)", arg.Type, arg.DefaultValue, arg.Directives)
		}
	}
	for _, def := range in.Schema.Types {
		c.anywhere(def.Directives)
		c.oneOf(def)
		for _, value := range def.EnumValues {
			c.others(value.Directives)
		}
		c.oneWeight(def)
		c.cacheControl(def.Directives)
		c.tagsOfType(def)
		for _, field := range def.Fields {
			c.field(def, field)
		}
	}
}

func (c checker) field(def *ast.Definition, field *ast.FieldDefinition) {
	c.anywhere(field.Directives)
	c.fieldWeight(def, field)
	c.listSize(field)
	c.rateLimit(field)
	c.cached(def, field)
	c.cacheControl(field.Directives)
	c.tagsOfField(def, field)
	c.constraint(field.Directives, field.Type)
	c.globalID(field.Directives, field.Type, field.DefaultValue)
	if def.Kind == ast.InputObject {
		c.deprecated(def.Name+"."+field.Name, field.Type, field.DefaultValue, field.Directives)
	}
	for _, arg := range field.Arguments {
		c.anywhere(arg.Directives)
		c.deprecated(def.Name+"."+field.Name+"("+arg.Name+":)", arg.Type, arg.DefaultValue, arg.Directives)
		c.constraint(arg.Directives, arg.Type)
		c.globalID(arg.Directives, arg.Type, arg.DefaultValue)
	}
}

// anywhere checks the directives that types, fields and arguments have.
func (c checker) anywhere(directives ast.DirectiveList) {
	c.rights(directives)
	c.weight(directives)
	c.others(directives)
}

// literals reports arguments that do not have the types of the directive's
// definition, and returns whether all do. It also reports null, which means the
// same as leaving the argument out.
func (c checker) literals(d *ast.Directive) bool {
	ok := true
	for _, arg := range d.Arguments {
		if arg.Value.Kind == ast.NullValue {
			c.report(arg.Value.Position, "remove it", "%s must not be null", arg.Name)
			ok = false
		}
	}
	return ok && CheckArguments(c.Checked, d, c.report)
}

// again reports an item that equals an earlier one, and returns whether it
// does.
func (c checker) again(before []*ast.Value, item *ast.Value) bool {
	twice := slices.ContainsFunc(before, func(b *ast.Value) bool { return b.Raw == item.Raw })
	if twice {
		c.report(item.Position, "keep one", "%s is listed twice", item)
	}
	return twice
}

// CheckArguments reports arguments of a directive that do not have the types of
// its definition, and returns whether all do. gqlparser does not check this in
// a schema. The directive may be one of another package.
func CheckArguments(in Checked, d *ast.Directive, report Report) bool {
	ok := true
	l := literals{Checked: in, report: func(pos *ast.Position, fix, format string, args ...any) {
		ok = false
		report(pos, fix, format, args...)
	}}
	for _, arg := range d.Arguments {
		l.value(arg.Value, d.Definition.Arguments.ForName(arg.Name).Type, arg.Name)
	}
	return ok
}

// literals checks literals against types.
type literals struct {
	Checked
	report Report
}

// value checks a literal. Any literal is a value of a custom scalar.
func (l literals) value(v *ast.Value, t *ast.Type, what string) {
	if v.Kind == ast.NullValue {
		if t.NonNull {
			l.report(v.Position, "", "%s must not be null", what)
		}
		return
	}
	if t.Elem != nil {
		for _, item := range Items(v) {
			l.value(item, t.Elem, what)
		}
		return
	}
	def := l.Schema.Types[t.NamedType]
	switch def.Kind {
	case ast.InputObject:
		l.object(v, def, what)
	case ast.Enum:
		if v.Kind != ast.EnumValue || def.EnumValues.ForName(v.Raw) == nil {
			var names []string
			for _, value := range def.EnumValues {
				names = append(names, value.Name)
			}
			l.report(v.Position, l.hint(v.Raw, names), "%s can't be %s", what, v)
		}
	default:
		if want := scalar(v, t.NamedType); want != "" {
			l.report(v.Position, "", "%s must be %s, but is %s", what, want, v)
		}
	}
}

// scalar returns what a literal of a built-in scalar must be; empty if it is that, or if the scalar is another.
func scalar(v *ast.Value, name string) string {
	isString := v.Kind == ast.StringValue || v.Kind == ast.BlockValue
	switch {
	case name == "String" && !isString:
		return "a string"
	case name == "ID" && !isString && v.Kind != ast.IntValue:
		return "an id"
	case name == "Boolean" && v.Kind != ast.BooleanValue:
		return "true or false"
	case name == "Int" && !isInt(v):
		return "a whole number"
	case name == "Float" && v.Kind != ast.IntValue && v.Kind != ast.FloatValue:
		return "a number"
	}
	return ""
}

// isInt reports whether a literal is an Int, which has 32 bits (GraphQL
// specification, section 3.5.1).
func isInt(v *ast.Value) bool {
	_, err := strconv.ParseInt(v.Raw, 10, 32)
	return v.Kind == ast.IntValue && err == nil
}

func (l literals) object(v *ast.Value, def *ast.Definition, what string) {
	if v.Kind != ast.ObjectValue {
		l.report(v.Position, "", "%s must be an object, but is %s", what, v)
		return
	}
	if def.Directives.ForName("oneOf") != nil && len(v.Children) != 1 {
		l.report(v.Position, "", "%s must have exactly one field: %s is a OneOf input object", what, def.Name)
	}
	for _, child := range v.Children {
		field := def.Fields.ForName(child.Name)
		if field == nil {
			l.report(child.Position, l.hint(child.Name, fieldNames(def)), "%s has no %s", what, child.Name)
			continue
		}
		l.value(child.Value, field.Type, what+"."+child.Name)
	}
	for _, field := range def.Fields {
		if field.Type.NonNull && field.DefaultValue == nil && v.Children.ForName(field.Name) == nil {
			l.report(v.Position, "", "%s has no %s", what, field.Name)
		}
	}
}

func fieldNames(def *ast.Definition) []string {
	var names []string
	for _, f := range def.Fields {
		names = append(names, f.Name)
	}
	return names
}

func argumentNames(field *ast.FieldDefinition) []string {
	var names []string
	for _, a := range field.Arguments {
		names = append(names, a.Name)
	}
	return names
}
