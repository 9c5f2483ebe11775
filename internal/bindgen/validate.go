package bindgen

import (
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"

	"github.com/portico-gateway/portico/gateway/directive"
	"github.com/portico-gateway/portico/gateway/input"
	"github.com/portico-gateway/portico/internal/binding"
)

// validate finds all mistakes in a frontend's SDL and sets its schema: a mended
// one when there are some, so that later checks see the rest.
//
// The validator stops at its first mistake. So what is mistaken is mended, as
// little of it as possible, and the validator runs again; what is missing only
// because of that is not reported.
func validate(p *project, f *frontend, r *report) {
	c := &sdlCheck{report: r, broken: map[string]bool{}, removed: map[place]bool{}, retyped: map[place]bool{}, unrelated: map[[2]string]bool{}}
	sources := c.parseable(p.all(f))
	for range 1000 { // every round mends something; this only guards the guard
		doc, err := parser.ParseSchemas(slices.Concat([]*ast.Source{validator.Prelude}, binding.Definitions(), directive.Definitions(), sources)...)
		if err != nil {
			r.gql(err, "")
			return
		}
		c.mend(doc)
		c.orphans(doc)
		schema, err := validator.ValidateSchemaDocument(doc)
		if err == nil || !isGraphQL(err) {
			f.schema, f.retyped = schema, c.retyped
			c.needQuery(f)
			c.defaults(f)
			return
		}
		if !c.found(doc, err) {
			return
		}
	}
}

// defaults reports defaults that are not values of their types. What was mended
// may have another type than its default.
func (c *sdlCheck) defaults(f *frontend) {
	if len(c.list) > 0 || f.schema == nil {
		return
	}
	_, err := input.New(input.Config{Schema: f.schema, Suggestions: true})
	reportDefaults(c.report, err)
}

// reportDefaults reports the errors of [input.New].
func reportDefaults(r *report, err error) {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return
	}
	for _, err := range joined.Unwrap() {
		if wrong, ok := errors.AsType[*input.DefaultError](err); ok {
			r.at(wrong.At, "", "%s", wrong)
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
	broken    map[string]bool    // names of types whose definition is mistaken
	removed   map[place]bool     // what is left out: definitions, fields, arguments, enum values, directives
	retyped   map[place]bool     // types of fields and arguments that become String, since theirs is missing
	unrelated map[[2]string]bool // a type and an interface that it does not really implement
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

// mend changes a document so that what was found so far is not found again.
func (c *sdlCheck) mend(doc *ast.SchemaDocument) {
	for _, list := range []*ast.DefinitionList{&doc.Definitions, &doc.Extensions} {
		*list = slices.DeleteFunc(*list, func(d *ast.Definition) bool { return c.gone(d.Position) })
		for _, def := range *list {
			c.mendDefinition(def)
		}
	}
	doc.Directives = slices.DeleteFunc(doc.Directives, func(d *ast.DirectiveDefinition) bool { return c.gone(d.Position) })
}

func (c *sdlCheck) gone(pos *ast.Position) bool { return c.removed[placeOf(pos)] }

func (c *sdlCheck) mendDefinition(def *ast.Definition) {
	c.mendDirectives(&def.Directives)
	def.EnumValues = slices.DeleteFunc(def.EnumValues, func(v *ast.EnumValueDefinition) bool { return c.gone(v.Position) })
	for _, value := range def.EnumValues {
		c.mendDirectives(&value.Directives)
	}
	def.Fields = slices.DeleteFunc(def.Fields, func(f *ast.FieldDefinition) bool { return c.gone(f.Position) })
	for _, field := range def.Fields {
		c.mendDirectives(&field.Directives)
		c.mendType(field.Type)
		field.Arguments = slices.DeleteFunc(field.Arguments, func(a *ast.ArgumentDefinition) bool { return c.gone(a.Position) })
		for _, arg := range field.Arguments {
			c.mendDirectives(&arg.Directives)
			c.mendType(arg.Type)
		}
	}
	def.Interfaces = slices.DeleteFunc(def.Interfaces, func(name string) bool {
		return c.broken[name] || c.unrelated[[2]string{def.Name, name}]
	})
	if slices.ContainsFunc(def.Types, func(name string) bool { return c.broken[name] }) {
		def.Types, def.TypePositions = slices.DeleteFunc(def.Types, func(name string) bool { return c.broken[name] }), nil
	}
}

func (c *sdlCheck) mendDirectives(list *ast.DirectiveList) {
	*list = slices.DeleteFunc(*list, func(d *ast.Directive) bool { return c.gone(d.Position) })
}

func (c *sdlCheck) mendType(t *ast.Type) {
	if !c.retyped[placeOf(t.Position)] {
		return
	}
	for t.Elem != nil {
		t = t.Elem
	}
	t.NamedType = "String"
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
		if !strings.HasPrefix(def.Name, "__") {
			names = append(names, def.Name)
		}
	}
	return names
}

var (
	undefinedType  = regexp.MustCompile(`^Undefined type "?(\w+)"?\.$`)
	notImplemented = regexp.MustCompile(`^For (\w+) to implement (\w+) `)
	notInherited   = regexp.MustCompile(`^Type (\w+) must implement \w+ because it is implemented by (\w+)\.`)

	undefinedDirective  = regexp.MustCompile(`^Undefined directive (\w+)\.$`)
	undefinedArgument   = regexp.MustCompile(`^Undefined argument (\w+) for directive (\w+)\.$`)
	redeclaredDirective = regexp.MustCompile(`^Cannot redeclare directive (\w+)\.$`)
)

// fixOf is what to do about a message of the validator; empty when it says it.
func fixOf(doc *ast.SchemaDocument, message string) string {
	if m := undefinedType.FindStringSubmatch(message); m != nil {
		return didYouMean(m[1], definedNames(doc))
	}
	if m := undefinedDirective.FindStringSubmatch(message); m != nil {
		var names []string
		for _, d := range doc.Directives {
			names = append(names, d.Name)
		}
		return didYouMean(m[1], names)
	}
	if m := undefinedArgument.FindStringSubmatch(message); m != nil {
		var names []string
		if d := doc.Directives.ForName(m[2]); d != nil {
			for _, arg := range d.Arguments {
				names = append(names, arg.Name)
			}
		}
		return didYouMean(m[1], names)
	}
	if m := redeclaredDirective.FindStringSubmatch(message); m != nil {
		if d := doc.Directives.ForName(m[1]); d != nil && d.Position.Src.BuiltIn {
			return "leave the definition out: every schema has @" + m[1]
		}
	}
	return ""
}

// found reports the validator's error and notes what to mend. It is false when
// that is unclear.
func (c *sdlCheck) found(doc *ast.SchemaDocument, err error) bool {
	g, _ := errors.AsType[*gqlerror.Error](err)
	file, _ := g.Extensions["file"].(string)
	if len(g.Locations) == 0 {
		c.gql(err, "")
		return false
	}
	at := locate(doc, place{file, g.Locations[0].Line, g.Locations[0].Column})
	missing := ""
	if m := undefinedType.FindStringSubmatch(g.Message); m != nil {
		missing = m[1]
	}
	empty, _ := errors.AsType[*validator.EmptyDefinitionError](err)
	if !c.broken[missing] && (empty == nil || !c.robbed(at.def)) {
		c.gql(err, fixOf(doc, g.Message))
	}
	for _, relation := range []*regexp.Regexp{notImplemented, notInherited} {
		if m := relation.FindStringSubmatch(g.Message); m != nil {
			c.unrelated[[2]string{m[1], m[2]}] = true
			return true
		}
	}
	return c.note(at, missing)
}

// robbed tells whether a definition may be empty only because of a removal.
func (c *sdlCheck) robbed(def *ast.Definition) bool {
	if def == nil {
		return false
	}
	for gone := range c.removed {
		if gone.file == placeOf(def.Position).file && gone.line >= def.Position.Line {
			return true
		}
	}
	return len(c.broken) > 0 && def.Kind == ast.Union
}

func (c *sdlCheck) note(at located, missing string) bool {
	switch {
	case at.typ != nil && missing != "":
		c.retyped[placeOf(at.typ)] = true
	case at.part != nil:
		c.removed[placeOf(at.part)] = true
	case at.def != nil && missing != "": // a union's member or an interface
		c.broken[missing] = true
	case at.def != nil:
		c.removed[placeOf(at.def.Position)] = true
		c.broken[at.def.Name] = true
	default:
		return false
	}
	return true
}

// located is what stands at a place: the type of a field or an argument, the
// smallest part of the document that can be left out, or a definition.
type located struct {
	typ  *ast.Position
	part *ast.Position
	def  *ast.Definition
}

func locate(doc *ast.SchemaDocument, at place) located {
	definitions := slices.Concat(doc.Definitions, doc.Extensions)
	for _, def := range definitions {
		if found := locateIn(def, at); found != (located{}) {
			found.def = def
			return found
		}
	}
	for _, def := range definitions {
		if placeOf(def.Position) == at {
			return located{def: def}
		}
	}
	for _, dir := range doc.Directives {
		if placeOf(dir.Position) == at {
			return located{part: dir.Position}
		}
		for _, arg := range dir.Arguments {
			if placeOf(arg.Position) == at || placeOf(arg.Type.Position) == at || holds(arg.DefaultValue, at) {
				return located{part: dir.Position}
			}
		}
	}
	return located{}
}

func locateIn(def *ast.Definition, at place) located {
	if part := inDirectives(def.Directives, at); part != nil {
		return located{part: part}
	}
	for _, value := range def.EnumValues {
		if part := inDirectives(value.Directives, at); part != nil {
			return located{part: part}
		}
		if placeOf(value.Position) == at {
			return located{part: value.Position}
		}
	}
	for _, field := range def.Fields {
		if found := locateInput(field.Position, field.Type, field.Directives, field.DefaultValue, at); found != (located{}) {
			return found
		}
		for _, arg := range field.Arguments {
			if found := locateInput(arg.Position, arg.Type, arg.Directives, arg.DefaultValue, at); found != (located{}) {
				return found
			}
		}
	}
	return located{}
}

// locateInput looks into a field or an argument.
func locateInput(pos *ast.Position, typ *ast.Type, dirs ast.DirectiveList, value *ast.Value, at place) located {
	if part := inDirectives(dirs, at); part != nil {
		return located{part: part}
	}
	if placeOf(typ.Position) == at {
		return located{typ: typ.Position, part: pos}
	}
	if placeOf(pos) == at || holds(value, at) {
		return located{part: pos}
	}
	return located{}
}

// inDirectives returns the position of the directive that the place is in.
func inDirectives(dirs ast.DirectiveList, at place) *ast.Position {
	for _, dir := range dirs {
		if placeOf(dir.Position) == at {
			return dir.Position
		}
		for _, arg := range dir.Arguments {
			if placeOf(arg.Position) == at || holds(arg.Value, at) {
				return dir.Position
			}
		}
	}
	return nil
}

// holds tells whether the place is in a value.
func holds(value *ast.Value, at place) bool {
	if value == nil {
		return false
	}
	if placeOf(value.Position) == at {
		return true
	}
	return slices.ContainsFunc(value.Children, func(child *ast.ChildValue) bool {
		return placeOf(child.Position) == at || holds(child.Value, at)
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
