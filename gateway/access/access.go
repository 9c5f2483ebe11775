// Package access decides which fields of an operation a principal may have.
//
// It follows the directives @authenticated, @requiresScopes and @policy of
// Apollo Federation. What an operation needs is found once for its document
// ([Rules.Guards]); a request only compares it with its principal
// ([Guards.Check]). No value is looked at, so a field is denied wherever it is
// reached: by an alias, in a fragment, through an interface.
//
// A field needs what stands at itself, at its type, at the type that it
// belongs to, and at the same field of that type's interfaces. Asked of an
// interface or a union, it needs what it needs of all possible types: the
// strictest counts.
package access

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/auth"
	"github.com/portico-gateway/portico/gateway/problem"
)

// Policy decides what @policy asks, for one field of an operation. It is called
// before the field is resolved, at most once for each place in the document,
// concurrently by several requests. An error denies and is shown as the
// field's.
type Policy func(ctx context.Context, q Question) (allowed bool, err error)

// Question is what a policy is asked.
type Question struct {
	// Policy is the name in @policy.
	Policy string
	// Principal is who asks; nil when anonymous.
	Principal *auth.Principal
	// Type and Field are what is asked for, by their names in the schema.
	Type, Field string
	// Arguments are those of the field, coerced, with defaults; do not change
	// them. [Argument] and [Each] read them and fail closed; [Value] says what
	// there can be.
	Arguments map[string]any
}

// Rules are what a schema's fields need. They are immutable.
type Rules struct {
	schema   *ast.Schema
	policies map[string]Policy
	needs    map[*ast.FieldDefinition]need // by the definition, of the type that it is one of
	abstract map[fieldOf]need
	types    map[string]need
	any      bool
}

type fieldOf struct{ typ, field string }

// New reads the directives of a schema, which the generator has checked. Its
// error names policies that the schema asks for and the project does not have.
func New(schema *ast.Schema, policies map[string]Policy) (*Rules, error) {
	r := &Rules{
		schema:   schema,
		policies: policies,
		needs:    map[*ast.FieldDefinition]need{},
		abstract: map[fieldOf]need{},
		types:    map[string]need{},
	}
	for name, definition := range schema.Types {
		r.types[name] = readNeed(definition.Directives)
		r.any = r.any || !r.types[name].none()
	}
	for _, definition := range schema.Types {
		if definition.Kind == ast.Object || definition.Kind == ast.Interface {
			r.readFields(definition)
		}
	}
	for _, definition := range schema.Types {
		if definition.IsAbstractType() {
			r.readAbstract(definition)
		}
	}
	return r, r.missing()
}

func (r *Rules) readFields(definition *ast.Definition) {
	for _, field := range definition.Fields {
		n := readNeed(field.Directives).and(r.types[definition.Name]).and(r.types[field.Type.Name()])
		for _, name := range definition.Interfaces {
			n = n.and(r.types[name])
			if parent := r.schema.Types[name]; parent != nil {
				if same := parent.Fields.ForName(field.Name); same != nil {
					n = n.and(readNeed(same.Directives)).and(r.types[same.Type.Name()])
				}
			}
		}
		r.needs[field] = n
		r.any = r.any || !n.none()
	}
}

// readAbstract finds what fields of an interface need of all possible types.
func (r *Rules) readAbstract(definition *ast.Definition) {
	for _, field := range definition.Fields {
		n := r.needs[field]
		for _, possible := range r.schema.PossibleTypes[definition.Name] {
			if same := possible.Fields.ForName(field.Name); same != nil {
				n = n.and(r.needs[same])
			}
		}
		r.abstract[fieldOf{definition.Name, field.Name}] = n
	}
}

// missing tells of policies that nobody has.
func (r *Rules) missing() error {
	var names []string
	for _, n := range r.needs {
		for _, c := range n.clauses {
			if c.kind != policies {
				continue
			}
			for _, all := range c.any {
				for _, name := range all {
					if r.policies[name] == nil {
						names = append(names, name)
					}
				}
			}
		}
	}
	if len(names) == 0 {
		return nil
	}
	slices.Sort(names)
	return fmt.Errorf("the schema has @policy(%s), which the project does not decide: give server.Options.Policies a function of this name",
		strings.Join(slices.Compact(names), ", "))
}

// Empty tells whether the schema has no directives, so that nothing is denied.
func (r *Rules) Empty() bool { return !r.any }

// of is what one field of a document needs.
func (r *Rules) of(field *ast.Field) need {
	if field.Definition == nil || field.ObjectDefinition == nil {
		return need{}
	}
	if field.ObjectDefinition.IsAbstractType() {
		return r.abstract[fieldOf{field.ObjectDefinition.Name, field.Name}]
	}
	return r.needs[field.Definition]
}

// Guards are what the fields of one operation need; those that need nothing
// are not in it. Nil guards nothing. They are immutable.
type Guards struct {
	rules  *Rules
	fields []guarded
}

type guarded struct {
	field *ast.Field
	need  need
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
			if n := w.rules.of(s); !n.none() {
				w.found = append(w.found, guarded{s, n})
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

func (r *Rules) check(ctx context.Context, p *auth.Principal, g *guarded, variables map[string]any) error {
	for i := range g.need.clauses {
		c := &g.need.clauses[i]
		allowed := false
		switch c.kind {
		case authenticated:
			allowed = p != nil
		case scopes:
			allowed = p != nil && hasScopes(p, c.any)
		case policies:
			var err error
			if allowed, err = r.decide(ctx, p, g.field, c.any, variables); err != nil {
				return err
			}
		}
		if !allowed {
			return denial(p, c)
		}
	}
	return nil
}

// denial is why a principal is denied what a directive guards. It names scopes
// that are missing, but no policies.
func denial(p *auth.Principal, c *clause) error {
	if p == nil {
		return problem.New(problem.Unauthenticated, "This needs a token.")
	}
	missing := missingScopes(p, c)
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
func missingScopes(p *auth.Principal, c *clause) [][]string {
	if c.kind != scopes {
		return nil
	}
	var missing [][]string
	for _, all := range c.any {
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
