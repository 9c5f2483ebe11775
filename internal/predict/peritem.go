package predict

import (
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/internal/project"
)

// perItem finds the fields that make a call for each parent, where a list can
// have many parents.
func (p *predictor) perItem() []PerItem {
	var found []PerItem
	for _, f := range p.project.Frontends {
		listed := listedTypes(f.Schema)
		for _, name := range project.TypeNames(f.Schema) {
			def := f.Schema.Types[name]
			if def.Kind != ast.Object || !listed[name] {
				continue
			}
			for _, field := range def.Fields {
				if unlisted(f, def, field) {
					continue
				}
				w := &walker{predictor: p, frontend: f}
				w.calls(def, field, scope{parents: 2})
				for _, s := range w.out.Steps {
					if s.Each {
						found = append(found, PerItem{name + "." + field.Name, field.Position})
					}
				}
			}
		}
	}
	slices.SortFunc(found, func(a, b PerItem) int { return strings.Compare(a.Field, b.Field) })
	return slices.CompactFunc(found, func(a, b PerItem) bool { return a.Field == b.Field })
}

// listedTypes returns the object types that can occur many times in an answer:
// in a list, or below one.
func listedTypes(s *ast.Schema) map[string]bool {
	listed := map[string]bool{}
	var mark func(name string)
	mark = func(name string) {
		def := s.Types[name]
		if def == nil || listed[name] || !def.IsCompositeType() {
			return
		}
		listed[name] = true
		for _, t := range s.GetPossibleTypes(def) {
			mark(t.Name)
		}
		for _, field := range def.Fields {
			mark(field.Type.Name())
		}
	}
	for _, name := range project.TypeNames(s) {
		for _, field := range s.Types[name].Fields {
			if field.Type.Elem != nil && !strings.HasPrefix(name, "__") {
				mark(field.Type.Name())
			}
		}
	}
	return listed
}
