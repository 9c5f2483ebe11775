package bindgen

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/internal/binding"
)

// typeMember is a field of a type as a service has it.
type typeMember struct {
	*ast.FieldDefinition // with the type of the union, since models have that
	src                  binding.Source
	pos                  *ast.Position // of what tells the source
}

// callers are the frontends that call the service. Only they tell what the
// service calls a field: another frontend may mean another service's type.
func (w *clientWriter) callers() []*frontend {
	var list []*frontend
	for _, c := range w.calls {
		for _, u := range c.users {
			if !slices.Contains(list, u.frontend) {
				list = append(list, u.frontend)
			}
		}
	}
	slices.SortFunc(list, func(a, b *frontend) int { return strings.Compare(a.name, b.name) })
	return list
}

// membersOf are the fields that the callers of the service have of a type, but
// those that methods or bindings resolve.
func (w *clientWriter) membersOf(def *ast.Definition) []typeMember {
	var members []typeMember
	for _, field := range def.Fields {
		if strings.HasPrefix(field.Name, "__") {
			continue
		}
		if m, ok := w.memberOf(def, field); ok {
			members = append(members, m)
		}
	}
	return members
}

func (w *clientWriter) memberOf(def *ast.Definition, field *ast.FieldDefinition) (m typeMember, found bool) {
	for _, f := range w.callers() {
		own := f.schema.Types[def.Name]
		if own == nil || own.Fields.ForName(field.Name) == nil || def.Kind == ast.Object && w.resolved(f, def.Name, field.Name) {
			continue
		}
		theirs := own.Fields.ForName(field.Name)
		src := binding.SourceFor(theirs.Directives, field.Name, w.service)
		if found && describeSource(src) != describeSource(m.src) {
			w.report.at(theirs.Position, "say the same in both, or give the types other names",
				"%s.%s is %s in the service %s here, but %s at %s", def.Name, field.Name, describeSource(src), w.service, describeSource(m.src), where(m.Position))
			return m, false
		}
		if found {
			continue
		}
		copied := *theirs
		copied.Type = field.Type
		m, found = typeMember{FieldDefinition: &copied, src: src, pos: theirs.Position}, true
		if src.Pos != nil {
			m.pos = src.Pos
		}
	}
	return m, found
}

// enumText is what the service calls a value of an enum, as its callers say;
// false when they say nothing.
func (w *clientWriter) enumText(def *ast.Definition, value string) (string, bool) {
	text, told, first := "", false, (*ast.EnumValueDefinition)(nil)
	for _, f := range w.callers() {
		own := f.schema.Types[def.Name]
		if own == nil || own.EnumValues.ForName(value) == nil {
			continue
		}
		theirs := own.EnumValues.ForName(value)
		said, ok := binding.EnumText(theirs.Directives, w.service)
		if first != nil && (said != text || ok != told) {
			w.report.at(theirs.Position, "say the same in both, or give the enums other names", "%s.%s is told otherwise here than at %s for the service %s", def.Name, value, where(first.Position), w.service)
			return text, told
		}
		text, told, first = said, ok, theirs
	}
	return text, told
}

// respelled tells whether the service calls a value of an enum otherwise.
func (w *clientWriter) respelled(def *ast.Definition) bool {
	return slices.ContainsFunc(def.EnumValues, func(v *ast.EnumValueDefinition) bool {
		_, told := w.enumText(def, v.Name)
		return told
	})
}

func describeSource(s binding.Source) string {
	var names []string
	for _, path := range s.Names {
		names = append(names, path.String())
	}
	out := strings.Join(names, ", ")
	if s.Convert != "" {
		out += " converted by " + s.Convert
	}
	if s.Default != nil {
		out += fmt.Sprintf(" or %s", s.Default)
	}
	if s.Value != nil {
		out = fmt.Sprintf("always %s", s.Value)
	}
	return out
}
