package predict

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/gateway/directive"
	"github.com/portico-gateway/portico/internal/binding"
	"github.com/portico-gateway/portico/internal/plan"
	"github.com/portico-gateway/portico/internal/project"
)

// predictor predicts the calls of operations.
type predictor struct {
	project  *project.Project
	plan     *plan.Plan
	services map[string]config.Service
	costs    map[string]float64 // cost.max by frontend
}

// newPredictor returns a predictor, with portico.yaml without the environment, so
// that predictions do not depend on the machine. If the file has mistakes, which
// the gateway reports, the defaults hold.
func newPredictor(of *project.Project, made *plan.Plan) *predictor {
	c := config.Written(filepath.Join(of.Root, "portico.yaml"))
	p := &predictor{project: of, plan: made, services: c.Services, costs: map[string]float64{}}
	for _, f := range of.Frontends {
		p.costs[f.Name] = c.Of(f.Name).Cost.Max
	}
	return p
}

// batch returns the most keys that a call of a service has. limit is max of the
// binding, or 0.
func (p *predictor) batch(service string, limit int) int {
	size := config.DefaultMaxBatch
	if s, ok := p.services[service]; ok && s.MaxBatch > 0 {
		size = s.MaxBatch
	}
	if limit > 0 {
		size = min(size, limit)
	}
	return size
}

// predict returns the most calls that an operation can make.
func (p *predictor) predict(f *project.Frontend, name string, op *ast.OperationDefinition) (calls Calls, complete bool) {
	w := &walker{predictor: p, frontend: f, out: Calls{Operation: f.Name + "/" + name}}
	root := map[ast.Operation]*ast.Definition{ast.Query: f.Schema.Query, ast.Mutation: f.Schema.Mutation, ast.Subscription: f.Schema.Subscription}[op.Operation]
	w.walk(op.SelectionSet, root, scope{parents: 1, single: true})
	slices.Sort(w.out.Unknown)
	w.out.Unknown = slices.Compact(w.out.Unknown)
	return w.out, w.fields <= mostFields
}

type walker struct {
	*predictor
	frontend *project.Frontend
	out      Calls
	fields   int // visited, each as often as fragments spread it
}

// mostFields is how many fields of an operation are visited. A gateway refuses
// operations that are much smaller (limits.fields).
const mostFields = 100_000

// scope is the place of a selection set in an operation.
type scope struct {
	path    []string
	parents int  // the most objects that it is selected of
	single  bool // whether no list is above
	guessed bool // whether parents is the product of lengths one of which is not known

	size      int      // the length of the lists in sized
	sizeKnown bool     // whether it is known
	sized     []string // the lists whose length the field above sets
}

func (w *walker) walk(set ast.SelectionSet, def *ast.Definition, at scope) {
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.Field:
			w.field(s, def, at)
		case *ast.InlineFragment:
			inner := def
			if s.TypeCondition != "" {
				inner = w.frontend.Schema.Types[s.TypeCondition]
			}
			w.walk(s.SelectionSet, inner, at)
		case *ast.FragmentSpread:
			if w.fields++; w.fields > mostFields { // also for spreads of nothing
				return
			}
			w.walk(s.Definition.SelectionSet, w.frontend.Schema.Types[s.Definition.TypeCondition], at)
		}
	}
}

func (w *walker) field(s *ast.Field, def *ast.Definition, at scope) {
	if strings.HasPrefix(s.Name, "__") || w.fields > mostFields {
		return
	}
	w.fields++
	inner := at
	inner.path = append(slices.Clone(at.path), s.Alias)
	field := def.Fields.ForName(s.Name)
	types := []*ast.Definition{def}
	if def.IsAbstractType() {
		types = w.frontend.Schema.GetPossibleTypes(def)
	}
	for _, t := range types {
		switch own := t.Fields.ForName(s.Name); {
		case own == nil:
		case w.loadsNodes(t, own):
			w.nodes(s, own, inner)
		default:
			w.calls(t, own, inner)
		}
	}
	if len(s.SelectionSet) == 0 {
		return
	}
	l := w.lengthIn(s, field, types)
	if field.Type.Elem != nil {
		n, known := itemsAtMost(field, l, at)
		inner.parents, inner.single, inner.guessed = multiply(at.parents, n), false, at.guessed || !known
		if !inner.guessed {
			inner.parents = min(inner.parents, w.affordable(field, types))
		}
	}
	result := w.frontend.Schema.Types[field.Type.Name()]
	inner.size, inner.sized, inner.sizeKnown = 0, nil, false
	if l.ofFields || field.Type.Elem == nil && (l.known || result.Fields.ForName("pageInfo") != nil) {
		inner.size, inner.sized, inner.sizeKnown = l.most, l.sized, l.known
	}
	w.walk(s.SelectionSet, result, inner)
}

// affordable returns how many objects of a type an operation can have if the
// lengths of all lists are known: the gateway refuses one that could cost more than
// cost.max (IBM's cost specification). An object costs the weight of its field, else
// of its type; the least that any can have counts.
func (w *walker) affordable(field *ast.FieldDefinition, types []*ast.Definition) int {
	def := w.frontend.Schema.Types[field.Type.Name()]
	least := 1.0
	for _, t := range w.frontend.Schema.GetPossibleTypes(def) {
		if weight, ok := directive.Weight(t.Directives); ok {
			least = min(least, weight)
		}
	}
	for _, t := range types {
		if own := t.Fields.ForName(field.Name); own != nil {
			if weight, ok := directive.Weight(own.Directives); ok {
				least = min(least, weight)
			}
		}
	}
	most := w.costs[w.frontend.Name]
	if !def.IsCompositeType() || least <= 0 || most <= 0 {
		return mostCalls
	}
	return int(min(most/least, mostCalls))
}

// calls adds the calls that resolve a field.
func (w *walker) calls(def *ast.Definition, field *ast.FieldDefinition, at scope) {
	method, call := w.plan.Resolution(w.frontend, def.Name, field.Name)
	if call != nil {
		w.step(CallStep{Service: call.Service, What: call.What(), Each: call.Each()}, call.Max, field, at)
	}
	if method == nil {
		return
	}
	hints := field.Directives.ForNames(binding.CallsDirective)
	if len(hints) == 0 {
		w.out.Unknown = append(w.out.Unknown, def.Name+"."+field.Name)
	}
	for _, d := range hints {
		if service := d.Arguments.ForName("service"); service != nil {
			each := d.Arguments.ForName("each")
			step := CallStep{Service: service.Value.Raw, What: "Go method", Each: each != nil && each.Value.Raw == "true"}
			if step.Each {
				w.step(step, keysOf(d), field, at)
			} else {
				w.step(step, 0, field, at)
			}
		}
	}
}

// keysOf returns the number of keys of @calls, 0 without one.
func keysOf(d *ast.Directive) int {
	keys := d.Arguments.ForName("keys")
	if keys == nil {
		return 0
	}
	n, _ := strconv.Atoi(keys.Value.Raw) // it was checked
	return n
}

// step adds the calls of a field. limit is the most calls of a field that makes
// one for each parent, else the most keys of a call; 0 for none.
func (w *walker) step(s CallStep, limit int, field *ast.FieldDefinition, at scope) {
	s.Count = 1
	if s.Each {
		if s.Count = at.parents; limit > 0 {
			s.Count = min(s.Count, limit)
		}
	} else if size := w.batch(s.Service, limit); at.parents > size {
		s.Count = (at.parents + size - 1) / size
	}
	s.Path, s.Parents, s.At = strings.Join(at.path, "."), at.parents, project.Where(field.Position)
	s.Each = s.Each && !at.single
	w.out.Steps = append(w.out.Steps, s)
}
