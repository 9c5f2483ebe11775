// Package apidocs writes the documentation of a frontend's API for those who call it: types, fields and arguments,
// who may have them, what they cost, how long they are cached, examples, limits and codes of errors.
//
// A [Reference] is made of the schema as callers see it, by [New], and written as a page of HTML or as Markdown. Both
// say the same, and depend on nothing but the reference: the same source makes the same bytes.
//
// Texts of a schema are not trusted. Descriptions are Markdown, of which no HTML and no links but those of the web
// reach a page; all others are plain text.
package apidocs

import (
	"cmp"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/execute"
	"github.com/portico-gateway/portico/gateway/problem"
)

// Source is what a reference is made of.
type Source struct {
	// Frontend is the name of the frontend.
	Frontend string
	// Endpoint is the path at which it is served, such as /graphql/web.
	Endpoint string
	Links    Links
	// Schema is the valid schema that callers see, with the directives of policy.
	Schema *ast.Schema
	// Operations are the examples.
	Operations []execute.Operation
	// Routes say which calls resolve fields; nil if readers may not know it.
	Routes []execute.Route
	// ListSize is the length that lists without @listSize are counted with.
	ListSize int
	// Limits bound what callers may request.
	Limits []Limit
	// Codes are the codes of errors.
	Codes []problem.Description
	// Answers are those of examples, by their names; nil for none.
	Answers map[string]Answer
	// Changes are those since an earlier version; nil if none is known.
	Changes *Changes
}

// Links are the addresses that a page refers to, relative to it or to its origin.
type Links struct {
	// Assets is the folder of docs.css and docs.js, with a slash at its end.
	Assets string
	// Index is the list of frontends, and Markdown the same reference in Markdown; empty for none.
	Index, Markdown string
	// Playground is the page in which examples can be opened; empty for none.
	Playground string
	// Run is where the page's script sends examples; empty if it sends none.
	Run string
	// Classic reports whether docs.js is no ES module, so that pages which are opened as files can load it: see [Script].
	Classic bool
}

// Limit is a bound of what callers may request.
type Limit struct{ Setting, Value, Meaning string }

// Answer is the answer to an example.
type Answer struct {
	// Text is what was answered.
	Text string
	// Note describes what the text lacks, or why there is none; it is empty if nothing is missing.
	Note string
}

// Changes are the differences between two versions of a schema.
type Changes struct {
	// Since names the earlier version.
	Since string
	List  []Change
}

// Change is one difference.
type Change struct {
	// Level says how it affects clients, such as "breaking".
	Level string
	// Coordinate is the schema coordinate of what changed.
	Coordinate string
	// Message is a sentence without a full stop.
	Message string
}

// Reference is the documentation of a frontend. It is immutable.
type Reference struct {
	Frontend, Endpoint string
	// Description is that of the schema, in Markdown.
	Description string
	Links       Links
	Sections    []Section
	Examples    []Example
	Limits      []Limit
	Codes       []problem.Description
	Changes     *Changes

	ids map[string]bool // what links within the page can lead to
}

// Section has the types of one kind.
type Section struct {
	ID, Title string
	Types     []Type
}

// Type is a type of the schema.
type Type struct {
	Name string
	// Keyword begins its definition, such as "type".
	Keyword     string
	Description string
	Notes       []Note
	// Root reports whether operations begin at its fields.
	Root bool
	// Interfaces are those that it implements. Members are the types of a union, and those that implement an
	// interface.
	Interfaces, Members []string
	Fields              []Field
	// Inputs are the fields of an input type.
	Inputs []Input
	Values []Value
	// SpecifiedBy is where a scalar is specified; empty if that is not known.
	SpecifiedBy string
}

// Field is a field of an object or an interface.
type Field struct {
	// ID is its schema coordinate, Type.field.
	ID, Name, Description string
	Type                  TypeRef
	Arguments             []Input
	Notes                 []Note
	Routes                []execute.Route
	// Examples are the names of those that select it.
	Examples []string
	// Codes are those that its directives and calls can give, besides what every operation can.
	Codes []problem.Code
}

// Input is an argument of a field, or a field of an input type.
type Input struct {
	// ID is Type.field.argument or Type.field.
	ID, Name, Description string
	Type                  TypeRef
	// Default is the default as GraphQL; empty if there is none.
	Default string
	Notes   []Note
}

// Value is a value of an enum.
type Value struct {
	ID, Name, Description string
	Notes                 []Note
}

// TypeRef is a type as it is written, in three parts: "[", "Product", "!]!".
type TypeRef struct {
	Before, Name, After string
	// Linked reports whether the reference has the type of this name.
	Linked bool
}

// String returns the type as it is written.
func (t TypeRef) String() string { return t.Before + t.Name + t.After }

// New returns the reference of a frontend. Types that no operation can reach are left out.
func New(s Source) *Reference {
	r := &Reference{
		Frontend: s.Frontend, Endpoint: s.Endpoint, Description: s.Schema.Description, Links: s.Links,
		Limits: s.Limits, Codes: s.Codes, Changes: s.Changes, ids: map[string]bool{},
	}
	examples := readExamples(s)
	r.Examples = examples.list
	b := newBuilder(s, examples.uses)
	for _, kind := range kinds() {
		section := Section{ID: kind.id, Title: kind.title}
		for _, name := range b.names {
			if def := s.Schema.Types[name]; kind.has(s.Schema, def) {
				section.Types = append(section.Types, b.typ(def))
			}
		}
		if len(section.Types) > 0 {
			r.Sections = append(r.Sections, section)
		}
	}
	r.restrict()
	r.note()
	return r
}

// note notes what links can lead to.
func (r *Reference) note() {
	for _, section := range r.Sections {
		for _, t := range section.Types {
			r.ids[t.Name] = true
			for _, f := range t.Fields {
				r.ids[f.ID] = true
				for _, arg := range f.Arguments {
					r.ids[arg.ID] = true
				}
			}
			for _, in := range t.Inputs {
				r.ids[in.ID] = true
			}
			for _, v := range t.Values {
				r.ids[v.ID] = true
			}
		}
	}
	for _, d := range r.Codes {
		r.ids[codeID(d.Code)] = true
	}
}

// target returns the id of what a schema coordinate names, or of what has it; empty if the page has neither.
func (r *Reference) target(coordinate string) string {
	id := strings.NewReplacer("(", ".", ":)", "").Replace(coordinate)
	for id != "" && !r.ids[id] {
		id = id[:max(strings.LastIndexByte(id, '.'), 0)]
	}
	return id
}

// codeID returns the id of a code. Like all ids that are not those of a schema it has a hyphen, which no name has.
func codeID(code problem.Code) string { return "code-" + string(code) }

// exampleID returns the id of an example.
func exampleID(name string) string { return "example-" + name }

// kind is a section of the reference.
type kind struct {
	id, title string
	has       func(*ast.Schema, *ast.Definition) bool
}

// kinds are the sections, in their order.
func kinds() []kind {
	root := func(s *ast.Schema, d *ast.Definition) bool {
		return d == s.Query || d == s.Mutation || d == s.Subscription
	}
	of := func(k ast.DefinitionKind) func(*ast.Schema, *ast.Definition) bool {
		return func(s *ast.Schema, d *ast.Definition) bool { return d.Kind == k && !root(s, d) }
	}
	return []kind{
		{"docs-queries", "Queries", func(s *ast.Schema, d *ast.Definition) bool { return d == s.Query }},
		{"docs-mutations", "Mutations", func(s *ast.Schema, d *ast.Definition) bool { return d == s.Mutation }},
		{"docs-subscriptions", "Subscriptions", func(s *ast.Schema, d *ast.Definition) bool { return d == s.Subscription }},
		{"docs-objects", "Objects", of(ast.Object)},
		{"docs-interfaces", "Interfaces", of(ast.Interface)},
		{"docs-unions", "Unions", of(ast.Union)},
		{"docs-inputs", "Inputs", of(ast.InputObject)},
		{"docs-enums", "Enums", of(ast.Enum)},
		{"docs-scalars", "Scalars", of(ast.Scalar)},
	}
}

// sorted sorts the names of examples as the reference lists these.
func sorted(names []string, order []Example) []string {
	place := func(name string) int { return slices.IndexFunc(order, func(e Example) bool { return e.Name == name }) }
	slices.SortFunc(names, func(a, b string) int { return cmp.Compare(place(a), place(b)) })
	return names
}
