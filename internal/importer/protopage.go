package importer

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/portico-gateway/portico/internal/openapi"
)

// protoPage is how a method pages (AIP-158): the fields of its messages.
type protoPage struct {
	size, token       string
	rows, next, total string
	node              shape
	others            []string
}

// pages recognises how a method pages; nil if it does not.
func (imp protos) pages(m *method) *protoPage {
	if m.root != rootQuery {
		return nil
	}
	p := &protoPage{}
	p.parameters(m.Input().Fields())
	rows := p.answer(m.Output().Fields())
	if p.size == "" || p.token == "" || p.next == "" || len(rows) != 1 {
		return nil
	}
	if p.node = imp.single(rows[0], false); !p.node.object {
		return nil
	}
	p.rows = string(rows[0].Name())
	return p
}

// parameters finds the fields of a page in a request.
func (p *protoPage) parameters(fields protoreflect.FieldDescriptors) {
	for i := range fields.Len() {
		f := fields.Get(i)
		switch plain := plainName(string(f.Name())); {
		case f.IsList():
		case isWhole(f) && p.size == "" && slices.Contains(limitNames(), plain):
			p.size = string(f.Name())
		case f.Kind() == protoreflect.StringKind && p.token == "" && slices.Contains(openapi.CursorNames(), plain):
			p.token = string(f.Name())
		}
	}
}

// answer finds what a response has of a page, and returns its lists of messages.
func (p *protoPage) answer(fields protoreflect.FieldDescriptors) (rows []protoreflect.FieldDescriptor) {
	for i := range fields.Len() {
		f := fields.Get(i)
		switch plain := plainName(string(f.Name())); {
		case f.IsList() && f.Message() != nil:
			rows = append(rows, f)
		case f.Kind() == protoreflect.StringKind && !f.IsList() && p.next == "" && slices.Contains(openapi.NextNames(), plain):
			p.next = string(f.Name())
		case isWhole(f) && !f.IsList() && p.total == "" && slices.Contains(openapi.TotalNames(), plain):
			p.total = string(f.Name())
		default:
			p.others = append(p.others, string(f.Name()))
		}
	}
	return rows
}

func isWhole(f protoreflect.FieldDescriptor) bool {
	return slices.Contains([]protoreflect.Kind{protoreflect.Int32Kind, protoreflect.Int64Kind, protoreflect.Uint32Kind, protoreflect.Uint64Kind}, f.Kind())
}

func (p *protoPage) variable(field string) string {
	switch {
	case p == nil:
		return ""
	case field == p.size:
		return "{$page.limit}"
	case field == p.token:
		return "{$args.after}"
	}
	return ""
}

func (p *protoPage) argument() argument {
	a := argument{name: "page", object: true, items: []string{"next: " + quote(p.next)}}
	if p.total != "" {
		a.items = append(a.items, "total: "+quote(p.total))
	}
	return a
}

func (p *protoPage) comments() []string {
	if len(p.others) == 0 {
		return nil
	}
	return []string{"Of the answer, these fields are left out: " + strings.Join(p.others, ", ") + "."}
}
