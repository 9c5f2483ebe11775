package importer

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
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
	for i := range m.Input().Fields().Len() {
		f := m.Input().Fields().Get(i)
		whole := f.Kind() == protoreflect.Int32Kind || f.Kind() == protoreflect.Int64Kind || f.Kind() == protoreflect.Uint32Kind || f.Kind() == protoreflect.Uint64Kind
		switch plain := plainName(string(f.Name())); {
		case f.IsList():
		case whole && p.size == "" && slices.Contains(limitNames(), plain):
			p.size = string(f.Name())
		case f.Kind() == protoreflect.StringKind && p.token == "" && slices.Contains(cursorNames(), plain):
			p.token = string(f.Name())
		}
	}
	var rows []protoreflect.FieldDescriptor
	for i := range m.Output().Fields().Len() {
		f := m.Output().Fields().Get(i)
		switch plain := plainName(string(f.Name())); {
		case f.IsList() && f.Message() != nil:
			rows = append(rows, f)
		case f.Kind() == protoreflect.StringKind && !f.IsList() && p.next == "" && slices.Contains(nextNames(), plain):
			p.next = string(f.Name())
		case (f.Kind() == protoreflect.Int32Kind || f.Kind() == protoreflect.Int64Kind) && !f.IsList() && p.total == "" && slices.Contains(totalNames(), plain):
			p.total = string(f.Name())
		default:
			p.others = append(p.others, string(f.Name()))
		}
	}
	if p.size == "" || p.token == "" || p.next == "" || len(rows) != 1 {
		return nil
	}
	if p.node = imp.single(rows[0], false); !p.node.object {
		return nil
	}
	p.rows = string(rows[0].Name())
	return p
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
