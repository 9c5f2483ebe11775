package transport

import "bytes"

// framing reads the requests of an HTTP/1 connection as they come in, as far as
// is needed to tell where each one's head begins, and refuses heads that tell
// the length of a body in two ways: by Content-Length and by Transfer-Encoding
// (RFC 9112, section 6.3). A proxy that heeds the one sees other requests than
// net/http, which heeds the other, and drops the first before a handler sees it.
//
// Refusing is to spoil the head, so that net/http answers 400 and closes the
// connection, after the answers to the requests before. So are folded lines,
// and Transfer-Encoding in HTTP/1.0, which net/http ignores.
//
// What net/http refuses itself need not be understood: nothing after it is
// read as a request.
type framing struct {
	state    framingState
	name     string // of the header field that may be there, in lower case
	matched  int    // its bytes that are
	length   int64  // that is left of the body or the chunk
	sized    bool   // the head has Content-Length
	chunked  bool   // the head has Transfer-Encoding
	last     byte   // of the request line, besides its end
	trailing bool   // lines are those of the trailer
}

// framingState is what the next byte is part of.
type framingState uint8

const (
	beforeRequest framingState = iota
	requestLine
	lineStart
	lineEnd // after the CR of an empty line
	fieldName
	fieldLength
	restOfLine
	bodyBytes
	chunkSize
	chunkExtension
	chunkBytes
	chunkEnd
	preface // of HTTP/2, at the start of a connection
	opaque  // not looked at any more
)

// prefaceOfHTTP2 begins a connection of HTTP/2 (RFC 9113, section 3.4).
const prefaceOfHTTP2 = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// mostBytes bounds lengths, so that they can't overflow. Longer bodies end with
// the connection.
const mostBytes = 1 << 58

// check reads the next bytes, and spoils what is refused.
func (f *framing) check(data []byte) {
	for len(data) > 0 && f.state != opaque {
		data = f.step(data)
	}
}

// step reads one byte, or several that mean the same. It returns the others.
func (f *framing) step(data []byte) []byte {
	switch f.state {
	case restOfLine, requestLine, chunkExtension:
		return f.line(data)
	case bodyBytes, chunkBytes, chunkEnd:
		return f.skip(data)
	case preface:
		return f.begins(data)
	}
	c := data[0]
	switch f.state {
	case beforeRequest: // net/http takes empty lines before a request, or refuses them
		if c != '\r' && c != '\n' {
			f.state = requestLine
			return data
		}
	case lineStart:
		f.begin(data)
	case lineEnd:
		f.state = restOfLine
		if c == '\n' {
			f.endOfHead()
		}
	case fieldName:
		return f.match(data)
	case fieldLength:
		f.digit(c, 10)
		if c == '\n' {
			f.state = lineStart
		}
	case chunkSize:
		f.digit(c, 16)
		switch c {
		case ';', ' ', '\t':
			f.state = chunkExtension
		case '\n':
			f.beginChunk()
		}
	}
	return data[1:]
}

// begins compares the first bytes of a connection with the preface of HTTP/2, as net/http
// does: what follows all of it are frames. Other bytes are a request of HTTP/1.
func (f *framing) begins(data []byte) []byte {
	for i, c := range data {
		if c != prefaceOfHTTP2[f.matched] {
			f.state = beforeRequest
			f.check([]byte(prefaceOfHTTP2[:f.matched])) // they have no field that could be refused
			return data[i:]
		}
		if f.matched++; f.matched == len(prefaceOfHTTP2) {
			f.state = opaque
			return nil
		}
	}
	return nil
}

// line skips to the end of a line.
func (f *framing) line(data []byte) []byte {
	text, rest, ended := bytes.Cut(data, []byte("\n"))
	if f.state == requestLine {
		if text = bytes.TrimSuffix(text, []byte("\r")); len(text) > 0 {
			f.last = text[len(text)-1]
		}
	}
	switch {
	case !ended:
	case f.state == chunkExtension:
		f.beginChunk()
	default:
		f.state = lineStart
	}
	return rest
}

// skip skips bytes of a body.
func (f *framing) skip(data []byte) []byte {
	n := min(f.length, int64(len(data)))
	if f.length -= n; f.length > 0 {
		return nil
	}
	switch f.state {
	case chunkBytes:
		f.state, f.length = chunkEnd, int64(len("\r\n"))
	case chunkEnd:
		f.state = chunkSize
	default:
		f.state = beforeRequest
	}
	return data[n:]
}

// begin reads the first byte of a line of a head or a trailer.
func (f *framing) begin(data []byte) {
	switch c := data[0]; {
	case c == '\n':
		f.endOfHead()
	case c == '\r':
		f.state = lineEnd
	case f.trailing:
		f.state = restOfLine
	case c == ' ' || c == '\t':
		f.spoil(data)
	case c|0x20 == 'c':
		f.state, f.name, f.matched = fieldName, "content-length:", 1
	case c|0x20 == 't':
		f.state, f.name, f.matched = fieldName, "transfer-encoding:", 1
	default:
		f.state = restOfLine
	}
}

// match compares the name of a field with the one that it may be.
func (f *framing) match(data []byte) []byte {
	for i, c := range data {
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		if c != f.name[f.matched] {
			f.state = restOfLine
			return data[i:] // it may be the end of the line
		}
		if f.matched++; f.matched == len(f.name) {
			f.found(data[i:])
			return data[i+1:]
		}
	}
	return nil
}

// found begins the value of a field; the data begins with the colon.
func (f *framing) found(data []byte) {
	if f.name[0] == 'c' {
		f.state, f.sized, f.length = fieldLength, true, 0
	} else {
		f.state, f.chunked = restOfLine, true
	}
	if f.chunked && (f.sized || f.last == '0') {
		f.spoil(data)
	}
}

// spoil makes net/http refuse the head: no field has a name with this byte, or
// no colon after it.
func (f *framing) spoil(data []byte) {
	data[0] = 0
	f.state = opaque
}

// digit reads a digit of a length. What is none is ignored here, or refused by
// net/http.
func (f *framing) digit(c byte, base int64) {
	var value int64
	switch letter := c | 0x20; {
	case c >= '0' && c <= '9':
		value = int64(c - '0')
	case base == 16 && letter >= 'a' && letter <= 'f':
		value = int64(letter-'a') + 10
	default:
		return
	}
	f.length = min(f.length*base+value, mostBytes)
}

// endOfHead begins what comes after a head or a trailer.
func (f *framing) endOfHead() {
	switch {
	case f.trailing || !f.chunked && f.length == 0:
		f.state = beforeRequest
	case f.chunked:
		f.state = chunkSize
	default:
		f.state = bodyBytes
	}
	f.sized, f.chunked, f.trailing, f.last = false, false, false, 0
}

// beginChunk begins what comes after the size of a chunk.
func (f *framing) beginChunk() {
	if f.length > 0 {
		f.state = chunkBytes
		return
	}
	f.state, f.trailing = lineStart, true
}
