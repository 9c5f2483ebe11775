package execute

import (
	"encoding/json"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// Weigh returns what a field of objects of a type adds to the cost of an answer: each of its objects, or of
// its other values, and its arguments, by the values of the operation's variables. Arguments is nil if they
// add nothing.
type Weigh func(object *ast.Definition, f *ast.Field) (each float64, arguments func(values map[string]any) float64)

// weights are what a selected field adds to the cost of an answer.
type weights struct {
	each      float64
	arguments func(values map[string]any) float64 // nil: nothing
	leaf      bool                                // the weight is that of values
	depth     int                                 // of lists
}

func (w Weigh) of(object *ast.Definition, f *ast.Field) weights {
	if w == nil {
		return weights{leaf: true}
	}
	out := weights{leaf: len(f.SelectionSet) == 0 || f.Name == "__schema" || f.Name == "__type"}
	out.each, out.arguments = w(object, f)
	for t := f.Definition.Type; t.Elem != nil; t = t.Elem {
		out.depth++
	}
	return out
}

// count adds the cost of a field that was written. That of its objects was added when they began, since most of
// what is written is in lists.
func (w *Writer) count(f *Selected, mark Mark) {
	if f.leaf && f.each == 0 && f.arguments == nil {
		return
	}
	below := w.cost - mark.cost
	switch text := w.buf[mark.at:]; {
	case f.leaf && f.each != 0:
		below = f.each * values(text, f.depth)
	case f.leaf:
		below = 0
	case f.depth == 0 && string(text) == "null": // a service was called for it
		below = f.each
	}
	if f.arguments != nil {
		below += f.arguments(graphql.GetOperationContext(w.run.ctx).Variables)
	}
	w.cost = mark.cost + max(below, 0)
}

// values returns how many values a JSON text of lists in lists of a depth has. Null in place of a list is one.
func values(text []byte, depth int) float64 {
	if depth == 0 || len(text) == 0 || text[0] != '[' {
		return 1
	}
	var items []json.RawMessage
	if json.Unmarshal(text, &items) != nil {
		return 1
	}
	total := 0.0
	for _, item := range items {
		total += values(item, depth-1)
	}
	return total
}
