// Package cachecontrol finds, from a schema's directives, for how long and for
// whom an operation's answer can be kept, and by which tags it is invalidated.
//
// The directive @cacheControl has the semantics of Apollo
// (https://www.apollographql.com/docs/apollo-server/performance/caching): a
// field's hint goes before that of its type; without a maxAge, root fields and
// fields of objects have the default one, and others that of what they belong
// to; the lowest maxAge of all fields counts, and PRIVATE wins. It is found
// once for an operation, of all fields that it can select: those that @skip or
// @include leave out count, and of an interface or a union all possible types.
package cachecontrol

import (
	"time"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/directive"
)

// Policy is for how long an answer can be kept, and for whom.
type Policy struct {
	// MaxAge is how long it is fresh; 0 for not at all.
	MaxAge time.Duration
	// StaleWhileRevalidate is how long it may be served after that, while it is
	// made anew.
	StaleWhileRevalidate time.Duration
	// StaleIfError is how long it may be served after MaxAge, when services
	// fail.
	StaleIfError time.Duration
	// Private answers are for one principal.
	Private bool
}

// Cacheable reports whether it can be kept at all.
func (p Policy) Cacheable() bool { return p.MaxAge > 0 }

// restrict takes what is lower of both.
func (p Policy) restrict(o Policy) Policy {
	return Policy{
		MaxAge:               min(p.MaxAge, o.MaxAge),
		StaleWhileRevalidate: min(p.StaleWhileRevalidate, o.StaleWhileRevalidate),
		StaleIfError:         min(p.StaleIfError, o.StaleIfError),
		Private:              p.Private || o.Private,
	}
}

// Defaults are for hints that do not say.
type Defaults struct {
	// MaxAge is that of root fields and of fields that return objects.
	MaxAge time.Duration
	// StaleWhileRevalidate and StaleIfError are those of hints with a maxAge,
	// and of MaxAge.
	StaleWhileRevalidate, StaleIfError time.Duration
}

// Rules are those of a schema. They are immutable.
type Rules struct {
	schema   *ast.Schema
	defaults Defaults
	types    map[string]directive.CacheControl
	fields   map[*ast.FieldDefinition]directive.CacheControl
}

// New reads the directives of a schema, which the generator has checked.
func New(schema *ast.Schema, defaults Defaults) *Rules {
	r := &Rules{schema: schema, defaults: defaults, types: map[string]directive.CacheControl{}, fields: map[*ast.FieldDefinition]directive.CacheControl{}}
	for name, definition := range schema.Types {
		r.types[name] = directive.CacheControlOf(definition.Directives)
		for _, field := range definition.Fields {
			r.fields[field] = directive.CacheControlOf(field.Directives)
		}
	}
	return r
}

// policy returns the policy of a maxAge and what goes with it.
func (r *Rules) policy(hint directive.CacheControl) Policy {
	p := Policy{MaxAge: *hint.MaxAge, StaleWhileRevalidate: r.defaults.StaleWhileRevalidate, StaleIfError: r.defaults.StaleIfError}
	if hint.StaleWhileRevalidate != nil {
		p.StaleWhileRevalidate = *hint.StaleWhileRevalidate
	}
	if hint.StaleIfError != nil {
		p.StaleIfError = *hint.StaleIfError
	}
	return p
}

// forever is the policy that restricts nothing.
func forever() Policy {
	const most = directive.LongestAge
	return Policy{MaxAge: most, StaleWhileRevalidate: most, StaleIfError: most}
}

// field is the policy of one field of an operation. root means that it belongs
// to no object that could give it an age.
func (r *Rules) field(definition *ast.FieldDefinition, root bool) Policy {
	target := r.schema.Types[definition.Type.Name()]
	composite := target != nil && target.IsCompositeType()
	var ofType directive.CacheControl
	if composite {
		ofType = r.types[target.Name]
	}
	h := r.fields[definition].Or(ofType)
	// inheritMaxAge of a field does not go before a maxAge of its type.
	p := forever()
	switch {
	case h.MaxAge != nil:
		p = r.policy(h)
	case root || composite && !h.InheritMaxAge:
		p = Policy{MaxAge: r.defaults.MaxAge, StaleWhileRevalidate: r.defaults.StaleWhileRevalidate, StaleIfError: r.defaults.StaleIfError}
	}
	p.Private = h.Scope == directive.Private
	return p
}
