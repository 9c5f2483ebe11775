// Package cachecontrol tells, from a schema's directives, for how long and for
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
)

// The directives that are read here, and their arguments.
const (
	controlDirective = "cacheControl"
	tagDirective     = "cacheTag"
	purgeDirective   = "invalidates"
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

// Cacheable tells whether it can be kept at all.
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
	types    map[string]hint
	fields   map[*ast.FieldDefinition]hint
}

// New reads the directives of a schema, which the generator has checked.
func New(schema *ast.Schema, defaults Defaults) *Rules {
	r := &Rules{schema: schema, defaults: defaults, types: map[string]hint{}, fields: map[*ast.FieldDefinition]hint{}}
	for name, definition := range schema.Types {
		r.types[name] = r.read(definition.Directives)
		for _, field := range definition.Fields {
			r.fields[field] = r.read(field.Directives)
		}
	}
	return r
}

// hint is what @cacheControl says in one place.
type hint struct {
	age     *Policy // of maxAge and what goes with it; nil when it has none
	private *bool   // scope, if it has one
	inherit bool
}

func (r *Rules) read(directives ast.DirectiveList) hint {
	var h hint
	for _, d := range directives {
		if d.Name != controlDirective {
			continue
		}
		if age, ok := seconds(d, "maxAge"); ok {
			p := Policy{MaxAge: age, StaleWhileRevalidate: r.defaults.StaleWhileRevalidate, StaleIfError: r.defaults.StaleIfError}
			if s, ok := seconds(d, "staleWhileRevalidate"); ok {
				p.StaleWhileRevalidate = s
			}
			if s, ok := seconds(d, "staleIfError"); ok {
				p.StaleIfError = s
			}
			h.age = &p
		}
		if arg := d.Arguments.ForName("scope"); arg != nil && arg.Value.Kind == ast.EnumValue {
			private := arg.Value.Raw == "PRIVATE"
			h.private = &private
		}
		if arg := d.Arguments.ForName("inheritMaxAge"); arg != nil {
			h.inherit = arg.Value.Raw == "true"
		}
	}
	return h
}

// over is this hint, and what the other one says where this one does not.
func (h hint) over(other hint) hint {
	if h.age == nil {
		h.age = other.age
	}
	if h.private == nil {
		h.private = other.private
	}
	h.inherit = h.inherit || other.inherit
	return h
}

func seconds(d *ast.Directive, name string) (time.Duration, bool) {
	arg := d.Arguments.ForName(name)
	if arg == nil || arg.Value.Kind != ast.IntValue {
		return 0, false
	}
	value, err := arg.Value.Value(nil)
	n, ok := value.(int64)
	if err != nil || !ok || n < 0 {
		return 0, false
	}
	return time.Duration(min(n, longest)) * time.Second, true
}

// longest is the most seconds of a hint: RFC 9111, section 1.2.2.
const longest = 1 << 31

// forever is the policy that restricts nothing.
func forever() Policy {
	const most = longest * time.Second
	return Policy{MaxAge: most, StaleWhileRevalidate: most, StaleIfError: most}
}

// field is the policy of one field of an operation. root tells that it belongs
// to no object that could give it an age.
func (r *Rules) field(definition *ast.FieldDefinition, root bool) Policy {
	target := r.schema.Types[definition.Type.Name()]
	composite := target != nil && target.IsCompositeType()
	var ofType hint
	if composite {
		ofType = r.types[target.Name]
	}
	h := r.fields[definition].over(ofType)
	// inheritMaxAge of a field does not go before a maxAge of its type.
	p := forever()
	switch {
	case h.age != nil:
		p = *h.age
	case root || composite && !h.inherit:
		p = Policy{MaxAge: r.defaults.MaxAge, StaleWhileRevalidate: r.defaults.StaleWhileRevalidate, StaleIfError: r.defaults.StaleIfError}
	}
	p.Private = h.private != nil && *h.private
	return p
}
