package execute

import (
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// Type is an object type, as generated code knows it.
type Type struct {
	// Name is its name in the schema.
	Name string
	// Implements has the names of fragments' types that match the type.
	Implements []string
	// Fields are the fields by their names.
	Fields map[string]FieldOf
	// Visits reports whether levels have something to do for objects of the type: answers
	// with them have cache tags.
	Visits bool
}

// FieldOf is a field of a [Type].
type FieldOf struct {
	// ID identifies the field of a type in generated code.
	ID int
	// Resolves reports whether a method or a call resolves the field. Visits reports
	// whether levels have something else to do for it: answers with the field have cache tags,
	// or a hand-written type has its value.
	Resolves, Visits bool
	// NullItems reports that items of the field's list which may not be null can be null in what a service
	// answered, since they may be in another frontend.
	NullItems bool
	// Types are the possible types of the field's objects, by their positions in
	// the list of all types; nil if the field has none.
	Types []int
}

// Typename is the ID of __typename in every type.
const Typename = 0

// Object has the selections of an operation on the objects of one type (GraphQL
// specification, section 6.3.2). It is immutable.
type Object struct {
	Fields []Selected

	typ      *Type
	resolves bool // there is something to resolve in the objects, or below them
	levels   int  // of calls, one after the other
}

// Selected is a field that is selected.
type Selected struct {
	*ast.Field // the first of those that were merged

	// ID is that of the [FieldOf].
	ID int

	resolved bool   // by a method or a call, so that faults of the model do not matter
	levels   int    // of calls that follow one another, of which the first resolves the field
	key      string // the response key with its colon, and a comma unless it is the first
	nonNull  bool
	// nullItems is that of [FieldOf].
	nullItems bool
	weights
	selections ast.SelectionSet // of all that were merged
	below      []*Object        // by type; nil for a scalar
}

// Below returns the selections on the field's objects of a type.
func (s *Selected) Below(typ int) *Object { return s.below[typ] }

// Plan has the selections of an operation, with its conditions evaluated.
type Plan struct {
	root *Object
	size atomic.Int64 // of the last data in bytes
}

// Plans are the plans of one operation. The zero value is ready to use, and it
// is safe for concurrent use.
type Plans struct {
	// Weigh is what the cost of answers is counted by; nil counts nothing. It must not be changed when the
	// plans are used.
	Weigh Weigh

	mu        sync.Mutex
	prepared  bool
	variables []string // of the conditions
	plans     map[string]*Plan
}

// mostPlans is the number of plans that are kept for an operation: there is one
// for each combination of its conditions.
const mostPlans = 16

// planner makes plans of one schema.
type planner struct {
	schema *ast.Schema
	types  []*Type
}

// plan returns the plan of an operation.
func (p *planner) plan(oc *graphql.OperationContext, kept *Plans) *Plan {
	kept.mu.Lock()
	defer kept.mu.Unlock()
	if !kept.prepared {
		kept.prepared, kept.plans = true, map[string]*Plan{}
		kept.variables = conditions(oc)
	}
	key := make([]byte, 0, len(kept.variables))
	for _, name := range kept.variables {
		if on, _ := oc.Variables[name].(bool); on {
			key = append(key, '1')
		} else {
			key = append(key, '0')
		}
	}
	if made, ok := kept.plans[string(key)]; ok {
		return made
	}
	b := builder{planner: p, oc: oc, weigh: kept.Weigh}
	made := &Plan{root: b.object(b.root(), oc.Operation.SelectionSet)}
	if oc.Operation.Operation == ast.Mutation {
		made.root.takeAllTime()
	}
	if len(kept.plans) < mostPlans {
		kept.plans[string(key)] = made
	}
	return made
}

// conditions returns the variables that decide what is selected.
func conditions(oc *graphql.OperationContext) (variables []string) {
	seen := map[*ast.FragmentDefinition]bool{}
	var walk func(ast.SelectionSet)
	note := func(directives ast.DirectiveList) {
		for _, d := range directives {
			if d.Name != "skip" && d.Name != "include" {
				continue
			}
			if arg := d.Arguments.ForName("if"); arg != nil && arg.Value.Kind == ast.Variable && !slices.Contains(variables, arg.Value.Raw) {
				variables = append(variables, arg.Value.Raw)
			}
		}
	}
	walk = func(selections ast.SelectionSet) {
		for _, selection := range selections {
			switch s := selection.(type) {
			case *ast.Field:
				note(s.Directives)
				walk(s.SelectionSet)
			case *ast.InlineFragment:
				note(s.Directives)
				walk(s.SelectionSet)
			case *ast.FragmentSpread:
				note(s.Directives)
				if !seen[s.Definition] {
					seen[s.Definition] = true
					walk(s.Definition.SelectionSet)
				}
			}
		}
	}
	walk(oc.Operation.SelectionSet)
	return variables
}

// builder builds one plan.
type builder struct {
	*planner
	oc    *graphql.OperationContext
	weigh Weigh
}

// nonNull reports whether a field of a type is non-null, which that of an interface need not be.
func (b *builder) nonNull(typ string, field *ast.Field) bool {
	if def := b.schema.Types[typ]; def != nil {
		if own := def.Fields.ForName(field.Name); own != nil {
			return own.Type.NonNull
		}
	}
	return field.Definition.Type.NonNull
}

// root returns the position of the operation's root type.
func (b *builder) root() int {
	def := b.schema.Query
	switch b.oc.Operation.Operation {
	case ast.Mutation:
		def = b.schema.Mutation
	case ast.Subscription:
		def = b.schema.Subscription
	}
	return slices.IndexFunc(b.types, func(t *Type) bool { return t.Name == def.Name })
}

// object returns what selections select of objects of a type.
func (b *builder) object(typ int, selections ast.SelectionSet) *Object {
	t := b.types[typ]
	o := &Object{typ: t, resolves: t.Visits}
	for i, field := range merged(graphql.CollectFields(b.oc, selections, t.Implements)) {
		of := t.Fields[field.Name]
		s := Selected{
			Field: field.Field, ID: of.ID, selections: field.Selections, resolved: of.Resolves,
			nonNull: b.nonNull(t.Name, field.Field), nullItems: of.NullItems,
		}
		s.weights = b.weigh.of(b.schema.Types[t.Name], field.Field)
		s.key = strconv.Quote(field.Alias) + ":"
		if i > 0 {
			s.key = "," + s.key
		}
		if of.Types != nil {
			s.below = make([]*Object, len(b.types))
		}
		o.resolves = o.resolves || of.Resolves || of.Visits
		for _, possible := range of.Types {
			s.below[possible] = b.object(possible, field.Selections)
			o.resolves = o.resolves || s.below[possible].resolves
			s.levels = max(s.levels, s.below[possible].levels)
		}
		if of.Resolves {
			s.levels++
		}
		o.levels = max(o.levels, s.levels)
		o.Fields = append(o.Fields, s)
	}
	return o
}

// takeAllTime makes the calls of the object's fields leave no time for those below
// them: a write that is cut off is worse than an answer without what is below.
func (o *Object) takeAllTime() {
	for i := range o.Fields {
		o.Fields[i].levels = 1
	}
}

// merged returns fields with one for each response key. CollectFields does
// not merge a field of an interface or a union with that of one of its types.
func merged(fields []graphql.CollectedField) []graphql.CollectedField {
	out := make([]graphql.CollectedField, 0, len(fields))
	index := make(map[string]int, len(fields))
	for _, field := range fields {
		i, again := index[field.Alias]
		if !again {
			index[field.Alias] = len(out)
			out = append(out, field)
			continue
		}
		out[i].Selections = slices.Concat(out[i].Selections, field.Selections)
	}
	return out
}
