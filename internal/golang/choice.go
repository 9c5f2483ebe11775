package golang

import (
	"fmt"
	"slices"
	"strings"

	"github.com/portico-gateway/portico/internal/plan"
)

// choice writes the function that reads a value of an interface or a union.
func (c *client) choice(of *plan.Choice) string {
	parameters := "d " + c.decoder(of.Format)
	if of.Message != nil {
		parameters = fmt.Sprintf("from %s, m *%s", c.decode("Source"), c.messageType(of.Message))
	}
	body := ""
	switch {
	case of.Message != nil:
		body = c.messageChoice(of)
	case of.Path != nil:
		body = c.namedChoice(of)
	case of.Within:
		body = c.memberChoice(of)
	default:
		body = c.presentChoice(of)
	}
	return fmt.Sprintf("// %s reads %s.\nfunc %s(%s) (%s, error) {\n%s}\n\n", c.of(of), withArticle(of.Def.Name), c.of(of), parameters, c.typ(of.Model), body)
}

// required writes the expression that reads an object from the variable d, and its error.
func (c *client) required(o *plan.Object) string {
	return fmt.Sprintf("%s(d, %s)", c.decode("Required"), c.of(o))
}

// otherwise writes the return for a value whose type is not known. name is the
// expression for what should name it.
func (c *client) otherwise(of *plan.Choice, name, byDefault string) string {
	if of.Default != nil {
		return "return " + byDefault + "\n"
	}
	return fmt.Sprintf("return nil, %s(%q, %s)\n", c.decode("NoType"), of.Def.Name, name)
}

// namedChoice writes the body for a value that names the type.
func (c *client) namedChoice(of *plan.Choice) string {
	var b strings.Builder
	fmt.Fprintf(&b, "name, err := %s(d, %s)\nif err != nil {\nreturn nil, err\n}\nswitch name {\n", c.decode("TypeName"), quoted(of.Path))
	for _, v := range of.Variants {
		fmt.Fprintf(&b, "case %s:\nreturn %s\n", quoted(v.Texts), c.required(v.Object))
	}
	b.WriteString("}\n")
	if of.Default == nil {
		b.WriteString("d.Skip()\n")
		return b.String() + c.otherwise(of, "name", "")
	}
	return b.String() + c.otherwise(of, "name", c.required(of.Default))
}

// presentChoice writes the body for members of which each type has its own.
func (c *client) presentChoice(of *plan.Choice) string {
	var b strings.Builder
	var names []string
	for _, v := range of.Variants {
		names = append(names, v.Name)
	}
	fmt.Fprintf(&b, "member, err := %s(d, %s)\nif err != nil {\nreturn nil, err\n}\nswitch member {\n", c.decode("Member"), quoted(names))
	for i, v := range of.Variants {
		fmt.Fprintf(&b, "case %d:\nreturn %s\n", i, c.required(v.Object))
	}
	b.WriteString("}\n")
	if of.Default == nil {
		b.WriteString("d.Skip()\n")
		return b.String() + c.otherwise(of, `""`, "")
	}
	return b.String() + c.otherwise(of, `""`, c.required(of.Default))
}

// memberChoice writes the body for members that have the object.
func (c *client) memberChoice(of *plan.Choice) string {
	var b strings.Builder
	if of.Default != nil {
		b.WriteString("start := d.Mark()\n")
	}
	b.WriteString("if err := d.Object(); err != nil {\nreturn nil, err\n}\n")
	fmt.Fprintf(&b, "var value %s\nvar fault error\nmember := %d\nfor d.Next() {\nswitch d.Name() {\n", c.typ(of.Model), len(of.Variants))
	for i, v := range of.Variants {
		fmt.Fprintf(&b, "case %q:\nif member > %d && !d.Null() {\nmember = %d\nvalue, fault = %s\n}\n", v.Name, i, i, c.required(v.Object))
	}
	fmt.Fprintf(&b, "}\n}\nif member < %d {\nreturn value, fault\n}\n", len(of.Variants))
	if of.Default != nil {
		b.WriteString("d.Rewind(start)\n")
		return b.String() + c.otherwise(of, `""`, c.required(of.Default))
	}
	return b.String() + c.otherwise(of, `""`, "")
}

// messageChoice writes the body for a message.
func (c *client) messageChoice(of *plan.Choice) string {
	var b strings.Builder
	fmt.Fprintf(&b, "if m == nil {\nreturn nil, %s\n}\n", c.decode("ErrMissing"))
	read := func(o *plan.Object, expr string) string {
		return fmt.Sprintf("value := new(%s)\nreturn value, %s(from, %s, value)\n", c.typ(o.Model), c.of(o), expr)
	}
	name := `""`
	if of.Fields != nil {
		name = "name"
		expr := c.getters("m", of.Fields)
		if of.Text != nil {
			expr = c.funcName(of.Text) + "(" + expr + ")"
		}
		fmt.Fprintf(&b, "name := %s\nswitch name {\n", expr)
		for _, v := range of.Variants {
			fmt.Fprintf(&b, "case %s:\n%s", quoted(v.Texts), read(v.Object, "m"))
		}
		b.WriteString("}\n")
	} else {
		for _, v := range of.Variants {
			expr := "m"
			if of.Within {
				expr = c.getters("m", []plan.MessageField{v.Field})
			}
			fmt.Fprintf(&b, "if %s {\n%s}\n", c.presence([]plan.MessageField{v.Field}, "m"), read(v.Object, expr))
		}
	}
	if of.Default != nil {
		return b.String() + read(of.Default, "m")
	}
	return b.String() + unset(of, "m", c.decode("ErrMissing")) + c.otherwise(of, name, "")
}

// unset writes the return for a message none of whose oneofs has a value: the error is
// that of null.
func unset(of *plan.Choice, message, missing string) string {
	var conditions []string
	for _, v := range of.Variants {
		if !of.Within || !plan.InOneof(v.Field.Field) {
			return ""
		}
		if condition := message + "." + v.Field.Oneof.GoName + " == nil"; !slices.Contains(conditions, condition) {
			conditions = append(conditions, condition)
		}
	}
	return fmt.Sprintf("if %s {\nreturn nil, %s\n}\n", strings.Join(conditions, " && "), missing)
}
