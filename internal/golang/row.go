package golang

import (
	"fmt"
	"go/token"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/directive"
	"github.com/portico-gateway/portico/internal/plan"
)

// object writes the function that reads an object of a service into a model.
type object struct {
	*client
	*plan.Object
	names         []string // of the fields that can have faults, by position
	required      []int    // positions of those that may not be missing
	before, after strings.Builder
	locals        strings.Builder // declarations of variables
	used          map[string]bool // names of variables
}

// fieldsOf is the variable with the names of an object's fields.
type fieldsOf struct{ *plan.Object }

func (c *client) newObject(o *plan.Object) *object {
	return &object{client: c, Object: o, used: map[string]bool{}}
}

// local returns the name of a variable for a field.
func (o *object) local(field string) string {
	name := o.variable(field, "Value")
	if !token.IsIdentifier(name) { // an attribute of XML, or a name that begins with a digit
		name = "argument"
	}
	for o.used[name] || o.used[name+"Err"] {
		name += "Value"
	}
	o.used[name] = true
	return name
}

// lastName returns the name that is last on a path.
func lastName(path directive.Path) string {
	for _, step := range slices.Backward(path) {
		if !step.IsItem() {
			return step.Name
		}
	}
	return ""
}

// fault returns the variable for the fault of a field.
func (o *object) fault(f *plan.Field, required bool) string {
	o.names = append(o.names, f.Name)
	at := len(o.names) - 1
	if required {
		o.required = append(o.required, at)
	}
	return fmt.Sprintf("faults[%d]", at)
}

// row writes the function that reads an object from JSON or XML.
func (c *client) row(of *plan.Object) string {
	o, tree := c.newObject(of), &node{}
	itself := false
	for _, f := range of.Fields {
		switch {
		case f.Constant != nil:
			fmt.Fprintf(&o.before, "into.%s = %s\n", f.GoName, o.constant(f, f.Constant))
		case f.Converter != nil:
			o.converted(f, tree)
		case f.Header != "":
			o.inHeader(f, "d")
		case len(f.Path) == 0:
			itself = true
			fmt.Fprintf(&o.after, "d.Rewind(start)\ninto.%s, %s = %s\n", f.GoName, o.fault(f, false), o.readValue(f.Read, "d", of.Format))
		case of.Entry && f.Path[0].Name == "key":
			o.key(f)
		case f.Default != nil:
			fmt.Fprintf(&o.before, "into.%s = %s\n", f.GoName, o.constant(f, f.Default))
			o.orDefault(f, tree)
		default:
			o.field(f, tree)
		}
	}
	var b strings.Builder
	if !of.Entry {
		name := o.of(of)
		fmt.Fprintf(&b, "// %s reads %s.\nfunc %s(d %s, into *%s) error {\n", name, withArticle(of.Def.Name), name, o.decoder(of.Format), o.typ(of.Model))
	}
	if itself {
		b.WriteString("start := d.Mark()\n")
	}
	if of.Entry {
		return o.entry(tree)
	}
	enter, read := "Object", tree.loop(o.file, "d")
	if len(tree.items) > 0 {
		enter, read = "Array", tree.loopItems(o.file, "d")
	}
	fmt.Fprintf(&b, "if err := d.%s(); err != nil {\n%s}\n", enter, o.whole("d"))
	b.WriteString(o.beginning() + read + o.end("d"))
	return b.String()
}

// beginning writes the variables of the function.
func (o *object) beginning() string {
	var missing []string
	for _, at := range o.required {
		missing = append(missing, fmt.Sprintf("%d: %s", at, o.decode("ErrMissing")))
	}
	return fmt.Sprintf("faults := [%d]error{%s}\n", len(o.names), strings.Join(missing, ", ")) + o.locals.String() + o.before.String()
}

// end writes the end of the function, and the names of the fields. source is the
// variable that makes faults.
func (o *object) end(source string) string {
	fields := o.of(fieldsOf{o.Object})
	result := fmt.Sprintf("into.%s = %s.Faults(&%s, faults[:])\nreturn nil\n", o.Faults, source, fields)
	if o.Faults == "" {
		result = fmt.Sprintf("return %s.Error(faults[:])\n", fields)
	}
	return o.after.String() + result + "}\n\n" +
		fmt.Sprintf("var %s = %s{Type: %q, Names: []string{%s}}\n\n", fields, o.decode("Fields"), o.Def.Name, quoted(o.names))
}

// whole writes the return of an object that is none.
func (o *object) whole(source string) string {
	if o.Faults == "" {
		return "return err\n"
	}
	var b strings.Builder
	for _, f := range o.Fields {
		if f.Read != nil && f.Read.Type.NonNull && f.Read.Into.Object != nil && plan.IsPointer(f.Model) { // see filled
			fmt.Fprintf(&b, "into.%s = new(%s)\n", f.GoName, o.typ(plan.Element(f.Model)))
		}
	}
	fmt.Fprintf(&b, "into.%s = %s.Whole(&%s, err)\nreturn nil\n", o.Faults, source, o.of(fieldsOf{o.Object}))
	return b.String()
}

// field adds the reading of a field.
func (o *object) field(f *plan.Field, tree *node) {
	required := f.Read.Type.NonNull
	if required && absentIsEmpty(f.Read, o.Format) {
		required = false
		fmt.Fprintf(&o.before, "into.%s = %s{}\n", f.GoName, o.typ(f.Model))
	}
	fault := o.fault(f, required)
	code := fmt.Sprintf("into.%s, %s = %s\n", f.GoName, fault, o.readValue(f.Read, "d", o.Format))
	tree.add(f.Path, leaf{code, fault, required})
	o.filled(f)
}

// inHeader adds the reading of a field in the header of the answer, which a variable has.
func (o *object) inHeader(f *plan.Field, source string) {
	read := o.readValue(f.Read, fmt.Sprintf("%s.InHeader(%q)", source, f.Header), plan.XML)
	fmt.Fprintf(&o.before, "into.%s, %s = %s\n", f.GoName, o.fault(f, false), read)
}

// absentIsEmpty reports whether a list without items is absent from the answer.
func absentIsEmpty(r *plan.Read, format plan.Format) bool { return format == plan.XML && r.Item != nil }

// filled makes sure that a hand-written method finds an object in a field that
// is not null, although the service has none.
func (o *object) filled(f *plan.Field) {
	if f.Read.Type.NonNull && f.Read.Into.Object != nil && plan.IsPointer(f.Model) {
		fmt.Fprintf(&o.after, "if into.%s == nil {\ninto.%s = new(%s)\n}\n", f.GoName, f.GoName, o.typ(plan.Element(f.Model)))
	}
}

// orDefault adds the reading of a scalar or an enum that has a default.
func (o *object) orDefault(f *plan.Field, tree *node) {
	fault, value := o.fault(f, false), "value"
	if plan.IsPointer(f.Model) {
		value = "&value"
	}
	code := fmt.Sprintf("if value, err := %s; err != %s {\ninto.%s, %s = %s, err\n}\n", o.leaf(f.Read, "d", o.Format).call, o.decode("ErrMissing"),
		f.GoName, fault, value)
	tree.add(f.Path, leaf{code, fault, false})
}

// converted adds the reading of a hand-written function's arguments, and its
// call.
func (o *object) converted(f *plan.Field, tree *node) {
	var args, errs []string
	for _, a := range f.Converter.Arguments {
		name := o.local(lastName(a.Path))
		fault := name + "Err"
		o.used[fault] = true
		fmt.Fprintf(&o.locals, "var %s %s\n", name, o.typ(a.Type))
		if a.Required {
			fmt.Fprintf(&o.locals, "%s := %s\n", fault, o.decode("ErrMissing"))
		} else {
			fmt.Fprintf(&o.locals, "var %s error\n", fault)
		}
		tree.add(a.Path, leaf{fmt.Sprintf("%s, %s = %s\n", name, fault, o.argument(a)), fault, a.Required})
		args, errs = append(args, name), append(errs, fault)
	}
	o.call(f, args, errs)
}

// argument writes the expression that reads an argument of a converter.
func (o *object) argument(a plan.ConverterArgument) string {
	if item := a.Read.Item; item != nil {
		return fmt.Sprintf("%s(d, %s)", o.decode("List"), o.scalar(item.Scalar, "d", item.Model, o.Format).fn())
	}
	read := o.scalar(a.Read.Scalar, "d", plan.Element(a.Type), o.Format)
	switch {
	case a.Required:
		return read.call
	case plan.IsPointer(a.Type):
		return fmt.Sprintf("%s(d, %s)", o.decode("Optional"), read.fn())
	}
	return o.decode("OrNull") + "(" + read.call + ")"
}

// call writes the call of a converter, unless one of its arguments has a fault.
func (o *object) call(f *plan.Field, args, errs []string) {
	fault := o.fault(f, false)
	fn := f.Converter.Func
	expr := o.useAs(fn.Pkg().Path(), fn.Pkg().Name()) + "." + fn.Name() + "(" + strings.Join(args, ", ") + ")"
	var assign string
	switch {
	case f.Converter.Fails && f.Converter.Pointer:
		assign = fmt.Sprintf("into.%s, %s = %s(%s)\n", f.GoName, fault, o.decode("Pointer"), expr)
	case f.Converter.Fails:
		assign = fmt.Sprintf("into.%s, %s = %s\n", f.GoName, fault, expr)
	case f.Converter.Pointer:
		assign = fmt.Sprintf("into.%s = new(%s)\n", f.GoName, expr)
	default:
		assign = fmt.Sprintf("into.%s = %s\n", f.GoName, expr)
	}
	if len(errs) > 0 {
		assign = fmt.Sprintf("if %s = %s(%s); %s == nil {\n%s}\n", fault, o.decode("First"), strings.Join(errs, ", "), fault, assign)
	}
	o.after.WriteString("func() {\ndefer " + o.decode("Guard") + "(&" + fault + ")\n" + assign + "}()\n")
	if f.Converter.Object {
		fmt.Fprintf(&o.after, "if %s != nil && into.%s == nil {\ninto.%s = new(%s)\n}\n", fault, f.GoName, f.GoName, o.typ(plan.Element(f.Model)))
	}
}

// constant writes a constant as a field of a model.
func (o *object) constant(f *plan.Field, v *ast.Value) string {
	text := o.literal(v, plan.Element(f.Model))
	if plan.IsPointer(f.Model) {
		return "new(" + text + ")"
	}
	return text
}
