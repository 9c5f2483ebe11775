package golang

import (
	"fmt"
	"go/types"
	"strings"

	"github.com/portico-gateway/portico/internal/plan"
)

// reader is how a scalar or an enum is read from JSON or XML: an expression, and
// what writes a function, which needs imports of its own. Both return a value and an
// error.
type reader struct {
	call string
	fn   func() string
}

// decoder returns the type of package decode that reads a format.
func (f *file) decoder(format plan.Format) string {
	if format == plan.XML {
		return "*" + f.decode("XML")
	}
	return "*" + f.decode("JSON")
}

func (f *file) decode(name string) string { return f.gateway("decode", name) }

// scalarType returns the type that a method of package decode returns.
func scalarType(method string) string {
	return map[string]string{
		"String": "string", "Text": "string", "Bool": "bool", "Int": "int", "Int64": "int64", "Uint64": "uint64", "Float": "float64",
		"Time": "time.Time", "Bytes": "[]byte", "Any": "any",
		"IntText": "int", "Int64Text": "int64", "FloatText": "float64", "BoolText": "bool", "BoolNumber": "bool",
		"UnixSeconds": "time.Time", "UnixMillis": "time.Time", "LocalTime": "time.Time",
	}[method]
}

// scalar writes the reading of a value of a Go type with a method of package
// decode from the variable d.
func (f *file) scalar(method, d string, t types.Type, format plan.Format) reader {
	if method == "" {
		name := "Value"
		if format == plan.XML {
			name = "TextValue"
		}
		name = fmt.Sprintf("%s[%s]", f.decode(name), f.typ(t))
		return reader{name + "(" + d + ")", func() string { return name }}
	}
	call := d + "." + method + "()"
	have := scalarType(method)
	if have == plan.TypeName(t) || have == "any" && plan.IsAny(t) || have == "[]byte" && plan.TypeName(t) == "[]uint8" {
		return reader{call, func() string { return "(" + f.decoder(format) + ")." + method }}
	}
	call = f.as(have, t, call)
	return reader{call, func() string {
		return fmt.Sprintf("func(d %s) (%s, error) { return %s }", f.decoder(format), f.typ(t), call)
	}}
}

// as writes the conversion of what a call returns with an error to another type.
func (f *file) as(have string, t types.Type, call string) string {
	convert := map[string]string{"string": "As", "bool": "AsBool", "float64": "AsFloat"}[have]
	if convert == "" {
		convert = "Narrow"
	}
	return fmt.Sprintf("%s[%s](%s)", f.decode(convert), f.typ(t), call)
}

// leaf writes the reading of a scalar, an enum or an object of several types.
func (c *client) leaf(r *plan.Read, d string, format plan.Format) reader {
	if choice := r.Into.Choice; choice != nil {
		return reader{c.of(choice) + "(" + d + ")", func() string { return c.of(choice) }}
	}
	if plan.IsForm(r.Scalar) {
		return c.form(r, d, format)
	}
	if r.Into.Enum == nil {
		return c.scalar(r.Scalar, d, r.Into.To, format)
	}
	call := c.of(r.Into.Enum) + "(" + d + ".String())"
	if r.UnknownIsNull {
		known := func(d string) string {
			return fmt.Sprintf("%s(%s(%s.String()))", c.decode("KnownOrMissing"), c.of(r.Into.Enum), d)
		}
		return reader{known(d), func() string {
			return fmt.Sprintf("func(d %s) (%s, error) { return %s }", c.decoder(format), c.typ(r.Into.To), known("d"))
		}}
	}
	return reader{call, func() string {
		return fmt.Sprintf("func(d %s) (%s, error) { return %s(d.String()) }", c.decoder(format), c.typ(r.Into.To), c.of(r.Into.Enum))
	}}
}

// form writes the reading of a scalar that the service writes in a form of its own.
func (c *client) form(r *plan.Read, d string, format plan.Format) reader {
	fn, arguments := c.decode(r.Scalar), ""
	if r.Zone != "" {
		arguments = ", " + c.zone(r.Zone)
	}
	call := fn + "(" + d + arguments + ")"
	if have := scalarType(r.Scalar); have == plan.TypeName(r.Into.To) {
		if arguments == "" {
			return reader{call, func() string { return fn }}
		}
	} else {
		call = c.as(have, r.Into.To, call)
	}
	return reader{call, func() string {
		inner := strings.Replace(call, "("+d+arguments, "(d"+arguments, 1)
		return fmt.Sprintf("func(d %s) (%s, error) { return %s }", c.decoder(format), c.typ(r.Into.To), inner)
	}}
}

// zoneOf is the variable with a time zone.
type zoneOf struct{ name string }

// zone returns the variable with a time zone, which it declares.
func (c *client) zone(name string) string {
	of := zoneOf{name}
	if c.of(of) == "" {
		c.declare(of, "zone"+plan.FieldName(name, func(string) bool { return false }), "")
		fmt.Fprintf(&c.bodies, "var %s = %s(%q)\n\n", c.of(of), c.gateway("zone", "Load"), name)
	}
	return c.of(of)
}

// readValue writes the expression that reads a value, and its error, from the
// variable d.
func (c *client) readValue(r *plan.Read, d string, format plan.Format) string {
	switch {
	case r.Item != nil && r.Type.NonNull:
		return c.readList(r, d, format)
	case r.Item != nil:
		return c.decode("OrNull") + "(" + c.readList(r, d, format) + ")"
	case r.Into.Object != nil && r.Type.NonNull:
		return fmt.Sprintf("%s(%s, %s)", c.decode("Required"), d, c.of(r.Into.Object))
	case r.Into.Object != nil:
		return fmt.Sprintf("%s(%s, %s)", c.decode("Object"), d, c.of(r.Into.Object))
	}
	read := c.leaf(r, d, format)
	pointer := plan.IsPointer(r.Model) && !plan.IsPointer(r.Into.To)
	switch {
	case r.Type.NonNull && pointer:
		return c.decode("Pointer") + "(" + read.call + ")"
	case r.Type.NonNull:
		return read.call
	case pointer:
		return fmt.Sprintf("%s(%s, %s)", c.decode("Optional"), d, read.fn())
	}
	return c.decode("OrNull") + "(" + read.call + ")"
}

// readList writes the expression that reads a list that is not null, and of it most
// items, if that is given.
func (c *client) readList(r *plan.Read, d string, format plan.Format, most ...string) string {
	item := r.Item
	list := func(name, fn string) string {
		return fmt.Sprintf("%s(%s)", c.decode(name), strings.Join(append([]string{d, fn}, most...), ", "))
	}
	switch {
	case r.Entries:
		return list("Entries", c.of(item.Into.Object))
	case item.Into.Object != nil && item.Type.NonNull:
		return list("Rows", c.of(item.Into.Object))
	case item.Into.Object != nil:
		return list("RowsOrNull", c.of(item.Into.Object))
	case item.Item != nil:
		fn := fmt.Sprintf("func(d %s) (%s, error) { return %s }", c.decoder(format), c.typ(item.Model), c.readList(item, "d", format))
		if item.Type.NonNull {
			return list("List", fn)
		}
		return list("ListOrNull", fn)
	}
	read := c.leaf(item, "d", format)
	slice, _ := r.Model.(*types.Slice)
	pointer := plan.IsPointer(slice.Elem()) && !plan.IsPointer(item.Into.To)
	switch {
	case item.Type.NonNull && pointer: // a struct, such as time.Time
		return list("List", fmt.Sprintf("func(d %s) (%s, error) { return %s(%s) }", c.decoder(format), c.typ(slice.Elem()), c.decode("Pointer"), read.call))
	case item.Type.NonNull:
		return list("List", read.fn())
	case pointer:
		return list("Optionals", read.fn())
	}
	return list("ListOrNull", read.fn())
}
