package project

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

// validate finds all mistakes in a frontend's SDL and sets its schema, without
// the invalid parts, so that later checks see the rest.
//
// The validator stops at its first mistake. So the smallest part that is
// invalid is left out, and the validator runs again, until it finds nothing.
// Mistakes that follow only from what was left out are not reported.
func validate(p *Project, f *Frontend, r *Report) {
	c := &sdlCheck{Report: r, broken: map[string]bool{}, removed: map[place]bool{}, retyped: map[place]bool{}, unrelated: map[[2]string]bool{}}
	sources := c.parseable(p.all(f))
	for range 1000 { // every round leaves something out; the limit guards against a defect here
		doc, err := parser.ParseSchemas(slices.Concat([]*ast.Source{validator.Prelude}, directive.Definitions(), binding.Definitions(), sources)...)
		if err != nil {
			r.gql(err, "")
			return
		}
		if p.published {
			onlyPublic(doc)
		}
		c.prune(doc)
		c.orphans(doc)
		schema, err := validator.ValidateSchemaDocument(doc)
		if err == nil || !isGraphQL(err) {
			f.Schema, f.retyped = schema, c.retyped
			c.needQuery(f)
			c.defaults(f)
			return
		}
		if !c.found(doc, err) {
			return
		}
	}
}

// defaults reports defaults that are not values of their types. It does nothing
// after other mistakes, since a replaced type may not match its default.
func (c *sdlCheck) defaults(f *Frontend) {
	if len(c.list) > 0 || f.Schema == nil {
		return
	}
	_, err := input.New(input.Config{Schema: f.Schema, Suggestions: true})
	ReportDefaults(c.Report, err)
}

// ReportDefaults reports the errors of [input.New].
func ReportDefaults(r *Report, err error) {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return
	}
	for _, err := range joined.Unwrap() {
		if wrong, ok := errors.AsType[*input.DefaultError](err); ok {
			r.At(wrong.At, "", "%s", wrong)
		}
	}
}

// isGraphQL reports whether err is an error of the validator, which also
// returns typed nils.
func isGraphQL(err error) bool {
	g, ok := errors.AsType[*gqlerror.Error](err)
	return ok && g != nil
}

// place is a position in the SDL.
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
	*Report
	broken    map[string]bool    // names of types whose definition is invalid
	removed   map[place]bool     // parts that are left out: definitions, fields, arguments, enum values, directives
	retyped   map[place]bool     // types of fields and arguments that are undefined and become String
	unrelated map[[2]string]bool // a type and an interface that it does not implement
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

func (c *sdlCheck) needQuery(f *Frontend) {
	if f.Schema == nil || f.Schema.Query != nil || c.broken["Query"] {
		return
	}
	d := Diagnostic{
		File: f.sources[0].Name, Line: 1, Column: 1,
		Message: "frontend " + f.Name + " has no type Query, which every GraphQL schema needs",
		Fix:     "add type Query { … } here or in schema/shared/",
	}
	if f.Name == "" { // a schema that is not a project's
		d.Message, d.Fix = "the schema has no type Query, which every GraphQL schema needs", "add type Query { … }"
	}
	c.Add(d)
}
