// Package fieldusage compares the schema of a frontend with its recorded usage.
package fieldusage

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/usage"
)

// Report lists what of a schema is used.
type Report struct {
	// Fields is the number of fields of objects and interfaces.
	Fields int
	// Unused are those of them that nobody requested. A field of an object is requested by the
	// interfaces, too, that have it.
	Unused []Part
	// Deprecated are the fields, arguments, input fields and enum values that are deprecated,
	// and were requested or given nevertheless.
	Deprecated []Part
}

// Part is a part of a schema.
type Part struct {
	Coordinate string
	At         *ast.Position
	// Reason is why it is deprecated; empty if it is not.
	Reason string
	// Clients are those that used it, sorted by name and version.
	Clients []usage.Client
}

// Of compares a valid schema with usage. The lists are sorted by positions.
func Of(schema *ast.Schema, used *usage.Frontend) Report {
	r := &reporter{schema: schema, used: used}
	for _, name := range slices.Sorted(maps.Keys(schema.Types)) {
		if def := schema.Types[name]; !def.BuiltIn {
			r.ofType(def)
		}
	}
	slices.SortStableFunc(r.Unused, Part.compare)
	slices.SortStableFunc(r.Deprecated, Part.compare)
	return r.Report
}

type reporter struct {
	Report

	schema *ast.Schema
	used   *usage.Frontend
}

func (r *reporter) ofType(def *ast.Definition) {
	for _, value := range def.EnumValues {
		r.deprecated(Part{Coordinate: def.Name + "." + value.Name, At: value.Position, Reason: reason(value.Directives)})
	}
	for _, field := range def.Fields {
		if strings.HasPrefix(field.Name, "__") {
			continue
		}
		p := Part{Coordinate: def.Name + "." + field.Name, At: field.Position, Reason: reason(field.Directives)}
		if def.Kind == ast.InputObject {
			r.deprecated(p)
			continue
		}
		coordinates := r.requestedAs(def, field.Name)
		r.Fields++
		if p.Clients = r.used.Clients(coordinates); len(p.Clients) == 0 {
			r.Unused = append(r.Unused, p)
		} else if p.Reason != "" {
			r.Deprecated = append(r.Deprecated, p)
		}
		for _, arg := range field.Arguments {
			of := Part{Coordinate: p.Coordinate + "(" + arg.Name + ":)", At: arg.Position, Reason: reason(arg.Directives)}
			r.deprecated(of)
		}
	}
}

// requestedAs returns the coordinates by which a field is requested: its own, and those of
// interfaces.
func (r *reporter) requestedAs(def *ast.Definition, field string) []string {
	list := []string{def.Name + "." + field}
	for _, name := range def.Interfaces {
		if of := r.schema.Types[name]; of != nil && of.Fields.ForName(field) != nil {
			list = append(list, name+"."+field)
		}
	}
	return list
}

// deprecated adds a part if it is deprecated and was given.
func (r *reporter) deprecated(p Part) {
	if p.Reason == "" {
		return
	}
	if p.Clients = r.used.Clients([]string{p.Coordinate}); len(p.Clients) > 0 {
		r.Deprecated = append(r.Deprecated, p)
	}
}

func reason(directives ast.DirectiveList) string {
	d := directives.ForName("deprecated")
	if d == nil {
		return ""
	}
	if arg := d.Arguments.ForName("reason"); arg != nil && arg.Value.Raw != "" {
		return arg.Value.Raw
	}
	return "No longer supported" // the default
}

// compare orders parts by their positions.
func (p Part) compare(other Part) int {
	return cmp.Or(cmp.Compare(p.At.Src.Name, other.At.Src.Name), cmp.Compare(p.At.Line, other.At.Line), cmp.Compare(p.At.Column, other.At.Column))
}
