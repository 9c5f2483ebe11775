package importer

import (
	"regexp"
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
)

// messages makes types of the messages and enums of protos.
type messages struct {
	*draft
	made map[messageKey]string
}

func newMessages(d *draft) *messages { return &messages{draft: d, made: map[messageKey]string{}} }

// messageKey is what a type is made once for.
type messageKey struct {
	name  protoreflect.FullName
	input bool
}

func (ms *messages) message(m protoreflect.MessageDescriptor, input bool) shape {
	if known, ok := wellKnown(m.FullName()); ok {
		return known
	}
	if m.Fields().Len() == 0 {
		return jsonBecause("its message has no fields", true)
	}
	key := messageKey{m.FullName(), input}
	if name, ok := ms.made[key]; ok {
		return shape{name: name, nullable: true, object: true}
	}
	def := &definition{kind: "type", name: localName(m), description: comment(m)}
	if input {
		def.kind, def.name = "input", strings.TrimSuffix(def.name, "Input")+"Input"
	}
	def.name = ms.typeName(def.name)
	ms.made[key] = def.name
	ms.types = append(ms.types, def)
	fields, omitted := ms.fields(m, input)
	for _, f := range fields {
		def.fields = append(def.fields, f.field)
	}
	def.omitted = omitted
	return shape{name: def.name, nullable: true, object: true}
}

// protoField is a field and how the proto calls it.
type protoField struct {
	field
	source string
}

// fields are the fields of a message, and comments on those that can't be.
func (ms *messages) fields(m protoreflect.MessageDescriptor, input bool) (fields []protoField, omitted []string) {
	var all []string
	for i := range m.Fields().Len() {
		all = append(all, string(m.Fields().Get(i).Name()))
	}
	names := uniqueNames(all)
	for i := range m.Fields().Len() {
		d := m.Fields().Get(i)
		source := string(d.Name())
		if why := unusable(d, nil); input && why != "" {
			omitted = append(omitted, "The field "+source+" is left out: "+why+".")
			continue
		}
		s := ms.shape(d, input)
		f := field{name: names[source], description: comment(d), comments: s.comments(), typ: s.name}
		if !s.nullable {
			f.typ += "!"
		}
		if f.name != source {
			f.directives = append(f.directives, sourceDirective(source))
		}
		if options, _ := d.Options().(*descriptorpb.FieldOptions); options.GetDeprecated() && (!input || s.nullable) {
			f.directives = append(f.directives, deprecated())
		}
		fields = append(fields, protoField{f, source})
	}
	return fields, omitted
}

// unusable says why a field can't be one of an input; within are the messages
// that it is in.
func unusable(d protoreflect.FieldDescriptor, within []protoreflect.FullName) string {
	m := d.Message()
	switch {
	case d.IsMap():
		return unusable(d.MapValue(), within)
	case m == nil || slices.Contains(within, m.FullName()):
		return ""
	case m.FullName() == "google.protobuf.Any":
		return "it is an Any"
	}
	if _, ok := wellKnown(m.FullName()); ok {
		return ""
	}
	for i := range m.Fields().Len() {
		if unusable(m.Fields().Get(i), append(slices.Clone(within), m.FullName())) == "" {
			return ""
		}
	}
	return "its message has no fields that an input can have"
}

// shape is the type of a field.
func (ms *messages) shape(d protoreflect.FieldDescriptor, input bool) shape {
	if d.IsMap() {
		return ms.entries(d, input)
	}
	s := ms.single(d, input)
	if d.IsList() {
		return shape{name: "[" + s.name + "!]", nullable: input && !required(d), why: s.why}
	}
	if d.Message() != nil || d.HasPresence() {
		s.nullable = true
	}
	if input {
		s.nullable = !required(d)
	}
	return s
}

// required reports whether a field of a request must be set (AIP-203): google.api.field_behavior has REQUIRED.
func required(d protoreflect.FieldDescriptor) (is bool) {
	d.Options().ProtoReflect().Range(func(option protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		if option.FullName() == "google.api.field_behavior" && option.IsList() {
			for i := range v.List().Len() {
				is = is || v.List().Get(i).Enum() == 2
			}
		}
		return true
	})
	return is
}

// entries makes the list of the entries of a map.
func (ms *messages) entries(d protoreflect.FieldDescriptor, input bool) shape {
	key := messageKey{d.Message().FullName(), input}
	if name, ok := ms.made[key]; ok {
		return shape{name: "[" + name + "!]", nullable: input}
	}
	def := &definition{kind: "type"}
	name := localName(d.Message())
	if input {
		def.kind, name = "input", name+"Input"
	}
	def.name = ms.typeName(name)
	ms.made[key] = def.name
	ms.types = append(ms.types, def)
	of := ms.single(d.MapKey(), input)
	value := ms.single(d.MapValue(), input)
	member := field{name: "value", typ: value.name, comments: value.comments()}
	if d.MapValue().Message() == nil && d.MapValue().Enum() == nil && !input {
		member.typ += "!"
	}
	def.fields = []field{{name: "key", typ: of.name + "!"}, member}
	return shape{name: "[" + def.name + "!]", nullable: input}
}

// single is the type of a field, or of one of its items.
func (ms *messages) single(d protoreflect.FieldDescriptor, input bool) shape {
	switch d.Kind() {
	case protoreflect.BoolKind:
		return shape{name: "Boolean"}
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		return shape{name: "Int"}
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return shape{name: "Uint64"}
	case protoreflect.FloatKind, protoreflect.DoubleKind:
		return shape{name: "Float"}
	case protoreflect.StringKind:
		if isID(string(d.Name())) || d.IsList() && areIDs(string(d.Name())) {
			return shape{name: "ID"}
		}
		return shape{name: "String"}
	case protoreflect.BytesKind:
		return shape{name: "String", why: "the bytes are in base64"}
	case protoreflect.EnumKind:
		return ms.enum(d.Enum())
	case protoreflect.MessageKind, protoreflect.GroupKind:
		return ms.message(d.Message(), input)
	}
	return shape{name: "Int64"}
}

// wellKnown are the messages that become scalars.
func wellKnown(name protoreflect.FullName) (shape, bool) {
	short, ok := strings.CutPrefix(string(name), "google.protobuf.")
	types := map[string]string{
		"Timestamp": "DateTime", "Duration": "String", "FieldMask": "[String!]", "Struct": "JSON", "Value": "JSON", "ListValue": "JSON", "Any": "JSON",
		"StringValue": "String", "BytesValue": "String", "BoolValue": "Boolean", "Int32Value": "Int", "Int64Value": "Int64",
		"UInt32Value": "Int64", "UInt64Value": "Uint64", "FloatValue": "Float", "DoubleValue": "Float",
	}
	if !ok || types[short] == "" {
		return shape{}, false
	}
	s := shape{name: types[short], nullable: true}
	if s.name == "JSON" {
		s.why = "it is a google.protobuf." + short
	}
	return s, true
}

// enum makes an enum without the prefix of its values and without the value
// that means none.
func (ms *messages) enum(e protoreflect.EnumDescriptor) shape {
	values := e.Values()
	zero := values.Get(0)
	dropped := values.Len() > 1 && zero.Number() == 0 && strings.HasSuffix(string(zero.Name()), "UNSPECIFIED")
	key := messageKey{name: e.FullName()}
	if name, ok := ms.made[key]; ok {
		return shape{name: name, nullable: dropped}
	}
	def := &definition{kind: "enum", name: ms.typeName(localName(e)), description: comment(e)}
	used := map[string]bool{}
	for i := range values.Len() {
		v := values.Get(i)
		if dropped && v == zero {
			continue
		}
		f := enumValue(e, string(v.Name()))
		f.name, f.description = uniqueName(used, f.name), comment(v)
		def.fields = append(def.fields, f)
	}
	ms.made[key] = def.name
	ms.types = append(ms.types, def)
	return shape{name: def.name, nullable: dropped}
}

// enumValue returns a value without the prefix that follows from the name of its enum.
func enumValue(e protoreflect.EnumDescriptor, service string) field {
	f := field{name: strings.TrimPrefix(service, upperSnake(string(e.Name()))+"_")}
	if isDigit(rune(f.name[0])) {
		f.name = service
	}
	if strings.ToUpper(f.name) != f.name || strings.HasPrefix(f.name, "__") {
		f.name = upperSnake(f.name)
	}
	// The generator knows the name itself, and the prefix of a plain name.
	plain := humpBefore.ReplaceAllString(string(e.Name()), "${1}_$2")
	if service != f.name && !strings.EqualFold(strings.TrimPrefix(service, strings.ToUpper(plain)+"_"), f.name) {
		f.directives = []directive{sourceDirective(service)}
	}
	return f
}

var humpBefore = regexp.MustCompile(`([^A-Z])([A-Z])`)

// localName is a name without its package: Order.Line becomes OrderLine.
func localName(d protoreflect.Descriptor) string {
	return pascal(strings.TrimPrefix(string(d.FullName()), string(d.ParentFile().Package())+"."))
}

// comment is what the proto says of something.
func comment(d protoreflect.Descriptor) string {
	at := d.ParentFile().SourceLocations().ByDescriptor(d)
	text := at.LeadingComments
	if strings.TrimSpace(text) == "" {
		text = at.TrailingComments
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimPrefix(line, " ")
	}
	return strings.Join(lines, "\n")
}
