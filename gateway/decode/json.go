package decode

import (
	"errors"
	"fmt"
	"strings"
)

// JSON reads one JSON text (RFC 8259). Its strings are parts of the text, which
// therefore stays in memory as long as one of them does, unless Copy is set.
//
// If an object has a name twice, the last value counts. Bytes in a string that
// are not UTF-8, and surrogates without their pair, are read as U+FFFD. A byte
// order mark before the text is skipped (section 8.1).
//
// A JSON is not safe for concurrent use.
type JSON struct {
	Source

	// Copy makes every string a copy, for values that outlive the answer.
	Copy bool

	slabs
	counted tally

	text  string
	at    int
	state state
	depth int
	name  string
	err   error // what is not well-formed; the first one counts
	again int   // bytes that were read more than once
	// Where long objects and lists end, by where they begin; nil until a long value is read again. So each of
	// objects in objects that are read twice is not read as often as it has objects around it.
	ends    map[int]int
	skipped int // bytes before at that were skipped by ends
}

// state is what comes next in the text.
type state int8

const (
	value state = iota // a value, which nothing has read yet
	first              // the first member or item of an object or a list, or its end
	after              // what follows a value
)

// Mark is the place of a value in an answer.
type Mark struct {
	at, depth int
	skipped   int
	xml       *xmlMark // of a value in XML
}

func (d *JSON) keeps() bool { return d.Copy }

// isScalar reports whether the next value is neither an object nor a list.
func (d *JSON) isScalar() bool {
	c := d.peek()
	return c != '{' && c != '['
}

// NewJSON returns a reader of a text.
func NewJSON(text string, from Source) *JSON {
	d := &JSON{Source: from, text: strings.TrimPrefix(text, "\ufeff")}
	d.tally = &d.counted
	return d
}

// Object enters the object that is the next value; [JSON.Next] then goes through
// its members. If the value is not an object, it is skipped. The error is
// [ErrMissing] for null.
func (d *JSON) Object() error { return d.enter('{', "an object") }

// Array enters the list that is the next value; [JSON.Item] then goes through
// its items. If the value is not a list, it is skipped. The error is
// [ErrMissing] for null.
func (d *JSON) Array() error { return d.enter('[', "a list") }

func (d *JSON) enter(open byte, want string) error {
	switch d.peek() {
	case open:
		return d.descend()
	case 'n':
		d.Skip()
		return d.or(ErrMissing)
	}
	return d.mismatch(want)
}

// descend consumes the bracket that opens an object or a list.
func (d *JSON) descend() error {
	if d.depth++; d.depth > MaxDepth {
		return d.fail(fmt.Errorf("nested deeper than %d", MaxDepth))
	}
	d.at++
	d.state = first
	return nil
}

// Next goes to the next member of the object that was entered last, and reports
// whether there is one. The value of the one before is skipped unless it was
// read.
func (d *JSON) Next() bool {
	if !d.follows('}') {
		return false
	}
	if d.peek() != '"' {
		d.malformed("the name of a member")
		return false
	}
	d.name = d.string(false)
	if d.peek() != ':' {
		d.malformed("':'")
		return false
	}
	d.at++
	d.state = value
	return d.err == nil
}

// Name returns the name of the member that [JSON.Next] has gone to last. It may be a
// part of the text even if Copy is set.
func (d *JSON) Name() string { return d.name }

// Item goes to the next item of the list that was entered last, and reports
// whether there is one.
func (d *JSON) Item() bool {
	if !d.follows(']') {
		return false
	}
	d.state = value
	return true
}

// follows skips a value that was not read, and goes beyond the comma before
// another member or item. It returns false at the end.
func (d *JSON) follows(end byte) bool {
	if d.state == value {
		d.Skip()
	}
	switch c := d.peek(); {
	case d.err != nil:
		return false
	case c == end:
		d.at++
		d.depth--
		d.state = after
		return false
	case d.state == first:
		return true
	case c == ',':
		d.at++
		return true
	}
	d.malformed("',' or '" + string(end) + "'")
	return false
}

// Null consumes the next value if it is null, and reports whether it was.
func (d *JSON) Null() bool {
	if d.peek() != 'n' {
		return false
	}
	d.literal("null")
	return d.err == nil
}

// Mark returns the place of the next value, for [JSON.Rewind].
func (d *JSON) Mark() Mark { return Mark{at: d.at, depth: d.depth, skipped: d.skipped} }

// Rewind goes back to a value that was read, so that it is read again. A text of
// which too much is read again is an error: objects in objects that are each read
// twice would take exponential time.
func (d *JSON) Rewind(to Mark) {
	if d.err != nil {
		return
	}
	read := d.at - to.at
	if d.ends == nil && read > longValue {
		d.ends = map[int]int{}
	}
	if d.again += max(0, read-(d.skipped-to.skipped)); d.again > mostAgain*(len(d.text)+mostAgain) {
		_ = d.fail(errAgain)
		return
	}
	d.at, d.depth, d.skipped, d.state = to.at, to.depth, to.skipped, value
}

// mostAgain is how often a text is read again at most, on average.
const mostAgain = 64

// longValue is the length in bytes of values whose end is remembered, and mostEnds how many there are at most: more are read again.
const (
	longValue = 256
	mostEnds  = 1 << 14
)

var errAgain = errors.New("the answer is read too often: objects that contain themselves are read in several ways")

// End skips what was not read and returns an error if the text is not
// well-formed.
func (d *JSON) End() error {
	if d.depth != 0 {
		d.Rewind(Mark{}) // an object or a list was left in the middle, so its end is not known
	}
	if d.state == value {
		d.Skip()
	}
	if d.peek(); d.err == nil && d.at < len(d.text) {
		d.malformed("the end")
	}
	return d.err
}

// Done is like [JSON.End], but returns a problem, DOWNSTREAM_SERVICE_ERROR, also
// for the first error of errs, which are those of values that what was read for
// can't do without.
func (d *JSON) Done(what string, errs ...error) error {
	if err := d.End(); err != nil {
		return d.Malformed(what, err)
	}
	return d.Malformed(what, First(errs...))
}

// Skip consumes the next value.
func (d *JSON) Skip() {
	switch c := d.peek(); c {
	case '{', '[':
		d.skipAll(c)
	case '"':
		d.string(true)
		d.state = after
	case 't':
		d.literal("true")
	case 'f':
		d.literal("false")
	case 'n':
		d.literal("null")
	default:
		d.number()
	}
}

// skipAll skips an object or a list.
func (d *JSON) skipAll(open byte) {
	begin := d.at
	if end, known := d.ends[begin]; known {
		d.skipped += end - begin
		d.at, d.state = end, after
		return
	}
	if d.descend() != nil {
		return
	}
	if open == '{' {
		d.skipObject()
	} else {
		for d.Item() {
			d.Skip()
		}
	}
	if d.ends != nil && len(d.ends) < mostEnds && d.err == nil && d.at-begin > longValue {
		d.ends[begin] = d.at
	}
}

// skipObject is like a loop over Next, but reads no names.
func (d *JSON) skipObject() {
	for d.follows('}') {
		if d.peek() != '"' {
			d.malformed("the name of a member")
			return
		}
		d.string(true)
		if d.peek() != ':' {
			d.malformed("':'")
			return
		}
		d.at++
		d.Skip()
	}
}

func (d *JSON) literal(word string) {
	if rest := d.text[d.at:]; !strings.HasPrefix(rest, word) {
		if strings.HasPrefix(word, rest) {
			d.at = len(d.text)
		}
		d.malformed("a value")
		return
	}
	d.at += len(word)
	d.state = after
}

// peek skips white space and returns the next byte; 0 at the end and after an
// error.
func (d *JSON) peek() byte {
	if d.at < len(d.text) && d.text[d.at] > ' ' {
		return d.text[d.at] // mostly there is no white space; this much is inlined
	}
	return d.space()
}

// space is peek where there is white space or nothing.
func (d *JSON) space() byte {
	for at := d.at; at < len(d.text); at++ {
		switch c := d.text[at]; c {
		case ' ', '\n', '\t', '\r':
		default:
			d.at = at
			return c
		}
	}
	d.at = len(d.text)
	return 0
}

// mismatch skips the next value and returns the error of a value that is not
// what is read, or of a text that is not well-formed.
func (d *JSON) mismatch(want string) error {
	from := d.at
	d.Skip()
	if d.err != nil {
		return d.err
	}
	return &Mismatch{Want: want, Have: sample(d.text[from:d.at])}
}

// or returns err, or the error of a text that is not well-formed.
func (d *JSON) or(err error) error {
	if d.err != nil {
		return d.err
	}
	return err
}

var errEnd = errors.New("the JSON ends too early")

// malformed notes that the text is not well-formed JSON where it was read last.
func (d *JSON) malformed(want string) {
	if d.at >= len(d.text) {
		_ = d.fail(errEnd)
		return
	}
	_ = d.fail(fmt.Errorf("not JSON: want %s at byte %d, have %q", want, d.at, sample(d.text[d.at:])))
}

// fail ends the reading: nothing more is read.
func (d *JSON) fail(err error) error {
	if d.err == nil {
		d.err = err
	}
	d.at, d.state = len(d.text), after
	return d.err
}
