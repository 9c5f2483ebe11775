package plan

import (
	"go/types"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/internal/project"
)

// FaultsType is the type of the field that has the faults of an object.
const FaultsType = "*" + GatewayPath + "/decode.Faults"

// Faults returns the name of the field of a model that has the faults of an
// object; empty if a hand-written model has none. A generated model has one
// with a name that none of its other fields has.
func (m *Models) Faults(def *ast.Definition) string {
	t := m.named[def.Name]
	if m.config.Models.UserDefined(def.Name) {
		return faultsField(t)
	}
	name := "Faults"
	_, extra := m.config.Models[def.Name].ExtraFields[name]
	for n := 2; structHas(t, name) || extra; n++ {
		name = "Faults" + strconv.Itoa(n)
		_, extra = m.config.Models[def.Name].ExtraFields[name]
	}
	return name
}

// faultsField returns the field of a hand-written model that has its faults.
func faultsField(t types.Type) string {
	if s, ok := Element(t).Underlying().(*types.Struct); ok {
		for field := range s.Fields() {
			if field.Exported() && TypeName(field.Type()) == FaultsType {
				return field.Name()
			}
		}
	}
	return ""
}

// structHas reports whether a generated model has a field of this name.
func structHas(t types.Type, name string) bool {
	field := structField(t, name)
	return field != nil && field.Name() == name
}

// FaultsOf returns the field with the faults of a type's model; empty if it has
// none.
func (p *Plan) FaultsOf(name string) string {
	def := p.project.Union.Types[name]
	if p.Models.config.Models.UserDefined(def.Name) {
		return p.Models.Faults(def)
	}
	return p.Faulty()[def.Name]
}

// Faulty returns the names of the fields that have faults, by the names of the
// types whose models are generated: those that bindings read or make.
func (p *Plan) Faulty() map[string]string {
	names := map[string]string{}
	add := func(def *ast.Definition) {
		if def != nil && !p.Models.config.Models.UserDefined(def.Name) && !project.IsRoot(p.project.Union, def) {
			names[def.Name] = p.Models.Faults(def)
		}
	}
	for _, s := range p.Services {
		for _, o := range s.Objects {
			add(o.Def)
		}
		for _, c := range s.Calls {
			if c.Answer != nil && c.Answer.Page != nil {
				add(p.project.Union.Types[c.Type.Name()])
				add(c.Answer.Page.InfoFields)
				if c.Answer.Page.Cursor != nil || c.Answer.RowsFail() {
					add(c.Answer.Page.Edge)
				}
			}
		}
	}
	return names
}
