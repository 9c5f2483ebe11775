package golang

import (
	"fmt"
	"go/token"
	"go/types"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/directive"
	"github.com/portico-gateway/portico/internal/plan"
)

// body writes the body of a request, and the condition under which it is sent.
// Both are empty without a body.
func (f *function) body() (expr, condition string) {
	if f.Body == nil {
		return "", ""
	}
	if f.Body.Operand != nil {
		v := f.value(f.Body.Operand.Var)
		_, expr := f.present(v, f.Body.Leaf)
		return expr, v.there
	}
	_, expr = f.sent(f.Body, lowerFirst(f.Name)+"Body")
	return expr, ""
}

// sent writes a part of a body and its type. The type of an object gets the
// name.
func (f *function) sent(s *plan.Sent, name string) (typ, expr string) {
	switch {
	case s.Const != nil:
		return constant(s.Const)
	case s.Text != nil:
		return f.sentText(s.Text)
	case s.Operand != nil:
		return f.sentOperand(s)
	case s.Object != nil:
		return f.sentObject(s.Object, name)
	case s.Each != nil:
		typ, expr = f.sentObject(s.Each, name+"Item")
		return "[]" + typ, fmt.Sprintf("%s(keys, func(key %s) %s {\nreturn %s\n})", f.upstream("Map"), f.keyType(f.Call), typ, expr)
	}
	var items []string
	for _, item := range s.List {
		t, expr := f.sent(item, name+"Item")
		if typ != "" && typ != t {
			t = "any"
		}
		typ = t
		items = append(items, expr)
	}
	if typ == "" {
		typ = "any"
	}
	return "[]" + typ, "[]" + typ + "{" + strings.Join(items, ", ") + "}"
}

func (f *function) sentObject(members []plan.SentMember, typ string) (_, expr string) {
	of := &members // identifies the declaration
	f.declare(of, typ, "")
	typ = f.of(of)
	var fields, values []string
	taken := map[string]bool{}
	for _, m := range members {
		part := plan.GoName(m.Name)
		if !token.IsIdentifier(part) {
			part = plan.FieldName(m.Name, func(string) bool { return false })
		}
		t, expr := f.sent(m.Value, typ+part)
		tag := m.Name
		if strings.HasPrefix(t, "*") || strings.HasPrefix(t, "[]") || strings.Contains(t, ".Omittable[") {
			tag += ",omitzero"
		}
		name := plan.FieldName(m.Name, func(name string) bool { return taken[name] })
		taken[name] = true
		fields = append(fields, fmt.Sprintf("%s %s `json:%q`", name, t, tag))
		values = append(values, name+": "+expr)
	}
	fmt.Fprintf(&f.bodies, "// %s is the body of %s.\ntype %s struct {\n%s\n}\n\n", typ, f.What(), typ, strings.Join(fields, "\n"))
	return typ, typ + "{\n" + strings.Join(values, ",\n") + ",\n}"
}

func constant(v *ast.Value) (typ, expr string) {
	switch v.Kind {
	case ast.IntValue:
		if _, err := strconv.ParseInt(v.Raw, 10, 64); err != nil {
			return "float64", v.Raw
		}
		return "int64", v.Raw
	case ast.FloatValue:
		return "float64", v.Raw
	case ast.BooleanValue:
		return "bool", v.Raw
	case ast.NullValue:
		return "any", "nil"
	}
	return "string", strconv.Quote(v.Raw)
}

// sentText writes a text with several variables. It is null if one of them is
// absent.
func (f *function) sentText(t directive.Text) (typ, expr string) {
	guard := f.there(t)
	if guard == "" {
		return "string", f.concatenated(t)
	}
	name := f.variable("text")
	f.line("var %s *string\nif %s {", name, guard)
	f.line("%s = new(%s)\n}", name, f.concatenated(t))
	return "*string", name
}

// sentOperand writes a member that is a single variable and keeps its type.
func (f *function) sentOperand(s *plan.Sent) (typ, expr string) {
	v := f.value(s.Operand.Var)
	if v.Omittable() {
		typ, expr = f.sentMember(v.Schema, v.Steps[len(v.Steps)-1].Model, v.whole, s.Leaf)
		return f.when(v, typ, expr, v.within)
	}
	typ, expr = f.present(v, s.Leaf)
	if v.there == "" || strings.HasPrefix(typ, "[]") && !strings.Contains(v.there, "&&") {
		return typ, expr
	}
	if pointer, ok := strings.CutPrefix(expr, "*"); ok && !strings.Contains(v.there, "&&") {
		return "*" + typ, pointer
	}
	if !strings.HasPrefix(typ, "*") && !strings.HasPrefix(typ, "[]") {
		typ, expr = "*"+typ, "new("+expr+")"
	}
	return f.when(v, typ, expr, v.there)
}

// when declares a variable that is set under a condition. Without a condition,
// it returns the expression as it is.
func (f *function) when(v value, typ, expr, condition string) (_, _ string) {
	if condition == "" {
		return typ, expr
	}
	name := f.variable(f.namer.variable(v.Path[len(v.Path)-1], "") + "Value")
	f.line("var %s %s\nif %s {\n%s = %s\n}\n", name, typ, condition, name, expr)
	return typ, name
}

// present writes a value that is not absent.
func (f *function) present(v value, leaf plan.Leaf) (typ, expr string) {
	if leaf == (plan.Leaf{}) {
		if v.List {
			return f.typ(v.Type), v.expr
		}
		return f.typ(v.Item), v.expr
	}
	if v.Schema == nil { // the keys of a batch, or one of a parent
		if v.List {
			f.check(v.Var, f.upstream("Numeric"))
			return "[]" + f.upstream("Number"), fmt.Sprintf("%s(%s, %s)", f.upstream("Map"), v.expr, f.upstream("AsNumber"))
		}
		if v.Repeated {
			f.check(v.Var, f.upstream("Numeric"))
		}
		return f.upstream("Number"), f.upstream("AsNumber") + "(" + v.expr + ")"
	}
	t := *v.Schema
	t.NonNull = true
	if v.List {
		return f.sentValue(&t, v.Type, v.expr, leaf)
	}
	return f.sentValue(&t, v.Item, v.expr, leaf)
}

// sentMember writes a field of an input object, which may be absent.
func (c *client) sentMember(t *ast.Type, model types.Type, expr string, leaf plan.Leaf) (typ, value string) {
	inner, ok := plan.Omittable(model)
	if !ok {
		return c.sentValue(t, model, expr, leaf)
	}
	if leaf == (plan.Leaf{}) {
		return c.typ(model), expr
	}
	typ, value = c.sentValue(t, inner, "value", leaf)
	fn := fmt.Sprintf("func(value %s) %s { return %s }", c.typ(inner), typ, value)
	if name, ok := strings.CutSuffix(value, "(value)"); ok && !strings.ContainsAny(name, "( ") {
		fn = name
	}
	return c.use(plan.GQLGenPath) + ".Omittable[" + typ + "]", fmt.Sprintf("%s(%s, %s)", c.upstream("MapOmittable"), expr, fn)
}

// sentValue writes a value of a GraphQL type as it is sent. Leaves are
// converted within any number of lists.
func (c *client) sentValue(t *ast.Type, model types.Type, expr string, leaf plan.Leaf) (typ, value string) {
	if leaf == (plan.Leaf{}) {
		return c.typ(model), expr
	}
	if leaf.Entries != nil {
		return c.sentEntries(leaf.Entries, expr)
	}
	if t.Elem != nil {
		slice, _ := model.(*types.Slice)
		typ, value = c.sentValue(t.Elem, slice.Elem(), "item", leaf)
		if name, ok := strings.CutSuffix(value, "(item)"); ok && !strings.ContainsAny(name, "( ") {
			return "[]" + typ, fmt.Sprintf("%s(%s, %s)", c.upstream("Map"), expr, name)
		}
		return "[]" + typ, fmt.Sprintf("%s(%s, func(item %s) %s { return %s })", c.upstream("Map"), expr, c.typ(slice.Elem()), typ, value)
	}
	if leaf.Form.As != "" {
		return c.sentForm(model, expr, leaf.Form)
	}
	if leaf.Input != nil {
		if !plan.IsPointer(model) {
			expr = address(expr)
		}
		return "*" + c.of(typeOf{leaf.Input}), c.of(leaf.Input) + "(" + expr + ")"
	}
	fn := c.of(textOf{leaf.Enum})
	if plan.IsPointer(model) {
		return "*string", fmt.Sprintf("%s(%s, %s)", c.upstream("Apply"), expr, fn)
	}
	return "string", fn + "(" + expr + ")"
}

// input writes the function that converts an input object to a body or a
// message.
func (c *client) input(in *plan.Input) string {
	if in.Message != nil {
		return c.inputMessage(in)
	}
	typ, fn := c.of(typeOf{in}), c.of(in)
	var fields, values []string
	taken := map[string]bool{}
	for _, m := range in.Members {
		t, expr := c.sentMember(m.Schema, m.Model, "in."+m.Field, m.Leaf)
		tag := m.Name
		if !m.Schema.NonNull {
			tag += ",omitzero"
		}
		name := plan.FieldName(m.Name, func(name string) bool { return taken[name] })
		taken[name] = true
		fields = append(fields, fmt.Sprintf("%s %s `json:%q`", name, t, tag))
		values = append(values, name+": "+expr+",")
	}
	return fmt.Sprintf("// %s is %s as the service expects it.\ntype %s struct {\n%s\n}\n\n"+
		"func %s(in *%s) *%s {\nif in == nil {\nreturn nil\n}\nreturn &%s{\n%s\n}\n}\n\n",
		typ, withArticle(in.Def.Name), typ, strings.Join(fields, "\n"), fn, c.typ(in.Model), typ, typ, strings.Join(values, "\n"))
}

// withArticle returns a name with "a" or "an" before it.
func withArticle(name string) string {
	if strings.ContainsRune("AEIO", rune(name[0])) || name[0] == 'U' && !strings.HasPrefix(name, "Us") && !strings.HasPrefix(name, "Uni") {
		return "an " + name
	}
	return "a " + name
}
