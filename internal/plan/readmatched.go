package plan

import (
	"go/types"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/internal/binding"
)

// readMatched plans how the values of a batch are read from a map of a message, or
// from a repeated field that has them in the order of the keys. It returns nil if
// they can't be, which is reported.
func (m *maker) readMatched(s *Service, c *Call, t *ast.Type, fields []MessageField) *Read {
	last := fields[len(fields)-1]
	value, want, fits := last.Field, "a list", last.IsList()
	if c.Key.Match == binding.ByMap {
		want, fits = "a map whose keys are texts or whole numbers", last.Desc.IsMap()
		if fits {
			key := ProtoType(last.Message.Fields[0])
			value, fits = last.Message.Fields[1], isInteger(key) || isPlainString(key)
		}
	}
	if !fits {
		m.report.At(c.Key.Pos, "", "%s must be %s, but is %s", last.Desc.FullName(), want, last.describe())
		return nil
	}
	into, ok := Conversion{}, false
	if t.Elem.Elem == nil {
		into, ok = m.fromProto(reading{service: s, format: Protobuf, pos: c.Pos, what: c.Parent.Name + "." + c.Field.Name}, value, t.Elem.NamedType)
	}
	if !ok {
		m.report.At(c.Pos, "", "%s.%s is %s, which %s (%s) does not fit", c.Parent.Name, c.Field.Name, t.Elem, value.Desc.FullName(), describe(value))
		return nil
	}
	model := m.models.Of(t.Elem)
	return &Read{Type: t, Model: types.NewSlice(model), Fields: fields, Item: &Read{Type: t.Elem, Model: model, Into: into}}
}
