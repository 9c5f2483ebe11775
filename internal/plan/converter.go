package plan

import (
	"go/ast"
	"go/types"
	"path"
	"strings"

	gql "github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/directive"
	"github.com/portico-gateway/portico/internal/binding"
	"github.com/portico-gateway/portico/internal/project"
)

// Converter is the hand-written function of @source(convert:) that makes a
// field's value.
type Converter struct {
	Func      *types.Func
	Arguments []ConverterArgument
	// Fails reports whether the function returns an error too.
	Fails bool
	// Pointer reports whether the model has a pointer to the result.
	Pointer bool
	// Object reports whether the field is an object by pointer that is not null.
	Object bool
}

// ConverterArgument is a value of a service that is an argument of a converter.
type ConverterArgument struct {
	Path directive.Path
	Type types.Type // of the parameter
	// Read says how the value is read; Read.Scalar is the method of package
	// decode that reads it from JSON or XML, without the pointer.
	Read *Read
	// Required reports whether a row must have the value; else the argument is
	// nil when it is null.
	Required bool
}

// converters are the functions that @source(convert:) names, by that name.
type converters map[string]*types.Func

// readGo type-checks the signatures of hand-written methods and converters.
func (m *maker) readGo() error {
	wanted := m.wantedConverters()
	functions := map[string]*project.GoPackage{}
	for name := range wanted {
		folder, _ := converterName(name)
		if functions[folder] == nil {
			pkg, err := project.ReadGo(m.project, folder, m.report)
			if err != nil {
				return err
			}
			functions[folder] = pkg
		}
	}
	all, seen := []*project.GoPackage{}, map[*project.GoPackage]bool{}
	add := func(pkg *project.GoPackage) {
		if pkg != nil && !seen[pkg] {
			seen[pkg] = true
			all = append(all, pkg)
		}
	}
	for _, method := range m.project.Methods.All() {
		add(method.Package)
	}
	for _, pkg := range functions {
		add(pkg)
	}
	checked, err := checkGo(m.project, m.models, all, func(fn *ast.FuncDecl) bool { return fn.Name.IsExported() }, m.report)
	if err != nil {
		return err
	}
	m.findConverters(wanted, functions, checked)
	m.readSignatures(checked)
	return nil
}

// converterName returns the folder and the name of a function: money.OfCents is
// OfCents in clients/money.
func converterName(name string) (folder, function string) {
	dot := strings.LastIndexByte(name, '.')
	return path.Join(project.ClientsFolder, name[:dot]), name[dot+1:]
}

func (m *maker) wantedConverters() map[string]*gql.Position {
	wanted := map[string]*gql.Position{}
	for _, f := range m.project.Frontends {
		for _, name := range project.TypeNames(f.Schema) {
			for _, field := range f.Schema.Types[name].Fields {
				for _, d := range field.Directives.ForNames(binding.SourceDirective) {
					if arg := d.Arguments.ForName("convert"); arg != nil && wanted[arg.Value.Raw] == nil {
						wanted[arg.Value.Raw] = arg.Value.Position
					}
				}
			}
		}
	}
	return wanted
}

func (m *maker) findConverters(wanted map[string]*gql.Position, functions map[string]*project.GoPackage, checked map[string]*types.Package) {
	m.converters = converters{}
	for name, pos := range wanted {
		folder, function := converterName(name)
		if functions[folder] == nil {
			m.report.At(pos, "write func "+function+" in "+folder, "there is no Go package %s", folder)
			continue
		}
		scope := checked[functions[folder].Path].Scope()
		fn, ok := scope.Lookup(function).(*types.Func)
		if !ok {
			var names []string
			for _, name := range scope.Names() {
				if _, ok := scope.Lookup(name).(*types.Func); ok {
					names = append(names, name)
				}
			}
			m.report.At(pos, suggest(function, names, "write func "+function+" in "+folder), "the package %s has no function %s", folder, function)
			continue
		}
		m.converters[name] = fn
		m.models.converters = append(m.models.converters, Package{Path: fn.Pkg().Path(), Name: fn.Pkg().Name()})
	}
}

// converter plans a field that a converter makes. It returns nil if it can't,
// which is reported.
func (m *maker) converter(o *Object, of member, model types.Type) *Converter {
	fn := m.converters[of.source.Convert]
	if fn == nil {
		return nil // reported
	}
	sig, what := fn.Signature(), o.Def.Name+"."+of.Name
	if sig.Params().Len() != len(of.source.Names) || sig.Variadic() || sig.TypeParams().Len() > 0 {
		m.report.At(of.source.Pos, "name as many fields of the service as the function takes", "%s takes %d values, but %s passes %d",
			of.source.Convert, sig.Params().Len(), what, len(of.source.Names))
		return nil
	}
	c := &Converter{Func: fn}
	c.Object = of.Type.NonNull && of.Type.Elem == nil && m.union.Types[of.Type.NamedType].Kind == gql.Object && IsPointer(model)
	for i, path := range of.source.Names {
		argument, ok := m.converterArgument(o, of, path, sig.Params().At(i).Type())
		if !ok {
			return nil
		}
		c.Arguments = append(c.Arguments, argument)
	}
	results := sig.Results()
	c.Fails = results.Len() == 2 && TypeName(results.At(1).Type()) == "error"
	if results.Len() == 1 || c.Fails {
		switch have := TypeName(results.At(0).Type()); TypeName(model) {
		case have:
			return c
		case "*" + have:
			c.Pointer = true
			return c
		}
	}
	m.report.At(of.source.Pos, "", "%s returns %s, but %s is %s", of.source.Convert, shortType(results), what, shortType(model))
	return nil
}

// converterArgument plans an argument: a required value, or a pointer that is
// nil when the value is null.
func (m *maker) converterArgument(o *Object, of member, path directive.Path, t types.Type) (ConverterArgument, bool) {
	out := ConverterArgument{Path: path, Type: t}
	if o.Message != nil {
		return m.messageArgument(o, of, out)
	}
	if len(path) == 0 {
		m.report.At(of.source.Pos, "name the fields that it takes", "%s: a function can't take the object itself", of.Name)
		return out, false
	}
	switch under := Element(t).Underlying().(type) {
	case *types.Signature, *types.Chan:
		m.report.At(of.source.Pos, "take a value", "%s takes %s, which is no value of a service", of.source.Convert, shortType(t))
		return out, false
	case *types.Interface:
		if !under.Empty() {
			m.report.At(of.source.Pos, "take a value", "%s takes %s, which is no value of a service", of.source.Convert, shortType(t))
			return out, false
		}
	}
	out.Required = !Nilable(t)
	out.Read = &Read{Model: t, Into: Conversion{To: Element(t)}, Scalar: argumentReader(Element(t))}
	if o.Format != XML || inXML(out.Read.Scalar, Element(t)) {
		return out, true
	}
	if slice, ok := t.(*types.Slice); ok && inXML(argumentReader(slice.Elem()), slice.Elem()) {
		out.Read.Item = &Read{Model: slice.Elem(), Into: Conversion{To: slice.Elem()}, Scalar: argumentReader(slice.Elem())}
		return out, true
	}
	m.report.At(of.source.Pos, "take texts and numbers", "%s takes %s, which can't be read from XML", of.source.Convert, shortType(t))
	return out, false
}

// argumentReader returns the method of package decode that reads a value of a Go
// type.
func argumentReader(t types.Type) string {
	if isPlainString(t) {
		return "String"
	}
	return scalarReader("", t)
}

func (m *maker) messageArgument(o *Object, of member, out ConverterArgument) (ConverterArgument, bool) {
	fields := m.protoPath(o.Message, out.Path, of.source.Pos)
	if len(fields) == 0 {
		if len(out.Path) == 0 {
			m.report.At(of.source.Pos, "name the fields that it takes", "%s: a function can't take the message itself", of.Name)
		}
		return out, false
	}
	last := fields[len(fields)-1]
	have := ProtoType(last.Field)
	if last.IsList() {
		have = types.NewSlice(have)
	}
	_, basic := Basic(out.Type)
	out.Read = &Read{Fields: fields, Model: out.Type, Into: Conversion{From: have, To: out.Type}}
	switch {
	case TypeName(have) == TypeName(out.Type):
		out.Read.Into.From = out.Type // no conversion is written
		return out, true
	case basic && keeps(have, out.Type):
		return out, true
	}
	m.report.At(of.source.Pos, "", "%s takes %s, but %s is %s", of.source.Convert, shortType(out.Type), last.Desc.FullName(), shortType(have))
	return out, false
}

// keeps reports whether Go converts every value of a field's type to a basic type
// without loss.
func keeps(from, to types.Type) bool {
	switch {
	case widens(from, to), IsPlain(from) && IsString(from) && IsString(to):
		return true
	case isKind(from, types.Int64):
		return isKind(to, types.Int)
	case isKind(from, types.Uint32):
		return isKind(to, types.Int, types.Uint, types.Uint64)
	case isKind(from, types.Uint64):
		return isKind(to, types.Uint, types.Uint64)
	}
	return false
}
