package upstream

import (
	"bytes"
	"errors"
	"io"
	"slices"
)

// events reads the events of a stream: texts that should have one JSON value
// each. The error at the end of the stream is io.EOF.
type events interface {
	next() (string, error)
	// lastID returns the id of the latest event that has one; empty if there is
	// none.
	lastID() string
}

// errLongEvent is the error of an event that has more bytes than are read.
var errLongEvent = errors.New("an event has too many bytes")

// The media types of streams. The one of JSON lines has several names, none of
// which is registered.
const (
	serverSentType = "text/event-stream"
	jsonLinesType  = "application/x-ndjson"
)

// eventsOf returns the reader of a stream of a media type, or nil if there is
// none. An event has at most most bytes.
func eventsOf(mediaType string, from io.Reader, most int64, names []string) events {
	switch mediaType {
	case serverSentType:
		return &serverSent{lines: lines{from: from, ends: "\r\n"}, most: most, names: names, wanted: isWanted(names, "")}
	case jsonLinesType, "application/ndjson", "application/jsonl", "application/x-jsonlines":
		return &jsonLines{lines: lines{from: from, ends: "\n"}, most: most}
	}
	return nil
}

// serverSent reads server-sent events (WHATWG HTML, section 9.2.6). The field retry
// has no meaning.
type serverSent struct {
	lines  lines
	most   int64
	names  []string // of the events that are returned; all if it is empty
	data   []byte   // of the event so far, with LF after each line
	wanted bool     // the event has one of the names
	id     string   // the latest one that was sent
	idOf   string   // that of the latest event, be it one of the names or not
}

func (s *serverSent) lastID() string { return s.idOf }

// next returns the data of the next event that has a wanted name and data. Data
// that is white space is none: services send such events to keep a connection
// open. The stream's last event is none if no empty line ends it.
func (s *serverSent) next() (string, error) {
	for {
		line, err := s.lines.next(s.most - int64(len(s.data)))
		if err != nil {
			return "", err
		}
		if len(line) > 0 {
			s.field(line)
			continue
		}
		data, wanted := string(bytes.TrimSuffix(s.data, []byte("\n"))), s.wanted && !isBlank(s.data)
		s.data, s.wanted, s.idOf = emptied(s.data), isWanted(s.names, ""), s.id
		if wanted {
			return data, nil
		}
	}
}

// field reads a line of an event. The name of one that begins with a colon, a
// comment, is empty.
func (s *serverSent) field(line []byte) {
	name, value, _ := bytes.Cut(line, []byte(":"))
	value = bytes.TrimPrefix(value, []byte(" "))
	switch string(name) {
	case "data":
		s.data = append(append(s.data, value...), '\n')
	case "event":
		s.wanted = isWanted(s.names, string(value))
	case "id":
		if len(value) <= longestID && !bytes.ContainsRune(value, 0) {
			s.id = string(value)
		}
	}
}

// longestID is how many bytes the id of an event has at most; others are ignored.
const longestID = 1 << 10

func isWanted(names []string, name string) bool {
	if name == "" {
		name = "message"
	}
	return len(names) == 0 || slices.Contains(names, name)
}

// jsonLines reads lines of JSON (NDJSON, JSON Lines).
type jsonLines struct {
	lines lines
	most  int64
}

func (s *jsonLines) lastID() string { return "" }

// next returns the next line that is not white space. The last line need not
// have an end.
func (s *jsonLines) next() (string, error) {
	for {
		line, err := s.lines.next(s.most)
		if err != nil && !errors.Is(err, io.EOF) {
			return "", err
		}
		if !isBlank(line) {
			return string(line), nil
		}
		if err != nil {
			return "", err
		}
	}
}

// isBlank reports whether a text is only the white space of JSON.
func isBlank(text []byte) bool { return len(bytes.Trim(text, " \t\r\n")) == 0 }

// lines reads lines. It has a buffer of a fixed size and the line that it
// returned last. A byte order mark before the first line is skipped.
type lines struct {
	from io.Reader
	ends string // bytes that each end a line; CR and LF are one end if both do

	buffer   [4 << 10]byte
	unread   []byte // a part of buffer
	line     []byte
	afterCR  bool // the line before ended with CR
	notFirst bool
	err      error // of reading, when nothing is unread
}

// next returns the next line without its end. It is valid until the next call.
// What follows the last end of a line is returned with the error that ended the
// reading. A line with more than most bytes is errLongEvent; no more of it
// than that is kept.
func (l *lines) next(most int64) ([]byte, error) {
	l.line = emptied(l.line)
	for {
		if l.afterCR && len(l.unread) > 0 {
			l.unread, l.afterCR = bytes.TrimPrefix(l.unread, []byte("\n")), false
		}
		end := bytes.IndexAny(l.unread, l.ends)
		part := l.unread
		if end >= 0 {
			part = l.unread[:end]
		}
		if int64(len(l.line)+len(part)) > most {
			return nil, errLongEvent
		}
		l.line = append(l.line, part...)
		if end >= 0 {
			l.afterCR = l.unread[end] == '\r'
			l.unread = l.unread[end+1:]
			return l.first(), nil
		}
		if l.unread = nil; l.err != nil {
			return l.first(), l.err
		}
		var n int
		n, l.err = l.from.Read(l.buffer[:])
		l.unread = l.buffer[:n]
	}
}

// first returns the line, if it is the first one without a byte order mark.
func (l *lines) first() []byte {
	if l.notFirst {
		return l.line
	}
	l.notFirst = true
	return bytes.TrimPrefix(l.line, []byte("\ufeff"))
}

// emptied returns a buffer without what it has. A large one is not kept for as
// long as a stream.
func emptied(buffer []byte) []byte {
	const large = 64 << 10
	if cap(buffer) > large {
		return nil
	}
	return buffer[:0]
}
