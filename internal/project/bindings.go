package project

import (
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/directive"
	"github.com/portico-gateway/portico/internal/binding"
	"github.com/portico-gateway/portico/internal/nearest"
)

// readBindings reads the bindings of a frontend's fields.
func readBindings(f *Frontend, r *Report) {
	f.Bindings = map[string]map[string]*binding.Binding{}
	binding.ReadOthers(f.Schema, r.At)
	directive.Check(directive.Checked{
		Schema:       f.Schema,
		Suggest:      nearest.Hint,
		StandIn:      func(t *ast.Type) bool { return f.retyped[placeOf(t.Position)] },
		Inaccessible: binding.Inaccessible,
	}, r.At)
	checkGlobalIDs(f, r)
	for _, name := range TypeNames(f.Schema) {
		def := f.Schema.Types[name]
		for _, field := range def.Fields {
			if def.Kind != ast.Object {
				for _, binds := range []string{binding.RESTDirective, binding.GRPCDirective} {
					if d := field.Directives.ForName(binds); d != nil {
						r.At(d.Position, "bind the fields of the object types", "%s.%s belongs to %s, which can't have bindings", name, field.Name,
							Article(def.Kind))
					}
				}
				continue
			}
			if b := binding.Read(f.Schema, def, field, r.At); b != nil {
				if f.Bindings[name] == nil {
					f.Bindings[name] = map[string]*binding.Binding{}
				}
				f.Bindings[name][field.Name] = b
			}
		}
	}
}

// Bound reports whether a directive, valid or not, binds the field.
func Bound(field *ast.FieldDefinition) bool {
	return field.Directives.ForName(binding.RESTDirective) != nil || field.Directives.ForName(binding.GRPCDirective) != nil
}
