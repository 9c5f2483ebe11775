package input

import (
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// Document has the arguments of a valid document, compiled. It is immutable.
type Document struct {
	schema *Schema
	fields map[*ast.Field][]argument
	// directives have those of @skip and @include, too.
	directives map[*ast.Directive][]argument
	// defaults are the canonical defaults of variables.
	defaults map[*ast.VariableDefinition]any
}

// argument is a compiled argument.
type argument struct {
	slot   string // the variable that stands for it; empty if it stays as it is
	value  expression
	usages []usage
	parsed []parsed
	limits []limited

	fixed     size // of what does not depend on variables
	variables map[string]uses
}

// Compile checks the literals of a document and compiles its arguments, which it
// replaces in the tree. The tree must have been walked by gqlparser's validator,
// which sets its definitions; if it is not valid, or Compile has errors, it must
// not be used any more. Errors have codes and locations.
func (s *Schema) Compile(tree *ast.QueryDocument) (*Document, gqlerror.List) {
	c := &compiler{
		reader: reader{schema: s},
		document: &Document{
			schema: s,
			fields: map[*ast.Field][]argument{}, directives: map[*ast.Directive][]argument{}, defaults: map[*ast.VariableDefinition]any{},
		},
	}
	for _, operation := range tree.Operations {
		for _, v := range operation.VariableDefinitions {
			if v.DefaultValue != nil {
				c.document.defaults[v] = c.at(position{typ: s.typeOf(v.Type)}, v.DefaultValue).value
			}
			c.ofDirectives(v.Directives)
		}
		c.ofDirectives(operation.Directives)
		c.ofSelections(operation.SelectionSet)
	}
	for _, fragment := range tree.Fragments {
		c.ofDirectives(fragment.Directives)
		c.ofSelections(fragment.SelectionSet)
	}
	if len(c.errs) > 0 {
		return nil, c.errs
	}
	return c.document, nil
}

// compiler compiles the arguments of a document.
type compiler struct {
	reader

	document *Document
	slots    int
}

func (c *compiler) ofSelections(selections ast.SelectionSet) {
	for _, selection := range selections {
		switch s := selection.(type) {
		case *ast.Field:
			if s.Definition != nil {
				s.Arguments, c.document.fields[s] = c.ofArguments(s.Definition.Arguments, s.Arguments)
			}
			c.ofDirectives(s.Directives)
			c.ofSelections(s.SelectionSet)
		case *ast.InlineFragment:
			c.ofDirectives(s.Directives)
			c.ofSelections(s.SelectionSet)
		case *ast.FragmentSpread:
			c.ofDirectives(s.Directives)
		}
	}
}

func (c *compiler) ofDirectives(directives ast.DirectiveList) {
	for _, d := range directives {
		if d.Definition != nil {
			d.Arguments, c.document.directives[d] = c.ofArguments(d.Definition.Arguments, d.Arguments)
		}
	}
}

// ofArguments compiles the arguments of a field or a directive. All that have a
// value are in the list that it returns, those with defaults, too.
func (c *compiler) ofArguments(definitions ast.ArgumentDefinitionList, given ast.ArgumentList) (ast.ArgumentList, []argument) {
	if len(definitions) == 0 {
		return given, nil
	}
	out, compiled := make(ast.ArgumentList, 0, len(given)), make([]argument, 0, len(definitions))
	for _, definition := range definitions {
		fallback, hasDefault := c.schema.defaults[definition]
		node := given.ForName(definition.Name)
		switch {
		case node != nil:
			a := c.ofArgument(definition, node)
			if e := &a.value; e.kind == isVariable && hasDefault {
				e.fallback = &expression{value: fallback}
			}
			out = append(out, c.replaced(node, &a))
			compiled = append(compiled, a.measured())
		case hasDefault:
			a := argument{value: expression{value: fallback}}
			out = append(out, c.replaced(&ast.Argument{Name: definition.Name, Value: definition.DefaultValue}, &a))
			compiled = append(compiled, a.measured())
		}
	}
	return out, compiled
}

func (a argument) measured() argument {
	a.variables = map[string]uses{}
	measure(&a.value, 0, &a.fixed, a.variables)
	return a
}

func (c *compiler) ofArgument(definition *ast.ArgumentDefinition, node *ast.Argument) argument {
	r := reader{schema: c.schema}
	p := position{typ: c.schema.typeOf(definition.Type), limit: limitOf(definition.Directives), global: c.schema.globalOf(definition.Directives),
		name: definition.Name}
	_, p.hasDefault = c.schema.defaults[definition]
	a := argument{value: r.at(p, node.Value)}
	a.usages, a.parsed, a.limits = r.usages, r.parsed, r.limits
	c.errs = append(c.errs, r.errs...)
	return a
}

// isRead reports whether ast.Value reads a literal as a canonical value.
func isRead(literal *ast.Value, canonical any) bool {
	switch literal.Kind {
	case ast.NullValue:
		return canonical == nil
	case ast.BooleanValue:
		value, ok := canonical.(bool)
		return ok && value == (literal.Raw == "true")
	case ast.StringValue, ast.BlockValue, ast.EnumValue:
		text, ok := canonical.(string)
		return ok && text == literal.Raw
	}
	return false
}

// Size returns how many items the lists and objects of all arguments have, and how
// many bytes their texts, besides variables.
func (d *Document) Size() (items, bytes int) {
	for _, arguments := range d.fields {
		for i := range arguments {
			items, bytes = items+arguments[i].fixed.items, bytes+arguments[i].fixed.bytes
		}
	}
	return items, bytes
}

// replaced is an argument of the document with the variable that stands for its
// value. What ast.Value reads as it should stays as it is.
func (c *compiler) replaced(node *ast.Argument, a *argument) *ast.Argument {
	if a.value.kind == isConstant && isRead(node.Value, a.value.value) || a.value.isVariable() {
		return node
	}
	a.slot = "#" + strconv.Itoa(c.slots) // begins a comment: no variable has the name
	c.slots++
	value := &ast.Value{Kind: ast.Variable, Raw: a.slot, Position: node.Value.Position}
	return &ast.Argument{Name: node.Name, Value: value, Position: node.Position}
}
