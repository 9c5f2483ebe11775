package plan

import (
	"strconv"
	"strings"

	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/portico-gateway/portico/internal/binding"
	"github.com/portico-gateway/portico/internal/project"
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
		if field, item := m.ruleField(c.Method.Output, rule); field != nil {
			m.ruleScalars(field, item, rule)
		}
	}
}

// ruleField returns the field that the value of a rule leads to, and whether it is
// an item of it. It returns nil if there is none, which is reported.
func (m *maker) ruleField(message *protogen.Message, rule binding.ErrorRule) (field *protogen.Field, item bool) {
	for _, name := range rule.Value {
		switch {
		case field != nil && field.Desc.IsList() && !item:
			if n, err := strconv.Atoi(name); err != nil || n < 0 || strconv.Itoa(n) != name {
				m.report.At(rule.ValuePos, "write a position, such as "+string(field.Desc.Name())+".0", "%s is a list, which has no field %s",
					field.Desc.FullName(), name)
				return nil, false
			}
			item = true
			continue
		case field != nil && (field.Message == nil || field.Desc.IsMap()):
			m.report.At(rule.ValuePos, "", "%s is not a message, so it has no field %s", field.Desc.FullName(), name)
			return nil, false
		case field != nil:
			message = field.Message
		}
		next := findField(message, name)
		if next == nil {
			m.report.At(rule.ValuePos, project.DidYouMean(name, protoFieldNames(message)), "the message %s has no field %s", message.Desc.FullName(), name)
			return nil, false
		}
		field, item = next, false
	}
	if field == nil {
		m.report.At(rule.ValuePos, "write the name of a field", "the whole message can't be a condition")
	}
	return field, item
}

// ruleScalars reports scalars that the field of a rule never has.
func (m *maker) ruleScalars(field *protogen.Field, item bool, rule binding.ErrorRule) {
	for _, scalar := range rule.Is {
		var fits bool
		switch kind := field.Desc.Kind(); {
		case field.Desc.IsMap() || field.Desc.IsList() && !item:
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
			m.report.At(rule.ValuePos, "", "%s (%s) is never %s", field.Desc.FullName(), describe(field), scalar)
		}
	}
}
