package bindgen_test

import (
	"fmt"
	"slices"
	"strings"
)

// randomProto is the proto of a random schema: messages that its types can be
// read of and sent as.
type randomProto struct {
	*randomSchema
	names    *scope
	values   *scope            // of enums, without prefixes
	messages map[string]string // names of messages and enums, by direction and name of the type
	text     strings.Builder   // of messages and enums
	methods  []string
}

// readTypes are the types of proto fields that a GraphQL type is read of. One
// with a question mark is optional.
var readTypes = map[string][]string{
	"String":   words("string string ?string bytes google.protobuf.StringValue google.protobuf.FieldMask"),
	"ID":       words("string string int32 int64 uint64 fixed32 ?sint64 ?string google.protobuf.StringValue google.protobuf.Int64Value bytes"),
	"Int":      words("int32 sint32 sfixed32 uint32 int64 uint64 ?int32 ?int64 google.protobuf.Int32Value google.protobuf.UInt64Value"),
	"Float":    words("double float int32 uint32 ?double google.protobuf.DoubleValue google.protobuf.FloatValue"),
	"Boolean":  words("bool ?bool google.protobuf.BoolValue"),
	"DateTime": words("google.protobuf.Timestamp"),
	"Int64":    words("int64 int32 uint64 uint32 sfixed64 ?int64 ?uint64 google.protobuf.Int64Value google.protobuf.UInt64Value"),
	"JSON":     words("google.protobuf.Struct google.protobuf.Value google.protobuf.ListValue google.protobuf.Any"),
	"Map":      words("google.protobuf.Struct"),
	"Decimal":  words("string ?string google.protobuf.Timestamp google.protobuf.Duration int64 google.protobuf.StringValue bytes"),
	"Money":    words("string google.protobuf.Duration ?uint32 google.protobuf.Timestamp"),
	"Small":    words("int32 ?int32"),
	"Span":     words("google.protobuf.Duration"),
	"Big":      words("uint64 ?uint64"),
	"Level":    words("string"),
}

// sendTypes are those that a GraphQL type is sent as.
var sendTypes = map[string][]string{
	"String":   words("string string ?string bytes google.protobuf.StringValue google.protobuf.Duration"),
	"ID":       words("string string int32 uint32 int64 uint64 ?string ?int64 google.protobuf.StringValue"),
	"Int":      words("int32 int64 uint32 uint64 sint32 fixed64 ?int32 google.protobuf.Int32Value google.protobuf.Int64Value google.protobuf.UInt32Value"),
	"Float":    words("double float ?float google.protobuf.DoubleValue google.protobuf.FloatValue"),
	"Boolean":  words("bool ?bool google.protobuf.BoolValue"),
	"DateTime": words("google.protobuf.Timestamp"),
	"Int64":    words("int64 int32 uint64 uint32 ?int64 google.protobuf.Int64Value"),
	"JSON":     words("google.protobuf.Struct google.protobuf.Value google.protobuf.ListValue"),
	"Map":      words("google.protobuf.Struct"),
	"Decimal":  words("string ?string"),
	"Money":    words("string google.protobuf.Duration"),
	"Small":    words("int32 int64"),
	"Span":     words("google.protobuf.Duration"),
	"Big":      words("uint64"),
}

// typeOf is the type of a proto field for a GraphQL type.
func (p *randomProto) typeOf(typ string, in bool) string {
	base := baseOf(typ)
	table := readTypes
	if in {
		table = sendTypes
	}
	proto := "string"
	if t := p.typeNamed(base); t != nil {
		proto = p.twin(t, in)
	} else if types := table[base]; types != nil && !p.mistake() {
		proto = pick(p.r, types)
	}
	switch list := strings.HasPrefix(typ, "["); {
	case list && proto == "google.protobuf.FieldMask":
		return proto
	case list:
		return "repeated " + strings.TrimPrefix(proto, "?")
	case base == "JSON" && !in && p.chance(25):
		return pick(p.r, []string{"map<string, string>", "map<int32, bool>", "map<string, double>"})
	}
	return strings.Replace(proto, "?", "optional ", 1)
}

// twin is the message, or the enum, of a type.
func (p *randomProto) twin(t *randomType, in bool) string {
	key := fmt.Sprint(t.name, in && t.kind != "enum")
	if name := p.messages[key]; name != "" {
		return name
	}
	plain := t.name
	if p.chance(30) {
		plain += pick(p.r, []string{"Message", "Proto", "DTO"})
	}
	name := p.name(p.names, []string{plain}, hostileTypes)
	p.messages[key] = name
	if t.kind == "enum" {
		p.enum(t, name)
		return name
	}
	var fields []protoField
	for _, f := range t.fields {
		if f.bound || strings.Contains(f.text, "@source(value:") {
			continue
		}
		wire := f.name
		if f.wireName != "" {
			wire = f.wireName
		}
		fields = append(fields, protoField{typ: p.typeOf(f.typ, in), name: wire})
	}
	if !in {
		fields = append(fields, protoField{typ: pick(p.r, words("string int32 int64 uint64")), name: "owner_key"})
	}
	p.message(name, fields)
	return name
}

// enum writes the enum of one of GraphQL.
func (p *randomProto) enum(t *randomType, name string) {
	prefix := enumPrefix(name)
	if p.mistake() {
		prefix = "X_"
	}
	fmt.Fprintf(&p.text, "enum %s {\n  %sUNSPECIFIED = 0;\n", name, prefix)
	for i, v := range t.values {
		value := prefix + v.name
		if _, taken := p.values.alike[alike(v.name)]; !taken && p.chance(25) {
			value = v.name
		}
		p.values.add(v.name)
		fmt.Fprintf(&p.text, "  %s = %d;\n", value, i+1)
	}
	p.text.WriteString("}\n")
}

// enumPrefix is ORDER_STATUS_ of OrderStatus.
func enumPrefix(name string) string {
	var b strings.Builder
	for i, r := range name {
		if i > 0 && r >= 'A' && r <= 'Z' && (name[i-1] < 'A' || name[i-1] > 'Z') {
			b.WriteByte('_')
		}
		b.WriteRune(r)
	}
	return strings.ToUpper(b.String()) + "_"
}

// protoField is a field of a message.
type protoField struct{ typ, name string }

// message writes a message, sometimes with a oneof.
func (p *randomProto) message(name string, fields []protoField) {
	p.messageOf(name, fields, p.chance(20))
}

// messageOf writes a message, whose single fields are those of a oneof if that
// is wanted.
func (p *randomProto) messageOf(name string, fields []protoField, oneof bool) {
	var lines, choices []string
	for i, f := range fields {
		line := fmt.Sprintf("%s %s = %d;", f.typ, f.name, i+1)
		if single := !strings.ContainsAny(f.typ, " <"); oneof && single && f.name != "owner_key" {
			choices = append(choices, "    "+line)
		} else {
			lines = append(lines, "  "+line)
		}
	}
	if len(choices) > 0 {
		lines = append(lines, "  oneof "+pick(p.r, []string{"choice", "kind_of", "get", "type"})+" {\n"+strings.Join(choices, "\n")+"\n  }")
	}
	fmt.Fprintf(&p.text, "message %s {\n%s\n}\n", name, strings.Join(lines, "\n"))
}

// method makes a method of a request with these fields and returns its name.
func (p *randomProto) method(request []protoField, response string, stream bool) string {
	name := p.name(p.names, []string{"Get", "List", "Find", "Save", "Watch"}, []string{"New", "String", "Client", "Type", "Invoke", "GRPC"})
	in := p.name(p.names, []string{name + "Request"}, noNames)
	p.messageOf(in, request, p.mistake()) // a call sets all
	returns := response
	if stream {
		returns = "stream " + response
	}
	p.methods = append(p.methods, fmt.Sprintf("  rpc %s(%s) returns (%s);\n", name, in, returns))
	return p.grpc + ".v1.Service/" + name
}

// noNames are hostile names that are none.
var noNames = []string{"In", "Request"}

// response makes a message that has a field of a type where select leads to.
func (p *randomProto) response(typ, selected string, more ...protoField) string {
	names := strings.Split(selected, ".")
	slices.Reverse(names)
	inner := typ
	for i, name := range names {
		message := p.name(p.names, []string{"Response", "Answer", "Page"}, []string{"Result", "Reply"})
		fields := []protoField{{inner, name}}
		if i == len(names)-1 {
			fields = append(fields, more...)
		}
		p.message(message, fields)
		inner = message
	}
	return inner
}

// file is the text of the proto; empty when no method is called.
func (p *randomProto) file() string {
	if len(p.methods) == 0 {
		return ""
	}
	text := fmt.Sprintf("syntax = \"proto3\";\npackage %s.v1;\n", p.grpc)
	switch p.r.IntN(6) {
	case 0:
		text += fmt.Sprintf("option go_package = %q;\n", generatedModule+"/clients/"+pick(p.r, []string{"rpcpb", "gen/rpcv1", "pb;model", "pb;upstream", "pb;rpc", "pb;string"}))
	case 1:
		text += "option go_package = \"github.com/others/rpc/v1;rpcv1\";\n"
	}
	body := p.text.String() + "service Service {\n" + strings.Join(p.methods, "") + "}\n"
	for name, file := range map[string]string{
		"Struct": "struct", "Value": "struct", "ListValue": "struct", "Any": "any", "Timestamp": "timestamp", "Duration": "duration", "FieldMask": "field_mask", "StringValue": "wrappers",
		"Int64Value": "wrappers", "Int32Value": "wrappers", "UInt64Value": "wrappers", "UInt32Value": "wrappers", "DoubleValue": "wrappers", "FloatValue": "wrappers", "BoolValue": "wrappers",
	} {
		line := "import \"google/protobuf/" + file + ".proto\";\n"
		if strings.Contains(body, "google.protobuf."+name+" ") && !strings.Contains(text, line) {
			text += line
		}
	}
	return text + body
}
