package plan

import (
	"maps"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/input"
	"github.com/portico-gateway/portico/internal/project"
)

// Parser checks values of a scalar or an enum in inputs.
type Parser struct {
	Name string
	// Input is the name of the parser of package input; empty where gqlgen's
	// executor has to unmarshal the value.
	Input string
}

// stockParser returns the parser of package input for a type that one of gqlgen's
// own functions unmarshals; empty where nothing has to be parsed.
func stockParser(function string) (parser string, ok bool) {
	name, ours := strings.CutPrefix(function, gqlgenPath+".Unmarshal")
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

// parsers are those of the scalars and enums of inputs that package input does not
// know by itself. Defaults that those of package input reject are reported. Those
// of the project can't be asked: a gateway with a default that one rejects does
// not start.
func (m *maker) parsers(f *project.Frontend) []Parser {
	stock := map[string]input.Parser{
		"Boolean": input.Boolean, "Float": input.Float, "ID": input.ID, "Int": input.Int,
		"Int64": input.Int64, "Object": input.Object, "Text": input.Text, "Time": input.Time,
	}
	var out []Parser
	known := map[string]input.Parser{}
	for _, name := range inputLeaves(f.API) {
		def := f.API.Types[name]
		parser, isStock := stockParser(m.models.Parser(name))
		if !def.BuiltIn && len(m.models.config.Models[name].Model) > 1 {
			continue // a value that one Go type rejects may be fine for another
		}
		if isStock && (parser == "" || def.BuiltIn) || def.Kind == ast.Enum && m.models.Generated(m.models.Named(name)) {
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

// inputLeaves are the scalars and enums of arguments and of the fields of input
// objects, sorted.
func inputLeaves(s *ast.Schema) []string {
	found := map[string]bool{}
	add := func(t *ast.Type) {
		if s.Types[t.Name()].IsLeafType() {
			found[t.Name()] = true
		}
	}
	for name, def := range s.Types {
		for _, field := range def.Fields {
			if strings.HasPrefix(name, "__") || strings.HasPrefix(field.Name, "__") {
				continue
			}
			if def.Kind == ast.InputObject {
				add(field.Type)
			}
			for _, arg := range field.Arguments {
				add(arg.Type)
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}
