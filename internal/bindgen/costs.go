package bindgen

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/internal/binding"
)

// tellCosts makes published definitions say what callers and the gateway
// compute costs with: weights as the texts that IBM's specification has, and
// @listSize of what pages, as it is told by the names of arguments.
func tellCosts(schema *ast.Schema, definitions ast.DefinitionList) {
	for _, def := range definitions {
		weightsAsTexts(def.Directives)
		for _, field := range def.Fields {
			weightsAsTexts(field.Directives)
			for _, arg := range field.Arguments {
				weightsAsTexts(arg.Directives)
			}
			if def.Kind != ast.InputObject && field.Directives.ForName(binding.ListSizeDirective) == nil {
				if d := impliedSize(schema, field); d != nil {
					field.Directives = append(field.Directives, d)
				}
			}
		}
	}
}

func weightsAsTexts(directives ast.DirectiveList) {
	for _, d := range directives.ForNames(binding.CostDirective) {
		if weight := d.Arguments.ForName("weight"); weight != nil {
			weight.Value.Kind = ast.StringValue
		}
	}
}

// impliedSize is the @listSize of a field that pages by first and last
// (Relay's Cursor Connections Specification, section 4): of a list, or of the
// nodes and edges of an object. Nil for other fields.
func impliedSize(schema *ast.Schema, field *ast.FieldDefinition) *ast.Directive {
	slicing, most := &ast.Value{Kind: ast.ListValue}, ""
	for _, name := range []string{"first", "last"} {
		arg := field.Arguments.ForName(name)
		if arg == nil || arg.Type.NamedType != "Int" {
			continue
		}
		slicing.Children = append(slicing.Children, &ast.ChildValue{Value: &ast.Value{Kind: ast.StringValue, Raw: name}})
		if d := arg.Directives.ForName(binding.ConstraintDirective); d != nil && d.Arguments.ForName("max") != nil {
			most = d.Arguments.ForName("max").Value.Raw
		}
	}
	if len(slicing.Children) == 0 {
		return nil
	}
	d := &ast.Directive{Name: binding.ListSizeDirective, Arguments: ast.ArgumentList{{Name: "slicingArguments", Value: slicing}}}
	if field.Type.Elem == nil {
		sized := &ast.Value{Kind: ast.ListValue}
		for _, f := range schema.Types[field.Type.Name()].Fields {
			if f.Type.Elem != nil && slices.Contains([]string{"nodes", "edges"}, f.Name) && !binding.Inaccessible(f) {
				sized.Children = append(sized.Children, &ast.ChildValue{Value: &ast.Value{Kind: ast.StringValue, Raw: f.Name}})
			}
		}
		if len(sized.Children) == 0 {
			return nil
		}
		d.Arguments = append(d.Arguments, &ast.Argument{Name: "sizedFields", Value: sized})
	}
	if most != "" { // what null can get
		d.Arguments = append(d.Arguments, &ast.Argument{Name: "assumedSize", Value: &ast.Value{Kind: ast.IntValue, Raw: most}})
	}
	d.Arguments = append(d.Arguments, &ast.Argument{Name: "requireOneSlicingArgument", Value: &ast.Value{Kind: ast.BooleanValue, Raw: "false"}})
	return d
}
