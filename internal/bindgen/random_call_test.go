package bindgen_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// textual reports whether a value can be in a path, a parameter or a header.
func (b *randomBinding) textual(v sentValue) bool {
	t := b.typeNamed(baseOf(v.typ))
	return v.lists() < 2 && (t == nil || t.kind == "enum") && !slices.Contains(words("JSON Map Level"), baseOf(v.typ))
}

// bindREST makes an @rest.
func (b *randomBinding) bindREST(values []sentValue) {
	b.path = "/" + pick(b.r, []string{"items", "v1/things", "a.b", "x-y"})
	b.post = b.chance(35) || slices.ContainsFunc(values, func(v sentValue) bool { return !b.textual(v) }) && !b.mistake()
	for _, v := range values {
		b.place(v)
	}
	verb := "get"
	if b.post {
		verb = pick(b.r, []string{"post", "post", "put", "patch", "delete"})
	}
	text := fmt.Sprintf(" @rest(service: %q, %s: %s", pick(b.r, b.services), verb, strconv.Quote(b.path))
	if b.chance(20) {
		b.query = append(b.query, "format=full")
	}
	if b.chance(15) {
		b.headers = append(b.headers, pick(b.r, []string{"X-Region: {$config.region}", "Accept-Language: {$request.headers.accept-language}", "X-Fixed: a b"}))
	}
	text += listOfTexts("query", b.query) + listOfTexts("headers", b.headers)
	if len(b.members) > 0 {
		text += ", body: " + b.body()
	}
	selected := ""
	if b.page != "" || b.chance(35) {
		selected = pick(b.r, []string{"rows", "data.rows", "type"})
	}
	text += b.rest(selected)
	if b.root == "Subscription" && b.chance(40) {
		text += pick(b.r, []string{`, event: "row"`, `, event: ["message", "a \"b\""]`})
	}
	readable := b.root != "Subscription" && b.readable(baseOf(b.field.typ), map[string]bool{})
	if b.chance(15) && (readable || b.mistake()) {
		text += ", format: XML"
		if !strings.Contains(text, "select:") {
			text += `, select: "row"`
		}
	}
	if (b.root != "Subscription" || b.mistake()) && b.chance(8) {
		text += pick(b.r, []string{`, passHeaders: "X-Total-Count"`, `, passHeaders: ["Set-Cookie: a, b", "Content-Language"]`})
	}
	b.field.text += text + b.sharing() + ")"
}

// sharing says how the subscribers of a stream share it.
func (b *randomBinding) sharing() string {
	if b.root == "Subscription" && b.chance(40) {
		return pick(b.r, []string{", stream: STATE", ", stream: EVENTS"})
	}
	return ""
}

// readable reports whether XML has something of a type.
func (b *randomBinding) readable(base string, seen map[string]bool) bool {
	t := b.typeNamed(base)
	if t == nil || seen[base] {
		return !slices.Contains(words("JSON Map Level"), base)
	}
	seen[base] = true
	return !slices.ContainsFunc(t.fields, func(f *randomField) bool { return !f.bound && !b.readable(baseOf(f.typ), seen) })
}

// listOfTexts is an argument that is a list of texts.
func listOfTexts(name string, list []string) string {
	if len(list) == 0 {
		return ""
	}
	var quoted []string
	for _, text := range list {
		quoted = append(quoted, strconv.Quote(text))
	}
	return fmt.Sprintf(", %s: [%s]", name, strings.Join(quoted, ", "))
}

// place puts a value somewhere into the call.
func (b *randomBinding) place(v sentValue) {
	places := []string{}
	if b.textual(v) || b.mistake() {
		places = append(places, "query", "query")
		if v.nonNull() || b.mistake() {
			places = append(places, "path")
		}
		if b.chance(40) {
			places = append(places, "header")
		}
	}
	if b.post {
		places = append(places, "body", "body")
	}
	if b.batch == v.variable && b.chance(10) {
		return // the service returns all rows
	}
	join := v.lists() > 0 && (b.chance(40))
	if len(places) == 0 {
		places = []string{"query"}
	}
	switch pick(b.r, places) {
	case "path":
		b.path += "/" + pick(b.r, []string{"", "p-"}) + v.text(v.lists() > 0)
	case "header":
		b.headers = append(b.headers, "X-"+strings.Trim(strings.ReplaceAll(v.name, "_", "-"), "-")+"0: "+v.text(v.lists() > 0))
	case "query":
		before := ""
		if v.lists() == 0 || join {
			before = pick(b.r, []string{"", "", "a "})
		}
		b.query = append(b.query, v.name+"="+before+v.text(join))
	default:
		text := v.text(join && b.textual(v))
		if b.textual(v) && v.nonNull() && v.lists() == 0 && b.chance(15) {
			text = "is " + text
		}
		b.members = append(b.members, v.name+": "+strconv.Quote(text))
	}
}

// body spells the body.
func (b *randomBinding) body() string {
	if len(b.members) == 1 && b.chance(40) {
		_, value, _ := strings.Cut(b.members[0], ": ")
		if !strings.HasPrefix(value, `"is `) {
			return value
		}
	}
	object := "{ " + strings.Join(b.members, ", ") + pick(b.r, []string{"", "", `, exact: false, fields: ["id", "title"]`, ", deep: { more: 1, none: null, list: [1, {a: 2}] }"}) + " }"
	switch b.r.IntN(6) {
	case 0:
		return "{ query: " + object + " }"
	case 1:
		return "[" + object + "]"
	}
	return object
}

// bindGRPC makes an @grpc.
func (b *randomBinding) bindGRPC(values []sentValue) {
	var inner []string
	var nested []protoField
	for _, v := range values {
		if b.batch == v.variable && b.chance(10) {
			continue
		}
		name := strings.ToLower(v.name)
		if b.chance(30) {
			name = v.name
		}
		f := protoField{b.proto.typeOf(v.typ, true), name}
		if strings.HasPrefix(v.variable, "args.") || strings.HasPrefix(v.variable, "page.") {
			if b.chance(20) {
				nested, inner = append(nested, f), append(inner, name+": "+strconv.Quote(v.text(false)))
				continue
			}
		} else { // keys are texts, which become numbers too
			f.typ = pick(b.r, words("string string int64 uint64 int32"))
			if v.variable == b.batch {
				f.typ = "repeated " + f.typ
			}
		}
		b.request = append(b.request, f)
		b.members = append(b.members, name+": "+strconv.Quote(v.text(false)))
	}
	if len(nested) > 0 {
		message := b.proto.name(b.proto.names, []string{"Filter", "Options"}, noNames)
		b.proto.message(message, nested)
		b.request = append(b.request, protoField{message, "filter_0"})
		b.members = append(b.members, "filter_0: { "+strings.Join(inner, ", ")+" }")
	}
	if b.chance(20) {
		b.request = append(b.request, protoField{"string", "const_text"}, protoField{"repeated int32", "const_list"})
		b.members = append(b.members, `const_text: "a"`, "const_list: [1, 2]")
	}
	response, selected := b.response()
	method := b.proto.method(b.request, response, b.root == "Subscription")
	text := fmt.Sprintf(" @grpc(service: %q, method: %q", b.grpc, method)
	if len(b.members) > 0 {
		text += ", request: { " + strings.Join(b.members, ", ") + " }"
	}
	b.field.text += text + b.rest(selected) + b.sharing() + ")"
}

// response makes the message that answers, and what leads to the payload.
func (b *randomBinding) response() (message, selected string) {
	selected = pick(b.r, []string{"rows", "data.rows", "item"})
	t := b.typeNamed(baseOf(b.field.typ))
	object := t != nil && t.kind == "type"
	switch {
	case b.page != "":
		row := b.proto.twin(b.nodeOf(t), false)
		if b.edge {
			node := row
			row = b.proto.name(b.proto.names, []string{"Row", "Edge"}, []string{"Item", "Line"})
			b.proto.message(row, []protoField{{pick(b.r, words("string int64")), "cursor"}, {node, "node"}})
		}
		return b.proto.response("repeated "+row, selected, protoField{"string", "next_cursor"}, protoField{pick(b.r, words("int32 int64 uint32")), "total"}, protoField{"bool", "has_more"}), selected
	case b.batch != "" && object:
		return b.proto.response("repeated "+b.proto.twin(t, false), selected), selected
	case object && !strings.HasPrefix(b.field.typ, "[") && b.chance(40):
		return b.proto.twin(t, false), ""
	case b.root == "Mutation" && baseOf(b.field.typ) == "Boolean":
		return b.proto.response("string", "ignored"), ""
	}
	return b.proto.response(b.proto.typeOf(b.field.typ, false), selected), selected
}

// nodeOf is the type of a connection's nodes.
func (s *randomSchema) nodeOf(connection *randomType) *randomType {
	t := s.typeNamed(baseOf(connection.fields[0].typ))
	if connection.fields[0].name == "edges" {
		return s.typeNamed(baseOf(t.fields[1].typ))
	}
	return t
}
