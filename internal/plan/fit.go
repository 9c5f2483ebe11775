package plan

import (
	"go/types"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/internal/project"
)

// Fit checks that this frontend has a value that another frontend may return.
type Fit struct {
	Name  string
	Type  types.Type
	Enum  bool
	Known []string     // an enum's values
	Types []types.Type // an interface's or a union's members
}

// FitUse says how the values of a field are checked by a [Fit].
type FitUse struct {
	Type                 string // the name of the Fit
	Enum, List           bool
	NonNull, NonNullItem bool
}

// unknown returns the enum values or possible types that other frontends have
// and this one lacks, sorted.
func (m *maker) unknown(f *project.Frontend, typ string) []string {
	all, own := m.union.Types[typ], f.Schema.Types[typ]
	if all == nil || own == nil {
		return nil
	}
	var lacking []string
	switch all.Kind {
	case ast.Enum:
		for _, v := range all.EnumValues {
			if own.EnumValues.ForName(v.Name) == nil {
				lacking = append(lacking, v.Name)
			}
		}
	case ast.Union, ast.Interface:
		known := f.Schema.GetPossibleTypes(own)
		for _, t := range m.union.GetPossibleTypes(all) {
			if t.Kind == ast.Object && !slices.ContainsFunc(known, func(k *ast.Definition) bool { return k.Name == t.Name }) {
				lacking = append(lacking, t.Name)
			}
		}
	}
	slices.Sort(lacking)
	return lacking
}

// fitUse plans how the field's values are checked; nil if all fit. It returns
// false if they can't be checked, which is reported.
func (b *adapting) fitUse(a *Adapters, field *ast.FieldDefinition) (*FitUse, bool) {
	t := field.Type
	lacking := b.unknown(b.frontend, t.Name())
	if len(lacking) == 0 {
		return nil, true
	}
	def := b.union.Types[t.Name()]
	use := &FitUse{Type: def.Name, Enum: def.Kind == ast.Enum, NonNull: t.NonNull}
	if t.Elem != nil {
		use.List, t = true, t.Elem
		use.NonNullItem = t.NonNull
	}
	if t.Elem != nil || a.Stream {
		b.report.At(b.position(&Adapter{Object: a, Name: field.Name, schema: field}),
			"add them to "+def.Name+" of frontend "+b.frontend.Name+", or flatten the list",
			"%s.%s can return what frontend %s lacks of %s (%s), which is not checked in a list of lists or a subscription",
			a.Name, field.Name, b.frontend.Name, def.Name, strings.Join(lacking, ", "))
		return nil, false
	}
	return use, true
}

func (b *adapting) fit(def *ast.Definition) *Fit {
	fit := &Fit{Name: def.Name, Type: b.models.Named(def.Name), Enum: def.Kind == ast.Enum}
	for _, v := range def.EnumValues {
		fit.Known = append(fit.Known, v.Name)
	}
	if !fit.Enum {
		possible := slices.Clone(b.frontend.API.GetPossibleTypes(def))
		slices.SortStableFunc(possible, func(a, b *ast.Definition) int {
			if len(a.Interfaces) != len(b.Interfaces) {
				return len(b.Interfaces) - len(a.Interfaces)
			}
			return strings.Compare(b.Name, a.Name)
		})
		for _, t := range possible {
			if t.Kind == ast.Object {
				fit.Types = append(fit.Types, b.models.Of(&ast.Type{NamedType: t.Name, NonNull: true}))
			}
		}
	}
	return fit
}
