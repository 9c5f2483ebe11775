package project

import (
	"maps"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/internal/binding"
)

// Project is the project that the generator reads. It does not change after
// [Read].
type Project struct {
	// Root is the folder, absolute, with links resolved.
	Root string
	// Module is the path of the Go module.
	Module string
	// GQLGen is the text of gqlgen.yml.
	GQLGen string
	// Frontends are sorted by name.
	Frontends []*Frontend
	// Methods are the hand-written resolvers, found by syntax alone.
	Methods *Methods
	// Clients are the folders of clients/ with a hand-written client, and the names
	// of their packages.
	Clients map[string]string
	// Union is the merged schema of the frontends, from which the Go models are
	// made; nil when a frontend has no schema.
	Union *ast.Schema
	// Widened are the fields that are nullable in some frontends only.
	Widened []Widened
	// Mended reports whether there are mistakes in the SDL. Schemas then lack
	// the invalid parts.
	Mended bool

	shared    []*ast.Source
	receivers map[string]bool
	published bool // only what callers see matters: see ReadAPI
}

// CallerServices returns the services that receive the caller, sorted.
func (p *Project) CallerServices() []string { return slices.Sorted(maps.Keys(p.receivers)) }

// Frontend is one folder of schema/.
type Frontend struct {
	Name string
	// Schema is the schema as it is written, without its invalid parts; nil
	// when it can't be repaired.
	Schema *ast.Schema
	// Bindings are the bindings of fields, by type and field.
	Bindings map[string]map[string]*binding.Binding
	// Published is the SDL that callers see, and API its schema: without what
	// is inaccessible and without bindings. API is nil when there are mistakes.
	Published []*ast.Source
	API       *ast.Schema
	// Operations are the texts of operations/<name>/*.graphql, sorted by name.
	Operations []*ast.Source
	// Documents are the operations of these files and of the manifests of
	// persisted documents, by name. Invalid ones are missing.
	Documents map[string]*ast.OperationDefinition

	sources []*ast.Source  // its own, sorted by name
	retyped map[place]bool // types that replace undefined ones
}

// all returns the sources of the frontend's schema.
func (p *Project) all(f *Frontend) []*ast.Source {
	return slices.Concat(p.shared, f.sources)
}

// IsRoot reports whether def is a root operation type of s.
func IsRoot(s *ast.Schema, def *ast.Definition) bool {
	return def == s.Query || def == s.Mutation || def == s.Subscription
}

// TypeNames returns the names of the schema's types, sorted.
func TypeNames(s *ast.Schema) []string {
	names := make([]string, 0, len(s.Types))
	for name := range s.Types {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Retyped reports whether the type of the field or of one of its arguments
// replaces an undefined one. No more mistakes should be reported about such a
// field.
func (f *Frontend) Retyped(field *ast.FieldDefinition) bool {
	return f.retyped[placeOf(field.Type.Position)] || slices.ContainsFunc(field.Arguments, func(a *ast.ArgumentDefinition) bool {
		return f.retyped[placeOf(a.Type.Position)]
	})
}
