package bindgen

import (
	"fmt"
	"go/types"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/99designs/gqlgen/codegen/templates"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/directive"
)

// shape is a struct that an answer is decoded into: a tree of the names that
// are read of it.
type shape struct {
	members []*member
}

// member is a name in a shape: either an object with members of its own, or a
// value of a Go type.
type member struct {
	name   string // in the service's message
	goName string
	typ    string // Go's, of a value
	inner  *shape
	embed  bool // the members of typ are those of the struct itself
	apart  bool // of an embed: it is not decoded but gets copies
}

// add puts a value at a path and returns how Go reaches it from the struct.
// It fails when something else is at the path.
func (s *shape) add(path directive.Path, typ string) (string, error) {
	if len(path) == 0 {
		name := strings.TrimLeft(typ, "*")
		if !slices.ContainsFunc(s.members, func(m *member) bool { return m.embed && m.typ == name }) {
			s.members = append(s.members, &member{goName: name, typ: name, embed: true})
		}
		return name, nil
	}
	m := s.find(path[0])
	switch {
	case m == nil && len(path) == 1:
		m = &member{name: path[0], goName: s.free(path[0]), typ: typ}
		s.members = append(s.members, m)
	case m == nil:
		m = &member{name: path[0], goName: s.free(path[0]), inner: &shape{}}
		s.members = append(s.members, m)
	case (len(path) == 1) != (m.inner == nil), len(path) == 1 && m.typ != typ:
		return "", fmt.Errorf("%s is read in two ways", path[0])
	}
	if len(path) == 1 {
		return m.goName, nil
	}
	rest, err := m.inner.add(path[1:], typ)
	return m.goName + "." + rest, err
}

func (s *shape) find(name string) *member {
	for _, m := range s.members {
		if m.name == name && !m.embed {
			return m
		}
	}
	return nil
}

// at is the member at a path, or nil.
func (s *shape) at(path directive.Path) (*member, string) {
	m := s.find(path[0])
	switch {
	case m == nil:
		return nil, ""
	case len(path) == 1:
		return m, m.goName
	case m.inner == nil:
		return nil, ""
	}
	found, expr := m.inner.at(path[1:])
	return found, m.goName + "." + expr
}

// free is a Go name for a name that no other member has.
func (s *shape) free(name string) string {
	goName := templates.ToGo(strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return '_'
	}, strings.TrimPrefix(name, "@")))
	if first, _ := utf8.DecodeRuneInString(goName); !unicode.IsUpper(first) { // Go exports no other
		goName = "Field" + goName
	}
	for base, n := goName, 2; slices.ContainsFunc(s.members, func(m *member) bool { return m.goName == goName }); n++ {
		goName = fmt.Sprintf("%s%d", base, n)
	}
	return goName
}

// code spells the struct.
func (s *shape) code(xml bool) string {
	var b strings.Builder
	b.WriteString("struct {\n")
	for _, m := range s.members {
		tag := fmt.Sprintf("json:%q", m.name)
		if xml {
			tag = fmt.Sprintf("xml:%q", m.name)
			if name, ok := strings.CutPrefix(m.name, "@"); ok {
				tag = fmt.Sprintf("xml:\"%s,attr\"", name)
			}
		}
		switch {
		case m.apart && xml:
			fmt.Fprintf(&b, "%s %s `xml:\"-\"`\n", m.goName, m.typ)
		case m.apart:
			fmt.Fprintf(&b, "%s %s `json:\"-\"`\n", m.goName, m.typ)
		case m.embed:
			fmt.Fprintf(&b, "%s\n", m.typ)
		case m.inner != nil:
			fmt.Fprintf(&b, "%s %s `%s`\n", m.goName, m.inner.code(xml), tag)
		default:
			fmt.Fprintf(&b, "%s %s `%s`\n", m.goName, m.typ, tag)
		}
	}
	b.WriteString("}")
	return b.String()
}

// rowType is the struct that a service's rows of an object type are decoded
// into, and what makes a model of it.
type rowType struct {
	name  string // productRow
	def   *ast.Definition
	xml   bool
	shape *shape
	steps []step
	inits []string // "ID: string(*r.ID)"

	embeds  []embedded
	copies  []string // "r.priceRow.ID = r.ID"
	settled int      // whether copies are known: 1 under way, 2 yes
}

// embedded is a row that is read of the same object as the row that has it.
type embedded struct {
	row *rowType
	pos *ast.Position
}

// settle finds the rows of which a name is also read by the row that embeds
// them, or by another that it embeds. Go's decoders give such a name to the
// outer struct alone, or to none of two inner ones; so the outer one reads all
// of their names and they get copies.
func (row *rowType) settle(w *clientWriter) {
	if row.settled == 2 {
		return
	}
	row.settled = 1
	count := map[string]int{}
	for _, m := range row.shape.members {
		count[m.name]++
	}
	for _, e := range row.embeds {
		if e.row.settled == 1 {
			w.report.at(e.pos, "use the object itself", "$ makes %s a part of itself", e.row.def.Name)
			row.embeds, row.settled = nil, 2
			return
		}
		e.row.settle(w)
		for name := range e.row.names() {
			count[name]++
		}
	}
	for _, e := range row.embeds {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(e.row.names())), func(name string) bool { return count[name] > 1 }) {
			continue
		}
		for _, m := range row.shape.members {
			m.apart = m.apart || m.embed && m.typ == e.row.name
		}
		e.row.leaves(func(path directive.Path, m *member, expr string) {
			outer, err := row.shape.add(path, m.typ)
			if err != nil {
				w.report.at(e.pos, "give one of them another type, or a converter", "%s and %s: %v", row.def.Name, e.row.def.Name, err)
				return
			}
			row.copies = append(row.copies, fmt.Sprintf("r.%s.%s = r.%s", e.row.name, expr, outer))
		})
	}
	row.settled = 2
}

// names are those that a row reads, or the rows that it embeds.
func (row *rowType) names() map[string]bool {
	names := map[string]bool{}
	row.leaves(func(path directive.Path, _ *member, _ string) { names[path[0]] = true })
	return names
}

// leaves gives the values that a row reads to do, those of embedded rows that
// the row itself does not read too.
func (row *rowType) leaves(do func(path directive.Path, m *member, expr string)) {
	row.shape.leaves(nil, "", do)
	for _, e := range row.embeds {
		e.row.leaves(func(path directive.Path, m *member, expr string) {
			if row.shape.find(path[0]) == nil {
				do(path, m, e.row.name+"."+expr)
			}
		})
	}
}

func (s *shape) leaves(path directive.Path, expr string, do func(path directive.Path, m *member, expr string)) {
	for _, m := range s.members {
		at := append(slices.Clone(path), m.name)
		switch {
		case m.embed:
		case m.inner != nil:
			m.inner.leaves(at, expr+m.goName+".", do)
		default:
			do(at, m, expr+m.goName)
		}
	}
}

// step is a statement that may fail.
type step struct {
	condition string // of a value that is missing, with path
	path      string
	code      string // else
}

// reader is how a value of a GraphQL type is read of a row.
type reader struct {
	typ   string                   // Go's, of what is decoded, without a pointer
	model string                   // a function of a pointer to it that makes the model and may fail
	value func(expr string) string // of a pointer that is not nil; nil when that may fail
	ptr   func(expr string) string // of a pointer that may be nil, to a pointer; nil when that may fail
	list  string                   // of a list in a list: a function of it that makes the model
	nil   bool                     // typ itself is nil when null: there is no pointer
}

// decoded is the Go type that a value, or a list of them, is decoded into.
func (r reader) decoded(list bool) string {
	switch {
	case list && r.nil:
		return "[]" + r.typ
	case list:
		return "[]*" + r.typ
	case r.nil:
		return r.typ
	}
	return "*" + r.typ
}

// row returns the row type of an object type.
func (w *clientWriter) row(def *ast.Definition, xml bool) *rowType {
	name := templates.LcFirst(goName(def.Name)) + "Row"
	if xml {
		name = templates.LcFirst(goName(def.Name)) + "XML"
	}
	if have := w.rows[name]; have != nil {
		return have
	}
	row := &rowType{name: name, def: def, xml: xml, shape: &shape{}}
	w.rows[name] = row
	for _, m := range w.membersOf(def) {
		w.member(row, m)
	}
	return row
}

// member adds a field of an object type to its row.
func (w *clientWriter) member(row *rowType, m typeMember) {
	field, src := m.FieldDefinition, m.src
	model, err := w.types.of(field.Type)
	if err != nil {
		w.report.at(m.pos, "", "%s.%s: %v", row.def.Name, field.Name, err)
		return
	}
	for _, path := range src.Names {
		w.localNames(path, row.xml, m.pos)
	}
	switch {
	case src.Value != nil:
		w.constant(row, field, src.Value, model)
	case src.Convert != "":
		w.converted(row, m, model)
	default:
		expr, ok := w.read(row, m, model)
		if ok {
			row.inits = append(row.inits, goName(field.Name)+": "+expr)
		}
	}
}

// localNames reports names that no element of XML is read by.
func (w *clientWriter) localNames(path directive.Path, xml bool, pos *ast.Position) {
	for _, name := range path {
		if i := strings.LastIndexAny(name, ":>"); xml && i >= 0 {
			w.report.at(pos, "write "+name[i+1:]+", which is found in every namespace", "the name %s has more than the local name of an element", name)
		}
	}
}

func (w *clientWriter) constant(row *rowType, field *ast.FieldDefinition, v *ast.Value, model types.Type) {
	text, ok := literal(v, element(model))
	if !ok {
		w.report.at(v.Position, "", "%s.%s is %s, which %s is not", row.def.Name, field.Name, field.Type, v)
		return
	}
	if isPointer(model) {
		text = "new(" + text + ")"
	}
	row.inits = append(row.inits, goName(field.Name)+": "+text)
}

// read adds what reads a field and returns the expression of its model.
func (w *clientWriter) read(row *rowType, m typeMember, model types.Type) (string, bool) {
	field, src := m.FieldDefinition, m.src
	path := src.Names[0]
	read, list, ok := w.readerOf(field.Type, row.xml, field.Position, row.def.Name+"."+field.Name)
	if !ok {
		return "", false
	}
	if len(path) == 0 && (list || w.union.Types[field.Type.Name()].Kind != ast.Object) {
		w.report.at(field.Position, "", "$ is the object itself, so %s.%s must be of an object type", row.def.Name, field.Name)
		return "", false
	}
	member, err := row.shape.add(path, read.decoded(list))
	if err != nil {
		w.report.at(field.Position, "give one of them another type, or a converter", "%s.%s: %v", row.def.Name, field.Name, err)
		return "", false
	}
	expr := "r." + member
	if len(path) == 0 {
		if of := w.rows[strings.TrimLeft(read.decoded(list), "*")]; !slices.ContainsFunc(row.embeds, func(e embedded) bool { return e.row == of }) {
			row.embeds = append(row.embeds, embedded{of, m.pos})
		}
		name := w.local(field.Name)
		row.steps = append(row.steps, step{code: fmt.Sprintf("%s, err := %s.model()\nif err != nil {\nreturn nil, err\n}\n", name, expr)})
		return name, true
	}
	if src.Default != nil {
		return w.withDefault(row, m, model, read, expr)
	}
	if field.Type.NonNull && (!list || !row.xml) {
		row.steps = append(row.steps, step{condition: expr + " == nil", path: path.String()})
	}
	return w.modelOf(field.Type, read, list, expr, func(call string) string {
		name := w.local(field.Name)
		row.steps = append(row.steps, step{code: fmt.Sprintf("%s, err := %s\nif err != nil {\nreturn nil, %s(%q, err)\n}\n", name, call, w.upstream("In"), path)})
		return name
	}), true
}

// withDefault reads a scalar that has a default.
func (w *clientWriter) withDefault(row *rowType, m typeMember, model types.Type, read reader, expr string) (string, bool) {
	field, src := m.FieldDefinition, m.src
	text, ok := literal(src.Default, element(model))
	if !ok || field.Type.Elem != nil {
		w.report.at(src.Default.Position, "", "%s.%s is %s, which %s is not", row.def.Name, field.Name, field.Type, src.Default)
		return "", false
	}
	name := w.local(field.Name)
	var code string
	if read.value != nil {
		code = fmt.Sprintf("%s := %s\nif %s != nil {\n%s = %s\n}\n", name, text, expr, name, read.value(expr))
	} else {
		code = fmt.Sprintf("%s := %s\nif %s != nil {\nvar err error\nif %s, err = %s(%s); err != nil {\nreturn nil, %s(%q, err)\n}\n}\n",
			name, text, expr, name, read.model, expr, w.upstream("In"), src.Names[0])
	}
	row.steps = append(row.steps, step{code: code})
	if isPointer(model) {
		name = "&" + name
	}
	return name, true
}

// modelOf spells the model of a value that was read. What may fail is given to
// try, which returns the variable that has its result.
func (w *clientWriter) modelOf(t *ast.Type, read reader, list bool, expr string, try func(call string) string) string {
	object := w.union.Types[t.Name()].Kind == ast.Object
	switch {
	case list && read.list != "":
		return try(fmt.Sprintf("%s(%s, %t, %s)", w.upstream("Lists"), expr, !t.Elem.NonNull, read.list))
	case list && read.nil:
		return expr
	case list && t.Elem.NonNull && w.pointerItems(t):
		return try(fmt.Sprintf("%s(%s, %s)", w.upstream("Rows"), expr, w.upstream("Pointer")))
	case list && t.Elem.NonNull:
		return try(fmt.Sprintf("%s(%s, %s)", w.upstream("Rows"), expr, read.model))
	case list && (object || w.anyItems(t)):
		return try(fmt.Sprintf("%s(%s, %s)", w.upstream("RowsOrNull"), expr, read.model))
	case list:
		return try(fmt.Sprintf("%s(%s, %s)", w.upstream("Optionals"), expr, read.model))
	case read.nil:
		return expr
	case object && t.NonNull:
		return try(expr + ".model()")
	case object:
		return try(fmt.Sprintf("%s(%s, %s)", w.upstream("Row"), expr, read.model))
	case t.NonNull && read.value != nil:
		return read.value(expr)
	case t.NonNull:
		return try(read.model + "(" + expr + ")")
	case read.ptr != nil:
		return read.ptr(expr)
	}
	return try(fmt.Sprintf("%s(%s, %s)", w.upstream("Optional"), expr, read.model))
}

// anyItems tells whether the items of a list can be any JSON.
func (w *clientWriter) anyItems(t *ast.Type) bool {
	model, err := w.types.named(t.Name())
	return err == nil && isAny(model)
}

// pointerItems tells whether Go has a list of scalars by pointers: gqlgen does
// so for structs, such as time.Time.
func (w *clientWriter) pointerItems(t *ast.Type) bool {
	model, err := w.types.of(t)
	slice, ok := model.(*types.Slice)
	return err == nil && ok && isPointer(slice.Elem()) && w.union.Types[t.Name()].Kind == ast.Scalar
}

// readerOf is how values of a type, or the items of a list of it, are read.
func (w *clientWriter) readerOf(t *ast.Type, xml bool, pos *ast.Position, what string) (r reader, list, ok bool) {
	if t.Elem != nil {
		inner, lists, ok := w.readerOf(t.Elem, xml, pos, what)
		if ok && lists {
			inner = w.listReader(t.Elem, inner)
		}
		return inner, true, ok
	}
	def := w.union.Types[t.NamedType]
	switch def.Kind {
	case ast.Object:
		row := w.row(def, xml)
		return reader{typ: row.name, model: "(*" + row.name + ").model"}, false, true
	case ast.Enum:
		return reader{typ: "string", model: w.enum(def)}, false, true
	case ast.Scalar:
		r, ok := w.scalar(t, pos, what)
		if ok && xml && (r.nil || w.anyItems(t)) {
			w.report.at(pos, "use a scalar that is a text or a number, or a converter", "%s is %s, which XML has nothing of", what, t)
			return r, false, false
		}
		return r, false, ok
	}
	w.report.at(pos, "resolve it with a Go method", "%s is %s, and bindings do not know which of its types a row is", what, article(def.Kind))
	return r, false, false
}

// listReader is how the lists of a list are read.
func (w *clientWriter) listReader(t *ast.Type, items reader) reader {
	call := ""
	expr := w.modelOf(t, items, true, "rows", func(c string) string { call = c; return "" })
	if call == "" {
		call = expr + ", nil"
	}
	result := "any"
	if model, err := w.types.of(t); err == nil {
		result = spelled(model)
	}
	typ := items.decoded(true)
	return reader{typ: typ, nil: true, list: fmt.Sprintf("func(rows %s) (%s, error) { return %s }", typ, result, call)}
}

func (w *clientWriter) scalar(t *ast.Type, pos *ast.Position, what string) (reader, bool) {
	model, err := w.types.of(&ast.Type{NamedType: t.NamedType, NonNull: true})
	if err != nil {
		w.report.at(pos, "", "%s: %v", what, err)
		return reader{}, false
	}
	deref := func(expr string) string { return "*" + expr }
	same := func(expr string) string { return expr }
	switch kind, isBasic := basic(model); {
	case isAny(model):
		value := func(expr string) string { return expr + ".Value()" }
		return reader{typ: w.upstream("Any"), model: w.upstream("AnyOf"), value: value, ptr: value}, true
	case nilable(model):
		return reader{typ: spelled(model), model: w.upstream("Same"), nil: true}, true
	case isBasic && kind == types.Int && t.NamedType == "Int":
		return reader{typ: "int32", model: w.upstream("Int"), value: func(expr string) string { return "int(*" + expr + ")" }}, true
	case isString(model) && isPlain(model) && t.NamedType != "String":
		return reader{
			typ: w.upstream("Text"), model: w.upstream("String"),
			value: func(expr string) string { return "string(*" + expr + ")" },
			ptr:   func(expr string) string { return "(*string)(" + expr + ")" },
		}, true
	}
	return reader{typ: spelled(model), model: w.upstream("Same"), value: deref, ptr: same}, true
}

// local is a variable's name for a field.
func (w *clientWriter) local(field string) string {
	name := templates.ToGoPrivate(field)
	if reserved(name) || w.packageName(name) {
		return name + "Value"
	}
	return name
}

// packageName tells the name of a Go package that the client may use: of a
// converter, of a proto, of a scalar's type.
func (w *clientWriter) packageName(name string) bool {
	if w.packages == nil {
		w.packages = map[string]bool{}
		for _, fn := range w.converters {
			w.packages[fn.Pkg().Name()] = true
		}
		for _, pkg := range w.protos.packages {
			w.packages[pkg] = true
		}
		for _, scalar := range typeNames(w.union) {
			if w.union.Types[scalar].Kind != ast.Scalar {
				continue
			}
			t, err := w.types.of(&ast.Type{NamedType: scalar, NonNull: true})
			if named, ok := t.(*types.Named); err == nil && ok && named.Obj().Pkg() != nil {
				w.packages[named.Obj().Pkg().Name()] = true
			}
		}
	}
	return w.packages[name]
}

// code spells the row's struct and its model.
func (row *rowType) code(w *clientWriter) string {
	var b strings.Builder
	model := spelled(w.modelType(row.def))
	fmt.Fprintf(&b, "// %s is %s as the service has it.\ntype %s %s\n\n", row.name, withArticle(row.def.Name), row.name, row.shape.code(row.xml))
	fmt.Fprintf(&b, "// model is the %s that the row stands for.\nfunc (r *%s) model() (*%s, error) {\n", row.def.Name, row.name, model)
	for _, copied := range row.copies {
		b.WriteString(copied + "\n")
	}
	writeSteps(&b, w, row.steps)
	fmt.Fprintf(&b, "return &%s{\n", model)
	for _, init := range row.inits {
		b.WriteString(init + ",\n")
	}
	b.WriteString("}, nil\n}\n\n")
	return b.String()
}

// writeSteps spells steps: first what must be there, then the rest.
func writeSteps(b *strings.Builder, w *clientWriter, steps []step) {
	var missing []step
	for _, s := range steps {
		if s.condition != "" {
			missing = append(missing, s)
		}
	}
	switch {
	case len(missing) == 1:
		fmt.Fprintf(b, "if %s {\nreturn nil, %s(%q)\n}\n", missing[0].condition, w.upstream("Missing"), missing[0].path)
	case len(missing) > 1:
		b.WriteString("switch {\n")
		for _, s := range missing {
			fmt.Fprintf(b, "case %s:\nreturn nil, %s(%q)\n", s.condition, w.upstream("Missing"), s.path)
		}
		b.WriteString("}\n")
	}
	for _, s := range steps {
		b.WriteString(s.code)
	}
}

func (w *clientWriter) modelType(def *ast.Definition) types.Type {
	t, err := w.types.named(def.Name)
	if err != nil {
		w.report.at(def.Position, "", "%v", err)
		return types.Typ[types.Invalid]
	}
	return t
}

// enum returns the function that reads a value of an enum.
func (w *clientWriter) enum(def *ast.Definition) string {
	name := templates.LcFirst(goName(def.Name)) + "Of"
	if w.functions[name] != "" {
		return name
	}
	model := spelled(w.modelType(def))
	var b strings.Builder
	fmt.Fprintf(&b, "// %s is the value of %s that the service calls text.\nfunc %s(text *string) (%s, error) {\nswitch *text {\n", name, def.Name, name, model)
	owner := map[string]string{} // of what is told, the first value: several may be written alike
	for _, v := range def.EnumValues {
		if text, ok := w.enumText(def, v.Name); ok && owner[text] == "" {
			owner[text] = v.Name
		}
	}
	for _, v := range def.EnumValues {
		var quoted []string
		for _, s := range w.enumSpellings(def, v) {
			if owner[s] == "" || owner[s] == v.Name {
				quoted = append(quoted, fmt.Sprintf("%q", s))
				owner[s] = v.Name
			}
		}
		if len(quoted) > 0 {
			fmt.Fprintf(&b, "case %s:\nreturn %q, nil\n", strings.Join(quoted, ", "), v.Name)
		}
	}
	fmt.Fprintf(&b, "}\nreturn \"\", %s(%q, *text)\n}\n\n", w.upstream("Unknown"), def.Name)
	w.functions[name] = b.String()
	return name
}

// enumSpellings are the ways in which services write the value IN_TRANSIT:
// what @source says, or in_transit, in-transit, inTransit and the like.
func (w *clientWriter) enumSpellings(def *ast.Definition, v *ast.EnumValueDefinition) []string {
	if text, ok := w.enumText(def, v.Name); ok {
		return []string{text}
	}
	lower := strings.ToLower(v.Name)
	words := strings.Split(lower, "_")
	for i, word := range words {
		words[i] = templates.UcFirst(word)
	}
	camel := strings.Join(words, "")
	all := []string{v.Name, lower, strings.ReplaceAll(lower, "_", "-"), strings.ReplaceAll(v.Name, "_", "-"), templates.LcFirst(camel), camel}
	var out []string
	for _, s := range all {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// withArticle is a name after "a" or "an".
func withArticle(name string) string {
	if strings.ContainsRune("AEIOU", rune(name[0])) {
		return "an " + name
	}
	return "a " + name
}
