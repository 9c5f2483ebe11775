package operation

import (
	"crypto/sha256"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/access"
	"github.com/portico-gateway/portico/gateway/answer"
	"github.com/portico-gateway/portico/gateway/cache"
	"github.com/portico-gateway/portico/gateway/cachecontrol"
	"github.com/portico-gateway/portico/gateway/coordinate"
	"github.com/portico-gateway/portico/gateway/cost"
	"github.com/portico-gateway/portico/gateway/execute"
	"github.com/portico-gateway/portico/gateway/input"
	"github.com/portico-gateway/portico/gateway/ratelimit"
)

// facts are what is known of an operation of a document before it is requested,
// and, as its variation and its plans, what was learned from its requests.
type facts struct {
	inputs     *input.Operation
	cost       *cost.Formula
	guards     *access.Guards
	limits     *ratelimit.Fields
	introspect *ast.Field // a field of introspection; nil without one
	constant   bool       // the root selects nothing but __typename
	identity   cache.Key
	caching    *cachecontrol.Operation
	variation  *answer.Variation
	plans      *execute.Plans
	described  *described
}

// finder finds the facts of operations.
type finder struct {
	frontend string
	schema   *ast.Schema
	version  cache.Key // of the schema and the program
	rules    *access.Rules
	cost     *cost.Model
	caching  *cachecontrol.Rules
	scoped   bool            // introspection needs a scope
	examples map[string]bool // documents, by the SHA-256 of their texts
}

func (f *finder) find(operation *ast.OperationDefinition, inputs *input.Operation, uses coordinate.Set) facts {
	known := facts{
		inputs:     inputs,
		cost:       f.cost.Formula(operation, inputs),
		guards:     f.rules.Guards(operation),
		limits:     ratelimit.OfOperation(f.frontend, f.schema, operation),
		introspect: introspecting(operation.SelectionSet),
		constant:   operation.Operation == ast.Query && isConstant(operation.SelectionSet),
		identity:   f.identity(operation),
		caching:    f.caching.Of(operation),
		plans:      &execute.Plans{Weigh: f.weigh(inputs)},
		described:  newDescribed(f.frontend, operation, uses, func(hash string) bool { return f.examples[hash] }),
	}
	if known.guards != nil || known.introspect != nil && f.scoped {
		known.caching.Policy.Private = true // only some may have it, whatever the schema says
	}
	known.variation = answer.NewVariation(known.caching.Policy.Private)
	return known
}

// weigh returns what the cost of an operation's answers is counted by.
func (f *finder) weigh(inputs *input.Operation) execute.Weigh {
	return func(object *ast.Definition, field *ast.Field) (float64, func(map[string]any) float64) {
		return f.cost.Weigh(object, field, inputs)
	}
}

// identity returns the key of an operation without its variables, which no other
// operation has, of any frontend or version of its schema.
func (f *finder) identity(operation *ast.OperationDefinition) cache.Key {
	text := cache.AppendPart(nil, f.frontend)
	text = append(text, f.version[:]...)
	text = cache.AppendPart(text, operation.Position.Src.Input)
	return sha256.Sum256(cache.AppendPart(text, operation.Name))
}

// key returns the key of the operation with its variables.
func (f *facts) key(variables map[string]any) cache.Key {
	if len(variables) == 0 {
		return f.identity
	}
	text := make([]byte, 0, 512)
	return sha256.Sum256(f.inputs.AppendKey(append(text, f.identity[:]...), variables))
}

// needsVariables reports whether guards or rate limits read the variables.
func (f *facts) needsVariables() bool { return f.guards != nil || f.limits != nil }

// isConstant reports whether a root selects nothing but __typename, as probes do.
func isConstant(selections ast.SelectionSet) bool {
	for _, selection := range selections {
		switch s := selection.(type) {
		case *ast.Field:
			if s.Name != "__typename" {
				return false
			}
		case *ast.InlineFragment:
			if !isConstant(s.SelectionSet) {
				return false
			}
		case *ast.FragmentSpread:
			if !isConstant(s.Definition.SelectionSet) {
				return false
			}
		}
	}
	return true
}

// introspecting returns a field of introspection, be it under a condition.
func introspecting(selections ast.SelectionSet) *ast.Field {
	for _, selection := range selections {
		var found *ast.Field
		switch s := selection.(type) {
		case *ast.Field:
			if s.Name == "__schema" || s.Name == "__type" {
				return s
			}
		case *ast.InlineFragment:
			found = introspecting(s.SelectionSet)
		case *ast.FragmentSpread:
			found = introspecting(s.Definition.SelectionSet)
		}
		if found != nil {
			return found
		}
	}
	return nil
}
