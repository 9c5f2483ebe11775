package directive

import (
	"slices"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// ListSize is @listSize of a field (IBM's cost specification, section 9.2),
// which limits the length of a list.
type ListSize struct {
	// AssumedSize is the length if no slicing argument is given; nil if the
	// directive has none.
	AssumedSize *int
	// SlicingArguments are paths of arguments of the field, or of values in
	// them. The largest value is the length. It is nil if the directive has
	// none, and empty if it has an empty list.
	SlicingArguments []ArgumentPath
	// SizedFields are the fields of the returned object that have the length.
	// If there are none, it is the length of the field itself.
	SizedFields []string
	// RequireOne requires operations to give exactly one slicing argument.
	RequireOne bool
}

// ListSizeOf returns @listSize; nil if there is none.
func ListSizeOf(directives ast.DirectiveList) *ListSize {
	d := directives.ForName(NameListSize)
	if d == nil {
		return nil
	}
	out := &ListSize{RequireOne: flag(d, "requireOneSlicingArgument", true)}
	if value := argument(d, "assumedSize"); value != nil {
		if n, err := strconv.Atoi(value.Raw); err == nil {
			out.AssumedSize = &n
		}
	}
	if argument(d, "slicingArguments") != nil {
		out.SlicingArguments = []ArgumentPath{}
		for _, item := range items(d, "slicingArguments") {
			out.SlicingArguments = append(out.SlicingArguments, strings.Split(item.Raw, "."))
		}
	}
	out.SizedFields = texts(items(d, "sizedFields"))
	return out
}

// listSize checks @listSize of a field. It differs from section 9.2.4 of the
// specification in one point: assumedSize is allowed with an argument that has
// a default, since an operation can set that to null.
func (c checker) listSize(field *ast.FieldDefinition) {
	d := field.Directives.ForName(NameListSize)
	if d == nil || !c.literals(d) {
		return
	}
	assumed, slicing := d.Arguments.ForName("assumedSize"), items(d, "slicingArguments")
	if assumed == nil && len(slicing) == 0 {
		c.report(d.Position, "add assumedSize or slicingArguments", "@listSize has no length")
	}
	if assumed != nil && strings.HasPrefix(assumed.Value.Raw, "-") {
		c.report(assumed.Value.Position, "", "assumedSize must not be negative")
	}
	if assumed != nil && len(slicing) > 0 && flag(d, "requireOneSlicingArgument", true) {
		c.report(assumed.Position, "add requireOneSlicingArgument: false, or remove assumedSize",
			"assumedSize is for operations without a slicing argument, but requireOneSlicingArgument requires one")
	}
	for i, path := range slicing {
		if c.again(slicing[:i], path) {
			continue
		}
		typ, what := c.argument(field, path)
		if typ != nil && typ.NamedType != "Int" {
			c.report(path.Position, "", "%s has the type %s, but the length of a list must be an Int", what, typ)
		}
	}
	c.sized(field, d)
}

// sized checks the lists that have the length: the field itself, or fields of
// the object that it returns.
func (c checker) sized(field *ast.FieldDefinition, d *ast.Directive) {
	if c.standsIn(field.Type) {
		return
	}
	names, def := items(d, "sizedFields"), c.Schema.Types[field.Type.Name()]
	var have []string
	for _, f := range def.Fields {
		if f.Type.Elem != nil && !strings.HasPrefix(f.Name, "__") && !c.inaccessible(f) {
			have = append(have, f.Name)
		}
	}
	if len(names) == 0 && field.Type.Elem == nil {
		fix := ""
		if len(have) > 0 {
			fix = `add sizedFields: ["` + strings.Join(have, `", "`) + `"], or those of them that have this length`
		}
		c.report(d.Position, fix, "%s is not a list", field.Name)
	}
	for i, name := range names {
		switch f := def.Fields.ForName(name.Raw); {
		case c.again(names[:i], name):
		case f != nil && c.standsIn(f.Type):
		case f != nil && c.inaccessible(f):
			c.report(name.Position, c.hint(name.Raw, have), "%s.%s is @inaccessible, but @listSize would publish its name", def.Name, f.Name)
		case !slices.Contains(have, name.Raw):
			c.report(name.Position, c.hint(name.Raw, have), "%s has no list field %s", def.Name, name.Raw)
		}
	}
}

// argument returns the type of an argument, or of the value in it that a path
// leads to, and the path for messages. If the path does not exist, it reports
// that and returns nil.
func (c checker) argument(field *ast.FieldDefinition, path *ast.Value) (*ast.Type, string) {
	names, ok := argumentPath(path.Raw)
	if !ok {
		c.report(path.Position, "write the name of an argument, or a path into an input object: input.first", "%s is not the name of an argument", path)
		return nil, ""
	}
	arg := field.Arguments.ForName(names[0])
	if arg == nil {
		c.report(path.Position, c.hint(names[0], argumentNames(field)), "%s has no argument %s", field.Name, names[0])
		return nil, ""
	}
	typ := arg.Type
	for i, name := range names[1:] {
		if c.standsIn(typ) {
			return nil, ""
		}
		def := c.Schema.Types[typ.Name()]
		if typ.Elem != nil || def.Kind != ast.InputObject {
			c.report(path.Position, "", "%s is not an input object, so there is no %s in it", strings.Join(names[:i+1], "."), name)
			return nil, ""
		}
		member := def.Fields.ForName(name)
		if member == nil {
			c.report(path.Position, c.hint(name, fieldNames(def)), "%s has no field %s", def.Name, name)
			return nil, ""
		}
		typ = member.Type
	}
	if c.standsIn(typ) {
		return nil, ""
	}
	return typ, path.Raw
}
