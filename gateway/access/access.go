// Package access decides which fields of an operation a principal may have.
//
// It follows the directives @authenticated, @requiresScopes and @policy of
// Apollo Federation. What an operation needs is found once for its document
// ([Rules.Guards]); a request only compares it with its principal
// ([Guards.Check]). No value is looked at, so a field is denied wherever it is
// reached: by an alias, in a fragment, through an interface.
//
// [directive.RightsOf] describes what a field needs.
package access

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/auth"
	"github.com/portico-gateway/portico/gateway/directive"
	"github.com/portico-gateway/portico/gateway/problem"
)

// Policy decides whether the caller may have one field of an operation, which has
// @policy. It is called before the operation is executed, with the context of the
// request, at most once for each place of the field in the document, and concurrently
// for several requests.
//
// If it returns false, the error of the field is FORBIDDEN, or UNAUTHENTICATED for an
// anonymous caller. An error denies the field too, and is its error: a *problem.Error as
// it is, and INTERNAL_SERVER_ERROR for any other.
type Policy func(ctx context.Context, q Question) (allowed bool, err error)

// Question is what a [Policy] decides on: a field of an operation.
type Question struct {
	// Policy is the name in @policy.
	Policy string
	// Principal is the caller; nil for an anonymous one.
	Principal *auth.Principal
	// Type and Field are the names of the field and of its type in the schema.
	Type, Field string
	// Arguments are those of the field, coerced, with defaults. They must not be
	// modified. [Argument] and [Each] read them and fail closed; [Value] lists the
	// possible types.
	Arguments map[string]any
}

// Rules are what a schema's fields need. They are immutable.
type Rules struct {
	policies map[string]Policy
	needs    map[*ast.FieldDefinition]directive.Rights // without those that need nothing
}

// New reads the directives of a schema, which the generator has checked. Its
// error names policies that the schema asks for and the project does not have.
func New(schema *ast.Schema, policies map[string]Policy) (*Rules, error) {
	r := &Rules{policies: policies, needs: map[*ast.FieldDefinition]directive.Rights{}}
	for _, definition := range schema.Types {
		if definition.Kind != ast.Object && definition.Kind != ast.Interface {
			continue
		}
		for _, field := range definition.Fields {
			if rights := directive.RightsOf(schema, definition, field); len(rights) > 0 {
				r.needs[field] = rights
			}
		}
	}
	return r, r.missing()
}

// missing returns an error that names the policies that the project does not
// have, or nil.
func (r *Rules) missing() error {
	var names []string
	for _, rights := range r.needs {
		for _, right := range rights {
			if right.Kind != directive.Policies {
				continue
			}
			for _, name := range slices.Concat(right.AnyOf...) {
				if r.policies[name] == nil {
					names = append(names, name)
				}
			}
		}
	}
	if len(names) == 0 {
		return nil
	}
	slices.Sort(names)
	return fmt.Errorf("the schema has @policy(%s), which the project does not decide: add a function of this name to Policies in resolvers/",
		strings.Join(slices.Compact(names), ", "))
}

// Empty reports whether no field needs anything, so that nothing is denied.
func (r *Rules) Empty() bool { return len(r.needs) == 0 }

// Guards are what the fields of one operation need; those that need nothing
// are not in it. Nil guards nothing. They are immutable.
type Guards struct {
	rules  *Rules
	fields []guarded
}

type guarded struct {
	field  *ast.Field
	rights directive.Rights
}

// Guards finds what the fields of a valid operation need.
func (r *Rules) Guards(operation *ast.OperationDefinition) *Guards {
	if r.Empty() {
		return nil
	}
	w := &walk{rules: r, spread: map[string]bool{}}
	w.selections(operation.SelectionSet)
	if len(w.found) == 0 {
		return nil
	}
	return &Guards{rules: r, fields: w.found}
}

// walk visits every field of an operation once.
type walk struct {
	rules  *Rules
	spread map[string]bool
	found  []guarded
}

func (w *walk) selections(selections ast.SelectionSet) {
	for _, selection := range selections {
		switch s := selection.(type) {
		case *ast.Field:
			if rights := w.rules.needs[s.Definition]; len(rights) > 0 && s.ObjectDefinition != nil {
				w.found = append(w.found, guarded{s, rights})
			}
			w.selections(s.SelectionSet)
		case *ast.InlineFragment:
			w.selections(s.SelectionSet)
		case *ast.FragmentSpread:
			if s.Definition != nil && !w.spread[s.Name] {
				w.spread[s.Name] = true
				w.selections(s.Definition.SelectionSet)
			}
		}
	}
}

// Denied are the fields of an operation that its principal may not have, by
// what they are answered with.
type Denied map[*ast.Field]error

// Check returns what is denied to a principal; nil, without an allocation,
// when nothing is. Variables are coerced.
func (g *Guards) Check(ctx context.Context, p *auth.Principal, variables map[string]any) Denied {
	if g == nil {
		return nil
	}
	var denied Denied
	for i := range g.fields {
		err := g.rules.check(ctx, p, &g.fields[i], variables)
		if err == nil {
			continue
		}
		if denied == nil {
			denied = Denied{}
		}
		denied[g.fields[i].field] = err
	}
	return denied
}

// Right is what a field of an operation requires, and whether the caller has it.
type Right struct {
	// Field is the field's schema coordinate, such as Viewer.orders.
	Field string `json:"field"`
	// Requires are the directives, such as @requiresScopes(scopes: [["a"]]).
	Requires []string `json:"requires"`
	Denied   bool     `json:"denied"`
}

// Rights returns what the fields of the operation require, in the order of the document, and which are
// among the denied ones.
func (g *Guards) Rights(denied Denied) []Right {
	if g == nil {
		return nil
	}
	var out []Right
	for i := range g.fields {
		f := &g.fields[i]
		one := Right{Field: f.field.ObjectDefinition.Name + "." + f.field.Name, Denied: denied[f.field] != nil}
		for j := range f.rights {
			one.Requires = append(one.Requires, f.rights[j].String())
		}
		out = append(out, one)
	}
	return out
}

func (r *Rules) check(ctx context.Context, p *auth.Principal, g *guarded, variables map[string]any) error {
	for i := range g.rights {
		right := &g.rights[i]
		allowed := false
		switch right.Kind {
		case directive.Authenticated:
			allowed = p != nil
		case directive.Scopes:
			allowed = p != nil && hasScopes(p, right.AnyOf)
		case directive.Policies:
			var err error
			if allowed, err = r.decide(ctx, p, g.field, right.AnyOf, variables); err != nil {
				return err
			}
		}
		if !allowed {
			return denial(p, right)
		}
	}
	return nil
}

// denial is why a principal is denied what a directive guards. It names scopes
// that are missing, but no policies.
func denial(p *auth.Principal, right *directive.Right) error {
	if p == nil {
		return problem.New(problem.Unauthenticated, "This needs a token.")
	}
	missing := missingScopes(p, right)
	if len(missing) == 0 {
		return problem.New(problem.Forbidden, "You may not have this.")
	}
	texts := make([]string, len(missing))
	for i, all := range missing {
		texts[i] = strings.Join(all, " and ")
	}
	return problem.New(problem.Forbidden, "You may not have this. Missing scopes: %s.", strings.Join(texts, ", or ")).With("missingScopes", missing)
}

// missingScopes are what a principal lacks of each list of scopes one of which
// would suffice. There are none if no scopes would, or if the directive asks for
// something else.
func missingScopes(p *auth.Principal, right *directive.Right) [][]string {
	if right.Kind != directive.Scopes {
		return nil
	}
	var missing [][]string
	for _, all := range right.AnyOf {
		var lacks []string
		for _, scope := range all {
			if !p.Has(scope) && !slices.Contains(lacks, scope) {
				lacks = append(lacks, scope)
			}
		}
		missing = append(missing, lacks)
	}
	return missing
}

func hasScopes(p *auth.Principal, anyOf [][]string) bool {
	for _, all := range anyOf {
		if hasAll(p, all) {
			return true
		}
	}
	return false
}

func hasAll(p *auth.Principal, scopes []string) bool {
	for _, scope := range scopes {
		if !p.Has(scope) {
			return false
		}
	}
	return true
}

// decide asks policies, of one field each at most once.
func (r *Rules) decide(ctx context.Context, p *auth.Principal, field *ast.Field, anyOf [][]string, variables map[string]any) (bool, error) {
	decided := map[string]bool{}
	q := Question{Principal: p, Type: field.ObjectDefinition.Name, Field: field.Name, Arguments: field.ArgumentMap(variables)}
	for _, all := range anyOf {
		allowed := true
		for _, name := range all {
			known, ok := decided[name]
			if !ok {
				var err error
				q.Policy = name
				if known, err = r.policies[name](ctx, q); err != nil {
					return false, err
				}
				decided[name] = known
			}
			if allowed = known; !allowed {
				break
			}
		}
		if allowed {
			return true, nil
		}
	}
	return false, nil
}
