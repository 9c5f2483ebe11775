package plan

import (
	goast "go/ast"
	"go/types"
	"strings"

	"github.com/99designs/gqlgen/codegen/config"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/internal/project"
)

// This file is about models that are hand-written: types that gqlgen.yml names.

// ownPackages checks the project's packages in which gqlgen.yml finds the models of
// types. They may use models that are generated.
func ownPackages(p *project.Project, m *Models, names []string) (map[string]*types.Package, error) {
	silent := &project.Report{} // the compiler reports mistakes in them
	own := map[string]*types.Package{}
	var all []*project.GoPackage
	for _, name := range names {
		for _, model := range m.config.Models[name].Model {
			pkg, _ := splitModel(model)
			folder, inModule := strings.CutPrefix(pkg, p.Module+"/")
			if _, known := own[pkg]; known || !inModule {
				continue
			}
			syntax, err := project.ReadGo(p, folder, silent)
			if err != nil {
				return nil, err
			}
			if own[pkg] = nil; syntax != nil {
				all = append(all, syntax)
			}
		}
	}
	if len(all) == 0 {
		return own, nil
	}
	return checkGo(p, m, all, func(*goast.FuncDecl) bool { return true }, silent)
}

// assignable reports whether what a service has can be assigned to a field of a model. It reports fields of hand-written
// ones that are missing or have another type: gqlgen takes more of them, such as values that can't be null.
func (m *maker) assignable(o *Object, of member, f *Field) bool {
	if !m.models.config.Models.UserDefined(o.Def.Name) {
		return true
	}
	model := shortType(Element(o.Model))
	have, _, _ := types.LookupFieldOrMethod(types.NewPointer(Element(o.Model)), true, nil, f.GoName)
	switch field, isField := have.(*types.Var); {
	case !isField:
		m.report.At(of.Position, "add the field "+f.GoName+" "+shortType(f.Model)+", or write a method in resolvers/",
			"%s.%s is read from a service, but %s has no field %s", o.Def.Name, of.Name, model, f.GoName)
		return false
	case TypeName(types.Unalias(field.Type())) != TypeName(types.Unalias(f.Model)) && !types.AssignableTo(f.Model, field.Type()):
		m.report.At(of.Position, "make it "+shortType(f.Model)+", or write a method in resolvers/",
			"%s.%s is read from a service as %s, but %s.%s is %s", o.Def.Name, of.Name, shortType(f.Model), model, field.Name(), shortType(field.Type()))
		return false
	}
	return true
}

// Has reports whether gqlgen finds a field in values of a hand-written type: a field
// or a method of its name, of a type that fits, or the key of a map.
func (m *Models) Has(t types.Type, def *ast.Definition, field *ast.FieldDefinition) bool {
	if m.generated(t) && m.own[m.Package.Path()] == nil {
		return structField(t, m.fieldName(def, field)) != nil
	}
	if types.Identical(t, config.MapType) || m.config.StructTag != "" {
		return true
	}
	name := m.fieldName(def, field)
	if v := structField(t, name); v != nil {
		return v.Exported() && m.fits(field.Type, v.Type())
	}
	for method := range types.NewMethodSet(t).Methods() {
		if fn, ok := method.Obj().(*types.Func); ok && fn.Exported() && strings.EqualFold(fn.Name(), name) {
			results := fn.Signature().Results()
			return results.Len() > 0 && m.fits(field.Type, results.At(0).Type())
		}
	}
	if s, ok := Element(t).Underlying().(*types.Struct); ok {
		for v := range s.Fields() {
			if v.Embedded() && m.Has(v.Type(), def, field) {
				return true
			}
		}
	}
	return false
}

func (m *Models) fieldName(def *ast.Definition, field *ast.FieldDefinition) string {
	if name := m.config.Models[def.Name].Fields[field.Name].FieldName; name != "" {
		return name
	}
	return GoName(field.Name)
}

// fits reports whether gqlgen binds a Go type to a GraphQL type: it is one of the
// models, with pointers anywhere, or marshals itself.
func (m *Models) fits(t *ast.Type, have types.Type) bool {
	have = Element(types.Unalias(have))
	if t.Elem != nil {
		slice, ok := have.Underlying().(*types.Slice)
		return ok && m.fits(t.Elem, slice.Elem())
	}
	if TypeName(have) == TypeName(Element(m.named[t.NamedType])) || marshals(have) {
		return true
	}
	for _, model := range m.config.Models[t.NamedType].Model {
		if of, err := m.goType(model); err == nil && TypeName(of) == TypeName(have) {
			return true
		}
	}
	return false
}

// marshals reports whether values of a type marshal themselves, as gqlgen has it.
func marshals(t types.Type) bool {
	set := types.NewMethodSet(types.NewPointer(t))
	has := func(name string) bool { return set.Lookup(nil, name) != nil }
	return has("MarshalGQL") && has("UnmarshalGQL") || has("MarshalGQLContext") && has("UnmarshalGQLContext")
}
