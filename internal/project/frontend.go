package project

import (
	"maps"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/internal/binding"
)

// Project is what a run of the generator reads. It does not change after
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
	// Methods are the hand-written resolvers, as their syntax tells.
	Methods *Methods
	// Clients are the packages below clients/ with a hand-written client, sorted.
	Clients []string
	// Union is the merged schema of the frontends, of which the Go models are
	// made; nil when a frontend has no schema.
	Union *ast.Schema
	// Widened are the fields about whose nullability frontends do not agree.
	Widened []Widened
	// Mended reports whether the SDL has mistakes, so that schemas lack parts that
	// are wrong.
	Mended bool

	shared    []*ast.Source
	receivers map[string]bool
}

// CallerServices are the services that receive the caller, sorted.
func (p *Project) CallerServices() []string { return slices.Sorted(maps.Keys(p.receivers)) }

// Frontend is one folder of schema/.
type Frontend struct {
	Name string
	// Schema is as it is written; nil when it can't be mended.
	Schema *ast.Schema
	// Bindings are by type and field.
	Bindings map[string]map[string]*binding.Binding
	// Published is the text of the schema that callers see, and API that schema:
	// without what is inaccessible and without bindings. API is nil when there are
	// mistakes.
	Published []*ast.Source
	API       *ast.Schema
	// Operations are the texts of operations/<name>/*.graphql, sorted by name.
	Operations []*ast.Source
	// Documents are the operations of these files and of the manifests of
	// persisted documents, by name. Those with mistakes are missing.
	Documents map[string]*ast.OperationDefinition

	sources []*ast.Source  // its own, sorted by name
	retyped map[place]bool // types that stand for missing ones
}

// all are the sources of the frontend's schema.
func (p *Project) all(f *Frontend) []*ast.Source {
	return slices.Concat(p.shared, f.sources)
}

// IsRoot reports whether def is a root operation type of s.
func IsRoot(s *ast.Schema, def *ast.Definition) bool {
	return def == s.Query || def == s.Mutation || def == s.Subscription
}

// TypeNames are the names of the schema's types, sorted.
func TypeNames(s *ast.Schema) []string {
	names := make([]string, 0, len(s.Types))
	for name := range s.Types {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Retyped reports whether the type of the field or of one of its arguments
// stands for a missing one, so that nothing more is to be said of it.
func (f *Frontend) Retyped(field *ast.FieldDefinition) bool {
	return f.retyped[placeOf(field.Type.Position)] || slices.ContainsFunc(field.Arguments, func(a *ast.ArgumentDefinition) bool {
		return f.retyped[placeOf(a.Type.Position)]
	})
}
