package plan

import (
	"go/types"
	"slices"
	"strings"

	"github.com/99designs/gqlgen/codegen/templates"
	"github.com/vektah/gqlparser/v2/ast"
	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/portico-gateway/portico/internal/binding"
	"github.com/portico-gateway/portico/internal/project"
)

// Enum is an enum of the schema, with the values of a service.
type Enum struct {
	Def   *ast.Definition
	Model types.Type
	// Proto is the service's enum; nil for an enum that is sent as text.
	Proto *protogen.Enum
	// Values are the values of the schema's enum.
	Values []EnumValue
	// Other is the value that stands for values of the service that the enum does not
	// have; empty if there is none.
	Other string
	// Read and Written report whether answers and requests have the enum.
	Read, Written bool
}

// EnumValue is a value of an enum.
type EnumValue struct {
	Name string
	// Texts are the texts that are read as this value. A text belongs to one
	// value only.
	Texts []string
	// Sent is the text that is sent for the value, if Respelled; else its name
	// is sent.
	Sent      string
	Respelled bool
	// Proto is the service's value that is read as this one; nil if there is
	// none, or if it is read as an earlier value. SentProto is the value that
	// is sent.
	Proto, SentProto *protogen.EnumValue
	// Everywhere reports whether each frontend that has the enum has the value.
	Everywhere bool
}

// enumText returns what the service calls a value of an enum, as its callers
// say. It returns false if they say nothing.
func (m *maker) enumText(s *Service, def *ast.Definition, value string) (string, bool) {
	text, said, first := "", false, (*ast.EnumValueDefinition)(nil)
	for _, f := range s.callers() {
		own := f.Schema.Types[def.Name]
		if own == nil || own.EnumValues.ForName(value) == nil {
			continue
		}
		theirs := own.EnumValues.ForName(value)
		name, ok := binding.EnumText(theirs.Directives, s.Name)
		if first != nil && (name != text || ok != said) {
			m.report.At(theirs.Position, "use the same name in both, or give the enums other names",
				"%[1]s.%[2]s has another name in the service %[4]s here than at %[3]s", def.Name, value, project.Where(first.Position), s.Name)
			return text, said
		}
		text, said, first = name, ok, theirs
	}
	return text, said
}

// respelled reports whether a value of the enum has another name in the
// service.
func (m *maker) respelled(s *Service, def *ast.Definition) bool {
	return slices.ContainsFunc(def.EnumValues, func(v *ast.EnumValueDefinition) bool {
		text, said := m.enumText(s, def, v.Name)
		return said && text != anyValue || !said && s.conventions.Enums.Of(v.Name) != v.Name
	})
}

// textEnum plans an enum that is sent as text.
func (m *maker) textEnum(s *Service, def *ast.Definition) *Enum {
	for _, e := range s.Enums {
		if e.Def == def && e.Proto == nil {
			return e
		}
	}
	e := &Enum{Def: def, Model: m.models.Named(def.Name)}
	s.Enums = append(s.Enums, e)
	owner := map[string]string{} // the value that a text belongs to: those that @source names come first
	for _, v := range def.EnumValues {
		if text, said := m.enumText(s, def, v.Name); said && text != anyValue && owner[text] == "" {
			owner[text] = v.Name
		}
	}
	for _, v := range def.EnumValues {
		value := EnumValue{Name: v.Name, Everywhere: m.everywhere(def, v.Name)}
		text, said := m.enumText(s, def, v.Name)
		if said && text == anyValue {
			e.Other, said = m.other(e, v), false
		}
		if value.Sent, value.Respelled = text, said; !said {
			value.Sent = s.conventions.Enums.Of(v.Name)
			value.Respelled = value.Sent != v.Name
		}
		for _, spelling := range spellings(v.Name, text, said) {
			if owner[spelling] == "" || owner[spelling] == v.Name {
				value.Texts = append(value.Texts, spelling)
				owner[spelling] = v.Name
			}
		}
		e.Values = append(e.Values, value)
	}
	return e
}

// everywhere reports whether each frontend that has an enum has one of its values.
func (m *maker) everywhere(def *ast.Definition, value string) bool {
	return !slices.ContainsFunc(m.project.Frontends, func(f *project.Frontend) bool {
		own := f.Schema.Types[def.Name]
		return own != nil && own.EnumValues.ForName(value) == nil
	})
}

// anyValue is the name of a value that stands for all that the enum does not have.
const anyValue = "*"

// other returns the value that stands for unknown ones. An enum has one.
func (m *maker) other(e *Enum, v *ast.EnumValueDefinition) string {
	if e.Other != "" {
		m.report.At(v.Position, "keep one", "both %[1]s.%[2]s and %[1]s.%[3]s stand for unknown values", e.Def.Name, e.Other, v.Name)
	}
	return v.Name
}

// spellings returns the texts that services may use for the value IN_TRANSIT:
// the one of @source, or in_transit, in-transit, inTransit and the like.
func spellings(name, text string, said bool) []string {
	if said {
		return []string{text}
	}
	lower := strings.ToLower(name)
	words := strings.Split(lower, "_")
	for i, word := range words {
		words[i] = templates.UcFirst(word)
	}
	camel := strings.Join(words, "")
	var out []string
	for _, s := range []string{name, lower, strings.ReplaceAll(lower, "_", "-"), strings.ReplaceAll(name, "_", "-"), templates.LcFirst(camel), camel} {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// protoEnum plans an enum that is an enum of a proto.
func (m *maker) protoEnum(s *Service, def *ast.Definition, proto *protogen.Enum) *Enum {
	for _, e := range s.Enums {
		if e.Def == def && e.Proto == proto {
			return e
		}
	}
	e := &Enum{Def: def, Model: m.models.Named(def.Name), Proto: proto}
	s.Enums = append(s.Enums, e)
	taken := map[protoreflect.EnumNumber]bool{}
	for _, v := range def.EnumValues {
		if text, said := m.enumText(s, def, v.Name); said && text == anyValue {
			e.Other = m.other(e, v)
		}
		value := EnumValue{Name: v.Name, SentProto: m.protoEnumValue(s, def, v, proto), Everywhere: m.everywhere(def, v.Name)}
		if theirs := value.SentProto; theirs != nil && !taken[theirs.Desc.Number()] {
			taken[theirs.Desc.Number()] = true
			value.Proto = theirs
		}
		e.Values = append(e.Values, value)
	}
	return e
}

// protoEnumValue returns the service's value for one of ours: the one that
// @source names, or the one with the same name, with or without the enum's name
// as a prefix; nil if there is none.
func (m *maker) protoEnumValue(s *Service, def *ast.Definition, v *ast.EnumValueDefinition, proto *protogen.Enum) *protogen.EnumValue {
	name, said := m.enumText(s, def, v.Name)
	if !said || name == anyValue {
		name, said = v.Name, false
	}
	for _, theirs := range proto.Values {
		own := string(theirs.Desc.Name())
		if own == name || !said && strings.EqualFold(strings.TrimPrefix(own, enumPrefix(proto)), name) {
			return theirs
		}
	}
	return nil
}

// enumPrefix returns the prefix that the values of an enum have by convention:
// ORDER_STATUS_ for OrderStatus.
func enumPrefix(e *protogen.Enum) string {
	var b strings.Builder
	name := string(e.Desc.Name())
	for i, r := range name {
		if i > 0 && r >= 'A' && r <= 'Z' && (name[i-1] < 'A' || name[i-1] > 'Z') {
			b.WriteByte('_')
		}
		b.WriteRune(r)
	}
	return strings.ToUpper(b.String()) + "_"
}

// writtenEnum plans an enum that is sent as text in a request.
func (m *maker) writtenEnum(s *Service, def *ast.Definition) *Enum {
	e := m.textEnum(s, def)
	e.Written = true
	return e
}

// sentEnum plans an enum that is sent in a message. Each of its values must
// exist in the service.
func (m *maker) sentEnum(s *Service, def *ast.Definition, proto *protogen.Enum) *Enum {
	e := m.protoEnum(s, def, proto)
	if e.Written {
		return e
	}
	e.Written = true
	for i, v := range e.Values {
		if v.SentProto == nil {
			m.report.At(def.EnumValues[i].Position, `add @source(name: "…", service: "`+s.Name+`"), or remove the value`,
				"the enum %s has no value for %s", proto.Desc.FullName(), v.Name)
		}
	}
	return e
}
