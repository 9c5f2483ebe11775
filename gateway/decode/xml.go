package decode

import (
	"errors"
	"slices"
)

// XML reads one XML document (XML 1.0, Namespaces in XML 1.0). It has the
// methods of [JSON]:
//
//   - The root element is the value that is read first. An element is an object:
//     its members are its child elements, by local name in whatever namespace,
//     and its attributes, whose names have an @ before the local name. The
//     declarations of namespaces are not attributes. Of attributes with the same
//     local name, the one without a namespace counts.
//   - Child elements of the same name are one member, at the place of the first
//     of them. Its value is a list of them if it is read with Array, which always
//     succeeds, and otherwise the last one, as for names that JSON has twice. A
//     member that does not exist is not returned by Next: an empty list, for one.
//     Text between child elements is not read.
//   - The value of an element as a scalar is its character data, CDATA sections
//     included. [XML.String] and [XML.Text] return it as it is; all other methods
//     ignore white space around it.
//   - An element with xsi:nil is null: the error of every method but Array is
//     [ErrMissing]. An element that is empty, but for attributes of that namespace,
//     is an empty string, an empty object and no bytes; numbers, Booleans and
//     times are missing there.
//   - A scalar that is read from an element with child elements is a [Mismatch], and
//     so is an object that is read from one that has nothing but text.
//
// The text may be in any encoding that the Encoding Standard (WHATWG) has, under
// all names it has there. Which one it is follows RFC 7303, section 3: a byte
// order mark counts most, then the charset parameter of the Content-Type, then
// the XML declaration.
//
// Only the entities that XML itself has are expanded: a DOCTYPE is skipped. The
// document is read as a whole by [NewXML]. If it is not well-formed, this is the
// error of every method. Strings are copies: they do not keep the document in
// memory.
//
// An XML is not safe for concurrent use.
type XML struct {
	Source
	slabs
	counted tally

	levels []xmlLevel // the objects and lists that were entered
	value  *element
	member bool // value is the first element of a member, and not an item
	unread bool // nothing has read value yet
	name   string
	err    error // what is not well-formed; the first one counts
	size   int   // of the document
	again  int   // the number of values that were read again
}

func (d *XML) keeps() bool { return true } // XML is not told

func (d *XML) isScalar() bool { return false } // an element can always be an object

// xmlLevel is an object or a list that was entered.
type xmlLevel struct {
	next *element // the next member or item
	list bool
	one  bool // a list of next only: the elements that follow it are not items
}

// xmlMark is the place of a value in a document.
type xmlMark struct {
	levels []xmlLevel
	value  *element
	member bool
}

// The errors of methods that are called in another order than the package
// documentation has them.
var (
	errNoValue = errors.New("no value is next")
	errNoLevel = errors.New("no object or list was entered")
)

// NewXML returns a reader of a document. charset is the parameter of the
// Content-Type, which may be empty.
func NewXML(text, charset string, from Source) *XML {
	root, err := parseXML(text, charset)
	d := &XML{Source: from, value: root, unread: err == nil, err: err, size: len(text)}
	d.tally = &d.counted
	return d
}

// Object enters the element that is the next value; [XML.Next] then goes through
// its members. The error is [ErrMissing] for null.
func (d *XML) Object() error {
	e, err := d.take()
	switch {
	case err != nil:
		return err
	case e.null:
		return ErrMissing
	case !e.elements && !e.attributes && trimSpace(e.text) != "":
		return &Mismatch{Want: "an object", Have: sample(e.text)}
	}
	return d.enter(xmlLevel{next: e.member})
}

// Array enters the list of the elements that are the next value; [XML.Item] then
// goes through them. There is at least one.
func (d *XML) Array() error {
	first, member := d.value, d.member
	if _, err := d.take(); err != nil {
		return err
	}
	return d.enter(xmlLevel{next: first, list: true, one: !member})
}

// enter fails only if an item is read as a list again and again: elements are
// not nested deeper than MaxDepth, and each is an object and an item.
func (d *XML) enter(l xmlLevel) error {
	if len(d.levels) >= 2*MaxDepth {
		return d.fail(errDepth)
	}
	d.levels = append(d.levels, l)
	return nil
}

// Next goes to the next member of the object that was entered last, and reports
// whether there is one. The value of the one before is skipped unless it was
// read.
func (d *XML) Next() bool {
	e := d.follow(false)
	if e == nil {
		return false
	}
	d.levels[len(d.levels)-1].next = e.next
	d.name = e.name
	d.value, d.member, d.unread = e, true, true
	return true
}

// Name returns the name of the member that [XML.Next] has gone to.
func (d *XML) Name() string { return d.name }

// Item goes to the next item of the list that was entered last, and reports
// whether there is one.
func (d *XML) Item() bool {
	e := d.follow(true)
	if e == nil {
		return false
	}
	top := &d.levels[len(d.levels)-1]
	if top.next = e.same; top.one {
		top.next = nil
	}
	d.value, d.member, d.unread = e, false, true
	return true
}

// follow returns the next member or item. At the end it leaves the object or the
// list, and returns nil.
func (d *XML) follow(list bool) *element {
	d.unread = false
	if d.err != nil {
		return nil
	}
	last := len(d.levels) - 1
	if last < 0 || d.levels[last].list != list {
		_ = d.fail(errNoLevel)
		return nil
	}
	e := d.levels[last].next
	if e == nil {
		d.levels = d.levels[:last]
	}
	return e
}

// Null consumes the next value if it is one element with xsi:nil, and reports
// whether it was. Several elements are not null, because a list of them is not.
func (d *XML) Null() bool {
	if !d.unread || !d.value.null || d.member && d.value.same != nil {
		return false
	}
	d.unread = false
	return true
}

// Mark returns the place of the next value, for [XML.Rewind].
func (d *XML) Mark() Mark { return Mark{xml: &xmlMark{slices.Clone(d.levels), d.value, d.member}} }

// Rewind goes back to a value that was read, so that it is read again.
func (d *XML) Rewind(to Mark) {
	if to.xml == nil {
		to.xml = &xmlMark{} // no place in a document
	}
	if d.again++; d.again > d.size+mostAgain && d.err == nil { // see JSON.Rewind
		d.err = errAgain
	}
	if d.err == nil {
		d.levels = append(d.levels[:0], to.xml.levels...)
		d.value, d.member, d.unread = to.xml.value, to.xml.member, to.xml.value != nil
	}
}

// Done is like [JSON.Done].
func (d *XML) Done(what string, errs ...error) error {
	return d.Malformed(what, First(append([]error{d.End()}, errs...)...))
}

// Skip consumes the next value.
func (d *XML) Skip() { d.unread = false }

// End returns an error if the document is not well-formed.
func (d *XML) End() error { return d.err }

// take consumes the next value and returns it as a single one.
func (d *XML) take() (*element, error) {
	if d.err != nil {
		return nil, d.err
	}
	if !d.unread {
		return nil, d.fail(errNoValue)
	}
	d.unread = false
	e := d.value
	for d.member && e.same != nil {
		e = e.same
	}
	return e, nil
}

// fail ends the reading: nothing more is read.
func (d *XML) fail(err error) error {
	if d.err == nil {
		d.err = err
	}
	d.unread = false
	return d.err
}
