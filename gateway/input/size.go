package input

import "encoding/json"

// size is how large a value is.
type size struct {
	items int // of lists and objects, at all depths
	depth int // of lists and objects within each other
	bytes int // of texts
}

func sizeOf(value any) size {
	switch value := value.(type) {
	case string:
		return size{bytes: len(value)}
	case json.Number:
		return size{bytes: len(value)}
	case []any:
		s := size{items: len(value)}
		for _, item := range value {
			s.contain(sizeOf(item))
		}
		s.depth++
		return s
	case map[string]any:
		s := size{items: len(value)}
		for name, member := range value {
			s.bytes += len(name)
			s.contain(sizeOf(member))
		}
		s.depth++
		return s
	}
	return size{}
}

// contain adds what a list or an object has in it.
func (s *size) contain(other size) {
	s.items += other.items
	s.bytes += other.bytes
	s.depth = max(s.depth, other.depth)
}

// beyond reports whether a size is more than a limit.
func (l Limits) beyond(s size) bool {
	return l.Items > 0 && s.items > l.Items || l.Depth > 0 && s.depth > l.Depth || l.Bytes > 0 && s.bytes > l.Bytes
}

// uses is how often an argument, or an operation, has a variable.
type uses struct {
	count    int
	depth    int  // of lists and objects around it
	fallback size // of what stands for it, at all places, when it is absent
}

// measure adds up what an expression has besides its variables, and how often it
// has each of them.
func measure(e *expression, depth int, fixed *size, variables map[string]uses) {
	switch e.kind {
	case isVariable:
		u := variables[e.name]
		u.count, u.depth = u.count+1, max(u.depth, depth)
		if e.fallback != nil {
			s := sizeOf(e.fallback.value)
			s.depth += depth
			u.fallback.contain(s)
		}
		variables[e.name] = u
	case isList:
		fixed.items += len(e.items)
		for i := range e.items {
			measure(&e.items[i], depth+1, fixed, variables)
		}
	case isMembers:
		fixed.items += len(e.members)
		for i := range e.members {
			measure(&e.members[i].value, depth+1, fixed, variables)
		}
	default:
		s := sizeOf(e.value)
		s.depth += depth
		fixed.contain(s)
	}
}
