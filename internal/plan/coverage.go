package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/internal/binding"
	"github.com/portico-gateway/portico/internal/project"
)

// coverage checks that every field of a root type, or with arguments, has a
// method or a binding.
func coverage(p *project.Project, r *project.Report) {
	for _, f := range p.Frontends {
		for _, name := range project.TypeNames(f.Schema) {
			def := f.Schema.Types[name]
			if def.Kind != ast.Object || def.BuiltIn {
				continue
			}
			for _, field := range def.Fields {
				needMethod(f, def, field, p.Methods, r)
			}
			needLoad(f, def, p.Methods, r)
		}
		if !p.Mended { // else @node may have been left out
			needNode(f, p.Methods, r)
		}
	}
}

// strays checks that every method resolves a field.
func strays(p *project.Project, r *project.Report) {
	for _, meth := range p.Methods.All() {
		needField(p, meth, r)
	}
}

// needMethod reports a field that needs a method or a binding and has none: one
// of a root type, or one with arguments, which no field of a struct can have.
func needMethod(f *project.Frontend, def *ast.Definition, field *ast.FieldDefinition, m *project.Methods, r *project.Report) {
	root := project.IsRoot(f.Schema, def)
	if strings.HasPrefix(field.Name, "__") || !root && len(field.Arguments) == 0 || f.Retyped(field) || project.Bound(field) {
		return
	}
	if m.Find(f.Name, GoName(def.Name), GoName(field.Name)) != nil {
		return
	}
	if f.LoadsNodes(def, field) {
		checkNodes(field, r)
		return
	}
	why := "takes arguments"
	if root {
		why = "is a field of a root type"
	}
	folder := "resolvers/, or in resolvers/" + f.Name + "/ for this frontend only"
	if strings.HasPrefix(field.Position.Src.Name, "schema/"+project.SharedFolder+"/") {
		folder = "resolvers/"
	}
	fix := "write in " + folder + ": " + declaration(f.Schema, def, field)
	if def == f.Schema.Query && field.Type.Name() == binding.NodeInterface && (field.Name == "node" || field.Name == "nodes") {
		fix = "add @node to the types that implement Node, or " + fix
	}
	r.At(field.Position, fix,
		"nothing resolves %s.%s: it %s, so it needs a binding (@rest, @grpc) or a method", def.Name, field.Name, why)
}

// needField reports a method whose type or field no frontend has. Without it, a
// misspelled method would be ignored.
func needField(p *project.Project, meth *project.Method, r *project.Report) {
	var types, fields []string
	for _, f := range p.Frontends {
		for _, name := range project.TypeNames(f.Schema) {
			def := f.Schema.Types[name]
			if def.Kind != ast.Object || def.BuiltIn {
				continue
			}
			types = append(types, GoName(name))
			if GoName(name) != meth.Receiver {
				continue
			}
			for _, field := range def.Fields {
				fields = append(fields, GoName(field.Name))
			}
		}
	}
	switch {
	case !slices.Contains(types, meth.Receiver):
		r.AtGo(meth.Pos, suggest(meth.Receiver, types, "name the Go type as the GraphQL type, or do not embed *Root in it"),
			"no frontend has a type %s, whose fields the methods of this Go type would resolve", meth.Receiver)
	case !slices.Contains(fields, meth.Name):
		r.AtGo(meth.Pos, suggest(meth.Name, fields, "methods that resolve no field must not be exported"),
			"no frontend has a field that %s.%s would resolve", meth.Receiver, meth.Name)
	}
}

// declaration returns the declaration of the method that would resolve a field,
// for a message.
func declaration(s *ast.Schema, def *ast.Definition, field *ast.FieldDefinition) string {
	params := []string{"ctx context.Context"}
	result := schemaType(s, field.Type)
	switch {
	case def == s.Subscription:
		result = "iter.Seq2[" + result + ", error]"
	case !project.IsRoot(s, def):
		params = append(params, "objs []*model."+GoName(def.Name))
		result = "[]" + result
	}
	for _, arg := range field.Arguments {
		params = append(params, GoParam(arg.Name)+" "+schemaType(s, arg.Type))
	}
	return fmt.Sprintf("func (r *%s) %s(%s) (%s, error)", GoName(def.Name), GoName(field.Name), strings.Join(params, ", "), result)
}

// schemaType returns the Go type of a GraphQL type, for a message. A custom
// scalar, whose Go type gqlgen.yml decides, has its own name.
func schemaType(s *ast.Schema, t *ast.Type) string {
	if t.Elem != nil {
		if elem := s.Types[t.Elem.NamedType]; elem != nil && elem.Kind == ast.InputObject {
			return "[]*model." + GoName(elem.Name)
		}
		return "[]" + schemaType(s, t.Elem)
	}
	def := s.Types[t.NamedType]
	if def != nil {
		switch def.Kind {
		case ast.Object:
			return "*model." + GoName(def.Name)
		case ast.Interface, ast.Union:
			return "model." + GoName(def.Name)
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
		return pointer + "model." + GoName(def.Name)
	}
	return pointer + t.NamedType
}
