package plan

import (
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/portico-gateway/portico/internal/binding"
)

// checkRules checks the values of rules for errors against the message of the
// answer, or that they have local names in XML.
func (m *maker) checkRules(c *Call) {
	for _, rule := range c.Errors {
		if c.GRPC == nil {
			m.localNames(rule.Value, c.Format(), rule.ValuePos)
			continue
		}
		if rule.Value == nil {
			continue
		}
		switch fields := m.protoPath(c.Method.Output, rule.Value, rule.ValuePos); {
		case len(fields) > 0:
			m.ruleScalars(fields[len(fields)-1], rule)
		case len(rule.Value) == 0:
			m.report.At(rule.ValuePos, "write the name of a field", "the whole message can't be a condition")
		}
	}
}

// ruleScalars reports scalars that the field of a rule never has.
func (m *maker) ruleScalars(field MessageField, rule binding.ErrorRule) {
	for _, scalar := range rule.Is {
		var fits bool
		switch kind := field.Desc.Kind(); {
		case field.Desc.IsMap() || field.IsList():
		case scalar == "null", field.Message != nil: // it may be a wrapper
			fits = true
		case field.Enum != nil:
			fits = field.Enum.Desc.Values().ByName(protoreflect.Name(strings.Trim(scalar, `"`))) != nil
		case kind == protoreflect.BoolKind:
			fits = scalar == "true" || scalar == "false"
		case kind == protoreflect.StringKind || kind == protoreflect.BytesKind:
			fits = scalar[0] == '"'
		default:
			fits = strings.IndexByte("-0123456789", scalar[0]) >= 0
		}
		if !fits {
			m.report.At(rule.ValuePos, "", "%s (%s) is never %s", field.Desc.FullName(), field.describe(), scalar)
		}
	}
}
