package shop

import "context"

// A feed is an endless list of events. Each watch holds its own place in it,
// so a slow watch loses nothing and holds up nobody, there is nobody to
// unsubscribe, and what all watches have passed is garbage.
type feed[T any] struct {
	tail *link[T]
}

// A link is one event, which may still lie in the future. Its value and next
// are written once, before happened is closed, and only read after that.
type link[T any] struct {
	happened chan struct{}
	value    T
	next     *link[T]
}

func newFeed[T any]() *feed[T] {
	return &feed[T]{tail: newLink[T]()}
}

func newLink[T any]() *link[T] {
	return &link[T]{happened: make(chan struct{})}
}

// publish adds an event. Calls must not overlap, neither each other nor watch.
func (f *feed[T]) publish(value T) {
	event := f.tail
	f.tail = newLink[T]()
	event.value, event.next = value, f.tail
	close(event.happened)
}

// watch begins with the first event that is published after it.
func (f *feed[T]) watch() *Watch[T] {
	return &Watch[T]{at: f.tail}
}

// Watch reads events in the order in which they happened, each once. It needs
// no closing. It is for one goroutine.
type Watch[T any] struct {
	at *link[T]
}

// Next waits for the next event. It fails with the context's error only.
func (w *Watch[T]) Next(ctx context.Context) (T, error) {
	select {
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	case <-w.at.happened:
		value := w.at.value
		w.at = w.at.next
		return value, nil
	}
}
