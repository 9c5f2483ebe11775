package document

import (
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
	for _, rule := range config.Rules {
		out.AddRule(rule.Name, rule.RuleFunc)
	}
	if config.Suggestions {
		return out
	}
	for shown, silent := range map[string]core.Rule{
		rules.FieldsOnCorrectTypeRule.Name: rules.FieldsOnCorrectTypeRuleWithoutSuggestions,
		rules.KnownArgumentNamesRule.Name:  rules.KnownArgumentNamesRuleWithoutSuggestions,
		rules.KnownTypeNamesRule.Name:      rules.KnownTypeNamesRuleWithoutSuggestions,
		rules.ScalarLeafsRule.Name:         rules.ScalarLeafsRuleWithoutSuggestions,
	} {
		out.RemoveRule(shown)
		out.AddRule(silent.Name, silent.RuleFunc)
	}
	return out
}
