package cachecontrol

import (
	"maps"
	"slices"
	"time"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/directive"
)

// Operation is what is known of one operation. It is immutable.
type Operation struct {
	// Policy is that of its answer; not cacheable unless it is a query.
	Policy Policy

	types  []string // tags of the types that it can have objects of
	tags   []fieldTags
	purges []fieldTags
}

// fieldTags are the tags that a field's arguments make.
type fieldTags struct {
	field   *ast.Field
	formats []format
}

// TypeTag is the tag of all answers that can have an object of a type.
func TypeTag(name string) string { return directive.TypePrefix + name }

// Of finds out about a valid operation.
func (r *Rules) Of(operation *ast.OperationDefinition) *Operation {
	w := &walk{rules: r, spread: map[string]bool{}, types: map[string]struct{}{}, policy: forever()}
	root := r.schema.Query
	switch operation.Operation {
	case ast.Mutation:
		root = r.schema.Mutation
	case ast.Subscription:
		root = r.schema.Subscription
	}
	w.selections(operation.SelectionSet, root)
	out := &Operation{tags: w.tags, purges: w.purges}
	if operation.Operation != ast.Query {
		return out
	}
	for _, name := range slices.Sorted(maps.Keys(w.types)) {
		out.types = append(out.types, TypeTag(name))
	}
	if w.any {
		out.Policy = w.policy
	}
	return out
}

// introspectionAge is how long answers about the schema are kept. A gateway's
// schema does not change while it runs, but caches before it outlive it.
const introspectionAge = time.Minute

// walk visits every field of an operation once.
type walk struct {
	rules  *Rules
	spread map[string]bool
	policy Policy
	any    bool // whether any field has a policy
	types  map[string]struct{}
	tags   []fieldTags
	purges []fieldTags
}

func (w *walk) selections(selections ast.SelectionSet, root *ast.Definition) {
	for _, selection := range selections {
		switch s := selection.(type) {
		case *ast.Field:
			if s.Name == "__schema" || s.Name == "__type" {
				w.any = true
				w.policy = w.policy.restrict(Policy{MaxAge: introspectionAge})
				continue
			}
			w.field(s, root)
			w.selections(s.SelectionSet, nil)
		case *ast.InlineFragment:
			w.selections(s.SelectionSet, root)
		case *ast.FragmentSpread:
			if s.Definition != nil && !w.spread[s.Name] {
				w.spread[s.Name] = true
				w.selections(s.Definition.SelectionSet, root)
			}
		}
	}
}

// field restricts the policy by a field, whichever type it is asked of.
func (w *walk) field(field *ast.Field, root *ast.Definition) {
	if field.Definition == nil || field.ObjectDefinition == nil || field.Name == "__typename" {
		return
	}
	w.any = true
	definitions := []*ast.FieldDefinition{field.Definition}
	if field.ObjectDefinition.IsAbstractType() {
		for _, possible := range w.rules.schema.PossibleTypes[field.ObjectDefinition.Name] {
			if same := possible.Fields.ForName(field.Name); same != nil {
				definitions = append(definitions, same)
			}
		}
	}
	for _, definition := range definitions {
		w.policy = w.policy.restrict(w.rules.field(definition, root != nil))
		w.tagged(field, definition.Directives)
		w.purges = appendTags(w.purges, field, directive.Invalidates(definition.Directives))
	}
	w.returns(field)
}

// returns notes what a field returns. Of an interface or a union, it can be any
// possible type, whose own hint lowers the policy, if it has one.
func (w *walk) returns(field *ast.Field) {
	target := w.rules.schema.Types[field.Definition.Type.Name()]
	if target == nil || !target.IsCompositeType() {
		return
	}
	for _, possible := range w.rules.schema.GetPossibleTypes(target) {
		if h := w.rules.types[possible.Name]; possible != target {
			if h.MaxAge != nil {
				w.policy = w.policy.restrict(w.rules.policy(h))
			}
			w.policy.Private = w.policy.Private || h.Scope == directive.Private
		}
		w.types[possible.Name] = struct{}{}
		w.tagged(field, possible.Directives)
		for _, name := range possible.Interfaces {
			if i := w.rules.schema.Types[name]; i != nil {
				w.tagged(field, i.Directives)
			}
		}
	}
}

func (w *walk) tagged(field *ast.Field, directives ast.DirectiveList) {
	w.tags = appendTags(w.tags, field, directive.Tags(directives))
}

// Tags are those that are known before the operation is executed. Variables
// are coerced.
func (o *Operation) Tags(variables map[string]any) []string {
	return append(slices.Clip(o.types), evaluate(o.tags, variables, nil)...)
}

// Invalidated are the tags that a mutation invalidates, but for those of fields
// that are denied. Variables are coerced.
func (o *Operation) Invalidated(variables map[string]any, denied map[*ast.Field]error) []string {
	return evaluate(o.purges, variables, denied)
}
