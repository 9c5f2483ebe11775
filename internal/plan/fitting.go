package plan

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/portico-gateway/portico/internal/project"
)

// fitting returns what a field of a request takes: types of GraphQL; empty for a
// message.
func fitting(field *protogen.Field) string {
	if field.Desc.IsMap() {
		return "send an argument, or an input field, that is a list of an input type with fields key and value"
	}
	types := ""
	switch field.Desc.Kind() {
	case protoreflect.StringKind:
		types = "String or ID"
	case protoreflect.BoolKind:
		types = "Boolean"
	case protoreflect.FloatKind, protoreflect.DoubleKind:
		types = "Float or Int"
	case protoreflect.BytesKind:
		types = "String, in base64"
	case protoreflect.EnumKind:
		types = "an enum with its values"
	case protoreflect.MessageKind, protoreflect.GroupKind:
		return ""
	default:
		types = "Int, Int64 or ID"
	}
	if field.Desc.IsList() {
		return "it takes a list of " + types
	}
	return "it takes " + types
}

// noField returns what would fix a name that is no field of a message. hint is how the
// fields of a oneof are used.
func noField(message *protogen.Message, name, hint string) string {
	for _, oneof := range message.Oneofs {
		if string(oneof.Desc.Name()) == name && !oneof.Desc.IsSynthetic() {
			var fields []string
			for _, f := range oneof.Fields {
				fields = append(fields, string(f.Desc.Name()))
			}
			return fmt.Sprintf("%s is a oneof, whose fields are those of the message: %s%s", name, strings.Join(fields, ", "), hint)
		}
	}
	return project.DidYouMean(name, protoFieldNames(message))
}
