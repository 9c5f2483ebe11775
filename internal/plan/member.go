package plan

import (
	"fmt"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/internal/binding"
	"github.com/portico-gateway/portico/internal/project"
)

// member is a field of a type, with its source in a service.
type member struct {
	*ast.FieldDefinition // with the type of the union, as models have it
	source               binding.Source
	pos                  *ast.Position // of @source, or else of the field
}

// members returns the fields of a type that callers of the service have,
// without those that methods or bindings resolve.
func (m *maker) members(s *Service, def *ast.Definition) []member {
	var members []member
	for _, field := range def.Fields {
		if strings.HasPrefix(field.Name, "__") {
			continue
		}
		if found, ok := m.member(s, def, field); ok {
			members = append(members, found)
		}
	}
	return members
}

func (m *maker) member(s *Service, def *ast.Definition, field *ast.FieldDefinition) (out member, found bool) {
	for _, f := range s.callers() {
		own := f.Schema.Types[def.Name]
		if own == nil || own.Fields.ForName(field.Name) == nil || def.Kind == ast.Object && m.resolved(f, def.Name, field.Name) {
			continue
		}
		theirs := own.Fields.ForName(field.Name)
		source := binding.SourceFor(theirs.Directives, s.conventions.Fields.Of(field.Name), s.Name)
		if found && describeSource(source) != describeSource(out.source) {
			m.report.At(theirs.Position, "use the same source in both, or give the types other names", "%s.%s is %s in the service %s here, but %s at %s",
				def.Name, field.Name, describeSource(source), s.Name, describeSource(out.source), project.Where(out.Position))
			return out, false
		}
		if found {
			continue
		}
		copied := *theirs
		copied.Type = field.Type
		out, found = member{FieldDefinition: &copied, source: source, pos: theirs.Position}, true
		if source.Pos != nil {
			out.pos = source.Pos
		}
	}
	return out, found
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
	if s.Entries {
		out += "->entries"
	}
	if s.Form.As != "" {
		out += " as " + s.Form.String()
	}
	if s.Nullable {
		out += " or null"
	}
	if s.Value != nil {
		out = fmt.Sprintf("always %s", s.Value)
	}
	return out
}
