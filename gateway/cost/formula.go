package cost

import (
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/portico-gateway/portico/gateway/directive"
	"github.com/portico-gateway/portico/gateway/input"
	"github.com/portico-gateway/portico/gateway/problem"
)

// Formula is the cost of one operation, by its variables. It is immutable.
type Formula struct {
	base float64
	root *set
}

// Formula makes the formula of a valid operation, whose arguments inputs has
// compiled. That takes time linear in the document; what it makes does too.
func (m *Model) Formula(operation *ast.OperationDefinition, inputs *input.Operation) *Formula {
	c := &compiler{model: m, inputs: inputs, fields: map[fieldKey]*field{}}
	f := &Formula{}
	if operation.Operation == ast.Mutation {
		f.base = mutation
	}
	f.root = c.set(operation.SelectionSet, m.root(operation.Operation), nil)
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

// Check returns an error with the code BAD_USER_INPUT if a slicing argument is
// negative, or nil. Values are those of [input.Operation.Coerce].
func (f *Formula) Check(values map[string]any) *gqlerror.Error {
	s := f.root.negative(values)
	if s == nil {
		return nil
	}
	err := gqlerror.ErrorPosf(s.at, "The argument %s must not be negative: it is the length of a list.", s.name)
	err.Extensions = map[string]any{"code": string(problem.BadUserInput)}
	return err
}

// negative finds a slicing argument that is negative, of a field that is not left
// out; nil if there is none.
func (s *set) negative(values map[string]any) *slice {
	if !s.sliced {
		return nil
	}
	for i := range s.selected {
		f := &s.selected[i]
		if !f.holds(values) {
			continue
		}
		for j := range f.slices {
			if n, ok := f.slices[j].operand.number(values); ok && n < 0 {
				return &f.slices[j]
			}
		}
		if f.below != nil {
			if found := f.below.negative(values); found != nil {
				return found
			}
		}
	}
	return nil
}

// Requested returns the most that the operation can cost with the values of
// [input.Operation.Coerce]: from 0 to 10¹². It does not allocate.
func (f *Formula) Requested(values map[string]any) float64 {
	return min(max(f.base+f.root.cost(values), 0), most)
}

// set is what is selected of an object: one place of the answer.
type set struct {
	selected []selected
	variants [][]int // for each kind of possible type, what is selected of it only
	shared   []int   // what is selected of all types
	fixed    bool    // the cost depends on no variable
	value    float64 // it then
	sliced   bool    // a field in it or below has a slicing argument
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
	constant  float64    // the cost of the arguments that are the same for all requests
	arguments []argument // all others
	slices    []slice
	below     *set // nil of a leaf
	fixed     bool
	value     float64
}

func (s *set) cost(values map[string]any) float64 {
	if s.fixed {
		return s.value
	}
	total := s.sum(s.shared, values)
	dearest := 0.0
	for i, variant := range s.variants {
		if cost := s.sum(variant, values); cost > dearest || i == 0 {
			dearest = cost
		}
	}
	return bounded(total + dearest)
}

func (s *set) sum(list []int, values map[string]any) float64 {
	total := 0.0
	for _, i := range list {
		if f := &s.selected[i]; f.holds(values) {
			total = bounded(total + f.cost(values))
		}
	}
	return total
}

func (s *selected) holds(values map[string]any) bool {
	for _, c := range s.conditions {
		if value, _ := values[c.variable].(bool); value != c.want {
			return false
		}
	}
	return true
}

func (f *field) cost(values map[string]any) float64 {
	if f.fixed {
		return f.value
	}
	each := f.weight
	if f.below != nil {
		each = bounded(each + f.below.cost(values))
	}
	count := 1.0
	if f.list {
		count = f.length.of(values)
	}
	return min(max(bounded(count*each)+f.constant+costs(f.arguments, values), 0), most)
}

// compiler makes the formula of one operation.
type compiler struct {
	model  *Model
	inputs *input.Operation
	fields map[fieldKey]*field
}

// fieldKey is what a field's formula depends on: itself, and the field whose
// arguments determine its length.
type fieldKey struct{ field, sizer *ast.Field }

// set compiles selections of objects of a type. Sizer is the field that they
// are selected of, if it determines their lengths.
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
	s.sliced = slices.ContainsFunc(s.selected, func(f selected) bool { return len(f.slices) > 0 || f.below != nil && f.below.sliced })
	if len(s.shared) < len(s.selected) {
		s.variants = variants(s.selected, all)
	}
	if !slices.ContainsFunc(s.selected, func(f selected) bool { return !f.fixed || len(f.conditions) > 0 }) {
		s.value, s.fixed = s.cost(nil), true
	}
	return s
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
	if sizer != nil && !slices.Contains(directive.ListSizeOf(sizer.Definition.Directives).SizedFields, node.Name) {
		sizer = nil
	}
	key := fieldKey{node, sizer}
	if f, ok := c.fields[key]; ok {
		return f
	}
	f := &field{key: node.Alias}
	if strings.HasPrefix(node.Name, "__") { // the executor answers it itself
		f.weight = introspection[node.Name]
		f.value, f.fixed = f.weight, true
	} else {
		c.fill(f, node, sizer)
	}
	c.fields[key] = f
	return f
}

func (c *compiler) fill(f *field, node, sizer *ast.Field) {
	f.weight = c.model.fieldWeight(node)
	f.constant, f.arguments = c.model.arguments(node, c.inputs)
	c.size(f, node, sizer)
	if len(node.SelectionSet) > 0 {
		var below *ast.Field
		if own := directive.ListSizeOf(node.Definition.Directives); own != nil && len(own.SizedFields) > 0 {
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
	own := directive.ListSizeOf(node.Definition.Directives)
	f.slices = c.slices(node, own)
	if depth == 0 {
		return
	}
	f.list = true
	switch {
	case sizer != nil:
		f.length = c.lengthOf(sizer, directive.ListSizeOf(sizer.Definition.Directives), depth)
	case own != nil && len(own.SizedFields) == 0:
		f.length = c.lengthOf(node, own, depth)
	default:
		f.length = c.lengthOf(node, nil, depth)
	}
}
