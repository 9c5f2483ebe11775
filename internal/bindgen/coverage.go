package bindgen

import (
	"fmt"
	"slices"
	"strings"

	"github.com/99designs/gqlgen/codegen/templates"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
)

// coverage checks that every field has something that resolves it.
func coverage(p *project, m *methods, r *report) {
	for _, f := range p.frontends {
		for _, name := range typeNames(f.schema) {
			def := f.schema.Types[name]
			if def.Kind != ast.Object || def.BuiltIn {
				continue
			}
			for _, field := range def.Fields {
				needMethod(f, def, field, m, r)
			}
		}
	}
}

// strays checks that every method resolves a field.
func strays(p *project, m *methods, r *report) {
	for _, meth := range m.all() {
		needField(p, meth, r)
	}
}

// needMethod reports a field without a method that a struct field can't
// answer: one of a root type, or one with arguments.
func needMethod(f *frontend, def *ast.Definition, field *ast.FieldDefinition, m *methods, r *report) {
	root := isRoot(f.schema, def)
	if strings.HasPrefix(field.Name, "__") || !root && len(field.Arguments) == 0 || f.mended(field) || bound(field) {
		return
	}
	if m.find(f.name, goName(def.Name), goName(field.Name)) != nil {
		return
	}
	why := "takes arguments"
	if root {
		why = "is a field of a root type"
	}
	folder := "resolvers/, or in resolvers/" + f.name + "/ for this frontend only"
	if strings.HasPrefix(field.Position.Src.Name, "schema/"+sharedFolder+"/") {
		folder = "resolvers/"
	}
	r.at(field.Position, "write in "+folder+": "+signature(f.schema, def, field),
		"nothing resolves %s.%s: it %s, so it needs a binding (@rest, @grpc) or a method", def.Name, field.Name, why)
}

// mended tells whether types of the field or its arguments stand for missing
// ones, so that no signature can be told.
func (f *frontend) mended(field *ast.FieldDefinition) bool {
	return f.retyped[placeOf(field.Type.Position)] || slices.ContainsFunc(field.Arguments, func(a *ast.ArgumentDefinition) bool {
		return f.retyped[placeOf(a.Type.Position)]
	})
}

// needField reports a method whose type or field no frontend has: a typing
// error would else leave the field to the struct.
func needField(p *project, meth *method, r *report) {
	var types, fields []string
	for _, f := range p.frontends {
		for _, name := range typeNames(f.schema) {
			def := f.schema.Types[name]
			if def.Kind != ast.Object || def.BuiltIn {
				continue
			}
			types = append(types, goName(name))
			if goName(name) != meth.receiver {
				continue
			}
			for _, field := range def.Fields {
				fields = append(fields, goName(field.Name))
			}
		}
	}
	switch {
	case !slices.Contains(types, meth.receiver):
		r.atGo(meth.pos, suggest(meth.receiver, types, "name the Go type as the GraphQL type, or do not embed *Root in it"),
			"no frontend has a type %s, whose fields the methods of this Go type would resolve", meth.receiver)
	case !slices.Contains(fields, meth.name):
		r.atGo(meth.pos, suggest(meth.name, fields, "methods that resolve no field must not be exported"),
			"no frontend has a field that %s.%s would resolve", meth.receiver, meth.name)
	}
}

func suggest(name string, names []string, otherwise string) string {
	if near := didYouMean(name, names); near != "" {
		return near
	}
	return otherwise
}

// checkOperations validates the example operations against their schema.
func checkOperations(p *project, r *report) {
	for _, f := range p.frontends {
		for _, source := range f.operations {
			doc, err := parser.ParseQuery(source)
			if err != nil {
				r.gql(err, "")
				continue
			}
			if len(doc.Operations) != 1 {
				r.add(Diagnostic{File: source.Name, Line: 1, Column: 1, Message: fmt.Sprintf("there are %d operations in this file", len(doc.Operations)), Fix: "write one file for each operation"})
				continue
			}
			for _, e := range validator.ValidateWithRules(f.api, doc, nil) {
				e.SetFile(source.Name)
				r.gql(gqlerror.List{e}, "")
			}
		}
	}
}

func isRoot(s *ast.Schema, def *ast.Definition) bool {
	return def == s.Query || def == s.Mutation || def == s.Subscription
}

// goName is how gqlgen spells a name in Go.
func goName(name string) string { return templates.ToGo(name) }

// signature is the method that would resolve a field.
func signature(s *ast.Schema, def *ast.Definition, field *ast.FieldDefinition) string {
	params := []string{"ctx context.Context"}
	result := goType(s, field.Type)
	switch {
	case def == s.Subscription:
		result = "iter.Seq2[" + result + ", error]"
	case !isRoot(s, def):
		params = append(params, "objs []*model."+goName(def.Name))
		result = "[]" + result
	}
	for _, arg := range field.Arguments {
		params = append(params, templates.ToGoPrivate(arg.Name)+" "+goType(s, arg.Type))
	}
	return fmt.Sprintf("func (r *%s) %s(%s) (%s, error)", goName(def.Name), goName(field.Name), strings.Join(params, ", "), result)
}

// goType spells the Go type of a GraphQL type for a message; a custom scalar,
// whose Go type gqlgen.yml decides, by its own name.
func goType(s *ast.Schema, t *ast.Type) string {
	if t.Elem != nil {
		if elem := s.Types[t.Elem.NamedType]; elem != nil && elem.Kind == ast.InputObject {
			return "[]*model." + goName(elem.Name)
		}
		return "[]" + goType(s, t.Elem)
	}
	def := s.Types[t.NamedType]
	if def != nil {
		switch def.Kind {
		case ast.Object:
			return "*model." + goName(def.Name)
		case ast.Interface, ast.Union:
			return "model." + goName(def.Name)
		}
	}
	pointer := "*"
	if t.NonNull {
		pointer = ""
	}
	builtin := map[string]string{"String": "string", "ID": "string", "Int": "int", "Float": "float64", "Boolean": "bool"}
	if name, ok := builtin[t.NamedType]; ok {
		return pointer + name
	}
	if def != nil && (def.Kind == ast.Enum || def.Kind == ast.InputObject) {
		return pointer + "model." + goName(def.Name)
	}
	return pointer + t.NamedType
}
