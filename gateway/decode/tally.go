package decode

import "errors"

// mostFaults is the number of objects of one answer that have faults of their own, so that an answer that is all
// wrong takes about as much memory as one that is right: there may be millions of rows. Others share their faults with
// all objects of their type of which the same fields are wrong; mostShared is the number of such faults that are found again.
const (
	mostFaults = 100_000
	mostShared = 10_000
)

// errMore is the error of values of objects that share their faults.
var errMore = errors.New("does not match the schema, as many values before")

// tally is what the readers of one answer have in common: it counts the objects that have faults.
type tally struct {
	made    int
	shared  map[sharedKey]*Faults
	problem error // of all values beyond mostFaults
	headers map[string]*element
}

// sharedKey is what objects with the same faults have in common.
type sharedKey struct {
	of     *Fields
	fields string // their positions, and whether only items are wrong; "" for the object as a whole
}

// Counted returns a source of one answer, which bounds the memory that its faults take: the faults of more than 100,000
// objects say which fields are wrong, and not what their values are. [JSON] and [XML] count by themselves. A
// source that counts is not safe for concurrent use; the faults that it has returned are.
func (s Source) Counted() Source {
	s.tally = &tally{}
	return s
}

// full counts an object with faults, and reports whether it must share them.
func (s Source) full() bool {
	if s.tally == nil {
		return false
	}
	s.tally.made++
	return s.tooMany()
}

// tooMany reports whether objects share their faults now.
func (s Source) tooMany() bool { return s.tally != nil && s.tally.made > mostFaults }

// share returns the faults of all objects with errors of the same fields; of none for those of the objects as a whole.
func (s Source) share(of *Fields, errs []error) *Faults {
	var room [64]byte
	fields := room[:0]
	for i, err := range errs {
		switch {
		case err == nil:
		case isPartial(err):
			fields = append(fields, byte(i), byte(i>>8), 1)
		default:
			fields = append(fields, byte(i), byte(i>>8), 0)
		}
	}
	t := s.tally
	if have := t.shared[sharedKey{of, string(fields)}]; have != nil {
		return have
	}
	f := &Faults{source: s.uncounted(), of: of}
	for i, err := range errs {
		switch {
		case err == nil:
		case isPartial(err):
			f.fields = append(f.fields, fault{i, &Items{list: []ItemError{{Err: errMore}}, cut: true}})
		default:
			f.fields = append(f.fields, fault{i, errMore})
		}
	}
	if f.fields == nil {
		f.whole = errMore
	}
	if len(t.shared) < mostShared {
		if t.shared == nil {
			t.shared = map[sharedKey]*Faults{}
		}
		t.shared[sharedKey{of, string(fields)}] = f
	}
	return f
}

// isPartial reports whether an error is that of items of a list that is there.
func isPartial(err error) bool {
	items, ok := err.(*Items) //nolint:errorlint // items of this list, and not of another
	return ok && !items.lost
}

// uncounted returns the source for faults, which outlive the answer.
func (s Source) uncounted() Source {
	s.tally = nil
	return s
}

// problem is like [Source.Malformed] for the error of one of many values.
func (s Source) problem(what string, err error) error {
	if err == nil {
		return nil
	}
	if !s.full() {
		return s.Malformed(what, err)
	}
	if s.tally.problem == nil {
		s.tally.problem = s.Malformed(what, errMore)
	}
	return s.tally.problem
}
