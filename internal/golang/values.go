package golang

import (
	"fmt"
	"go/types"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/99designs/gqlgen/codegen/config"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/internal/plan"
)

// values writes the functions that read the values of arguments, and those that write scalars
// for which execute.Writer has no method.
type values struct {
	*file
	inputs    map[string]*Input
	namer     *namer
	functions map[string]string // by name
}

func newValues(p *plan.Plan, f *plan.Frontend, b *Binding) *values {
	v := &values{file: newFile(p, path.Join(p.Module, "graph", f.Name)), inputs: map[string]*Input{}, namer: newNamer(p), functions: map[string]string{}}
	for _, input := range b.Inputs {
		v.inputs[input.Name] = input
	}
	return v
}

// text returns the file; nil if nothing is to be written.
func (v *values) text() ([]byte, error) {
	if len(v.functions) == 0 {
		return nil, nil
	}
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(v.functions)) {
		b.WriteString(v.functions[name])
	}
	return v.formatted("", b.String())
}

func (v *values) graphql(name string) string { return v.use(plan.GQLGenPath) + "." + name }

// function returns the name of a function whose body write writes when it is first needed. key
// identifies what it reads or writes, and name is the wanted name.
func (v *values) function(key, name, does, signature string, write func(b *strings.Builder)) string {
	if have := v.namer.of(key); have != "" {
		return have // types may refer to themselves
	}
	v.namer.declare(key, name, "")
	name = v.namer.of(key)
	var b strings.Builder
	write(&b)
	v.functions[name] = fmt.Sprintf("// %s %s.\nfunc %s%s {\n%s}\n\n", name, does, name, signature, b.String())
	return name
}

// nameOf returns a name for the function that reads or writes values of a type.
func nameOf(verb string, t *ast.Type) string {
	lists := 0
	for inner := t; inner.Elem != nil; inner = inner.Elem {
		lists++
	}
	if !t.NonNull {
		verb += "Optional"
	}
	return verb + upperFirst(t.Name()) + strings.Repeat("List", lists)
}

// read returns the name of the function that reads a value of a type.
func (v *values) read(ref *config.TypeReference) string {
	typ := v.typ(ref.GO)
	signature := fmt.Sprintf("(ctx %s.Context, v any) (%s, error)", v.use("context"), typ)
	return v.function("read "+ref.UniquenessKey(), nameOf("read", ref.GQL), "reads a value of the type "+ref.GQL.String(), signature, func(b *strings.Builder) {
		if ref.IsNilable() && !ref.GQL.NonNull && !ref.IsPtrToPtr() {
			b.WriteString("if v == nil {\nreturn nil, nil\n}\n")
		}
		switch {
		case ref.IsPtrToSlice() || ref.IsPtrToIntf():
			fmt.Fprintf(b, "value, err := %s(ctx, v)\nreturn &value, err\n", v.read(ref.Elem()))
		case ref.IsSlice():
			fmt.Fprintf(b, "list := %s(v)\nvalues := make(%s, len(list))\nfor i, item := range list {\nvar err error\n", v.graphql("CoerceList"), typ)
			fmt.Fprintf(b, "if values[i], err = %s(ctx, item); err != nil {\nreturn nil, err\n}\n}\nreturn values, nil\n", v.read(ref.Elem()))
		case ref.IsPtrToPtr() && ref.Unmarshaler == nil && !ref.IsMarshaler:
			fmt.Fprintf(b, "var inner %s\nif v != nil {\nvar err error\nif inner, err = %s(ctx, v); err != nil {\nreturn nil, err\n}\n}\nreturn &inner, nil\n",
				v.typ(ref.Elem().GO), v.read(ref.Elem()))
		case ref.Unmarshaler != nil:
			v.readLeaf(b, ref)
		case ref.IsMarshaler:
			v.readItself(b, ref)
		default:
			v.readInput(b, ref)
		}
	})
}

// readLeaf writes the reading of a scalar or an enum by a function.
func (v *values) readLeaf(b *strings.Builder, ref *config.TypeReference) {
	args := "v"
	if ref.IsContext {
		args = "ctx, v"
	}
	call := v.object(ref.Unmarshaler) + "(" + args + ")"
	switch {
	case ref.HasEnumValues():
		fmt.Fprintf(b, "name, err := %s\nvar value %s\nswitch name {\n", call, v.typ(pointerless(ref)))
		for _, e := range ref.EnumValues {
			fmt.Fprintf(b, "case %q:\nvalue = %s\n", e.Definition.Name, v.object(e.Object))
		}
		b.WriteString("}\n")
		if ref.IsNilable() {
			b.WriteString("return &value, err\n")
		} else {
			b.WriteString("return value, err\n")
		}
		return
	case ref.CastType != nil:
		fmt.Fprintf(b, "raw, err := %s\nvalue := %s(raw)\n", call, v.parenthesised(pointerless(ref)))
	case ref.IsTargetNilable() == ref.IsNilable():
		fmt.Fprintf(b, "return %s\n", call)
		return
	default:
		fmt.Fprintf(b, "value, err := %s\n", call)
	}
	switch {
	case ref.IsTargetNilable() && !ref.IsNilable():
		b.WriteString("return *value, err\n")
	case !ref.IsTargetNilable() && ref.IsNilable():
		b.WriteString("return &value, err\n")
	default:
		b.WriteString("return value, err\n")
	}
}

// readItself writes the reading of a type that unmarshals itself.
func (v *values) readItself(b *strings.Builder, ref *config.TypeReference) {
	if ref.IsNilable() && ref.Elem() != nil {
		fmt.Fprintf(b, "value := new(%s)\n", v.typ(ref.Elem().GO))
	} else {
		fmt.Fprintf(b, "var value %s\n", v.typ(ref.GO))
	}
	if ref.IsContext {
		b.WriteString("err := value.UnmarshalGQLContext(ctx, v)\n")
	} else {
		b.WriteString("err := value.UnmarshalGQL(v)\n")
	}
	b.WriteString("return value, err\n")
}

// readInput writes the reading of an input object.
func (v *values) readInput(b *strings.Builder, ref *config.TypeReference) {
	input := v.inputs[ref.GQL.Name()]
	if ref.IsNilable() && !ref.IsMap() {
		fmt.Fprintf(b, "value, err := %s(ctx, v)\nreturn &value, err\n", v.input(input))
	} else {
		fmt.Fprintf(b, "return %s(ctx, v)\n", v.input(input))
	}
}

// input returns the name of the function that reads the fields of an input object.
func (v *values) input(in *Input) string {
	signature := fmt.Sprintf("(ctx %s.Context, v any) (into %s, err error)", v.use("context"), v.typ(in.Type))
	return v.function("fields "+in.Name, "readFieldsOf"+upperFirst(in.Name), "reads the fields of "+withArticle(in.Name), signature, func(b *strings.Builder) {
		if len(in.Fields) == 0 {
			b.WriteString("return into, nil\n")
			return
		}
		b.WriteString("values, _ := v.(map[string]any)\n")
		if in.Map {
			fmt.Fprintf(b, "into = make(%s, len(values))\n", v.typ(in.Type))
		}
		for _, f := range in.Fields {
			to, value := "into."+f.GoName, "value"
			if in.Map {
				to = fmt.Sprintf("into[%q]", f.Name)
			}
			if f.Ref.IsOmittable {
				value = v.graphql("OmittableOf") + "(value)"
			}
			fmt.Fprintf(b, "if given, ok := values[%q]; ok {\nvalue, err := %s(ctx, given)\n", f.Name, v.read(f.Ref))
			fmt.Fprintf(b, "if err != nil {\nreturn into, %s.Errorf(\"%s: %%w\", err)\n}\n%s = %s\n}\n", v.use("fmt"), f.Name, to, value)
		}
		b.WriteString("return into, nil\n")
	})
}

// write returns the name of the function that returns what writes a scalar, an enum or a list of
// them.
func (v *values) write(ref *config.TypeReference) string {
	typ := v.typ(ref.GO)
	signature := fmt.Sprintf("(ctx %s.Context, v %s) %s", v.use("context"), typ, v.graphql("Marshaler"))
	does := "returns what writes a value of the type " + ref.GQL.String()
	return v.function("write "+ref.UniquenessKey(), nameOf("marshal", ref.GQL), does, signature, func(b *strings.Builder) {
		null := fmt.Sprintf("if v == nil {\nreturn %s\n}\n", v.graphql("Null"))
		switch {
		case ref.IsPtrToSlice() || ref.IsPtrToIntf(), ref.IsPtrToPtr() && ref.Marshaler == nil && !ref.IsMarshaler:
			fmt.Fprintf(b, "%sreturn %s(ctx, *v)\n", null, v.write(ref.Elem()))
		case ref.IsSlice():
			if !ref.GQL.NonNull {
				b.WriteString(null)
			}
			fmt.Fprintf(b, "list := make(%s, len(v))\nfor i := range v {\nlist[i] = %s(ctx, v[i])\n", v.graphql("Array"), v.write(ref.Elem()))
			if ref.GQL.Elem.NonNull {
				fmt.Fprintf(b, "if list[i] == %s {\nreturn %s\n}\n", v.graphql("Null"), v.graphql("Null"))
			}
			b.WriteString("}\nreturn list\n")
		default:
			if ref.IsNilable() {
				b.WriteString("if v == nil {\n")
				if ref.GQL.NonNull {
					fmt.Fprintf(b, "%s(ctx, %q)\n", v.graphql("AddInvalidNullError"), ref.GQL.String())
				}
				fmt.Fprintf(b, "return %s\n}\n", v.graphql("Null"))
			}
			v.writeLeaf(b, ref)
		}
	})
}

// writeLeaf writes the writing of a scalar or an enum.
func (v *values) writeLeaf(b *strings.Builder, ref *config.TypeReference) {
	wrap := "return %s\n"
	if ref.IsContext {
		wrap = "return " + v.graphql("WrapContextMarshaler") + "(ctx, %s)\n"
	}
	if ref.IsMarshaler {
		fmt.Fprintf(b, wrap, "v")
		return
	}
	value := "v"
	switch {
	case ref.IsTargetNilable() && !ref.IsNilable():
		value = "&v"
	case !ref.IsTargetNilable() && ref.IsNilable():
		value = "*v"
	}
	switch {
	case ref.HasEnumValues():
		fmt.Fprintf(b, "var name string\nswitch %s {\n", value)
		for _, e := range ref.EnumValues {
			fmt.Fprintf(b, "case %s:\nname = %q\n", v.object(e.Object), e.Definition.Name)
		}
		b.WriteString("}\n")
		value = "name"
	case ref.CastType != nil:
		value = v.parenthesised(ref.CastType) + "(" + value + ")"
	}
	written := v.object(ref.Marshaler) + "(" + value + ")"
	if !ref.GQL.NonNull {
		fmt.Fprintf(b, wrap, written)
		return
	}
	fmt.Fprintf(b, "written := %s\nif written == %s {\n%s(ctx, %q)\n}\n", written, v.graphql("Null"), v.graphql("AddInvalidNullFromMarshaler"),
		ref.GQL.String())
	fmt.Fprintf(b, wrap, "written")
}

// object writes the name of a function or a constant.
func (v *values) object(o types.Object) string {
	if o.Pkg() == nil || o.Pkg().Path() == v.path {
		return o.Name()
	}
	return v.useAs(o.Pkg().Path(), o.Pkg().Name()) + "." + o.Name()
}

// parenthesised writes a type for a conversion.
func (v *values) parenthesised(t types.Type) string {
	if plan.IsPointer(t) {
		return "(" + v.typ(t) + ")"
	}
	return v.typ(t)
}

// pointerless returns the Go type of a reference without its pointer.
func pointerless(ref *config.TypeReference) types.Type {
	if ref.IsNilable() && ref.Elem() != nil {
		return ref.Elem().GO
	}
	return ref.GO
}
