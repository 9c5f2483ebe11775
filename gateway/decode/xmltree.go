package decode

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// element is an element, or an attribute of one. A document may have millions of
// them, so they are chained and have no lists of their own.
type element struct {
	name string // as members have it: with an @ for an attribute
	text string // nothing if there are elements

	member *element // the first member; the others are next to one another
	next   *element // the next member; only the first element of each is
	same   *element // the next element of the same member

	elements   bool // it has child elements
	attributes bool // it has attributes other than those of xsi
	null       bool // xsi:nil
}

// xsi is the namespace of the attributes that XML Schema has for documents: they
// are about the element, and not part of its content.
const xsi = "http://www.w3.org/2001/XMLSchema-instance"

// start returns how an element that has child elements starts.
func (e *element) start() string {
	text := "<" + e.name + ">"
	for m := e.member; m != nil; m = m.next {
		if m.name[0] != '@' {
			return text + "<" + m.name + ">"
		}
	}
	return text
}

// xmlTree makes the elements of a document.
type xmlTree struct {
	decoder *xml.Decoder
	root    *element
	open    []openElement
	last    map[memberName]*element // the last element of each member of an open element
	names   map[xml.Name]string
	text    []byte // of the last open element; there is none where there are elements
}

// openElement is an element whose end tag is still to come.
type openElement struct {
	*element
	newest *element // the last of the members
}

// memberName is the name of a member of an element.
type memberName struct {
	of   *element
	name string
}

var (
	errDepth    = fmt.Errorf("nested deeper than %d", MaxDepth)
	errNoRoot   = errors.New("no root element")
	errOutside  = errors.New("text outside the root element")
	errTwoRoots = errors.New("a second root element")
	errDoctype  = errors.New("a declaration that is not a DOCTYPE before the root element")
)

// parseXML returns the root element of a document.
func parseXML(text, charset string) (*element, error) {
	text, err := toUTF8(text, charset)
	if err != nil {
		return nil, fmt.Errorf("not XML: %w", err)
	}
	t := &xmlTree{
		decoder: xml.NewDecoder(strings.NewReader(text)),
		last:    map[memberName]*element{},
		names:   map[xml.Name]string{},
	}
	for err == nil {
		err = t.token()
	}
	if errors.Is(err, io.EOF) {
		if err = nil; t.root == nil {
			err = errNoRoot
		}
	}
	if err != nil {
		return nil, fmt.Errorf("not XML: %w", err)
	}
	return t.root, nil
}

// token reads the next token. The error is io.EOF at the end. The decoder has
// checked that start and end tags match, but not what is outside the root.
func (t *xmlTree) token() error {
	token, err := t.decoder.Token()
	if err != nil {
		return err
	}
	switch token := token.(type) {
	case xml.StartElement:
		return t.start(token)
	case xml.EndElement:
		t.end()
	case xml.CharData:
		return t.add(token)
	case xml.Directive:
		if t.root != nil || !strings.HasPrefix(string(token), "DOCTYPE") {
			return errDoctype
		}
	case xml.ProcInst:
		if token.Target == "xml" { // toUTF8 has cut the one at the start
			return errDeclaration
		}
	}
	return nil
}

func (t *xmlTree) start(token xml.StartElement) error {
	if len(t.open) >= MaxDepth {
		return errDepth
	}
	e := &element{name: t.intern("", token.Name.Local)}
	switch {
	case len(t.open) > 0:
		parent := &t.open[len(t.open)-1]
		parent.elements = true
		if before := t.last[memberName{parent.element, e.name}]; before != nil {
			before.same = e
			t.last[memberName{parent.element, e.name}] = e
		} else {
			t.member(parent, e)
		}
	case t.root != nil:
		return errTwoRoots
	default:
		t.root = e
	}
	t.text = t.text[:0]
	t.open = append(t.open, openElement{element: e})
	return t.attributes(token.Attr)
}

// member adds a member to an element.
func (t *xmlTree) member(parent *openElement, m *element) {
	if parent.newest == nil {
		parent.member = m
	} else {
		parent.newest.next = m
	}
	parent.newest = m
	t.last[memberName{parent.element, m.name}] = m
}

func (t *xmlTree) attributes(list []xml.Attr) error {
	e, checked := &t.open[len(t.open)-1], false
	for _, a := range list {
		switch {
		case a.Name.Space == "xmlns" || a.Name.Space == "" && a.Name.Local == "xmlns":
			continue
		case a.Name.Space != xsi:
			e.attributes = true
		case a.Name.Local == "nil":
			value := trimSpace(a.Value)
			e.null = value == "true" || value == "1"
		}
		name := t.intern("@", a.Name.Local)
		before := t.last[memberName{e.element, name}]
		if before == nil {
			t.member(e, &element{name: name, text: a.Value})
			continue
		}
		if !checked && twice(list) {
			return fmt.Errorf("the attribute %q twice", sample(a.Name.Local))
		}
		if checked = true; a.Name.Space == "" {
			before.text = a.Value
		}
	}
	return nil
}

// twice reports whether there are two attributes of the same name and namespace,
// which the decoder does not check.
func twice(list []xml.Attr) bool {
	seen := make(map[xml.Name]bool, len(list))
	for _, a := range list {
		seen[a.Name] = true
	}
	return len(seen) < len(list)
}

// intern returns the name of a member: the same string for the same name, of
// which a document has few, but often.
func (t *xmlTree) intern(prefix, local string) string {
	name, ok := t.names[xml.Name{Space: prefix, Local: local}]
	if !ok {
		name = prefix + local
		t.names[xml.Name{Space: prefix, Local: local}] = name
	}
	return name
}

func (t *xmlTree) end() {
	last := len(t.open) - 1
	e := t.open[last].element
	t.open = t.open[:last]
	if !e.elements {
		e.text = string(t.text)
	}
	for m := e.member; m != nil; m = m.next {
		delete(t.last, memberName{e, m.name})
	}
}

// add adds character data to the element that is open.
func (t *xmlTree) add(text []byte) error {
	switch last := len(t.open) - 1; {
	case last < 0:
		if trimSpace(string(text)) != "" {
			return errOutside
		}
	case !t.open[last].elements:
		t.text = append(t.text, text...)
	}
	return nil
}
