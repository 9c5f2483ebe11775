package decode

import "errors"

// mostFaults is the number of objects of one answer that have faults of their own, so that an answer that is all
// wrong takes about as much memory as one that is right. There may be millions of rows.
const mostFaults = 100_000

var errMore = errors.New("too much of the answer does not match the schema")

// tally is what the readers of one answer have in common: it counts the objects that have faults.
type tally struct {
	made    int
	more    *Faults // of all objects beyond mostFaults
	problem error   // the same for values
	headers map[string]*element
}

// Counted returns a source of one answer, whose faults are bounded: beyond 100,000 objects with faults, others
// have one fault, of the object as a whole, and the same one. [JSON] and [XML] count by themselves. A
// source that counts is not safe for concurrent use; the faults that it has returned are.
func (s Source) Counted() Source {
	s.tally = &tally{}
	return s
}

// full counts an object with faults. It returns the faults that the object has if there are too many, else nil.
func (s Source) full() *Faults {
	t := s.tally
	if t == nil {
		return nil
	}
	if t.made++; t.made <= mostFaults {
		return nil
	}
	if t.more == nil {
		t.more = &Faults{source: s.uncounted(), of: &Fields{Type: "an object"}, whole: errMore}
	}
	return t.more
}

// tooMany reports whether objects with faults have the same ones now.
func (s Source) tooMany() bool { return s.tally != nil && s.tally.more != nil }

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
	more := s.full()
	if more == nil {
		return s.Malformed(what, err)
	}
	if s.tally.problem == nil {
		s.tally.problem = more.Whole()
	}
	return s.tally.problem
}
