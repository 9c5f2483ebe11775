package upstream

import "sync"

// mostRoutes is how many routes of a service have a value of their own; more share one.
const mostRoutes = 1000

// otherRoutes is the name of what they share.
const otherRoutes = "all others"

// byRoute are values of the routes of a service, which are made when they are needed. It is
// safe for concurrent use.
type byRoute[T any] struct {
	create func() T

	mu     sync.RWMutex
	routes map[string]T
}

func newByRoute[T any](create func() T) *byRoute[T] {
	return &byRoute[T]{create: create, routes: map[string]T{}}
}

// each calls f with each value.
func (b *byRoute[T]) each(f func(T)) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	for _, value := range b.routes {
		f(value)
	}
}

// of returns the value of a route.
func (b *byRoute[T]) of(route string) T {
	b.mu.RLock()
	have, ok := b.routes[route]
	b.mu.RUnlock()
	if ok {
		return have
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.routes) >= mostRoutes {
		route = otherRoutes
	}
	if have, ok = b.routes[route]; !ok {
		have = b.create()
		b.routes[route] = have
	}
	return have
}
