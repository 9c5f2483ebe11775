package bindgen

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"

	"github.com/portico-gateway/portico/internal/binding"
)

// Calls is what an operation can make services do at worst.
type Calls struct {
	// Operation is its frontend and name: web/Catalogue.
	Operation string
	// Steps are the fields that call a service, in the order of the document.
	Steps []CallStep
	// Unknown are fields that Go methods resolve which do not tell their calls.
	Unknown []string
}

// Total is the sum of all steps' calls.
func (c Calls) Total() int {
	total := 0
	for _, s := range c.Steps {
		total = add(total, s.Count)
	}
	return total
}

// ByService sums the calls up.
func (c Calls) ByService() map[string]int {
	sums := map[string]int{}
	for _, s := range c.Steps {
		sums[s.Service] = add(sums[s.Service], s.Count)
	}
	return sums
}

// CallStep is a field of an operation that calls a service.
type CallStep struct {
	Service string
	// What is the call in a few words, such as "GET /products".
	What string
	// Path is where the field is in the answer: products.nodes.reviews.
	Path string
	// Count is how many calls it makes at most.
	Count int
	// Parents is how many objects ask for it at most.
	Parents int
	// Each tells that there is a call for each parent, and more than one can be:
	// N+1.
	Each bool
	// At is where the field is bound, file:line:column.
	At string
}

// PerItem is a field that makes a call for each of its parents, of which a list
// can have many: N+1.
type PerItem struct {
	Field string
	At    *ast.Position
}

// mostCalls stands for more calls than anyone wants to count.
const mostCalls = 1 << 40

func add(a, b int) int { return min(a+b, mostCalls) }

func multiply(a, b int) int {
	if a != 0 && b > mostCalls/a {
		return mostCalls
	}
	return a * b
}

// predictor predicts the calls of operations.
type predictor struct {
	*generation
	maxBatch map[string]int
}

func (g *generation) predictor() *predictor {
	return &predictor{generation: g, maxBatch: batchSizes(g.project.root)}
}

// withDefault is a value that the environment may replace: ${NAME:-default}.
var withDefault = regexp.MustCompile(`^\$\{\w+:-(.*)\}$`)

// batchSizes reads maxBatch of the services in portico.yaml.
func batchSizes(root string) map[string]int {
	text, err := os.ReadFile(filepath.Join(root, "portico.yaml"))
	if err != nil {
		return nil
	}
	var config struct {
		Services map[string]struct {
			MaxBatch any `yaml:"maxBatch"`
		} `yaml:"services"`
	}
	if yaml.Unmarshal(text, &config) != nil {
		return nil // the gateway tells what is wrong with it
	}
	sizes := map[string]int{}
	for name, s := range config.Services {
		text := fmt.Sprint(s.MaxBatch)
		if m := withDefault.FindStringSubmatch(text); m != nil {
			text = m[1] // not what the environment says here, so that all machines predict the same
		}
		if n, err := strconv.Atoi(text); err == nil && n > 0 {
			sizes[name] = n
		}
	}
	return sizes
}

func (p *predictor) batch(service string, limit int) int {
	size := 100
	if n := p.maxBatch[service]; n > 0 {
		size = n
	}
	if limit > 0 {
		size = min(size, limit)
	}
	return size
}

// predict is what an operation can call at worst.
func (p *predictor) predict(f *frontend, name string, op *ast.OperationDefinition) Calls {
	w := &walker{predictor: p, frontend: f, out: Calls{Operation: f.name + "/" + name}}
	root := map[ast.Operation]*ast.Definition{ast.Query: f.schema.Query, ast.Mutation: f.schema.Mutation, ast.Subscription: f.schema.Subscription}[op.Operation]
	w.walk(op.SelectionSet, root, scope{parents: 1, single: true})
	slices.Sort(w.out.Unknown)
	w.out.Unknown = slices.Compact(w.out.Unknown)
	return w.out
}

type walker struct {
	*predictor
	frontend *frontend
	out      Calls
}

// scope is where a selection set is asked for.
type scope struct {
	path    []string
	parents int      // at most
	single  bool     // no list is above
	size    int      // of the lists that the field above tells the length of
	sized   []string // these lists; nil when it tells none
}

func (w *walker) walk(set ast.SelectionSet, def *ast.Definition, at scope) {
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.Field:
			w.field(s, def, at)
		case *ast.InlineFragment:
			inner := def
			if s.TypeCondition != "" {
				inner = w.frontend.schema.Types[s.TypeCondition]
			}
			w.walk(s.SelectionSet, inner, at)
		case *ast.FragmentSpread:
			w.walk(s.Definition.SelectionSet, w.frontend.schema.Types[s.Definition.TypeCondition], at)
		}
	}
}

func (w *walker) field(s *ast.Field, def *ast.Definition, at scope) {
	if strings.HasPrefix(s.Name, "__") {
		return
	}
	inner := at
	inner.path = append(slices.Clone(at.path), s.Alias)
	field := def.Fields.ForName(s.Name)
	types := []*ast.Definition{def}
	if def.IsAbstractType() {
		types = w.frontend.schema.GetPossibleTypes(def)
	}
	for _, t := range types {
		if own := t.Fields.ForName(s.Name); own != nil {
			w.calls(t, own, inner)
		}
	}
	if len(s.SelectionSet) == 0 {
		return
	}
	l := w.lengthIn(s, field, types)
	if field.Type.Elem != nil {
		inner.parents, inner.single = multiply(at.parents, itemsAtMost(field, l, at)), false
	}
	result := w.frontend.schema.Types[field.Type.Name()]
	inner.size, inner.sized = 0, nil
	if l.ofFields || field.Type.Elem == nil && (l.told || result.Fields.ForName("pageInfo") != nil) {
		inner.size, inner.sized = l.most, l.sized
	}
	w.walk(s.SelectionSet, result, inner)
}

// calls adds what resolving a field calls.
func (w *walker) calls(def *ast.Definition, field *ast.FieldDefinition, at scope) {
	method := w.methods.find(w.frontend.name, goName(def.Name), goName(field.Name))
	if method == nil {
		if c := w.generation.calls.of(w.frontend, def.Name, field.Name); c != nil {
			f := &fetch{call: c}
			each := !c.root() && c.Key == nil
			w.step(CallStep{Service: c.Service, What: f.what(), Each: each}, c.Max, field, at)
		}
		return
	}
	told := field.Directives.ForNames(binding.CallsDirective)
	if len(told) == 0 {
		w.out.Unknown = append(w.out.Unknown, def.Name+"."+field.Name)
	}
	for _, d := range told {
		if service := d.Arguments.ForName("service"); service != nil {
			each := d.Arguments.ForName("each")
			w.step(CallStep{Service: service.Value.Raw, What: "Go method", Each: each != nil && each.Value.Raw == "true"}, 0, field, at)
		}
	}
}

// step adds a step whose service is known: limit is how many keys the binding
// allows for a call, or 0.
func (w *walker) step(s CallStep, limit int, field *ast.FieldDefinition, at scope) {
	s.Count = 1
	if s.Each {
		s.Count = at.parents
	} else if size := w.batch(s.Service, limit); at.parents > size {
		s.Count = (at.parents + size - 1) / size
	}
	s.Path, s.Parents, s.At = strings.Join(at.path, "."), at.parents, where(field.Position)
	s.Each = s.Each && !at.single
	w.out.Steps = append(w.out.Steps, s)
}

// perItem finds the fields that make a call for each parent, where a list can
// have many parents.
func (p *predictor) perItem() []PerItem {
	var found []PerItem
	for _, f := range p.project.frontends {
		listed := listedTypes(f.schema)
		for _, name := range typeNames(f.schema) {
			def := f.schema.Types[name]
			if def.Kind != ast.Object || !listed[name] {
				continue
			}
			for _, field := range def.Fields {
				w := &walker{predictor: p, frontend: f}
				w.calls(def, field, scope{parents: 2})
				for _, s := range w.out.Steps {
					if s.Each {
						found = append(found, PerItem{name + "." + field.Name, field.Position})
					}
				}
			}
		}
	}
	slices.SortFunc(found, func(a, b PerItem) int { return strings.Compare(a.Field, b.Field) })
	return slices.CompactFunc(found, func(a, b PerItem) bool { return a.Field == b.Field })
}

// listedTypes are the object types of which there can be many in an answer:
// they are in a list, or below one.
func listedTypes(s *ast.Schema) map[string]bool {
	listed := map[string]bool{}
	var mark func(name string)
	mark = func(name string) {
		def := s.Types[name]
		if def == nil || listed[name] || !def.IsCompositeType() {
			return
		}
		listed[name] = true
		for _, t := range s.GetPossibleTypes(def) {
			mark(t.Name)
		}
		for _, field := range def.Fields {
			mark(field.Type.Name())
		}
	}
	for _, name := range typeNames(s) {
		for _, field := range s.Types[name].Fields {
			if field.Type.Elem != nil && !strings.HasPrefix(name, "__") {
				mark(field.Type.Name())
			}
		}
	}
	return listed
}

// documents are the operations of a frontend: operations/<frontend>/*.graphql,
// one a file, and persisted-document manifests, operations/<frontend>/*.json.
func documents(p *project, f *frontend, r *report) (map[string]*ast.OperationDefinition, error) {
	out := map[string]*ast.OperationDefinition{}
	for _, source := range f.operations {
		if doc, err := parser.ParseQuery(source); err == nil && len(doc.Operations) == 1 && len(validator.ValidateWithRules(f.api, doc, nil)) == 0 {
			out[strings.TrimSuffix(path.Base(source.Name), path.Ext(source.Name))] = doc.Operations[0]
		} // else check has reported it
	}
	manifests, err := readSources(p.root, path.Join("operations", f.name), ".json")
	if err != nil {
		return nil, err
	}
	for _, m := range manifests {
		bodies, err := manifest([]byte(m.Input))
		if err != nil {
			r.add(Diagnostic{File: m.Name, Message: err.Error(), Fix: `write Apollo's {"format": "apollo-persisted-query-manifest", "version": 1, "operations": [...]}, or {"<id>": "<document>"}`})
			continue
		}
		for id, body := range bodies {
			doc, err := parser.ParseQuery(&ast.Source{Name: m.Name, Input: body})
			if err != nil {
				r.add(Diagnostic{File: m.Name, Message: id + ": " + messageOf(err)})
				continue
			}
			if errs := validator.ValidateWithRules(f.api, doc, nil); len(errs) > 0 {
				r.add(Diagnostic{File: m.Name, Message: id + ": " + messageOf(errs[0])})
				continue
			}
			for _, op := range doc.Operations {
				out[cmp.Or(op.Name, id)] = op
			}
		}
	}
	return out, nil
}

// messageOf is what the parser or the validator says, without a place: that
// would be one within the document.
func messageOf(err error) string {
	if g, ok := errors.AsType[*gqlerror.Error](err); ok {
		return g.Message
	}
	return err.Error()
}

// manifest reads the documents of a persisted-document manifest by id: Apollo's
// format, or an object of ids and documents as Relay writes it.
func manifest(text []byte) (map[string]string, error) {
	var apollo struct {
		Format     string `json:"format"`
		Operations []struct {
			ID   string `json:"id"`
			Body string `json:"body"`
		} `json:"operations"`
	}
	if err := json.Unmarshal(text, &apollo); err == nil && apollo.Format != "" {
		if apollo.Format != "apollo-persisted-query-manifest" {
			return nil, fmt.Errorf("the format %q is not known", apollo.Format)
		}
		bodies := map[string]string{}
		for _, o := range apollo.Operations {
			bodies[o.ID] = o.Body
		}
		return bodies, nil
	}
	var bodies map[string]string
	if err := json.Unmarshal(text, &bodies); err != nil {
		return nil, fmt.Errorf("this is no manifest of persisted documents: %w", err)
	}
	return bodies, nil
}
