package plan

import (
	"go/types"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/directive"
	"github.com/portico-gateway/portico/internal/binding"
)

// Page says how a connection is made of the rows of a page (GraphQL Cursor
// Connections Specification).
type Page struct {
	// Connection is the Go type of the connection, without a pointer.
	Connection types.Type
	// Next, Total and More are values that the answer has beside its rows; nil
	// if it has none.
	Next, Total, More *PageValue
	// ByOffset reports whether the gateway makes the cursors, since the call
	// sends {$page.offset} or {$page.number}. ByNumber reports whether the service
	// counts pages. OneMore reports whether the call asks for one row more than the
	// page has, to find out whether there is another page. Limited reports whether
	// the call sends any {$page.x}.
	ByOffset, ByNumber, OneMore, Limited bool
	// Cursor is where a row has its own cursor; nil if rows have none.
	Cursor *RowValue
	// Node is where a row has its node; nil if it is the node itself.
	Node *RowValue
	// HasNodes reports whether the connection has the nodes themselves.
	HasNodes bool
	// Edge is the GraphQL type of the connection's edges, and EdgeModel the Go type;
	// nil without edges. EdgeFaults is like Faults.
	Edge       *ast.Definition
	EdgeModel  types.Type
	EdgeFaults string
	// TotalCount is the connection's field totalCount; nil without one.
	TotalCount *ast.FieldDefinition
	// Info is the Go type of the connection's pageInfo, and InfoFields is its
	// GraphQL type.
	Info       types.Type
	InfoFields *ast.Definition
	// Faults and InfoFaults are the fields of the connection's and pageInfo's
	// models that have the faults of their fields; see [Object].
	Faults, InfoFaults string
	// After reports whether the field has an argument after.
	After bool
}

// PageValue is a value that an answer has beside its rows.
type PageValue struct {
	*binding.Beside
	// Parameter is the parameter of the URL of a Link; empty for the URL itself.
	Parameter string
	Fields    []MessageField
}

// RowValue is a value in a row: Fields in a message, else Path.
type RowValue struct {
	Path   []string
	Fields []MessageField
}

// RowsFail reports whether rows of the page can have errors that are not in their
// models: those of [Object] are.
func (a *Answer) RowsFail() bool {
	if a.Read == nil || a.Read.Item == nil { // what is wrong is reported
		return false
	}
	item := a.Read.Item
	if a.Page.Node != nil && len(a.Page.Node.Path) > 0 { // a row may be no object
		return true
	}
	return item.Into.Object == nil || !item.Type.NonNull || item.Into.Object.Faults == ""
}

// canPage checks the arguments that {$page.x} is computed from.
func (m *maker) canPage(c *Call) bool {
	before := m.report.Len()
	first := c.Field.Arguments.ForName("first")
	switch {
	case first.Type.NamedType != "Int":
		m.report.At(first.Position, "write first: Int = 20", "the argument first must be an Int: it says how many rows a page has")
	case !first.Type.NonNull && (first.DefaultValue == nil || first.DefaultValue.Kind != ast.IntValue):
		m.report.At(first.Position, "write first: Int = 20", "the argument first needs a default: it says how many rows a page has")
	}
	if after := c.Field.Arguments.ForName("after"); c.CountsRows() && (after == nil || after.Type.NonNull || after.Type.NamedType != "String") {
		m.report.At(c.Field.Position, "add after: String", "a connection that the gateway pages needs an argument after: String")
	}
	return m.report.Len() == before
}

// nodeType returns the type of a connection's nodes. It returns nil if the
// field's type is not a connection, which is reported.
func (m *maker) nodeType(c *Call) *ast.Type {
	def := m.union.Types[c.Type.Name()]
	if c.Type.Elem == nil && def.Kind == ast.Object {
		if nodes := def.Fields.ForName("nodes"); nodes != nil && nodes.Type.Elem != nil {
			return nodes.Type.Elem
		}
		if edges := def.Fields.ForName("edges"); edges != nil && edges.Type.Elem != nil {
			if edge := m.union.Types[edges.Type.Elem.Name()]; edge.Kind == ast.Object && edge.Fields.ForName("node") != nil {
				return edge.Fields.ForName("node").Type
			}
		}
	}
	m.report.At(c.Page.Pos, "give the field a type with nodes: [T!]! or edges: [E!]!, and pageInfo: PageInfo!",
		"page is for connections, which %s is not", c.Field.Type)
	return nil
}

// page plans how the connection is made.
func (m *maker) page(c *Call, a *Answer) {
	p := &Page{ByOffset: c.CountsRows(), Limited: c.Uses(directive.Paging), OneMore: c.OneMore(), ByNumber: c.pages("number"),
		After: c.Field.Arguments.ForName("after") != nil}
	if !p.ByOffset && c.Page.Next == nil && c.Page.Cursor == nil {
		m.report.At(c.Page.Pos, `add next: "next_cursor" or cursor: "id", or use {$page.offset} or {$page.number} in the call`,
			"the binding has no cursor of the next page")
		return
	}
	m.pageValues(c, p)
	m.rowValues(c, p)
	def := m.union.Types[c.Type.Name()]
	p.Connection, p.HasNodes = m.models.Named(def.Name), def.Fields.ForName("nodes") != nil
	if c.has(def, "edges") {
		m.edges(c, p, def.Fields.ForName("edges"))
	}
	if c.has(def, "totalCount") {
		p.TotalCount = def.Fields.ForName("totalCount")
		m.totalCount(c, p, def)
	}
	info := def.Fields.ForName("pageInfo")
	if info == nil || m.union.Types[info.Type.Name()].Kind != ast.Object || info.Type.Elem != nil {
		m.report.At(c.Page.Pos, "add pageInfo: PageInfo!", "the connection %s has no pageInfo", def.Name)
		return
	}
	p.InfoFields = m.union.Types[info.Type.Name()]
	p.Info = m.models.Named(p.InfoFields.Name)
	if !p.ByOffset && c.Page.Next == nil && c.Page.More == nil && p.InfoFields.Fields.ForName("hasNextPage") != nil {
		m.report.At(c.Page.Pos, `add more: "has_more" or next: "next_cursor", where the answer has it`, "the binding has no value for %s.hasNextPage",
			p.InfoFields.Name)
	}
	p.Faults, p.InfoFaults = m.models.Faults(def), m.models.Faults(p.InfoFields)
	m.pageInfo(c, p)
	m.onlyPageFields(c, def, "nodes", "edges", "totalCount", "pageInfo")
	a.Page = p
}

// has reports whether a type has a field in a frontend that makes the call. What only
// other frontends have is not made, and the service need not have it.
func (c *Call) has(def *ast.Definition, field string) bool {
	return slices.ContainsFunc(c.users, func(u callUser) bool {
		own := u.frontend.Schema.Types[def.Name]
		return own != nil && own.Fields.ForName(field) != nil
	})
}

// pageInfo checks the fields of PageInfo.
func (m *maker) pageInfo(c *Call, p *Page) {
	for _, field := range p.InfoFields.Fields {
		switch field.Name {
		case "hasNextPage", "hasPreviousPage":
			if field.Type.NamedType != "Boolean" {
				m.report.At(field.Position, "make it a Boolean", "%s.%s is %s", p.InfoFields.Name, field.Name, field.Type)
			}
		case "startCursor", "endCursor":
			if !m.isText(field.Type) {
				m.report.At(field.Position, "make it a String", "%s.%s is %s", p.InfoFields.Name, field.Name, field.Type)
			}
			if field.Type.NonNull {
				m.report.At(field.Position, "make it nullable", "%s.%s is null when a page is empty", p.InfoFields.Name, field.Name)
			}
		}
	}
	m.onlyPageFields(c, p.InfoFields, "hasNextPage", "hasPreviousPage", "startCursor", "endCursor")
}

// onlyPageFields reports non-null fields of a connection's type that nothing
// sets.
func (m *maker) onlyPageFields(c *Call, def *ast.Definition, names ...string) {
	for _, field := range def.Fields {
		if !slices.Contains(names, field.Name) && field.Type.NonNull && !m.plan.ResolvedEverywhere(def.Name, field.Name) {
			m.report.At(field.Position, "make it nullable, bind it, or write a method", "nothing sets %s.%s when a connection is made for %s.%s",
				def.Name, field.Name, c.Parent.Name, c.Field.Name)
		}
	}
}

// isText reports whether the Go type of a value is string.
func (m *maker) isText(t *ast.Type) bool {
	return t.Elem == nil && isPlainString(m.models.Named(t.NamedType))
}

// edges checks the edges, each of which has a cursor.
func (m *maker) edges(c *Call, p *Page, field *ast.FieldDefinition) {
	edge := m.union.Types[field.Type.Name()]
	cursor := edge.Fields.ForName("cursor")
	switch {
	case cursor == nil || !m.isText(cursor.Type):
		m.report.At(edge.Position, "", "an edge needs cursor: String!, which %s does not have", edge.Name)
		return
	case edge.Fields.ForName("node") == nil:
		m.report.At(edge.Position, "add it", "an edge needs a node, which %s does not have", edge.Name)
		return
	case !p.ByOffset && c.Page.Cursor == nil && cursor.Type.NonNull:
		m.report.At(c.Page.Pos, `add cursor: "cursor", the path of a row's cursor in the row, or remove edges and use nodes`,
			"a service that pages by cursor has no cursor for each row, which %s needs", edge.Name)
		return
	case TypeName(m.models.Of(edge.Fields.ForName("node").Type)) != TypeName(m.models.Of(m.nodeType(c))):
		m.report.At(edge.Fields.ForName("node").Position, "use the same type", "the node of an edge must have the type of the items of nodes")
		return
	}
	p.Edge, p.EdgeModel, p.EdgeFaults = edge, m.models.Named(edge.Name), m.models.Faults(edge)
	m.onlyPageFields(c, edge, "cursor", "node")
}

func (m *maker) totalCount(c *Call, p *Page, def *ast.Definition) {
	switch {
	case p.Total == nil && c.Page.Total == nil:
		m.report.At(c.Page.Pos, `add total: "total", where the answer has it`, "the binding has no value for %s.totalCount", def.Name)
	case p.TotalCount.Type.NamedType != "Int" || !isKind(m.models.Named("Int"), types.Int):
		m.report.At(p.TotalCount.Position, "make it an Int", "%s.totalCount is %s", def.Name, p.TotalCount.Type)
	}
}

// pageValues plans the values that the answer has beside its rows.
func (m *maker) pageValues(c *Call, p *Page) {
	p.Next = m.pageValue(c, c.Page.Next, types.String)
	p.Total = m.pageValue(c, c.Page.Total, types.Int32, types.Int64, types.Uint32, types.Uint64)
	p.More = m.pageValue(c, c.Page.More, types.Bool)
	if p.Next != nil {
		p.Next.Parameter = c.Page.Parameter
	}
}

// pageValue plans a value that has one of the kinds in a message. It returns nil if
// there is none, or if it can't be read, which is reported.
func (m *maker) pageValue(c *Call, beside *binding.Beside, kinds ...types.BasicKind) *PageValue {
	switch {
	case beside == nil:
		return nil
	case c.GRPC == nil && beside.Header == "" && len(beside.Path) == 0:
		m.report.At(c.Page.Pos, "write the name of a field", "page can't use $")
		return nil
	case c.GRPC == nil:
		return &PageValue{Beside: beside}
	}
	fields := m.protoPath(c.Method.Output, beside.Path, c.Page.Pos)
	if len(fields) == 0 {
		return nil
	}
	if last := fields[len(fields)-1]; last.IsList() || !isKind(ProtoType(last.Field), kinds...) || !IsPlain(ProtoType(last.Field)) {
		m.report.At(c.Page.Pos, "", "page can't use %s, which is %s", last.Desc.FullName(), last.describe())
		return nil
	}
	return &PageValue{Beside: beside, Fields: fields}
}

// rowValues plans where rows have their cursors and nodes.
func (m *maker) rowValues(c *Call, p *Page) {
	p.Cursor, p.Node = m.rowValue(c, c.Page.Cursor), m.rowValue(c, c.Page.Node)
	if p.Cursor == nil || c.GRPC == nil {
		return
	}
	last := p.Cursor.Fields[len(p.Cursor.Fields)-1]
	if t := ProtoType(last.Field); last.IsList() || last.Desc.IsMap() || !isInteger(t) && !isPlainString(t) {
		m.report.At(c.Page.Pos, "use a text or a whole number", "the cursor %s is %s", c.Page.Cursor, last.describe())
	}
}

// rowValue plans where a row has a value. It returns nil without a path, and if
// there is nothing, which is reported.
func (m *maker) rowValue(c *Call, path directive.Path) *RowValue {
	if path == nil {
		return nil
	}
	if c.GRPC == nil {
		names, _ := path.Names()
		return &RowValue{Path: names}
	}
	rows := m.protoPath(c.Method.Output, c.Select, c.Pos)
	fields := m.protoPath(rows[len(rows)-1].Message, path, c.Page.Pos)
	if fields == nil {
		return nil
	}
	return &RowValue{Fields: fields}
}

// pages reports whether the call sends {$page.name}.
func (c *Call) pages(name string) bool {
	for _, v := range c.Vars() {
		if v.Root == directive.Paging && v.Path[0] == name {
			return true
		}
	}
	return false
}

// OneMore reports whether {$page.limit} is one more than the number of rows of
// a page, to find out whether there is another page.
func (c *Call) OneMore() bool {
	if c.Page == nil || c.Page.Total != nil || c.Page.More != nil || c.Page.Next != nil {
		return false
	}
	return c.pages("limit") && c.pages("offset")
}

// PageStart returns the number of the first page.
func (c *Call) PageStart() int {
	if c.Page != nil {
		return c.Page.Start
	}
	return 1
}
