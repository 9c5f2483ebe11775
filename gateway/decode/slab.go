package decode

// Values of one type are allocated together, more of them as an answer turns out
// to have more. So memory is kept for as many as that when one of them is used.
const (
	firstSlab   = 4
	largestSlab = 64
)

// slab allocates values of a type.
type slab[T any] struct {
	free []T
	made int
}

// next returns a new value.
func (s *slab[T]) next() *T {
	if len(s.free) == 0 {
		s.free = make([]T, min(max(firstSlab, s.made), largestSlab))
	}
	value := &s.free[0]
	s.free = s.free[1:]
	s.made++
	return value
}

// next returns a new value in a slab, or by itself if it may outlive the others of
// its answer: it would keep their memory.
func next[D Reader, T any](d D, s *slab[T]) *T {
	if d.keeps() {
		return new(T)
	}
	return s.next()
}

// slabs has the slabs of optional values, of few types.
type slabs []any // *slab[T]

func (s *slabs) of() *slabs { return s }

// slabOf returns the slab of a type.
func slabOf[T any](s *slabs) *slab[T] {
	for _, have := range *s {
		if found, ok := have.(*slab[T]); ok {
			return found
		}
	}
	fresh := &slab[T]{}
	*s = append(*s, fresh)
	return fresh
}
