package plan

import (
	"go/types"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
	"google.golang.org/protobuf/compiler/protogen"

	"github.com/portico-gateway/portico/gateway/directive"
	"github.com/portico-gateway/portico/internal/binding"
	"github.com/portico-gateway/portico/internal/project"
)

// Answer says how the answer of a call is read.
type Answer struct {
	// Read reads the value that select leads to: the field's value, or the list
	// of a connection's nodes, or the rows of a batch. If these are matched by a map
	// or by position, its items are the values of the keys.
	Read *Read
	// Parts are where a row of a batch has the values of its key; nil if the rows have
	// no keys. Key is the only one; nil if there are several.
	Parts []*RowKey
	Key   *RowKey
	// Page makes a connection of the nodes; nil for other fields.
	Page *Page
}

// RowKey is where a row has the key of its parent: Fields in a message, else
// Path. Field is the field of the model that has the key, too; nil if none has.
type RowKey struct {
	Path   []string
	Field  *Field
	Fields []MessageField
	Type   types.Type // of the value, without a pointer; nil if it is only a key
}

// answer plans how an answer is read.
func (m *maker) answer(s *Service, c *Call) {
	if c.Page != nil && c.Key != nil {
		m.report.At(c.Page.Pos, "use {$this.x}, so that there is a call for each parent",
			"a connection is a page of one parent, but {$batch.x} asks for many parents at once")
		return
	}
	if isNested := c.Type.Elem != nil && c.Type.Elem.Elem != nil; c.Keyed() && (isNested || !m.isObject(c.Type)) {
		m.report.At(c.Pos, "use match: MAP or POSITION, or resolve it with a Go method",
			"rows are matched by a key, so %s.%s must be an object or a list of objects", c.Parent.Name, c.Field.Name)
		return
	}
	if c.Key != nil && !c.Keyed() && c.Type.Elem != nil && c.Format() == XML {
		m.report.At(c.Key.Pos, "use key", "match: POSITION of %s.%s, which is a list, is for JSON: XML has no lists of lists", c.Parent.Name, c.Field.Name)
		return
	}
	t := m.rowsType(c)
	if t == nil {
		return
	}
	a := &Answer{}
	if c.GRPC != nil {
		m.messageAnswer(s, c, a, t)
	} else {
		m.rowAnswer(s, c, a, t)
	}
	if a.Read == nil {
		return
	}
	if c.Page != nil {
		m.page(c, a)
	}
	c.Answer = a
}

// isObject reports whether a type, or that of the items of a list, has objects.
func (m *maker) isObject(t *ast.Type) bool {
	def := m.union.Types[t.Name()]
	return def.Kind == ast.Object || def.IsAbstractType()
}

// rowsType returns the type that select leads to: the call's, or the list of a
// connection's nodes, or the list of all rows of a batch, or of the values of all
// keys. It returns nil if there is none, which is reported.
func (m *maker) rowsType(c *Call) *ast.Type {
	t := c.Type
	if c.Page != nil {
		node := m.nodeType(c)
		if node == nil {
			return nil
		}
		return &ast.Type{Elem: node, NonNull: true, Position: t.Position}
	}
	if c.Key != nil {
		of := *t
		if c.Keyed() {
			if t.Elem != nil {
				of = *t.Elem
			}
			of.NonNull = false
		}
		return &ast.Type{Elem: &of, NonNull: true, Position: t.Position}
	}
	return t
}

// rowAnswer plans an answer of HTTP.
func (m *maker) rowAnswer(s *Service, c *Call, a *Answer, t *ast.Type) {
	format := c.Format()
	if c.Entries {
		m.entriesAnswer(s, c, a, t)
		return
	}
	read := m.read(reading{service: s, format: format, pos: c.Pos, what: c.Parent.Name + "." + c.Field.Name}, t)
	if read == nil {
		return
	}
	m.localNames(c.Select, format, c.Pos)
	if c.REST.XML && read.Item != nil && len(c.Select) == 0 {
		m.report.At(c.Pos, `add select: "item", the name of the elements`, "a list in XML needs the name of its elements")
		return
	}
	if len(c.Select) == 0 && c.Page != nil && c.Page.HasPaths() {
		m.report.At(c.Pos, `add select: "items", where the rows are`, "page reads values beside the rows, so the rows can't be the whole answer")
		return
	}
	if c.Keyed() && !m.rowKey(c, a, read.Object()) {
		return
	}
	a.Read = read
}

// rowKey plans where a row has its key.
func (m *maker) rowKey(c *Call, a *Answer, row *Object) bool {
	for _, part := range c.Key.Parts {
		if len(part.Row) == 0 {
			m.report.At(part.Pos, `write the name of a field, such as key: "id"`, "$ can't be the key")
			return false
		}
		names, ok := part.Row.Names()
		if !ok {
			m.report.At(part.Pos, "use a member of an object", "the key %s is in a list", part.Row)
			return false
		}
		key := &RowKey{Path: names}
		if row != nil && !m.keyField(part, key, row) { // rows of several types have no common field
			return false
		}
		a.addKey(key)
	}
	return true
}

// keyField finds the field of the model that has a key, if any.
func (m *maker) keyField(part binding.KeyPart, key *RowKey, row *Object) bool {
	for _, f := range row.Fields {
		if !slices.Equal(f.Path, part.Row) || f.Read == nil || f.Default != nil || f.Read.Into.Enum != nil {
			continue
		}
		t := Element(f.Model)
		if number := IsPlain(t) && isKind(t, types.Int, types.Int32, types.Int64); !number && !IsString(t) {
			m.report.At(part.Pos, "use a text or a whole number", "the key %s is read as %s", part.Row, shortType(t))
			return false
		}
		key.Field, key.Type = f, t
	}
	return true
}

// addKey adds a value of the key.
func (a *Answer) addKey(key *RowKey) {
	if a.Parts = append(a.Parts, key); len(a.Parts) == 1 {
		a.Key = key
	} else {
		a.Key = nil
	}
}

// messageAnswer plans an answer of gRPC.
func (m *maker) messageAnswer(s *Service, c *Call, a *Answer, t *ast.Type) {
	what := c.Parent.Name + "." + c.Field.Name
	if len(c.Select) == 0 {
		m.wholeMessage(s, c, a, t, what)
		return
	}
	fields := m.protoPath(c.Method.Output, c.Select, c.Pos)
	if fields == nil {
		return
	}
	if c.Key != nil && !c.Keyed() {
		a.Read = m.readMatched(s, c, t, fields)
		return
	}
	last := fields[len(fields)-1]
	rows := last.IsList() && last.Message != nil && (m.isObject(t) || c.Page != nil && c.Page.Node != nil)
	if (c.Key != nil || c.Page != nil) && !rows {
		m.report.At(c.Pos, "", "%s must be a list of messages for objects of type %s", last.Desc.FullName(), t.Name())
		return
	}
	from := reading{service: s, format: Protobuf, pos: c.Pos, what: what}
	from.source.Entries = c.Entries
	var read *Read
	if c.Page != nil && c.Page.Node != nil && rows {
		read = m.readNodes(s, c, t, fields)
	} else {
		read = m.readMessage(from, t, fields)
	}
	if read == nil || c.Key != nil && !m.messageKey(c, a, fields[len(fields)-1].Message) {
		return
	}
	a.Read = read
}

// readNodes plans how the nodes of a page are read, each of which is in a row. It
// returns nil if they can't be read, which is reported.
func (m *maker) readNodes(s *Service, c *Call, t *ast.Type, rows []MessageField) *Read {
	fields := m.protoPath(rows[len(rows)-1].Message, c.Page.Node, c.Page.Pos)
	if fields == nil {
		return nil
	}
	last := fields[len(fields)-1]
	if !m.isObject(t) || last.Message == nil || last.IsList() || last.Desc.IsMap() {
		m.report.At(c.Page.Pos, "", "%s must be a message for objects of type %s", last.Desc.FullName(), t.Name())
		return nil
	}
	into, ok := m.fromProto(reading{service: s, format: Protobuf, pos: c.Page.Pos, what: c.Parent.Name}, last.Field, t.Name())
	if !ok {
		m.report.At(c.Page.Pos, "", "the nodes are %s, which %s (%s) does not fit", t.Elem, last.Desc.FullName(), last.describe())
		return nil
	}
	model := m.models.Of(t.Elem)
	return &Read{Type: t, Model: types.NewSlice(model), Fields: rows, Item: &Read{Type: t.Elem, Model: model, Into: into}}
}

// wholeMessage plans an answer whose message is the field's value.
func (m *maker) wholeMessage(s *Service, c *Call, a *Answer, t *ast.Type, what string) {
	switch {
	case c.Key != nil || c.Page != nil:
		m.report.At(c.Pos, `add select: "items", where the rows are`, "the answer %s is a message, not a list", c.Method.Output.Desc.FullName())
	case t.Elem == nil && m.isObject(t):
		a.Read = m.readWhole(s, t, c.Method.Output, c.Pos)
	default:
		if a.Read = m.wholeScalar(t, c.Method.Output); a.Read == nil {
			m.report.At(c.Pos, "add select", "%s is %s, but the answer is a message", what, t)
		}
	}
}

// wholeScalar plans how a message as a whole is read as a scalar: a message of google.protobuf,
// or any message as JSON. It returns nil if it can't be.
func (m *maker) wholeScalar(t *ast.Type, message *protogen.Message) *Read {
	if t.Elem != nil || m.union.Types[t.NamedType].Kind != ast.Scalar {
		return nil
	}
	c, ok := fromWellKnown(message, t.NamedType, Conversion{From: messageType(message), To: m.models.Named(t.NamedType)})
	if !ok {
		return nil
	}
	return &Read{Type: t, Model: m.models.Of(t), Into: c}
}

// messageKey plans where a message has its key.
func (m *maker) messageKey(c *Call, a *Answer, message *protogen.Message) bool {
	for _, part := range c.Key.Parts {
		fields := m.protoPath(message, part.Row, part.Pos)
		if len(fields) == 0 {
			if len(part.Row) == 0 {
				m.report.At(part.Pos, `write the name of a field, such as key: "id"`, "$ can't be the key")
			}
			return false
		}
		last := fields[len(fields)-1]
		t := ProtoType(last.Field)
		if last.IsList() || last.Desc.IsMap() || !isInteger(t) && !isPlainString(t) {
			m.report.At(part.Pos, "use a text or a whole number", "the key %s is %s", part.Row, last.describe())
			return false
		}
		a.addKey(&RowKey{Fields: fields, Type: t})
	}
	return true
}

// service plans the client of one service.
func (m *maker) service(s *Service) {
	s.GRPC, s.Config = s.Calls[0].GRPC != nil, s.configNames()
	m.conventions(s)
	for _, c := range s.Calls {
		if (c.GRPC != nil) != s.GRPC {
			m.report.At(c.Pos, "give one of them another name", "the service %s is called over HTTP and over gRPC", s.Name)
			continue
		}
		m.call(s, c)
	}
	s.sort()
}

// conventions finds how the service writes names and scalars.
func (m *maker) conventions(s *Service) {
	for _, f := range s.callers() {
		theirs := binding.ConventionsOf(f.Schema, s.Name)
		switch {
		case theirs.Pos == nil:
			continue
		case s.GRPC && theirs.Fields+theirs.Enums != "":
			m.report.At(theirs.Pos, "remove it", "fields and enums say how an HTTP service writes names, and %s is called over gRPC", s.Name)
			return
		case s.conventions.Pos != nil && !theirs.Same(s.conventions):
			m.report.At(theirs.Pos, "use the same in both, or say it in schema/shared", "the service %s writes names or scalars in another way here than at %s",
				s.Name, project.Where(s.conventions.Pos))
			return
		}
		s.conventions = theirs
	}
}

// call plans one call.
func (m *maker) call(s *Service, c *Call) {
	if c.Uses(directive.Paging) && !m.canPage(c) {
		return
	}
	c.Result = m.models.Of(c.Type)
	m.operands(s, c)
	m.loaderArguments(c)
	c.NotFound = c.nullWhenNotFound()
	if c.GRPC != nil {
		if m.rpc(s, c); c.Method == nil {
			return
		}
	} else {
		m.http(s, c)
	}
	m.checkRules(c)
	if !c.Done() {
		m.answer(s, c)
		m.checkHeader(c)
	}
}

// nullWhenNotFound reports whether "not found" makes the field null although no
// rule of the binding says so.
func (c *Call) nullWhenNotFound() bool {
	for _, rule := range c.Errors {
		if rule.Value == nil && (rule.Status == "404" || rule.Status == "NOT_FOUND") {
			return false
		}
	}
	return c.Type.Elem == nil && !c.Type.NonNull && c.Key == nil && !c.Mutation() && !c.Stream()
}

// loaderArguments checks the arguments of a call for parents. They must be
// comparable, since calls with equal arguments share a batch.
func (m *maker) loaderArguments(c *Call) {
	if c.Root() {
		return
	}
	for _, arg := range c.Arguments {
		if _, ok := Basic(Element(arg.Type)); !ok {
			m.report.At(arg.Position, "use scalars and enums, or write a Go method",
				"the argument %s is %s, which can't be a part of a batch's key", arg.Name, arg.ArgumentDefinition.Type)
		}
	}
}
