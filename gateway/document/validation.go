package document

import (
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/core"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// validation are the rules of the GraphQL specification, section 5, and that
// of Int's range, which the library lacks. A suggestion tells what a schema
// has, so there are none where the schema is not told.
func validation(suggestions bool) *rules.Rules {
	out := rules.NewDefaultRules()
	out.AddRule("IntRange", intRange)
	out.ReplaceRule(rules.SingleFieldSubscriptionsRule.Name, singleRootField)
	if suggestions {
		return out
	}
	for told, silent := range map[string]core.Rule{
		rules.FieldsOnCorrectTypeRule.Name: rules.FieldsOnCorrectTypeRuleWithoutSuggestions,
		rules.KnownArgumentNamesRule.Name:  rules.KnownArgumentNamesRuleWithoutSuggestions,
		rules.KnownTypeNamesRule.Name:      rules.KnownTypeNamesRuleWithoutSuggestions,
		rules.ScalarLeafsRule.Name:         rules.ScalarLeafsRuleWithoutSuggestions,
		rules.ValuesOfCorrectTypeRule.Name: rules.ValuesOfCorrectTypeRuleWithoutSuggestions,
	} {
		out.RemoveRule(told)
		out.AddRule(silent.Name, silent.RuleFunc)
	}
	return out
}

// intRange refuses an Int of more than 32 bits (GraphQL specification, section
// 3.5.1).
func intRange(observers *core.Events, addError core.AddErrFunc) {
	observers.OnValue(func(_ *core.Walker, value *ast.Value) {
		if value.Kind != ast.IntValue || value.Definition == nil || value.Definition.Name != "Int" {
			return
		}
		if _, err := strconv.ParseInt(value.Raw, 10, 32); err != nil {
			addError(core.Message("Int cannot represent a number of more than 32 bits."), core.At(value.Position))
		}
	})
}
