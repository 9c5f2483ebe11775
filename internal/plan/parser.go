package plan

import (
	"go/types"
	"maps"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/input"
	"github.com/portico-gateway/portico/internal/project"
)

// Parser says how values of a scalar or an enum in inputs are checked.
type Parser struct {
	Name string
	// Input is the name of a parser of package input; empty if generated
	// code reads the values.
	Input string
}

// stockParser returns the parser of package input that does what a function of
// gqlgen does; empty if the values need no parser. It returns false for
// functions of the project.
func stockParser(function string) (parser string, ok bool) {
	if function == ScalarPath+".UnmarshalInt64" {
		return "Int64", true
	}
	name, ours := strings.CutPrefix(function, GQLGenPath+".Unmarshal")
	if !ours {
		return "", false
	}
	switch name {
	case "Any":
		return "", true
	case "FloatContext":
		return "Float", true
	case "Map":
		return "Object", true
	case "String":
		return "Text", true
	case "Boolean", "Float", "ID", "Int", "Int64", "Time":
		return name, true
	}
	return "", false
}

// parsers returns the parsers of the scalars and enums of inputs that package
// input does not have by default. It reports defaults that parsers of package
// input reject. Parsers of the project do not run here: a gateway does not
// start if one of them rejects a default.
func (m *maker) parsers(f *project.Frontend) []Parser {
	stock := map[string]input.Parser{
		"Boolean": input.Boolean, "Float": input.Float, "ID": input.ID, "Int": input.Int,
		"Int64": input.Int64, "Object": input.Object, "Text": input.Text, "Time": input.Time,
	}
	var out []Parser
	known := map[string]input.Parser{}
	leaves := m.inputLeaves(f.API)
	for _, name := range slices.Sorted(maps.Keys(leaves)) {
		def := f.API.Types[name]
		parser, isStock := stockParser(m.models.Parser(name))
		if len(leaves[name]) > 1 {
			continue // a value that one Go type rejects may be fine for another
		}
		if isStock && (parser == "" || def.BuiltIn) || def.Kind == ast.Enum && m.models.generated(m.models.Named(name)) {
			continue
		}
		out = append(out, Parser{Name: name, Input: parser})
		if parser != "" {
			known[name] = stock[parser]
		}
	}
	_, err := input.New(input.Config{Schema: f.Schema, Parsers: known})
	project.ReportDefaults(m.report, err)
	return out
}

// inputLeaves returns the scalars and enums of arguments and of fields of input
// objects, each with the Go types that it has there.
func (m *maker) inputLeaves(s *ast.Schema) map[string]map[string]bool {
	found := map[string]map[string]bool{}
	add := func(t *ast.Type, goType types.Type) {
		name := t.Name()
		if !s.Types[name].IsLeafType() {
			return
		}
		if found[name] == nil {
			found[name] = map[string]bool{}
		}
		found[name][TypeName(innermost(goType))] = true
	}
	for name, def := range s.Types {
		for _, field := range def.Fields {
			if strings.HasPrefix(name, "__") || strings.HasPrefix(field.Name, "__") {
				continue
			}
			if def.Kind == ast.InputObject {
				goType := m.models.Named(field.Type.Name())
				if v := structField(m.models.Named(name), GoName(field.Name)); v != nil && isStruct(m.models.Named(name)) {
					goType = v.Type()
				}
				add(field.Type, goType)
			}
			for _, arg := range field.Arguments {
				add(arg.Type, m.models.Named(arg.Type.Name()))
			}
		}
	}
	return found
}

// innermost returns the type within lists, pointers and omittable fields.
func innermost(t types.Type) types.Type {
	t, _ = Omittable(t)
	switch t := t.(type) {
	case *types.Pointer:
		return innermost(t.Elem())
	case *types.Slice:
		return innermost(t.Elem())
	}
	return t
}
