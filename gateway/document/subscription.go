package document

import (
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/core"
)

// singleRootField reports subscriptions that do not select exactly one root
// field (GraphQL specification, September 2025, section 5.2.4.1). Fields are
// grouped by response key, so two aliases of one field are two root fields; the
// root selection set, fragments included, has no @skip or @include, and its
// field is not one of introspection.
//
// It stands in for the library's rule SingleFieldSubscriptions, which compares
// names of fields instead of response keys and allows conditions.
func singleRootField(observers *core.Events, addError core.AddErrFunc) {
	observers.OnOperation(func(_ *core.Walker, operation *ast.OperationDefinition) {
		if operation.Operation != ast.Subscription {
			return
		}
		root := &rootFields{addError: addError, spread: map[string]bool{}}
		root.collect(operation.SelectionSet)
	})
}

// rootFields collects the root fields of one subscription.
type rootFields struct {
	addError core.AddErrFunc
	spread   map[string]bool
	first    *ast.Field
	many     bool // more than one was reported
}

func (r *rootFields) collect(selections ast.SelectionSet) {
	for _, selection := range selections {
		switch s := selection.(type) {
		case *ast.Field:
			r.unconditional(s.Directives)
			r.field(s)
		case *ast.InlineFragment:
			r.unconditional(s.Directives)
			r.collect(s.SelectionSet)
		case *ast.FragmentSpread:
			r.unconditional(s.Directives)
			if s.Definition != nil && !r.spread[s.Name] {
				r.spread[s.Name] = true
				r.collect(s.Definition.SelectionSet)
			}
		}
	}
}

func (r *rootFields) unconditional(directives ast.DirectiveList) {
	for _, d := range directives {
		if d.Name == "skip" || d.Name == "include" {
			r.addError(core.Message("The root selection set of a subscription must not have @%s.", d.Name), core.At(d.Position))
		}
	}
}

func (r *rootFields) field(field *ast.Field) {
	if strings.HasPrefix(field.Name, "__") {
		r.addError(core.Message("The root field of a subscription must not be an introspection field."), core.At(field.Position))
	}
	if r.first == nil {
		r.first = field
	}
	if field.Alias != r.first.Alias && !r.many {
		r.many = true
		r.addError(core.Message("A subscription must select exactly one root field."), core.At(field.Position))
	}
}
