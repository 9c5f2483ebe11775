package document

import (
	"fmt"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/core"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// validation returns the rules of the GraphQL specification, section 5, but for
// values, which are checked where they are coerced (package input). A suggestion
// shows a part of the schema, so there are none where the schema is not shown.
func validation(config Config) *rules.Rules {
	out := rules.NewDefaultRules()
	out.RemoveRule(rules.ValuesOfCorrectTypeRule.Name)
	out.ReplaceRule(rules.SingleFieldSubscriptionsRule.Name, singleRootField)
	out.ReplaceRule(rules.UniqueOperationNamesRule.Name, uniqueOperationNames)
	out.ReplaceRule(rules.NoUnusedVariablesRule.Name, noUnusedVariables)
	for _, rule := range config.Rules {
		out.AddRule(rule.Name, rule.RuleFunc)
	}
	if config.Suggestions {
		out.ReplaceRule(rules.FieldsOnCorrectTypeRule.Name, ofComposite(rules.FieldsOnCorrectTypeRule.RuleFunc))
		return out
	}
	for shown, silent := range map[string]core.Rule{
		rules.FieldsOnCorrectTypeRule.Name: {
			Name: rules.FieldsOnCorrectTypeRuleWithoutSuggestions.Name, RuleFunc: ofComposite(rules.FieldsOnCorrectTypeRuleWithoutSuggestions.RuleFunc),
		},
		rules.KnownArgumentNamesRule.Name: rules.KnownArgumentNamesRuleWithoutSuggestions,
		rules.KnownTypeNamesRule.Name:     rules.KnownTypeNamesRuleWithoutSuggestions,
		rules.ScalarLeafsRule.Name:        rules.ScalarLeafsRuleWithoutSuggestions,
	} {
		out.RemoveRule(shown)
		out.AddRule(silent.Name, silent.RuleFunc)
	}
	return out
}

// The rules below are those of gqlparser, but do not report consequences of other mistakes.

// uniqueOperationNames is for operations with names (section 5.2.2.1): another rule is for those without.
func uniqueOperationNames(observers *core.Events, addError core.AddErrFunc) {
	seen := map[string]bool{}
	observers.OnOperation(func(_ *core.Walker, operation *ast.OperationDefinition) {
		if seen[operation.Name] {
			addError(core.Message("There can be only one operation named %q.", operation.Name), core.At(operation.Position))
		}
		seen[operation.Name] = operation.Name != ""
	})
}

// noUnusedVariables is section 5.8.4. A variable that is defined twice is used if the first definition is.
func noUnusedVariables(observers *core.Events, addError core.AddErrFunc) {
	observers.OnOperation(func(_ *core.Walker, operation *ast.OperationDefinition) {
		in := ""
		if operation.Name != "" {
			in = fmt.Sprintf(" in operation %q", operation.Name)
		}
		for _, variable := range operation.VariableDefinitions {
			if !operation.VariableDefinitions.ForName(variable.Variable).Used {
				addError(core.Message(`Variable "$%s" is never used%s.`, variable.Variable, in), core.At(variable.Position))
			}
		}
	})
}

// ofComposite limits a rule for fields to fields of types that have some: another rule has an error for a selection on other
// types.
func ofComposite(rule core.RuleFunc) core.RuleFunc {
	return func(observers *core.Events, addError core.AddErrFunc) {
		var current *ast.Field
		observers.OnField(func(_ *core.Walker, field *ast.Field) { current = field })
		rule(observers, func(options ...core.ErrorOption) {
			if current.ObjectDefinition.IsCompositeType() {
				addError(options...)
			}
		})
	}
}
