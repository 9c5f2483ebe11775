package schemadiff_test

import (
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator"

	"github.com/portico-gateway/portico/gateway/directive"
)

// dice decides about each part of a random schema by its name. Two dice of one seed
// decide alike about most parts.
type dice struct {
	seed    int
	changed bool
}

func (d dice) roll(what string, n int) int {
	hash := func(salt string) int {
		h := fnv.New64a()
		fmt.Fprintf(h, "%d %s %s", d.seed, what, salt)
		sum := h.Sum64()
		return int((sum ^ sum>>29) % 1_000_003)
	}
	if d.changed && hash("whether it changes")%100 < 8 {
		return hash("changed") % n
	}
	return hash("") % n
}

func (d dice) maybe(what string, percent int) bool { return d.roll(what, 100) < percent }

// schema is a random schema of a few types, of which some change their kind.
func (d dice) schema() string {
	var b strings.Builder
	for _, name := range d.names("d", 2) {
		d.directive(&b, name)
	}
	b.WriteString("type Query {\n  ping: Int\n")
	d.fields(&b, "Query", 5)
	b.WriteString("}\n")
	for _, name := range typesOf() {
		switch d.kind(name) {
		case "scalar":
			b.WriteString("scalar " + name + "\n")
		case "enum":
			b.WriteString("enum " + name + " { Z " + strings.Join(d.names(name+"V", 4), " ") + " }\n")
		case "input":
			b.WriteString("input " + name + " {\n  x: Int\n")
			for _, field := range d.names("f", 3) {
				fmt.Fprintf(&b, "  %s: %s\n", field, d.input(name+"."+field))
			}
			b.WriteString("}\n")
		case "object":
			d.object(&b, name)
		case "union":
			b.WriteString("union " + name + " = Fixed")
			for _, member := range typesOf() {
				if d.kind(member) == "object" && d.maybe(name+member, 50) {
					b.WriteString(" | " + member)
				}
			}
			b.WriteString("\n")
		}
	}
	b.WriteString("interface I0 { i0(a: Int): Int }\ninterface I1 { i1: String }\ntype Fixed { x: Int }\n")
	return b.String()
}

func (d dice) directive(b *strings.Builder, name string) {
	var args []string
	for _, arg := range d.names("a", 2) {
		args = append(args, arg+": "+d.input("@"+name+"."+arg))
	}
	fmt.Fprintf(b, "directive @%s(%s)", name, strings.Join(append(args, "z: Int"), ", "))
	if d.maybe(name+"repeatable", 50) {
		b.WriteString(" repeatable")
	}
	b.WriteString(" on FIELD")
	for _, location := range []string{"QUERY", "INLINE_FRAGMENT", "FRAGMENT_SPREAD"} {
		if d.maybe(name+location, 50) {
			b.WriteString(" | " + location)
		}
	}
	b.WriteString("\n")
}

func (d dice) object(b *strings.Builder, name string) {
	b.WriteString("type " + name)
	var own string
	for i, field := range []string{"i0(a: Int): Int", "i1: String"} {
		if !d.maybe(fmt.Sprint(name, "implements", i), 50) {
			continue
		}
		if own == "" {
			b.WriteString(" implements")
		} else {
			b.WriteString(" &")
		}
		fmt.Fprintf(b, " I%d", i)
		own += "  " + field + "\n"
	}
	b.WriteString(" {\n  x: Int\n" + own)
	d.fields(b, name, 3)
	b.WriteString("}\n")
}

func (d dice) fields(b *strings.Builder, of string, most int) {
	for _, field := range d.names("f", most) {
		name := of + "." + field
		if !d.maybe(name, 85) {
			continue
		}
		var args []string
		for _, arg := range d.names("a", 2) {
			if d.maybe(name+arg, 60) {
				args = append(args, arg+": "+d.input(name+"."+arg))
			}
		}
		list := ""
		if args != nil {
			list = "(" + strings.Join(args, ", ") + ")"
		}
		fmt.Fprintf(b, "  %s%s: %s\n", field, list, d.wrapped(name, d.named(name, "scalar", "enum", "object", "union")))
	}
}

// input returns a random type of an argument or an input field, with its default.
func (d dice) input(of string) string {
	named := d.named(of, "scalar", "enum", "input")
	typ := d.wrapped(of, named)
	if d.kind(named) == "input" { // which must not need each other
		typ = strings.TrimSuffix(typ, "!")
	}
	value := ""
	switch {
	case d.kind(named) == "enum":
		value = "Z"
	case named == "Int":
		value = strconv.Itoa(d.roll(of+"value", 2))
	case named == "String":
		value = fmt.Sprintf("%q", strconv.Itoa(d.roll(of+"value", 2)))
	}
	if value == "" || d.maybe(of+"default", 50) {
		return typ
	}
	if strings.HasPrefix(typ, "[") && d.maybe(of+"list", 50) {
		value = "[" + value + "]"
	}
	return typ + " = " + value
}

func (d dice) wrapped(of, named string) string {
	return fmt.Sprintf([]string{"%s", "%s", "%s!", "%s!", "[%s]", "[%s!]", "[%s!]!"}[d.roll(of+"wrapped", 7)], named)
}

// named returns a type of one of these kinds.
func (d dice) named(of string, kinds ...string) string {
	name := typesOf()[d.roll(of+"type", len(typesOf()))]
	for _, kind := range kinds {
		if d.kind(name) == kind {
			return name
		}
	}
	return []string{"Int", "String"}[d.roll(of+"scalar", 2)]
}

func typesOf() []string { return []string{"T0", "T1", "T2", "T3", "T4", "T5", "T6", "T7"} }

// kind returns the kind of a type; "" if there is no such type.
func (d dice) kind(name string) string {
	if len(name) != 2 || name[0] != 'T' {
		return ""
	}
	return []string{"scalar", "enum", "enum", "input", "input", "object", "object", "object", "union", ""}[d.roll("kind of "+name, 10)]
}

// names returns some of prefix0, prefix1 …
func (d dice) names(prefix string, most int) []string {
	var list []string
	for i := range most {
		if name := fmt.Sprint(prefix, i); d.maybe(name+" of "+prefix, 80) {
			list = append(list, name)
		}
	}
	return list
}

// load validates a schema.
func load(t testing.TB, name, text string) *ast.Schema {
	t.Helper()
	sources := append([]*ast.Source{validator.Prelude}, directive.Definitions()...)
	schema, err := validator.LoadSchema(append(sources, &ast.Source{Name: name, Input: text})...)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return schema
}

// operation returns a random operation of a schema. It is valid but for what the
// validator says of conflicting fields.
func (d dice) operation(schema *ast.Schema) string {
	o := &operationWriter{dice: d, schema: schema}
	set := o.selection(schema.Query, "q", 0)
	head := "query Random"
	if o.variables != nil {
		head += "(" + strings.Join(o.variables, ", ") + ")"
	}
	if def := schema.Directives["d0"]; def != nil && d.maybe("directive of the operation", 30) && strings.Contains(fmt.Sprint(def.Locations), "QUERY") {
		head += o.uses(def, "query")
	}
	return head + " " + set + strings.Join(o.fragments, "")
}

type operationWriter struct {
	dice
	schema    *ast.Schema
	variables []string
	fragments []string
}

// fragment returns a fragment of a type, by its name or inline.
func (o *operationWriter) fragment(def *ast.Definition, at string, depth int) string {
	set := o.selection(def, at, depth+1)
	if o.maybe(at+"inline", 50) {
		return " ... on " + def.Name + " " + set
	}
	name := fmt.Sprint("F", len(o.fragments))
	o.fragments = append(o.fragments, " fragment "+name+" on "+def.Name+" "+set)
	if d := o.schema.Directives["d1"]; d != nil && o.maybe(at+"directive", 30) && strings.Contains(fmt.Sprint(d.Locations), "SPREAD") {
		return " ..." + name + o.uses(d, at)
	}
	return " ..." + name
}

func (o *operationWriter) uses(def *ast.DirectiveDefinition, at string) string {
	return " @" + def.Name + o.arguments(def.Arguments, at+def.Name)
}

func (o *operationWriter) selection(def *ast.Definition, at string, depth int) string {
	var out strings.Builder
	out.WriteString("{ __typename")
	for i, field := range def.Fields {
		at := fmt.Sprint(at, field.Name)
		if strings.HasPrefix(field.Name, "__") || !o.maybe(at, 60) {
			continue
		}
		of := o.schema.Types[field.Type.Name()]
		if !of.IsLeafType() && depth > 2 {
			continue
		}
		fmt.Fprintf(&out, " x%d_%d_%s: %s%s", depth, i, strings.ReplaceAll(at, ".", ""), field.Name, o.arguments(field.Arguments, at))
		if def := o.schema.Directives["d1"]; def != nil && o.maybe(at+"directive", 15) {
			out.WriteString(o.uses(def, at))
			if def.IsRepeatable && o.maybe(at+"twice", 50) {
				out.WriteString(o.uses(def, at+"twice"))
			}
		}
		if !of.IsLeafType() {
			out.WriteString(" " + o.selection(of, at, depth+1))
		}
	}
	for _, possible := range o.schema.GetPossibleTypes(def) {
		if at := at + "on" + possible.Name; def.Kind == ast.Union && depth < 4 && o.maybe(at, 60) {
			out.WriteString(o.fragment(possible, at, depth))
		}
	}
	for _, name := range def.Interfaces {
		if at := at + "as" + name; o.maybe(at, 40) {
			out.WriteString(o.fragment(o.schema.Types[name], at, depth))
		}
	}
	out.WriteString(" }")
	return out.String()
}

func (o *operationWriter) arguments(defs ast.ArgumentDefinitionList, at string) string {
	var list []string
	for _, arg := range defs {
		at := at + "." + arg.Name
		required := arg.Type.NonNull && arg.DefaultValue == nil
		switch {
		case !required && o.maybe(at+"given", 40):
		case o.maybe(at+"variable", 40):
			name := fmt.Sprint("v", len(o.variables))
			o.variables = append(o.variables, "$"+name+": "+arg.Type.String())
			list = append(list, arg.Name+": $"+name)
		default:
			list = append(list, arg.Name+": "+o.literal(arg.Type, at, 0))
		}
	}
	if list == nil {
		return ""
	}
	return "(" + strings.Join(list, ", ") + ")"
}

func (o *operationWriter) literal(t *ast.Type, at string, depth int) string {
	if !t.NonNull && (depth > 2 || o.maybe(at+"null", 15)) {
		return "null"
	}
	if t.Elem != nil {
		return "[" + o.literal(t.Elem, at+"[]", depth+1) + "]"
	}
	def := o.schema.Types[t.NamedType]
	switch {
	case def.Kind == ast.Enum:
		return def.EnumValues[o.roll(at+"value", len(def.EnumValues))].Name
	case def.Kind == ast.InputObject:
		var fields []string
		for _, field := range def.Fields {
			required := field.Type.NonNull && field.DefaultValue == nil
			if at := at + "." + field.Name; required || o.maybe(at, 50) {
				fields = append(fields, field.Name+": "+o.literal(field.Type, at, depth+1))
			}
		}
		return "{" + strings.Join(fields, ", ") + "}"
	case t.NamedType == "String":
		return `"s"`
	}
	return "1"
}
