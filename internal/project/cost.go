package project

import (
	"slices"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/directive"
	"github.com/portico-gateway/portico/internal/binding"
)

// addCosts adds to a published document what costs are computed from: weights
// as strings, as in IBM's specification, and @listSize for fields that page by
// first and last.
func addCosts(schema *ast.Schema, doc *ast.SchemaDocument) {
	for _, def := range slices.Concat(doc.Definitions, doc.Extensions) {
		weightsAsTexts(def.Directives)
		for _, field := range def.Fields {
			weightsAsTexts(field.Directives)
			argumentWeights(field.Arguments)
			if def.Kind != ast.InputObject && field.Directives.ForName(directive.NameListSize) == nil {
				if d := impliedSize(schema, field); d != nil {
					field.Directives = append(field.Directives, d)
				}
			}
		}
	}
	for _, d := range doc.Directives {
		argumentWeights(d.Arguments)
	}
}

func argumentWeights(args ast.ArgumentDefinitionList) {
	for _, arg := range args {
		weightsAsTexts(arg.Directives)
	}
}

func weightsAsTexts(directives ast.DirectiveList) {
	for _, d := range directives.ForNames(directive.NameCost) {
		if weight := d.Arguments.ForName("weight"); weight != nil && (weight.Value.Kind == ast.IntValue || weight.Value.Kind == ast.FloatValue) {
			weight.Value.Kind = ast.StringValue
		}
	}
}

// impliedSize returns the @listSize of a field that pages by first and last
// (Relay's Cursor Connections Specification, section 4): for a list, or for the
// nodes and edges of an object. It is nil for other fields.
func impliedSize(schema *ast.Schema, field *ast.FieldDefinition) *ast.Directive {
	slicing, most := []string{}, -1
	for _, name := range []string{"first", "last"} {
		if arg := field.Arguments.ForName(name); arg != nil && arg.Type.NamedType == "Int" {
			slicing = append(slicing, name)
			if n, ok := directive.ConstraintOf(arg.Directives).Most(); ok {
				most = max(most, n)
			}
		}
	}
	def := schema.Types[field.Type.Name()] // nil for one that is missing
	if len(slicing) == 0 || def == nil {
		return nil
	}
	d := &ast.Directive{Name: directive.NameListSize, Arguments: ast.ArgumentList{{Name: "slicingArguments", Value: textList(slicing)}}}
	if field.Type.Elem == nil {
		sized := pageLists(def)
		if len(sized) == 0 {
			return nil
		}
		d.Arguments = append(d.Arguments, &ast.Argument{Name: "sizedFields", Value: textList(sized)})
	}
	if most >= 0 { // the size for null
		d.Arguments = append(d.Arguments, &ast.Argument{Name: "assumedSize", Value: &ast.Value{Kind: ast.IntValue, Raw: strconv.Itoa(most)}})
	}
	d.Arguments = append(d.Arguments, &ast.Argument{Name: "requireOneSlicingArgument", Value: &ast.Value{Kind: ast.BooleanValue, Raw: "false"}})
	return d
}

// pageLists returns the lists of a connection that callers see.
func pageLists(def *ast.Definition) []string {
	var names []string
	for _, f := range def.Fields {
		if f.Type.Elem != nil && slices.Contains([]string{"nodes", "edges"}, f.Name) && !binding.Inaccessible(f) {
			names = append(names, f.Name)
		}
	}
	return names
}

func textList(texts []string) *ast.Value {
	list := &ast.Value{Kind: ast.ListValue}
	for _, text := range texts {
		list.Children = append(list.Children, &ast.ChildValue{Value: &ast.Value{Kind: ast.StringValue, Raw: text}})
	}
	return list
}
