// Package introspection corrects what gqlgen answers about a schema (GraphQL
// specification, September 2025, section 4.2). ADR 12 lists the differences.
package introspection

import (
	"context"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/introspection"
	"github.com/vektah/gqlparser/v2/ast"
)

// Corrections are those of one schema. They are immutable.
type Corrections struct {
	query   string
	unused  map[string]bool // built-in scalars that nothing refers to
	noDefer bool            // @defer is not the schema's own
}

// New finds what has to be corrected of a schema.
func New(schema *ast.Schema) *Corrections {
	c := &Corrections{unused: map[string]bool{"Int": true, "Float": true, "ID": true}}
	if schema.Query != nil {
		c.query = schema.Query.Name
	}
	if d := schema.Directives["defer"]; d != nil {
		c.noDefer = d.Position != nil && d.Position.Src != nil && d.Position.Src.BuiltIn
	}
	for _, definition := range schema.Types {
		for _, field := range definition.Fields {
			delete(c.unused, field.Type.Name())
			c.uses(field.Arguments)
		}
	}
	for _, directive := range schema.Directives {
		c.uses(directive.Arguments)
	}
	return c
}

func (c *Corrections) uses(arguments ast.ArgumentDefinitionList) {
	for _, a := range arguments {
		delete(c.unused, a.Type.Name())
	}
}

// Around is the middleware of an operation with fields of introspection, whose
// own middleware is next.
func (c *Corrections) Around(next graphql.FieldMiddleware) graphql.FieldMiddleware {
	return func(ctx context.Context, resolve graphql.Resolver) (any, error) {
		value, err := next(ctx, resolve)
		if err != nil || value == nil {
			return value, err
		}
		return c.corrected(graphql.GetFieldContext(ctx), value), nil
	}
}

func (c *Corrections) corrected(field *graphql.FieldContext, value any) any {
	switch field.Object {
	case "__Schema":
		return c.ofSchema(value)
	case "__Type":
		of, ok := field.Parent.Result.(*introspection.Type)
		if ok && !has(of.Kind(), field.Field.Name) {
			return nil
		}
		if field.Field.Name == "possibleTypes" {
			return objects(value)
		}
	case "__Field", "__EnumValue", "__InputValue":
		if field.Field.Name == "deprecationReason" {
			return reason(field.Parent.Result, value)
		}
	case c.query:
		if of, ok := value.(*introspection.Type); ok && of != nil && field.Field.Name == "__type" && c.unused[*of.Name()] {
			return nil
		}
	}
	return value
}

// ofSchema leaves out the types and directives that the schema does not have. A
// built-in scalar that nothing refers to is not one of its types (section 3.5).
func (c *Corrections) ofSchema(value any) any {
	switch list := value.(type) {
	case []introspection.Type:
		return slices.DeleteFunc(list, func(t introspection.Type) bool { return c.unused[*t.Name()] })
	case []introspection.Directive:
		return slices.DeleteFunc(list, func(d introspection.Directive) bool { return c.noDefer && d.Name == "defer" })
	}
	return value
}

// has reports whether a kind of type has a member of __Type, which is null
// otherwise (section 4.2.2).
func has(kind, member string) bool {
	switch member {
	case "fields", "interfaces":
		return kind == "OBJECT" || kind == "INTERFACE"
	case "possibleTypes":
		return kind == "INTERFACE" || kind == "UNION"
	case "enumValues":
		return kind == "ENUM"
	case "inputFields", "isOneOf":
		return kind == "INPUT_OBJECT"
	}
	return true
}

// objects are the possible types that are object types: an interface that
// implements another is not one of its possible types.
func objects(value any) any {
	list, ok := value.([]introspection.Type)
	if !ok {
		return value
	}
	return slices.DeleteFunc(list, func(t introspection.Type) bool { return t.Kind() != "OBJECT" })
}

// reason is that of a deprecation, which has a default (section 3.13.3).
func reason(of, value any) any {
	text, ok := value.(*string)
	if !ok || text != nil {
		return value
	}
	if d, ok := of.(interface{ IsDeprecated() bool }); ok && d.IsDeprecated() {
		byDefault := "No longer supported"
		return &byDefault
	}
	return value
}
