package project

import (
	"errors"
	"regexp"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator"
)

var (
	undefinedType  = regexp.MustCompile(`^Undefined type "?(\w+)"?\.$`)
	notImplemented = regexp.MustCompile(`^For (\w+) to implement (\w+) `)
	notInherited   = regexp.MustCompile(`^Type (\w+) must implement \w+ because it is implemented by (\w+)\.`)

	undefinedDirective  = regexp.MustCompile(`^Undefined directive (\w+)\.$`)
	undefinedArgument   = regexp.MustCompile(`^Undefined argument (\w+) for directive (\w+)\.$`)
	redeclaredDirective = regexp.MustCompile(`^Cannot redeclare directive (\w+)\.$`)
)

// fixOf returns what to do about a message of the validator; empty when the
// message says it.
func fixOf(doc *ast.SchemaDocument, message string) string {
	if m := undefinedType.FindStringSubmatch(message); m != nil {
		return undefinedFix(doc, m[1])
	}
	if m := undefinedDirective.FindStringSubmatch(message); m != nil {
		var names []string
		for _, d := range doc.Directives {
			names = append(names, d.Name)
		}
		return DidYouMean(m[1], names)
	}
	if m := undefinedArgument.FindStringSubmatch(message); m != nil {
		var names []string
		if d := doc.Directives.ForName(m[2]); d != nil {
			for _, arg := range d.Arguments {
				names = append(names, arg.Name)
			}
		}
		return DidYouMean(m[1], names)
	}
	if m := redeclaredDirective.FindStringSubmatch(message); m != nil {
		if d := doc.Directives.ForName(m[1]); d != nil && d.Position.Src.BuiltIn {
			return "remove the definition: every schema has @" + m[1]
		}
	}
	return ""
}

// undefinedFix returns what to do about a type that is not defined: use one with a
// similar name, or define one that schemas usually have.
func undefinedFix(doc *ast.SchemaDocument, name string) string {
	switch name {
	case "DateTime", "Time", "Date", "Int64", "Uint64", "Long", "JSON", "Any", "Map", "Decimal", "UUID", "URL":
		return "declare it: scalar " + name
	case "PageInfo":
		return "define it: type PageInfo { hasNextPage: Boolean! endCursor: String }"
	}
	return DidYouMean(name, definedNames(doc))
}

// found reports the validator's error and records which part of the document to
// leave out. It returns false when it can't find that part.
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
	if !c.broken[missing] && (empty == nil || !c.emptied(at.def)) {
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

// emptied reports whether a definition may be empty only because a part of it
// was left out.
func (c *sdlCheck) emptied(def *ast.Definition) bool {
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
