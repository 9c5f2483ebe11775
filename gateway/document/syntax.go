package document

import (
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
)

// parseText parses an executable document of at most so many tokens (GraphQL
// specification, September 2025, section 2). Its error is a *[gqlerror.Error],
// with a location unless there are too many tokens.
//
// It corrects the library's parser, which takes variables of fragments, and
// variables in constant directives, and whose lexer [scan] corrects.
func parseText(text string, tokens int) (*ast.QueryDocument, error) {
	scanned, wrong := scan(text)
	if wrong != nil {
		return nil, wrong
	}
	source := &ast.Source{Input: scanned.masked()}
	tree, err := parser.ParseQueryWithTokenLimit(source, tokens)
	if err != nil {
		scanned.relocate(err)
		return nil, err
	}
	source.Input = text
	if wrong := strict(tree); wrong != nil {
		return nil, wrong
	}
	if len(scanned.strings) > 0 {
		eachValue(tree, scanned.correct)
	}
	return tree, nil
}

// strict reports what the library parses though it is no document.
func strict(tree *ast.QueryDocument) *gqlerror.Error {
	if len(tree.Operations)+len(tree.Fragments) == 0 {
		return gqlerror.ErrorLocf("", 1, 1, "The document is empty.")
	}
	for _, fragment := range tree.Fragments {
		if len(fragment.VariableDefinition) > 0 {
			return gqlerror.ErrorPosf(fragment.VariableDefinition[0].Position, "A fragment has no variables of its own.")
		}
	}
	var found *gqlerror.Error
	for _, operation := range tree.Operations {
		for _, variable := range operation.VariableDefinitions {
			valuesOfDirectives(variable.Directives, func(value *ast.Value) {
				if value.Kind == ast.Variable && found == nil {
					found = gqlerror.ErrorPosf(value.Position, "A directive of a variable must not use variables, such as $%s.", value.Raw)
				}
			})
		}
	}
	return found
}

// eachValue calls visit for every value of a document, those in lists and
// objects included, once.
func eachValue(tree *ast.QueryDocument, visit func(*ast.Value)) {
	for _, operation := range tree.Operations {
		for _, variable := range operation.VariableDefinitions {
			valuesIn(variable.DefaultValue, visit)
			valuesOfDirectives(variable.Directives, visit)
		}
		valuesOfDirectives(operation.Directives, visit)
		valuesOfSelections(operation.SelectionSet, visit)
	}
	for _, fragment := range tree.Fragments {
		valuesOfDirectives(fragment.Directives, visit)
		valuesOfSelections(fragment.SelectionSet, visit)
	}
}

func valuesOfSelections(selections ast.SelectionSet, visit func(*ast.Value)) {
	for _, selection := range selections {
		switch s := selection.(type) {
		case *ast.Field:
			valuesOfArguments(s.Arguments, visit)
			valuesOfDirectives(s.Directives, visit)
			valuesOfSelections(s.SelectionSet, visit)
		case *ast.InlineFragment:
			valuesOfDirectives(s.Directives, visit)
			valuesOfSelections(s.SelectionSet, visit)
		case *ast.FragmentSpread:
			valuesOfDirectives(s.Directives, visit)
		}
	}
}

func valuesOfDirectives(directives ast.DirectiveList, visit func(*ast.Value)) {
	for _, d := range directives {
		valuesOfArguments(d.Arguments, visit)
	}
}

func valuesOfArguments(arguments ast.ArgumentList, visit func(*ast.Value)) {
	for _, a := range arguments {
		valuesIn(a.Value, visit)
	}
}

func valuesIn(value *ast.Value, visit func(*ast.Value)) {
	if value == nil {
		return
	}
	visit(value)
	for _, child := range value.Children {
		valuesIn(child.Value, visit)
	}
}
