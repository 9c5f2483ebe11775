package bindgen

import (
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
)

// validate finds all mistakes in a frontend's SDL and sets its schema: without
// the mistaken parts when there are some, so that later checks see the rest.
//
// The validator stops at its first mistake. So what is mistaken is removed and
// the validator runs again; names that are missing only because of a removal
// are not reported.
func validate(p *project, f *frontend, r *report) {
	c := &sdlCheck{report: r, broken: map[string]bool{}, removed: map[place]bool{}}
	sources := c.parseable(p.all(f))
	for range 1000 { // every round removes something; this only guards the guard
		doc, err := parser.ParseSchemas(append([]*ast.Source{validator.Prelude}, sources...)...)
		if err != nil {
			r.gql(err, "")
			return
		}
		c.prune(doc)
		c.orphans(doc)
		schema, err := validator.ValidateSchemaDocument(doc)
		if err == nil || !isGraphQL(err) {
			f.schema = schema
			c.needQuery(f)
			return
		}
		if !c.remove(doc, err) {
			return
		}
	}
}

// isGraphQL tells a validator's error from a typed nil in an error.
func isGraphQL(err error) bool {
	g, ok := errors.AsType[*gqlerror.Error](err)
	return ok && g != nil
}

// place is where something stands in the SDL.
type place struct {
	file         string
	line, column int
}

func placeOf(pos *ast.Position) place {
	if pos == nil || pos.Src == nil {
		return place{}
	}
	return place{pos.Src.Name, pos.Line, pos.Column}
}

type sdlCheck struct {
	*report
	broken  map[string]bool // names of types whose definition is mistaken
	removed map[place]bool  // fields, values, directives and definitions to leave out
}

var definitionStart = regexp.MustCompile(`^(extend\s+)?(type|input|enum|interface|union|scalar|directive|schema)\b\s*@?(\w*)`)

// parseable reports syntax errors and returns sources that parse: a file with
// errors is cut into its definitions, and the broken ones are left out.
func (c *sdlCheck) parseable(sources []*ast.Source) []*ast.Source {
	var good []*ast.Source
	for _, source := range sources {
		if _, err := parser.ParseSchema(source); err == nil {
			good = append(good, source)
			continue
		}
		for _, part := range definitions(source) {
			if _, err := parser.ParseSchema(part); err == nil {
				good = append(good, part)
				continue
			} else {
				c.gql(err, "")
			}
			for line := range strings.Lines(part.Input) {
				if m := definitionStart.FindStringSubmatch(line); m != nil {
					c.broken[m[3]] = true
				}
			}
		}
	}
	return good
}

// definitions cuts a source before every line that starts a definition. The
// parts keep their lines' numbers.
func definitions(source *ast.Source) []*ast.Source {
	var parts []*ast.Source
	var part strings.Builder
	lines, described := 0, false
	flush := func() {
		if strings.TrimSpace(part.String()) != "" {
			parts = append(parts, &ast.Source{Name: source.Name, Input: part.String()})
		}
		part.Reset()
		part.WriteString(strings.Repeat("\n", lines))
	}
	for line := range strings.Lines(source.Input) {
		description := strings.HasPrefix(line, `"`)
		if description && !described || definitionStart.MatchString(line) && !described {
			flush()
		}
		if description {
			described = true
		} else if definitionStart.MatchString(line) {
			described = false
		}
		part.WriteString(line)
		lines++
	}
	flush()
	return parts
}

// prune leaves out what was removed so far.
func (c *sdlCheck) prune(doc *ast.SchemaDocument) {
	gone := func(pos *ast.Position) bool { return c.removed[placeOf(pos)] }
	for _, list := range []*ast.DefinitionList{&doc.Definitions, &doc.Extensions} {
		*list = slices.DeleteFunc(*list, func(d *ast.Definition) bool { return gone(d.Position) })
		for _, def := range *list {
			def.Directives = slices.DeleteFunc(def.Directives, func(d *ast.Directive) bool { return gone(d.Position) })
			def.EnumValues = slices.DeleteFunc(def.EnumValues, func(v *ast.EnumValueDefinition) bool { return gone(v.Position) })
			def.Fields = slices.DeleteFunc(def.Fields, func(f *ast.FieldDefinition) bool { return gone(f.Position) })
			known := func(name string) bool { return !c.broken[name] }
			def.Interfaces = slices.DeleteFunc(def.Interfaces, func(name string) bool { return !known(name) })
			if slices.ContainsFunc(def.Types, func(name string) bool { return !known(name) }) {
				def.Types, def.TypePositions = slices.DeleteFunc(def.Types, func(name string) bool { return !known(name) }), nil
			}
		}
	}
	doc.Directives = slices.DeleteFunc(doc.Directives, func(d *ast.DirectiveDefinition) bool { return gone(d.Position) })
}

// orphans reports extensions of types that are not defined: the validator
// takes them for definitions.
func (c *sdlCheck) orphans(doc *ast.SchemaDocument) {
	doc.Extensions = slices.DeleteFunc(doc.Extensions, func(ext *ast.Definition) bool {
		if doc.Definitions.ForName(ext.Name) != nil {
			return false
		}
		if !c.broken[ext.Name] && !c.removed[placeOf(ext.Position)] {
			fix := "define it, in schema/shared/ or in the frontend's folder"
			if near := didYouMean(ext.Name, definedNames(doc)); near != "" {
				fix = near
			}
			c.at(ext.Position, fix, "this frontend has no type %s to extend", ext.Name)
		}
		c.removed[placeOf(ext.Position)] = true
		return true
	})
}

func definedNames(doc *ast.SchemaDocument) []string {
	var names []string
	for _, def := range doc.Definitions {
		if !def.BuiltIn {
			names = append(names, def.Name)
		}
	}
	return names
}

var undefinedType = regexp.MustCompile(`^Undefined type "?(\w+)"?\.$`)

// remove reports the validator's error and marks what it is about, so that
// the next round goes on without it. It is false when that can't be found.
func (c *sdlCheck) remove(doc *ast.SchemaDocument, err error) bool {
	g, _ := errors.AsType[*gqlerror.Error](err)
	file, _ := g.Extensions["file"].(string)
	if len(g.Locations) == 0 {
		c.gql(err, "")
		return false
	}
	at := place{file, g.Locations[0].Line, g.Locations[0].Column}
	missing := ""
	if m := undefinedType.FindStringSubmatch(g.Message); m != nil {
		missing = m[1]
	}
	found := locate(doc, at)
	empty, _ := errors.AsType[*validator.EmptyDefinitionError](err)
	if !c.broken[missing] && !(empty != nil && c.robbed(doc, found.def)) {
		fix := ""
		if missing != "" {
			fix = didYouMean(missing, definedNames(doc))
		}
		c.gql(err, fix)
	}
	return c.mark(found, missing, at)
}

// robbed tells whether a definition is empty only because of a removal.
func (c *sdlCheck) robbed(_ *ast.SchemaDocument, def *ast.Definition) bool {
	if def == nil {
		return false
	}
	for gone := range maps.Keys(c.removed) {
		if gone.file == placeOf(def.Position).file && gone.line >= def.Position.Line {
			return true
		}
	}
	return false
}

func (c *sdlCheck) mark(found located, missing string, at place) bool {
	switch {
	case found.member != nil:
		c.removed[placeOf(found.member)] = true
	case found.def != nil && missing != "":
		// A union member or an interface: the error stands at the definition.
		c.broken[missing] = true
	case found.def != nil:
		c.removed[placeOf(found.def.Position)] = true
		c.broken[found.def.Name] = true
	case found.directive != nil:
		c.removed[placeOf(found.directive.Position)] = true
	default:
		_ = at
		return false
	}
	return true
}

// located is what stands at a place: a member of a definition (a field, an
// enum value or a directive), a definition, or a directive's definition.
type located struct {
	member    *ast.Position
	def       *ast.Definition
	directive *ast.DirectiveDefinition
}

func locate(doc *ast.SchemaDocument, at place) located {
	for _, def := range slices.Concat(doc.Definitions, doc.Extensions) {
		if member := locateMember(def, at); member != nil {
			return located{member: member, def: def}
		}
	}
	for _, def := range slices.Concat(doc.Definitions, doc.Extensions) {
		if placeOf(def.Position) == at {
			return located{def: def}
		}
	}
	for _, dir := range doc.Directives {
		if placeOf(dir.Position) == at {
			return located{directive: dir}
		}
		for _, arg := range dir.Arguments {
			if holds(arg.Position, arg.Type, arg.Directives, arg.DefaultValue, at) {
				return located{directive: dir}
			}
		}
	}
	return located{}
}

func locateMember(def *ast.Definition, at place) *ast.Position {
	for _, field := range def.Fields {
		if holds(field.Position, field.Type, field.Directives, field.DefaultValue, at) {
			return field.Position
		}
		for _, arg := range field.Arguments {
			if holds(arg.Position, arg.Type, arg.Directives, arg.DefaultValue, at) {
				return field.Position
			}
		}
	}
	for _, value := range def.EnumValues {
		if holds(value.Position, nil, value.Directives, nil, at) {
			return value.Position
		}
	}
	for _, dir := range def.Directives {
		if holds(dir.Position, nil, ast.DirectiveList{dir}, nil, at) {
			return dir.Position
		}
	}
	return nil
}

// holds tells whether the place is that of a definition, its type, its
// default value, its directives or their arguments.
func holds(pos *ast.Position, typ *ast.Type, dirs ast.DirectiveList, value *ast.Value, at place) bool {
	if placeOf(pos) == at {
		return true
	}
	for ; typ != nil; typ = typ.Elem {
		if placeOf(typ.Position) == at {
			return true
		}
	}
	for _, dir := range dirs {
		if placeOf(dir.Position) == at {
			return true
		}
		for _, arg := range dir.Arguments {
			if placeOf(arg.Position) == at || holdsValue(arg.Value, at) {
				return true
			}
		}
	}
	return holdsValue(value, at)
}

func holdsValue(value *ast.Value, at place) bool {
	if value == nil {
		return false
	}
	if placeOf(value.Position) == at {
		return true
	}
	return slices.ContainsFunc(value.Children, func(child *ast.ChildValue) bool {
		return placeOf(child.Position) == at || holdsValue(child.Value, at)
	})
}

func (c *sdlCheck) needQuery(f *frontend) {
	if f.schema == nil || f.schema.Query != nil || c.broken["Query"] {
		return
	}
	c.add(Diagnostic{
		File: f.sources[0].Name, Line: 1, Column: 1,
		Message: "frontend " + f.name + " has no type Query, which every GraphQL schema needs",
		Fix:     "add type Query { … } here or in schema/shared/",
	})
}
