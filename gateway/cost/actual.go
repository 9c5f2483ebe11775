package cost

import "bytes"

// Actual is what an operation did cost, by the data of its answer: as
// Requested, with the lengths that lists have and without what is null. It is
// never more than requested. Data is JSON as an executor writes it; nil, or
// what is not JSON, costs nothing but the operation itself.
func (f *Formula) Actual(values map[string]any, data []byte, requested float64) float64 {
	r := &reader{data: data, values: values}
	total := f.base + r.object([]*set{f.root})
	return min(max(total, 0), requested)
}

// reader walks JSON beside a formula. What it does not understand it skips: it
// ends with the data.
type reader struct {
	data   []byte
	at     int
	values map[string]any
}

// object reads an object, of which these sets are selected.
func (r *reader) object(sets []*set) float64 {
	if !r.take('{') {
		r.skip()
		return 0
	}
	total, from := 0.0, 0
	for !r.take('}') {
		key, ok := r.text()
		if !ok || !r.take(':') {
			r.at = len(r.data)
			return total
		}
		var cost float64
		cost, from = r.member(sets, key, from)
		total = bounded(total + cost)
		r.take(',')
	}
	return total
}

// member reads the value of a key. Answers have keys in the order of the
// document, so the search goes on from where the last one was found.
func (r *reader) member(sets []*set, key []byte, from int) (cost float64, next int) {
	m := match{}
	for _, s := range sets {
		next = m.find(s, key, from)
	}
	if m.first == nil {
		r.skip()
		return 0, from
	}
	return max(r.value(&m)+m.arguments(r.values), 0), next
}

// match are the selections with one key.
type match struct {
	first  *field
	others []*field
	below  [1]*set
}

func (m *match) find(s *set, key []byte, from int) int {
	next := from
	for i := range s.selected {
		at := (from + i) % len(s.selected)
		f := s.selected[at].field
		if string(key) != f.key {
			continue
		}
		if m.first == nil {
			m.first, next = f, at+1
		} else if m.first != f {
			m.others = append(m.others, f)
		}
		if s.distinct {
			break
		}
	}
	return next
}

func (m *match) weight() float64 {
	weight := m.first.weight
	for _, f := range m.others {
		weight = max(weight, f.weight)
	}
	return weight
}

func (m *match) arguments(values map[string]any) float64 {
	return bounded(m.first.constant + costs(m.first.arguments, values))
}

func (m *match) sets() []*set {
	if len(m.others) == 0 {
		m.below[0] = m.first.below
		return m.below[:]
	}
	list := make([]*set, 0, len(m.others)+1)
	list = append(list, m.first.below)
	for _, f := range m.others {
		if f.below != nil {
			list = append(list, f.below)
		}
	}
	return list
}

// value reads one value or a list of them.
func (r *reader) value(m *match) float64 {
	if r.take('[') {
		total := 0.0
		for !r.take(']') {
			before := r.at
			total = bounded(total + r.value(m))
			if r.take(','); r.at == before { // it is not JSON
				r.at = len(r.data)
			}
		}
		return total
	}
	if m.first.below == nil {
		r.skip()
		return m.weight()
	}
	if r.peek() != '{' { // null
		r.skip()
		if m.first.list {
			return 0
		}
		return m.weight()
	}
	return bounded(m.weight() + r.object(m.sets()))
}

func (r *reader) peek() byte {
	for r.at < len(r.data) {
		switch c := r.data[r.at]; c {
		case ' ', '\t', '\r', '\n':
			r.at++
		default:
			return c
		}
	}
	return 0
}

// take consumes a byte if it is the next one; at the end it consumes any, so
// that loops end.
func (r *reader) take(c byte) bool {
	if r.peek() == c {
		r.at++
		return true
	}
	return r.at >= len(r.data) && (c == '}' || c == ']')
}

// text reads a string, as it is written.
func (r *reader) text() ([]byte, bool) {
	if r.peek() != '"' {
		return nil, false
	}
	start := r.at + 1
	r.skipText()
	return r.data[start:max(r.at-1, start)], true
}

func (r *reader) skipText() {
	for r.at++; r.at < len(r.data); r.at++ {
		switch r.data[r.at] {
		case '\\':
			r.at++
		case '"':
			r.at++
			return
		}
	}
	r.at = len(r.data)
}

// skip consumes a value.
func (r *reader) skip() {
	depth := 0
	for r.at < len(r.data) {
		switch c := r.peek(); c {
		case '"':
			r.skipText()
		case '{', '[':
			depth++
			r.at++
		case '}', ']':
			if depth == 0 {
				return
			}
			depth--
			r.at++
		case ',', ':':
			if depth == 0 {
				return
			}
			r.at++
		default:
			end := bytes.IndexAny(r.data[r.at:], ",:]} \t\r\n\"{[")
			if end <= 0 {
				end = max(len(r.data)-r.at, 1)
			}
			r.at = min(r.at+end, len(r.data))
		}
		if depth == 0 {
			return
		}
	}
}
