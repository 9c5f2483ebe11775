package plan

import (
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// inHeader plans how a field is read from the header of the answer. It returns nil if it
// can't be, which is reported.
func (m *maker) inHeader(s *Service, o *Object, of member, f *Field) *Read {
	what := o.Def.Name + "." + of.Name
	switch def := m.union.Types[of.Type.Name()]; {
	case of.Type.Elem != nil || def.Kind != ast.Enum && def.Kind != ast.Scalar,
		def.Kind == ast.Scalar && !inXML(scalarReader(def.Name, m.models.Named(def.Name)), m.models.Named(def.Name)):
		m.report.At(of.pos, "make it a scalar or an enum", "%s is %s, but a header is a text", what, of.Type)
		return nil
	}
	if f.Header = of.source.Header; s.GRPC {
		if f.Header = strings.ToLower(f.Header); strings.HasSuffix(f.Header, "-bin") {
			m.report.At(of.pos, "write a Go method", "the value of %s is bytes, which a header of gRPC has if its name ends in -bin", f.Header)
			return nil
		}
	}
	return m.read(reading{s, XML, of.pos, what, of.source}, of.Type)
}

// ReadsHeader reports whether a field of the answer is in its header.
func (c *Call) ReadsHeader() bool {
	_, f := c.headerField()
	return f != nil
}

// headerField returns a field of the answer that is in its header, and its object; nil
// if there is none.
func (c *Call) headerField() (*Object, *Field) {
	if c.Answer == nil {
		return nil, nil
	}
	return headerField(c.Answer.Read, map[*Object]bool{})
}

func headerField(r *Read, seen map[*Object]bool) (*Object, *Field) {
	for r.Item != nil {
		r = r.Item
	}
	var objects []*Object
	if r.Into.Object != nil {
		objects = append(objects, r.Into.Object)
	}
	if choice := r.Into.Choice; choice != nil {
		objects = append(objects, choice.objects()...)
	}
	for _, o := range objects {
		if seen[o] {
			continue // an object can contain itself
		}
		seen[o] = true
		for _, f := range o.Fields {
			if f.Header != "" {
				return o, f
			}
			if f.Read == nil {
				continue
			}
			if of, found := headerField(f.Read, seen); found != nil {
				return of, found
			}
		}
	}
	return nil, nil
}

// objects returns the objects of a value.
func (a *Choice) objects() []*Object {
	var list []*Object
	for _, v := range a.Variants {
		list = append(list, v.Object)
	}
	if a.Default != nil {
		list = append(list, a.Default)
	}
	return list
}

// checkHeader reports a field in the header of an answer that is not of one parent.
func (m *maker) checkHeader(c *Call) {
	of, f := c.headerField()
	if f == nil || c.Key == nil && !c.Stream() {
		return
	}
	where, fix := "a stream, whose events have no header", "write a Go method, or give the field another type"
	if c.Key != nil {
		where, fix = "a batch, whose answers are those of many parents", "use {$this.x}, so that there is a call for each parent"
	}
	m.report.At(c.Pos, fix, "%s.%s is in the header of an answer, but %s.%s is %s", of.Def.Name, f.Name, c.Parent.Name, c.Field.Name, where)
}
