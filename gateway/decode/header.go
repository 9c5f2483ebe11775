package decode

import "strings"

// InHeader returns a reader of a field of the answer's header, whose name is spelled as
// in [Source.Header]. It reads the value as that of an element of XML: a number, a
// Boolean or a time may have white space around it. Of several values it is one text,
// with commas between them. A field that is not there is null.
func (s Source) InHeader(name string) *XML {
	return &XML{Source: s, value: s.header(name), unread: true}
}

// header returns a field of the header as an element. It is made once for an answer, of which each row may read it.
func (s Source) header(name string) *element {
	if s.tally == nil {
		return newHeader(name, s.Header[name])
	}
	e, made := s.tally.headers[name]
	if !made {
		e = newHeader(name, s.Header[name])
		if s.tally.headers == nil {
			s.tally.headers = map[string]*element{}
		}
		s.tally.headers[name] = e
	}
	return e
}

func newHeader(name string, values []string) *element {
	if len(values) == 0 {
		return &element{name: name, null: true}
	}
	return &element{name: name, text: strings.ToValidUTF8(strings.Join(values, ", "), "\uFFFD")}
}
