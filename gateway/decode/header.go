package decode

import "strings"

// InHeader returns a reader of a field of the answer's header, whose name is spelled as
// in [Source.Header]. It reads the value as that of an element of XML: a number, a
// Boolean or a time may have white space around it. Of several values it is one text,
// with commas between them. A field that is not there is null.
func (s Source) InHeader(name string) *XML {
	value := &element{name: name}
	if values := s.Header[name]; len(values) == 0 {
		value.null = true
	} else {
		value.text = strings.ToValidUTF8(strings.Join(values, ", "), "\uFFFD")
	}
	return &XML{Source: s, value: value, unread: true}
}
