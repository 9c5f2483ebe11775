package execute

import (
	"context"

	"github.com/portico-gateway/portico/gateway/decode"
	"github.com/portico-gateway/portico/gateway/globalid"
	"github.com/portico-gateway/portico/gateway/problem"
)

// Query.node and Query.nodes load objects by global ids (Relay's Global Object
// Identification specification). The objects of a type are loaded by a field of the
// type, whose parents have nothing but their ids.

// ByID returns a resolver whose parents are ids of one type: resolve is called with
// what parent returns for each. A result that is nil is the zero value of N.
func ByID[T, N any](parent func(id string) *T, resolve Resolver[*T, *T], node func(*T) N) Resolver[string, N] {
	return func(ctx context.Context, ids []string) ([]N, error) {
		values, failed := resolve.call(ctx, Map(ids, parent))
		nodes := make([]N, len(ids))
		for i, value := range values {
			if value != nil {
				nodes[i] = node(value)
			}
		}
		if failed == nil {
			return nodes, nil
		}
		return nodes, itemErrors(failed)
	}
}

// Node returns the object that has a global id; the zero value if there is none.
// types are the resolvers of objects by the names of their types. A text that is
// not the global id of one of these is BAD_USER_INPUT.
func Node[N any](ctx context.Context, id string, types map[string]Resolver[string, N]) (node N, err error) {
	nodes, failed, err := nodesOf(ctx, []string{id}, types)
	if err != nil {
		return node, err
	}
	return nodes[0], failed[0]
}

// Nodes is like [Node] for a list. The objects of a type are loaded together, and
// each once. If only some fail, the error is [decode.Items], and the list has the
// others.
func Nodes[N any](ctx context.Context, ids []string, types map[string]Resolver[string, N]) ([]N, error) {
	nodes, failed, err := nodesOf(ctx, ids, types)
	if err != nil {
		return nil, err
	}
	return nodes, decode.ItemErrors(failed)
}

// sought are the objects of one type that are loaded.
type sought[N any] struct {
	resolve Resolver[string, N]
	ids     []string       // distinct
	index   map[string]int // their positions
	at      [][]int        // the positions in the list of global ids, by id
}

func nodesOf[N any](ctx context.Context, ids []string, types map[string]Resolver[string, N]) (nodes []N, failed []error, err error) {
	byType := map[string]*sought[N]{}
	for i, global := range ids {
		typ, id, ok := globalid.Parse(global)
		if !ok || types[typ] == nil {
			return nil, nil, problem.New(problem.BadUserInput, "An id is not a global id.")
		}
		s := byType[typ]
		if s == nil {
			s = &sought[N]{resolve: types[typ], index: map[string]int{}}
			byType[typ] = s
		}
		at, again := s.index[id]
		if !again {
			at = len(s.ids)
			s.index[id], s.ids, s.at = at, append(s.ids, id), append(s.at, nil)
		}
		s.at[at] = append(s.at[at], i)
	}
	nodes, failed = make([]N, len(ids)), make([]error, len(ids))
	var tasks []func()
	for _, s := range byType {
		tasks = append(tasks, func() { s.load(ctx, nodes, failed) })
	}
	Concurrently(tasks...)
	return nodes, failed, nil
}

// load loads the objects into a list.
func (s *sought[N]) load(ctx context.Context, nodes []N, failed []error) {
	values, errs := s.resolve.call(ctx, s.ids)
	for k, at := range s.at {
		for _, i := range at {
			if errs != nil && errs[k] != nil {
				failed[i] = errs[k]
			} else {
				nodes[i] = values[k]
			}
		}
	}
}
