package golang

import (
	"fmt"
	"go/types"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/internal/plan"
)

// shape writes a struct that an answer is decoded into.
func (f *file) shape(s *plan.Shape, format plan.Format) string {
	var b strings.Builder
	b.WriteString("struct {\n")
	for _, m := range s.Members {
		tag := fmt.Sprintf("json:%q", m.Name)
		if format == plan.XML {
			tag = fmt.Sprintf("xml:%q", m.Name)
			if name, ok := strings.CutPrefix(m.Name, "@"); ok {
				tag = fmt.Sprintf("xml:\"%s,attr\"", name)
			}
		}
		switch {
		case m.Apart && format == plan.XML:
			fmt.Fprintf(&b, "%s %s `xml:\"-\"`\n", m.GoName, m.GoName)
		case m.Apart:
			fmt.Fprintf(&b, "%s %s `json:\"-\"`\n", m.GoName, m.GoName)
		case m.Part != nil:
			fmt.Fprintf(&b, "%s\n", m.GoName)
		case m.Inner != nil:
			fmt.Fprintf(&b, "%s %s `%s`\n", m.GoName, f.shape(m.Inner, format), tag)
		default:
			fmt.Fprintf(&b, "%s %s `%s`\n", m.GoName, f.typ(m.Type), tag)
		}
	}
	b.WriteString("}")
	return b.String()
}

// model writes a function that converts a row or a message to a model: checks
// of required values, then statements, then the model.
type model struct {
	*client
	object     *plan.Object
	missing    []missing
	statements strings.Builder
	inits      []string // "ID: string(*r.ID)"
	used       map[string]bool
}

// missing is a condition under which a required value is missing.
type missing struct{ condition, path string }

func (c *client) newModel(o *plan.Object) *model {
	return &model{client: c, object: o, used: map[string]bool{}}
}

// local returns the name of a variable for a field.
func (m *model) local(field string) string {
	name := m.variable(field, "Value")
	for m.used[name] {
		name += "Value"
	}
	m.used[name] = true
	return name
}

func (m *model) init(f *plan.Field, expr string) { m.inits = append(m.inits, f.GoName+": "+expr) }

// try declares a variable with the result of a call that may fail, and returns
// its name.
func (m *model) try(f *plan.Field, call string) string {
	name := m.local(f.Name)
	if len(f.Path) == 0 {
		fmt.Fprintf(&m.statements, "%s, err := %s\nif err != nil {\nreturn nil, err\n}\n", name, call)
		return name
	}
	fmt.Fprintf(&m.statements, "%s, err := %s\nif err != nil {\nreturn nil, %s(%q, err)\n}\n", name, call, m.upstream("In"), f.Path)
	return name
}

// body writes the body of the function.
func (m *model) body() string {
	var b strings.Builder
	if m.object.Row != nil {
		for _, c := range m.object.Row.Copies {
			fmt.Fprintf(&b, "r.%s = r.%s\n", c.To, c.From)
		}
	}
	switch len(m.missing) {
	case 0:
	case 1:
		fmt.Fprintf(&b, "if %s {\nreturn nil, %s(%q)\n}\n", m.missing[0].condition, m.upstream("Missing"), m.missing[0].path)
	default:
		b.WriteString("switch {\n")
		for _, s := range m.missing {
			fmt.Fprintf(&b, "case %s:\nreturn nil, %s(%q)\n", s.condition, m.upstream("Missing"), s.path)
		}
		b.WriteString("}\n")
	}
	b.WriteString(m.statements.String())
	fmt.Fprintf(&b, "return &%s{\n", m.typ(m.object.Model))
	for _, init := range m.inits {
		b.WriteString(init + ",\n")
	}
	b.WriteString("}, nil\n}\n\n")
	return b.String()
}

// row writes the struct of an object's rows and the method that converts one to
// a model.
func (c *client) row(o *plan.Object) string {
	m := c.newModel(o)
	for _, f := range o.Fields {
		m.rowField(f)
	}
	name := c.of(o)
	return fmt.Sprintf("// %s is %s as the service sends it.\ntype %s %s\n\n", name, withArticle(o.Def.Name), name, c.shape(o.Row, o.Format)) +
		fmt.Sprintf("// model returns the row as %s.\nfunc (r *%s) model() (*%s, error) {\n", withArticle(o.Def.Name), name, c.typ(o.Model)) + m.body()
}

// rowField writes the reading of a field.
func (m *model) rowField(f *plan.Field) {
	switch {
	case f.Constant != nil:
		m.init(f, m.constant(f, f.Constant))
		return
	case f.Converter != nil:
		m.init(f, m.convert(f))
		return
	}
	expr, list := "r."+f.Place.String(), f.Read.Item != nil
	switch {
	case len(f.Path) == 0:
		m.init(f, m.try(f, expr+".model()"))
		return
	case f.Default != nil:
		m.init(f, m.orDefault(f, expr))
		return
	case f.Read.Type.NonNull && (!list || m.object.Format != plan.XML):
		m.missing = append(m.missing, missing{expr + " == nil", f.Path.String()})
	}
	m.init(f, m.rowValue(f.Read, expr, func(call string) string { return m.try(f, call) }))
}

// constant writes a constant as a field of a model.
func (m *model) constant(f *plan.Field, v *ast.Value) string {
	text := m.literal(v, plan.Element(f.Model))
	if plan.IsPointer(f.Model) {
		return "new(" + text + ")"
	}
	return text
}

// orDefault writes a scalar or an enum that has a default.
func (m *model) orDefault(f *plan.Field, expr string) string {
	name, text := m.local(f.Name), m.literal(f.Default, plan.Element(f.Model))
	if read := m.reader(f.Read.Into); read.value != nil {
		fmt.Fprintf(&m.statements, "%s := %s\nif %s != nil {\n%s = %s\n}\n", name, text, expr, name, read.value(expr))
	} else {
		fmt.Fprintf(&m.statements, "%s := %s\nif %s != nil {\nvar err error\nif %s, err = %s(%s); err != nil {\nreturn nil, %s(%q, err)\n}\n}\n",
			name, text, expr, name, read.model, expr, m.upstream("In"), f.Path)
	}
	if plan.IsPointer(f.Model) {
		return "&" + name
	}
	return name
}

// convert writes the call of a hand-written function.
func (m *model) convert(f *plan.Field) string {
	var args []string
	for _, a := range f.Converter.Arguments {
		switch {
		case a.Place == nil:
			args = append(args, m.converted(a.Read.Into, getters("m", a.Read.Fields)))
		case a.Required:
			m.missing = append(m.missing, missing{"r." + a.Place.String() + " == nil", a.Path.String()})
			args = append(args, "*r."+a.Place.String())
		default:
			args = append(args, "r."+a.Place.String())
		}
	}
	fn := f.Converter.Func
	expr := m.useAs(fn.Pkg().Path(), fn.Pkg().Name()) + "." + fn.Name() + "(" + strings.Join(args, ", ") + ")"
	if f.Converter.Fails {
		expr = m.try(f, expr)
	}
	if f.Converter.Pointer {
		return "new(" + expr + ")"
	}
	return expr
}

// rowReader has the expressions that convert a scalar, an enum or an object of
// a row.
type rowReader struct {
	model string                   // a function of a pointer that returns the model and an error
	value func(expr string) string // converts a pointer that is not nil; nil if that can fail
	ptr   func(expr string) string // converts a pointer that may be nil to a pointer; nil if that can fail
	same  bool                     // the decoded value is the model's, and nil for null
}

func (c *client) reader(v plan.Conversion) rowReader {
	same := func(expr string) string { return expr }
	switch {
	case v.Object != nil:
		return rowReader{model: "(*" + c.of(v.Object) + ").model"}
	case v.Enum != nil:
		return rowReader{model: c.of(v.Enum)}
	case plan.IsAny(v.To):
		value := func(expr string) string { return expr + ".Value()" }
		return rowReader{model: c.upstream("AnyOf"), value: value, ptr: value}
	case plan.Nilable(v.To):
		return rowReader{model: c.upstream("Same"), same: true}
	case plan.TypeName(v.From) == plan.TypeName(v.To):
		return rowReader{model: c.upstream("Same"), value: func(expr string) string { return "*" + expr }, ptr: same}
	case plan.IsString(v.To):
		return rowReader{
			model: c.upstream("String"),
			value: func(expr string) string { return "string(*" + expr + ")" },
			ptr:   func(expr string) string { return "(*string)(" + expr + ")" },
		}
	}
	return rowReader{model: c.upstream("Int"), value: func(expr string) string { return "int(*" + expr + ")" }}
}

// rowValue writes a value that was decoded. try declares a variable with the
// result of a call that may fail.
func (c *client) rowValue(r *plan.Read, expr string, try func(call string) string) string {
	if r.Item != nil {
		return c.rowList(r, expr, try)
	}
	read, t := c.reader(r.Into), r.Type
	switch {
	case read.same:
		return expr
	case r.Into.Object != nil && t.NonNull:
		return try(expr + ".model()")
	case r.Into.Object != nil:
		return try(fmt.Sprintf("%s(%s, %s)", c.upstream("Row"), expr, read.model))
	case t.NonNull && read.value != nil:
		return read.value(expr)
	case t.NonNull:
		return try(read.model + "(" + expr + ")")
	case read.ptr != nil:
		return read.ptr(expr)
	}
	return try(fmt.Sprintf("%s(%s, %s)", c.upstream("Optional"), expr, read.model))
}

// rowList writes the model of a list.
func (c *client) rowList(r *plan.Read, expr string, try func(call string) string) string {
	item := r.Item
	if item.Item != nil {
		return try(fmt.Sprintf("%s(%s, %t, %s)", c.upstream("Lists"), expr, !item.Type.NonNull, c.listReader(item)))
	}
	read := c.reader(item.Into)
	slice, _ := r.Model.(*types.Slice)
	switch {
	case read.same:
		return expr
	case item.Type.NonNull && item.Into.Object == nil && plan.IsPointer(slice.Elem()): // a struct, such as time.Time
		return try(fmt.Sprintf("%s(%s, %s)", c.upstream("Rows"), expr, c.upstream("Pointer")))
	case item.Type.NonNull:
		return try(fmt.Sprintf("%s(%s, %s)", c.upstream("Rows"), expr, read.model))
	case item.Into.Object != nil || plan.IsAny(item.Into.To):
		return try(fmt.Sprintf("%s(%s, %s)", c.upstream("RowsOrNull"), expr, read.model))
	}
	return try(fmt.Sprintf("%s(%s, %s)", c.upstream("Optionals"), expr, read.model))
}

// listReader writes a function that converts the inner lists of a list.
func (c *client) listReader(r *plan.Read) string {
	call := ""
	expr := c.rowList(r, "rows", func(made string) string { call = made; return "" })
	if call == "" {
		call = expr + ", nil"
	}
	return fmt.Sprintf("func(rows %s) (%s, error) { return %s }", c.typ(r.Decoded()), c.typ(r.Model), call)
}
