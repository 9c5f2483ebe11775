package cost

import (
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// Formula is the cost of one operation, by its variables. It is immutable.
type Formula struct {
	base float64
	root *set
	err  *gqlerror.Error
}

// Formula makes the formula of a valid operation. That takes time linear in the
// document; what it makes does too.
func (m *Model) Formula(operation *ast.OperationDefinition) *Formula {
	c := &compiler{model: m, fields: map[fieldKey]*field{}}
	f := &Formula{}
	if operation.Operation == ast.Mutation {
		f.base = mutation
	}
	f.root = c.set(operation.SelectionSet, m.root(operation.Operation), nil)
	f.err = c.err
	return f
}

func (m *Model) root(kind ast.Operation) *ast.Definition {
	switch kind {
	case ast.Mutation:
		return m.schema.Mutation
	case ast.Subscription:
		return m.schema.Subscription
	}
	return m.schema.Query
}

// Check is nil, or tells of a list whose length the operation does not say
// though @listSize wants it to.
func (f *Formula) Check() *gqlerror.Error { return f.err }

// Requested is the most that the operation can cost with these variables,
// which [validator.VariableValues] has coerced. It is at least 0 and at most
// 10¹². It does not allocate.
func (f *Formula) Requested(variables map[string]any) float64 {
	return min(max(f.base+f.root.cost(variables), 0), most)
}

// set is what is selected of an object: one place of the answer.
type set struct {
	selected []selected
	variants [][]int // for each kind of possible type, what is selected of it only
	shared   []int   // what is selected of all types
	distinct bool    // no key is there twice
	fixed    bool    // the cost depends on no variable
	value    float64 // it then
}

// selected is a field in a set.
type selected struct {
	*field
	conditions []condition
	types      typeSet // of the objects that it is asked of
}

// condition is @skip or @include with a variable.
type condition struct {
	variable string
	want     bool
}

// field is one of a document, below a certain parent.
type field struct {
	key       string // of the answer
	weight    float64
	list      bool
	length    length
	arguments []argument
	below     *set // nil of a leaf
	fixed     bool
	value     float64
}

func (s *set) cost(variables map[string]any) float64 {
	if s.fixed {
		return s.value
	}
	total := s.sum(s.shared, variables)
	dearest := 0.0
	for i, variant := range s.variants {
		if cost := s.sum(variant, variables); cost > dearest || i == 0 {
			dearest = cost
		}
	}
	return bounded(total + dearest)
}

func (s *set) sum(list []int, variables map[string]any) float64 {
	total := 0.0
	for _, i := range list {
		if f := &s.selected[i]; f.holds(variables) {
			total = bounded(total + f.cost(variables))
		}
	}
	return total
}

func (s *selected) holds(variables map[string]any) bool {
	for _, c := range s.conditions {
		if value, _ := variables[c.variable].(bool); value != c.want {
			return false
		}
	}
	return true
}

func (f *field) cost(variables map[string]any) float64 {
	if f.fixed {
		return f.value
	}
	each := f.weight
	if f.below != nil {
		each = bounded(each + f.below.cost(variables))
	}
	count := 1.0
	if f.list {
		count = f.length.of(variables)
	}
	return min(max(bounded(count*each)+costs(f.arguments, variables), 0), most)
}

// compiler makes the formula of one operation.
type compiler struct {
	model  *Model
	fields map[fieldKey]*field
	err    *gqlerror.Error
}

// fieldKey is what a field's formula depends on: itself, and of which field's
// arguments its length is told.
type fieldKey struct{ field, sizer *ast.Field }

// set compiles selections of objects of a type. Sizer is the field that they
// are selected of, if it tells of their lengths.
func (c *compiler) set(selections ast.SelectionSet, scope *ast.Definition, sizer *ast.Field) *set {
	if scope == nil {
		return &set{fixed: true}
	}
	s := &set{}
	all := c.model.possible(scope)
	c.collect(s, collection{selections: selections, types: all, sizer: sizer})
	for i := range s.selected {
		if len(s.selected[i].types) == len(all) {
			s.shared = append(s.shared, i)
		}
	}
	s.distinct = distinct(s.selected)
	if len(s.shared) < len(s.selected) {
		s.variants = variants(s.selected, all)
	}
	if !slices.ContainsFunc(s.selected, func(f selected) bool { return !f.fixed || len(f.conditions) > 0 }) {
		s.value, s.fixed = s.cost(nil), true
	}
	return s
}

func distinct(list []selected) bool {
	keys := make(map[string]bool, len(list))
	for i := range list {
		if keys[list[i].key] {
			return false
		}
		keys[list[i].key] = true
	}
	return true
}

// collection is a selection set and what holds for all of it.
type collection struct {
	selections ast.SelectionSet
	types      typeSet
	conditions []condition
	sizer      *ast.Field
	spread     []string // fragments around it
}

func (c *compiler) collect(s *set, in collection) {
	for _, selection := range in.selections {
		inner := in
		switch sel := selection.(type) {
		case *ast.Field:
			if conditions, ok := conditioned(in.conditions, sel.Directives); ok && sel.Definition != nil {
				s.selected = append(s.selected, selected{field: c.field(sel, in.sizer), conditions: conditions, types: in.types})
			}
			continue
		case *ast.InlineFragment:
			inner.selections = sel.SelectionSet
			inner.types = c.model.narrow(in.types, sel.TypeCondition)
			var ok bool
			if inner.conditions, ok = conditioned(in.conditions, sel.Directives); !ok {
				continue
			}
		case *ast.FragmentSpread:
			if sel.Definition == nil || slices.Contains(in.spread, sel.Name) {
				continue
			}
			inner.selections = sel.Definition.SelectionSet
			inner.types = c.model.narrow(in.types, sel.Definition.TypeCondition)
			inner.spread = append(slices.Clip(in.spread), sel.Name)
			var ok bool
			if inner.conditions, ok = conditioned(in.conditions, sel.Directives); !ok {
				continue
			}
		}
		if len(inner.types) > 0 {
			c.collect(s, inner)
		}
	}
}

// conditioned adds the conditions of @skip and @include. It is false for what
// is never selected.
func conditioned(have []condition, directives ast.DirectiveList) ([]condition, bool) {
	for _, d := range directives {
		if d.Name != "skip" && d.Name != "include" {
			continue
		}
		argument := d.Arguments.ForName("if")
		if argument == nil {
			continue
		}
		want := d.Name == "include"
		if argument.Value.Kind == ast.Variable {
			have = append(slices.Clip(have), condition{argument.Value.Raw, want})
		} else if (argument.Value.Raw == "true") != want {
			return nil, false
		}
	}
	return have, true
}

func (c *compiler) field(node, sizer *ast.Field) *field {
	if sizer != nil && !slices.Contains(readListSize(sizer.Definition).sized, node.Name) {
		sizer = nil
	}
	key := fieldKey{node, sizer}
	if f, ok := c.fields[key]; ok {
		return f
	}
	f := &field{key: node.Alias}
	if strings.HasPrefix(node.Name, "__") { // the executor answers it itself
		f.fixed = true
	} else {
		c.fill(f, node, sizer)
	}
	c.fields[key] = f
	return f
}

func (c *compiler) fill(f *field, node, sizer *ast.Field) {
	f.weight = c.model.fieldWeight(node)
	f.arguments = c.model.arguments(node)
	c.size(f, node, sizer)
	if len(node.SelectionSet) > 0 {
		var below *ast.Field
		if own := readListSize(node.Definition); own != nil && len(own.sized) > 0 {
			below = node
		}
		f.below = c.set(node.SelectionSet, c.model.schema.Types[node.Definition.Type.Name()], below)
	}
	fixedLength := !f.list || len(f.length.variables) == 0
	if fixedLength && len(f.arguments) == 0 && (f.below == nil || f.below.fixed) {
		f.value, f.fixed = f.cost(nil), true
	}
}

func (c *compiler) size(f *field, node, sizer *ast.Field) {
	depth := lists(node.Definition.Type)
	own := readListSize(node.Definition)
	if own != nil && c.err == nil {
		c.err = c.model.checkSlicing(node, own)
	}
	if depth == 0 {
		return
	}
	f.list = true
	switch {
	case sizer != nil:
		f.length = c.model.lengthOf(sizer, readListSize(sizer.Definition), depth)
	case own != nil && len(own.sized) == 0:
		f.length = c.model.lengthOf(node, own, depth)
	default:
		f.length = c.model.lengthOf(node, nil, depth)
	}
}
