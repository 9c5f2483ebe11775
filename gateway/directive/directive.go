// Package directive reads the directives of policy: who may have a field, what
// it costs, how long its answer is cached, how often it may be requested, and
// which values its arguments may have.
//
// The generator and the gateway both read a directive here, so that it means
// the same to both. There is one reader for each directive, a pure function of
// the syntax tree: [RightsOf], [Weight], [ListSizeOf], [CacheControlOf],
// [Tags], [Invalidates], [RateLimitOf], [ConstraintOf] and [GlobalIDOf]. [ParsePath] and
// [ParseText] parse what their arguments have in common with bindings.
//
// [Check] reports the mistakes in a schema. Readers expect a schema without
// mistakes. From any other, they return what they can read, and never panic.
//
// A new directive gets a file with its reader and its checks, its definition in
// policy.graphqls or cache.graphqls, and its name in the list below.
package directive

import (
	_ "embed"

	"github.com/vektah/gqlparser/v2/ast"
)

//go:embed policy.graphqls
var policy string

//go:embed cache.graphqls
var cache string

// Definitions returns the SDL that defines the directives. Every frontend's
// schema includes it.
func Definitions() []*ast.Source {
	return []*ast.Source{
		{Name: "portico/policy.graphqls", Input: policy, BuiltIn: true},
		{Name: "portico/cache.graphqls", Input: cache, BuiltIn: true},
	}
}

// The names of the directives.
const (
	NameConstraint     = "constraint"
	NameGlobalID       = "globalID"
	NameAuthenticated  = "authenticated"
	NameRequiresScopes = "requiresScopes"
	NamePolicy         = "policy"
	NameCost           = "cost"
	NameListSize       = "listSize"
	NameRateLimit      = "rateLimit"
	NameCacheControl   = "cacheControl"
	NameCacheTag       = "cacheTag"
	NameInvalidates    = "invalidates"
)

// Items returns the items of a list. A value that is not a list is coerced to a
// list of one (GraphQL specification, section 3.11).
func Items(v *ast.Value) []*ast.Value {
	if v.Kind != ast.ListValue {
		return []*ast.Value{v}
	}
	list := make([]*ast.Value, len(v.Children))
	for i, child := range v.Children {
		list[i] = child.Value
	}
	return list
}

// argument returns the value of an argument; nil if it is absent or null, which
// all directives treat alike.
func argument(d *ast.Directive, name string) *ast.Value {
	arg := d.Arguments.ForName(name)
	if arg == nil || arg.Value == nil || arg.Value.Kind == ast.NullValue {
		return nil
	}
	return arg.Value
}

// items returns the items of an argument; none if it is absent.
func items(d *ast.Directive, name string) []*ast.Value {
	if value := argument(d, name); value != nil {
		return Items(value)
	}
	return nil
}

// flag returns a Boolean argument, or the default if it is absent.
func flag(d *ast.Directive, name string, otherwise bool) bool {
	if value := argument(d, name); value != nil {
		return value.Raw == "true"
	}
	return otherwise
}
