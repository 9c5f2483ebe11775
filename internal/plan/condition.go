package plan

import (
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/portico-gateway/portico/gateway/directive"
	"github.com/portico-gateway/portico/internal/binding"
)

// checkRules checks the paths of rules for errors against the message of the answer, or
// the details of a gRPC status, or that they have local names in XML. Paths of
// extensions get the names that fields have in JSON.
func (m *maker) checkRules(c *Call) {
	for _, rule := range c.Errors {
		switch {
		case c.GRPC == nil:
			m.localNames(rule.Value, c.Format(), rule.ValuePos)
		case rule.Status != "":
			m.statusRule(rule)
		default:
			m.messageRule(c, rule)
		}
	}
}

// messageRule checks a rule for the message of an answer.
func (m *maker) messageRule(c *Call, rule binding.ErrorRule) {
	if rule.Value == nil {
		return // reported
	}
	switch fields := m.protoPath(c.Method.Output, rule.Value, rule.ValuePos); {
	case len(fields) > 0:
		last := fields[len(fields)-1]
		m.ruleScalars(rule, last.Desc, last.Desc.IsMap() || last.IsList())
	case len(rule.Value) == 0:
		m.report.At(rule.ValuePos, "write the name of a field", "the whole message can't be a condition")
	}
	for i, x := range rule.Extensions {
		fields := m.protoPath(c.Method.Output, x.Path, x.Pos)
		path := directive.Path{}
		for n, f := range fields {
			if n+1 < len(fields) && f.Message != nil && isWellKnown(f.Message.Desc) {
				m.report.At(x.Pos, "end the path there", "%s is %s, which is no object in JSON", f.Desc.FullName(), f.Message.Desc.FullName())
			}
			if path = append(path, directive.Step{Name: f.Desc.JSONName()}); f.IsItem() {
				path = append(path, directive.Step{Item: f.Item})
			}
		}
		rule.Extensions[i].Path = path
	}
}

// isWellKnown reports whether a message is one of google.protobuf, most of which have a
// form of their own in JSON.
func isWellKnown(message protoreflect.MessageDescriptor) bool {
	return message.FullName().Parent() == "google.protobuf"
}

// ruleScalars reports scalars that the field of a rule never has. Of a list or a map, it
// has none.
func (m *maker) ruleScalars(rule binding.ErrorRule, field protoreflect.FieldDescriptor, many bool) {
	for _, scalar := range rule.Is {
		var fits bool
		switch kind := field.Kind(); {
		case many:
		case scalar == "null", field.Message() != nil: // it may be a wrapper
			fits = true
		case field.Enum() != nil:
			fits = field.Enum().Values().ByName(protoreflect.Name(strings.Trim(scalar, `"`))) != nil
		case kind == protoreflect.BoolKind:
			fits = scalar == "true" || scalar == "false"
		case kind == protoreflect.StringKind || kind == protoreflect.BytesKind:
			fits = scalar[0] == '"'
		default:
			fits = strings.IndexByte("-0123456789", scalar[0]) >= 0
		}
		if !fits {
			m.report.At(rule.ValuePos, "", "%s (%s) is never %s", field.FullName(), describeField(field, many), scalar)
		}
	}
}
