package bindgen_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// randomBinding is a binding of a field while it is made.
type randomBinding struct {
	*randomSchema
	field  *randomField
	parent *randomType // nil for a root field
	root   string      // Query, Mutation or Subscription; empty for another type
	wire   bool        // it is of gRPC
	batch  string      // the variable with the keys of all parents
	page   string      // how a connection pages: cursor, offset or number
	edge   bool        // rows have a cursor and a node

	post           bool
	path           string
	query, headers []string
	members        []string     // of the body or the request
	request        []protoField // of gRPC
}

// sentValue is a variable that a binding sends.
type sentValue struct{ variable, typ, name string }

func (v sentValue) text(join bool) string {
	if join {
		return "{$" + v.variable + `->join(",")}`
	}
	return "{$" + v.variable + "}"
}

func (v sentValue) lists() int    { return strings.Count(v.typ, "[") }
func (v sentValue) nonNull() bool { return strings.HasSuffix(v.typ, "!") }

// addRoots makes the fields with bindings.
func (s *randomSchema) addRoots() {
	for _, t := range slices.Clone(s.of("type", false)) {
		if !t.keep && s.chance(60) {
			for range 1 + s.r.IntN(2) {
				s.addChild(t)
			}
		}
	}
	for i := range 2 + s.r.IntN(6) {
		root := "Query"
		if i > 0 {
			root = weighted(s.r, "Query", 12, "Mutation", 5, "Subscription", 2)
		}
		f := &randomField{name: s.name(s.rootScope(root), plainFields, hostileFields)}
		b := &randomBinding{randomSchema: s, field: f, root: root, wire: root == "Subscription" && s.chance(40) || s.chance(30)}
		b.fill()
		for j, frontend := range s.frontends {
			if i > 0 && j > 0 && s.chance(25) {
				continue
			}
			if j > 0 && s.chance(15) { // this frontend binds it otherwise
				f.text = ""
				b = &randomBinding{randomSchema: s, field: f, root: root, wire: b.wire, page: b.page, edge: b.edge}
				b.bind()
			}
			fmt.Fprintf(s.root(root, frontend), "  %s%s: %s%s%s\n", f.name, arguments(f.args), f.typ, f.text, map[bool]string{true: s.policy("root")}[root == "Query"])
		}
	}
}

// addChild binds a new field of a type: one call for each parent or for all.
func (s *randomSchema) addChild(t *randomType) {
	names := newScope()
	for _, f := range t.fields {
		names.add(f.name)
	}
	f := &randomField{name: s.name(names, plainFields, hostileFields), bound: true}
	b := &randomBinding{randomSchema: s, field: f, parent: t, wire: s.chance(30)}
	if s.chance(60) {
		b.batch = b.parentVariable("batch")
	}
	b.fill()
	t.fields = append(t.fields, f)
}

// parentVariable is a variable with a field of the parent.
func (b *randomBinding) parentVariable(root string) string {
	key := b.parent.fields[0]
	for _, f := range b.parent.fields {
		fits := b.typeNamed(baseOf(f.typ)) == nil && !strings.HasPrefix(f.typ, "[") && !f.bound && !slices.Contains(words("JSON Map Level"), baseOf(f.typ))
		if fits && b.chance(20) {
			key = f
		}
	}
	key.keep = true
	return root + "." + key.name
}

// fill makes the type and the arguments of the field, and binds it.
func (b *randomBinding) fill() {
	objects := b.of("type", b.wire)
	b.wire = b.wire && len(objects) > 0
	objects = b.of("type", b.wire)
	connection := b.root == "Query" || b.root == "" && (b.batch == "" || b.chance(5))
	switch {
	case connection && b.chance(20):
		b.page = pick(b.r, []string{"cursor", "offset", "offset", "number"})
		b.field.typ = b.connection(pick(b.r, objects))
	case b.batch != "" && !b.mistake():
		object := pick(b.r, objects).name
		b.field.typ = weighted(b.r, object, 5, "["+object+"!]!", 5, object+"!", 1, "["+object+"!]", 2, "["+object+"]", 1)
	case b.root == "Mutation" && b.chance(25):
		b.field.typ = weighted(b.r, "Boolean!", 2, "Boolean", 1)
	case b.chance(50):
		b.field.typ = b.wrap(pick(b.r, objects).name, b.wire)
	default:
		b.field.typ = b.outputType(b.wire)
	}
	b.field.args = b.arguments()
	b.bind()
}

// connection makes the type of a connection.
func (b *randomBinding) connection(node *randomType) string {
	c := &randomType{kind: "type", name: b.name(b.global, []string{node.name + "List", node.name + "Connection"}, hostileTypes), shared: true, keep: true}
	b.edge = b.page == "cursor" && b.chance(50)
	edges := (b.page != "cursor" || b.edge) && b.chance(50) || b.mistake()
	if edges {
		e := &randomType{kind: "type", name: b.name(b.global, []string{node.name + "Edge"}, hostileTypes), shared: true, keep: true}
		e.fields = []*randomField{{name: "cursor", typ: "String!"}, {name: "node", typ: node.name + "!"}}
		b.types = append(b.types, e)
		c.fields = append(c.fields, &randomField{name: "edges", typ: "[" + e.name + "!]!"})
	}
	if !edges || b.chance(50) {
		c.fields = append(c.fields, &randomField{name: "nodes", typ: "[" + node.name + "!]!"})
	}
	c.fields = append(c.fields, &randomField{name: "pageInfo", typ: "PageInfo!"})
	if b.chance(40) {
		c.fields = append(c.fields, &randomField{name: "totalCount", typ: weighted(b.r, "Int!", 2, "Int", 1)})
	}
	b.types = append(b.types, c)
	return c.name + weighted(b.r, "!", 2, "", 1)
}

// arguments makes the arguments of the field.
func (b *randomBinding) arguments() []*randomField {
	names := newScope()
	var args []*randomField
	if b.page != "" {
		args = append(args, &randomField{name: "first", typ: "Int", text: " = 20"}, &randomField{name: "after", typ: "String"})
		names = newScope("first", "after")
	}
	for range b.r.IntN(4) {
		typ := b.inputType(b.wire)
		if of := b.typeNamed(baseOf(typ)); b.root == "" && !b.mistake() {
			typ = b.wrap(pick(b.r, words("String Int ID Float Boolean Int64")), true)
			if of != nil && of.kind == "enum" {
				typ = of.name
			}
			typ = strings.NewReplacer("[", "", "!]", "", "]", "").Replace(typ)
		}
		arg := &randomField{name: b.name(names, plainFields, hostileFields), typ: typ, text: b.defaultOf(typ, 20)}
		if typ == "Int" && arg.text == "" && b.chance(20) {
			arg.text = " @constraint(min: 1, max: 50)"
		}
		args = append(args, arg)
	}
	return args
}

// bind makes the directive.
func (b *randomBinding) bind() {
	var values []sentValue
	for _, arg := range b.field.args {
		if b.page == "" || arg.name != "first" && arg.name != "after" {
			values = append(values, b.leading(sentValue{"args." + arg.name, arg.typ, arg.name}))
		}
	}
	if b.batch != "" {
		values = append(values, sentValue{b.batch, "[String!]!", "keys"})
	} else if b.parent != nil {
		for range 1 + b.r.IntN(2) {
			values = append(values, sentValue{b.parentVariable("this"), "String!", fmt.Sprintf("own%d", len(values))})
		}
	}
	values = append(values, b.pageValues()...)
	if b.wire {
		b.bindGRPC(values)
	} else {
		b.bindREST(values)
	}
	b.field.text += b.fallback()
}

// leading leads into an input object, sometimes.
func (b *randomBinding) leading(v sentValue) sentValue {
	for {
		t := b.typeNamed(baseOf(v.typ))
		if t == nil || t.kind != "input" || v.lists() > 0 || b.chance(60) {
			return v
		}
		f := pick(b.r, t.fields)
		f.keep = true
		typ := f.typ
		if !v.nonNull() {
			typ = strings.TrimSuffix(typ, "!")
		}
		v = sentValue{v.variable + "." + f.name, typ, v.name}
	}
}

func (b *randomBinding) pageValues() []sentValue {
	switch b.page {
	case "cursor":
		return []sentValue{{"args.first", "Int", "limit"}, {"args.after", "String", "cursor"}}
	case "offset":
		return []sentValue{{"page.limit", "Int!", "limit"}, {"page.offset", "Int!", "offset"}}
	case "number":
		return []sentValue{{"page.limit", "Int!", "limit"}, {"page.number", "Int!", "number"}}
	}
	return nil
}

// rest are the arguments of the directive that both kinds of binding have.
func (b *randomBinding) rest(selected string) string {
	text := ""
	if selected != "" {
		text += fmt.Sprintf(", select: %q", selected)
	}
	if b.batch != "" {
		text += ", key: " + strconv.Quote(b.key())
	}
	if b.parent != nil && b.chance(20) {
		text += ", max: 5"
	}
	if b.page != "" {
		text += ", page: " + b.paging()
	}
	if b.chance(25) {
		text += ", errors: " + b.errors()
	}
	return text
}

// key is the path in a row; where the call does not send the keys, with the
// variable.
func (b *randomBinding) key() string {
	row := "owner_key"
	if !b.wire {
		row = pick(b.r, []string{"ownerKey", "owner.id", "id", b.parent.fields[0].name})
	}
	if !strings.Contains(strings.Join(slices.Concat(b.query, b.headers, b.members), " ")+b.path, "$batch") {
		return row + "={$" + b.batch + "}"
	}
	return row
}

func (b *randomBinding) paging() string {
	total := ""
	if t := b.typeNamed(baseOf(b.field.typ)); slices.ContainsFunc(t.fields, func(f *randomField) bool { return f.name == "totalCount" }) || b.chance(20) {
		total = `total: "total"`
	}
	more := map[bool]string{true: `more: "has_more"`}[b.chance(25)]
	next, row := "", ""
	if b.page == "cursor" {
		next = `next: "next_cursor"`
	}
	if b.edge {
		row = `cursor: "cursor" node: "node"`
		if more != "" && b.chance(50) {
			next = ""
		}
	}
	if !b.wire && b.chance(30) {
		next = strings.Replace(next, `"next_cursor"`, pick(b.r, []string{`"$response.headers.link", parameter: "p"`, `"$response.headers.x-next"`}), 1)
		total = strings.Replace(total, `"total"`, `"$response.headers.x-total"`, 1)
		more = strings.Replace(more, `"has_more"`, `"$response.headers.x-more"`, 1)
	}
	start := map[bool]string{true: "start: 0"}[b.page == "number" && b.chance(30)]
	return "{ " + strings.Join([]string{next, row, total, more, start}, " ") + " }"
}

func (b *randomBinding) errors() string {
	statuses := []string{"202", "404", "409", "410", "500"}
	if b.wire {
		statuses = []string{"NOT_FOUND", "ALREADY_EXISTS", "CANCELLED", "INVALID_ARGUMENT"}
	}
	b.r.Shuffle(len(statuses), func(i, j int) { statuses[i], statuses[j] = statuses[j], statuses[i] })
	var rules []string
	for _, status := range statuses[:1+b.r.IntN(3)] {
		rule := "{ status: " + status + `, code: "GONE", message: "It is \"gone\"." `
		if b.root != "Subscription" && (!strings.HasSuffix(b.field.typ, "!") || b.field.typ[0] == '[') && b.chance(40) {
			rule = "{ status: " + status + ", code: null "
		} else if !b.wire && b.chance(40) {
			rule += `extensions: { until: "error.until", why: "reason", all: "errors", first: "errors.0" } `
		}
		if !b.wire && b.chance(40) {
			rule += pick(b.r, []string{`value: "error" `, `value: "success", is: false `, `value: "errors.0.code", is: ["a", 1.5, null, LOST] `})
			if len(rules) == 0 && b.chance(50) { // two rules must not be the same
				rule = strings.Replace(rule, "status: "+status, "", 1)
			}
		}
		rules = append(rules, rule+"}")
	}
	return "[" + strings.Join(rules, ", ") + "]"
}
