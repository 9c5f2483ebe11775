package mock

import (
	"go/types"
	"reflect"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/portico-gateway/portico/internal/plan"
)

// ofConverter returns the schema of what a converter takes.
func ofConverter(r *plan.Read) *openapi3.SchemaRef {
	if r.Scalar == "" {
		return ofGo(r.Into.To, 0)
	}
	return schemaOf("", r.Scalar)
}

// ofGo returns the schema of what encoding/json decodes into a Go type.
func ofGo(t types.Type, depth int) *openapi3.SchemaRef {
	t = plan.Element(t)
	name := ""
	if named, ok := t.(*types.Named); ok {
		name = named.Obj().Name()
		for method := range named.Methods() {
			if strings.HasPrefix(method.Name(), "Unmarshal") { // it has a form of its own, most often a text
				return schemaOf(strings.TrimPrefix(plan.TypeName(t), "time."), "Text")
			}
		}
	}
	switch under := t.Underlying().(type) {
	case *types.Basic:
		switch info := under.Info(); {
		case info&types.IsBoolean != 0:
			return schemaOf(name, "Bool")
		case info&types.IsInteger != 0:
			return schemaOf(name, "Int")
		case info&types.IsFloat != 0:
			return schemaOf(name, "Float")
		}
	case *types.Slice:
		return arrayOf(ofGo(under.Elem(), depth+1))
	case *types.Struct:
		if depth < maxDepth {
			return ofStruct(under, depth)
		}
	case *types.Map, *types.Interface:
		return schemaOf(name, "Any")
	}
	return schemaOf(name, "Text")
}

func ofStruct(of *types.Struct, depth int) *openapi3.SchemaRef {
	schema := &openapi3.Schema{Type: &openapi3.Types{"object"}, Properties: openapi3.Schemas{}}
	for i := range of.NumFields() {
		field := of.Field(i)
		name, _, _ := strings.Cut(reflect.StructTag(of.Tag(i)).Get("json"), ",")
		if name == "" {
			name = field.Name()
		}
		if field.Exported() && name != "-" {
			schema.Properties[name] = ofGo(field.Type(), depth+1)
			schema.Required = append(schema.Required, name)
		}
	}
	return &openapi3.SchemaRef{Value: schema}
}
