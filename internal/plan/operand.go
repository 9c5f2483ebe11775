package plan

import (
	"go/types"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/directive"
	"github.com/portico-gateway/portico/internal/binding"
)

// Operand is the Go value of a variable of a call.
type Operand struct {
	*directive.Var
	// Steps are the fields of input objects that lead from an argument to the
	// value.
	Steps []Step
	// Schema is the GraphQL type of the value; nil if it is not an argument.
	Schema *ast.Type
	// Type is the Go type of the value.
	Type types.Type
	// List reports whether the value is a list whose items are sent.
	List bool
	// Item is the Go type of one value: an item of the list, or what a pointer
	// points to.
	Item types.Type
	// ItemPointer reports whether the items are pointers to Item, and ItemNull
	// whether they can be nil.
	ItemPointer, ItemNull bool
	// Repeated reports whether the value is in an object that is sent for each key.
	Repeated bool
	// Enum converts the values to the names that the service uses; nil if they
	// are those of the schema.
	Enum *Enum
	// Form is how the service writes a scalar in a text.
	Form binding.Form
}

// Step is a field of an input object.
type Step struct {
	Name string // Go's
	// Pointer reports whether the object is a pointer, which can be nil.
	Pointer bool
	// Omittable reports whether the field is a graphql.Omittable.
	Omittable bool
	// Model is the type of the Go field.
	Model types.Type
}

// Omittable reports whether the value is a field of an input object that can be
// absent.
func (o *Operand) Omittable() bool { return len(o.Steps) > 0 && o.Steps[len(o.Steps)-1].Omittable }

// Pointer reports whether the value is a pointer to Item.
func (o *Operand) Pointer() bool { return !o.List && IsPointer(o.Type) }

// Nilable reports whether the value is nil when it is absent.
func (o *Operand) Nilable() bool {
	if o.Schema == nil {
		return false
	}
	return o.Pointer() || (o.List || Nilable(o.Type)) && !o.Schema.NonNull
}

// operands plans the values of a call's variables.
func (m *maker) operands(s *Service, c *Call) {
	c.Operands = map[*directive.Var]*Operand{}
	for _, arg := range usedArguments(c.Binding) {
		c.Arguments = append(c.Arguments, &Argument{ArgumentDefinition: arg, Type: m.models.Of(arg.Type)})
	}
	c.Slices = c.slices()
	text := types.Typ[types.String]
	repeated := c.repeatedVars()
	for _, v := range c.Vars() {
		o := &Operand{Var: v, Type: text, Item: text}
		switch v.Root {
		case directive.This, directive.Batch:
			if o.Repeated = repeated[v]; c.Key != nil && !o.Repeated {
				o.List, o.Type = true, types.NewSlice(text)
			}
			t := binding.TypeOf(c.frontend.Schema, c.Binding, v)
			if t != nil && m.respelled(s, m.union.Types[t.Name()]) {
				m.report.At(v.Pos, "make the field a String", "%s is of the enum %s, whose values have other names in the service %s", v, t.Name(), s.Name)
			}
		case directive.Paging:
			o.Type, o.Item = types.Typ[types.Int], types.Typ[types.Int]
		case directive.Args:
			if o = m.argument(c, v); o == nil {
				continue // reported
			}
		}
		c.Operands[v] = o
	}
}

// slices returns the slicing arguments of a list (IBM's cost specification,
// section 9.2), or first and last. If the call does not send one of them, or only a
// value in it, the length of the list is the service's business.
func (c *Call) slices() []*Argument {
	if c.Type.Elem == nil && c.Page == nil {
		return nil
	}
	return slicesOf(c.Field, c.Arguments)
}

// slicesOf returns those of the arguments that a call sends that say how long the list of
// a field is; nil if it does not send all of these.
func slicesOf(field *ast.FieldDefinition, sent []*Argument) []*Argument {
	paths := []directive.ArgumentPath{{"first"}, {"last"}}
	if size := directive.ListSizeOf(field.Directives); size != nil && size.SlicingArguments != nil {
		paths = size.SlicingArguments
	}
	var slices []*Argument
	for _, path := range paths {
		if field.Arguments.ForName(path[0]) == nil {
			continue
		}
		var found *Argument
		for _, arg := range sent {
			if arg.Name == path[0] && TypeName(Element(arg.Type)) == "int" && len(path) == 1 {
				found = arg
			}
		}
		if found == nil {
			return nil
		}
		slices = append(slices, found)
	}
	return slices
}

// argument plans {$args.x}, and {$args.x.y} through input objects. It returns
// nil if it can't, which is reported.
func (m *maker) argument(c *Call, v *directive.Var) *Operand {
	arg := c.Field.Arguments.ForName(v.Path[0])
	o := &Operand{Var: v, Schema: arg.Type, Type: m.models.Of(arg.Type)}
	for _, name := range v.Path[1:] {
		step := Step{Name: GoName(name), Pointer: IsPointer(o.Type)}
		field := structField(Element(o.Type), step.Name)
		if field == nil {
			m.report.At(v.Pos, "", "the Go type %s has no field %s", shortType(o.Type), step.Name)
			return nil
		}
		step.Model = field.Type()
		step.Name = field.Name()
		o.Type, step.Omittable = Omittable(step.Model)
		o.Steps = append(o.Steps, step)
		o.Schema = m.union.Types[o.Schema.NamedType].Fields.ForName(name).Type
	}
	m.complete(o)
	return o
}

// complete sets the fields of an operand that follow from its Type and Schema.
func (m *maker) complete(o *Operand) {
	o.Item = Element(o.Type)
	slice, ok := o.Type.(*types.Slice)
	if !ok || o.Schema.Elem == nil {
		return
	}
	o.List, o.Item = true, slice.Elem()
	if IsPointer(slice.Elem()) && m.union.Types[o.Schema.Name()].Kind != ast.InputObject {
		o.ItemPointer, o.ItemNull, o.Item = true, !o.Schema.Elem.NonNull, Element(slice.Elem())
	}
}

// repeatedVars returns the values of keys that are in objects of the body, or of the
// request, that are sent for each key.
func (c *Call) repeatedVars() map[*directive.Var]bool {
	found := map[*directive.Var]bool{}
	var look func(v *binding.Value)
	look = func(v *binding.Value) {
		if object := c.Repeated(v); object != nil {
			for _, text := range object.Texts() {
				for _, one := range text.Vars() {
					found[one] = one.Root == directive.Batch
				}
			}
			return
		}
		for _, m := range v.Object {
			look(m.Value)
		}
		for _, item := range v.List {
			look(item)
		}
	}
	if c.REST != nil && c.REST.Body != nil {
		look(c.REST.Body)
	}
	if c.GRPC != nil && c.GRPC.Request != nil {
		look(c.GRPC.Request)
	}
	return found
}
