package upstream

import (
	"errors"
	"io"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// chunks is a reader that returns its texts one by one.
type chunks struct {
	texts []string
	reads int
}

func (c *chunks) Read(p []byte) (int, error) {
	if c.reads == len(c.texts) {
		return 0, io.EOF
	}
	c.reads++
	return copy(p, c.texts[c.reads-1]), nil
}

// every returns all events of a stream, and the error that ended it.
func every(e events) (all []string, err error) {
	for {
		text, err := e.next()
		if err != nil {
			return all, err
		}
		all = append(all, text)
	}
}

// eventsAre checks the events of a text, read at once and byte by byte.
func eventsAre(t *testing.T, mediaType, text string, names, want []string) {
	t.Helper()
	for how, from := range map[string]io.Reader{
		"at once":        strings.NewReader(text),
		"byte by byte":   iotest.OneByteReader(strings.NewReader(text)),
		"with its error": iotest.DataErrReader(strings.NewReader(text)),
	} {
		got, err := every(eventsOf(mediaType, from, 1000, names))
		if !slices.Equal(got, want) || !errors.Is(err, io.EOF) {
			t.Errorf("%q, %s: got %q, %v; want %q", text, how, got, err, want)
		}
	}
}

func TestServerSentEvents(t *testing.T) {
	for name, c := range map[string]struct {
		text        string
		names, want []string
	}{
		"LF":                   {"data: 1\n\ndata: 2\n\n", nil, []string{"1", "2"}},
		"CR":                   {"data: 1\r\rdata: 2\r\r", nil, []string{"1", "2"}},
		"CRLF":                 {"data: 1\r\n\r\ndata: 2\r\n\r\n", nil, []string{"1", "2"}},
		"all of them":          {"data: 1\r\n\rdata: 2\n\r\ndata: 3\r\n\n", nil, []string{"1", "2", "3"}},
		"a byte order mark":    {"\ufeffdata: 1\n\n", nil, []string{"1"}},
		"another one":          {"data: 1\n\n\ufeffdata: 2\n\n", nil, []string{"1"}},
		"lines of data":        {"data: {\ndata: \"a\": 1\ndata\ndata: }\n\n", nil, []string{"{\n\"a\": 1\n\n}"}},
		"no space":             {"data:1\n\n", nil, []string{"1"}},
		"two spaces":           {"data:  1\n\n", nil, []string{" 1"}},
		"colons":               {"data: {\"a\":1}\n\n", nil, []string{`{"a":1}`}},
		"comments":             {":\n: data: 1\n:\n\n:\n\ndata: 2\n: 3\n\n", nil, []string{"2"}},
		"other fields":         {"id: 1\nretry: 10\nfoo: 3\nDATA: 4\n data: 5\ndata: 6\n\n", nil, []string{"6"}},
		"without data":         {"event: price\n\nid: 1\n\ndata\n\ndata:\n\ndata: \ndata:  \n\n", nil, nil},
		"no end":               {"data: 1\n\ndata: 2\n", nil, []string{"1"}},
		"no end of a line":     {"data: 1\n\ndata: 2", nil, []string{"1"}},
		"nothing":              {"", nil, nil},
		"names":                {"event: a\ndata: 1\n\ndata: 2\nevent: b\n\nevent:a \ndata: 3\n\nevent: c\ndata: 4\n\n", []string{"a", "c"}, []string{"1", "4"}},
		"the last name counts": {"event: a\nevent: b\ndata: 1\n\nevent: b\nevent: a\ndata: 2\n\n", []string{"a"}, []string{"2"}},
		"a name is of one":     {"event: a\ndata: 1\n\ndata: 2\n\nevent: a\n\ndata: 3\n\n", []string{"a"}, []string{"1"}},
		"message":              {"data: 1\n\nevent: message\ndata: 2\n\nevent\ndata: 3\n\nevent: a\ndata: 4\n\n", []string{"message"}, []string{"1", "2", "3"}},
	} {
		t.Run(name, func(t *testing.T) { eventsAre(t, "text/event-stream", c.text, c.names, c.want) })
	}
}

func TestJSONLines(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"lines":             {"1\n{\"a\": 2}\n", []string{"1", `{"a": 2}`}},
		"empty lines":       {"\n1\n\n \t\n2\n\r\n", []string{"1", "2"}},
		"CRLF":              {"1\r\n2\r\n", []string{"1\r", "2\r"}}, // white space of JSON
		"no end":            {"1\n2", []string{"1", "2"}},
		"a byte order mark": {"\ufeff1\n2\n", []string{"1", "2"}},
		"only one":          {"\ufeff", nil},
		"nothing":           {"", nil},
	} {
		t.Run(name, func(t *testing.T) {
			for _, mediaType := range []string{"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"} {
				eventsAre(t, mediaType, c.text, nil, c.want)
			}
		})
	}
}

func TestOtherMediaTypes(t *testing.T) {
	for _, mediaType := range []string{"", "application/json", "text/plain", "application/json-seq", "multipart/mixed"} {
		if eventsOf(mediaType, strings.NewReader(""), 1, nil) != nil {
			t.Errorf("%q is a stream", mediaType)
		}
	}
}

// An event is there as soon as its end is: nothing more is read for it.
func TestEventsAreReadOneByOne(t *testing.T) {
	for mediaType, texts := range map[string][]string{
		"text/event-stream":    {"data: 1\r\r", "\ndata: 2\r\n\r", "\n", "data: 3\n\n"},
		"application/x-ndjson": {"1\n", "2\r\n", "\n", "3\n"},
	} {
		from := &chunks{texts: texts}
		e := eventsOf(mediaType, from, 1000, nil)
		for _, want := range []int{1, 2, 4} {
			text, err := e.next()
			if err != nil || from.reads != want {
				t.Errorf("%s: %q, %v after %d reads, want %d", mediaType, text, err, from.reads, want)
			}
		}
	}
}

// endless is a reader of one text again and again.
type endless struct {
	text string
	read int
}

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, e.text)
	e.read += n
	return n, nil
}

// An event that does not end is not read any further.
func TestEventsThatAreTooLong(t *testing.T) {
	const most, buffered = 10_000, 4 << 10
	for name, c := range map[string]struct{ mediaType, text string }{
		"a line":                     {"application/x-ndjson", "1"},
		"a line of data":             {"text/event-stream", "data: 1"},
		"a comment":                  {"text/event-stream", ": 1"},
		"many lines of data":         {"text/event-stream", "data: 1\n"},
		"many lines of data with CR": {"text/event-stream", "data: 1\r"},
	} {
		t.Run(name, func(t *testing.T) {
			from := &endless{text: c.text}
			got, err := every(eventsOf(c.mediaType, from, most, nil))
			if len(got) > 0 || !errors.Is(err, errLongEvent) {
				t.Errorf("got %d events, %v", len(got), err)
			}
			if limit := 5 * (most + buffered); from.read > limit {
				t.Errorf("%d bytes were read", from.read)
			}
		})
	}
	// Comments and events without data may be many.
	quiet := ":\n" + strings.Repeat(": 12345\nevent: a\nid: 7\n\n", most)
	got, err := every(eventsOf("text/event-stream", strings.NewReader(quiet+"data: 1\n\n"), most, nil))
	if !slices.Equal(got, []string{"1"}) || !errors.Is(err, io.EOF) {
		t.Errorf("got %q, %v", got, err)
	}
}

// An event of exactly the most bytes is read, one more is too much.
func TestLongestEvents(t *testing.T) {
	const most = 100_000 // beyond what buffers keep
	for mediaType, c := range map[string]struct{ before, after string }{
		"text/event-stream":    {"data: ", "\n\n"},
		"application/x-ndjson": {"", "\n"},
	} {
		for more := range 2 {
			text := strings.Repeat("1", most-len(c.before)+more)
			stream := strings.Repeat(c.before+text+c.after, 3)
			got, err := every(eventsOf(mediaType, strings.NewReader(stream), most, nil))
			if more == 0 && (len(got) != 3 || got[2] != text || !errors.Is(err, io.EOF)) || more == 1 && (len(got) > 0 || !errors.Is(err, errLongEvent)) {
				t.Errorf("%s, %d more: %d events, %v", mediaType, more, len(got), err)
			}
		}
	}
}

// A broken connection is not an end.
func TestEventsThatBreak(t *testing.T) {
	broken := errors.New("broken")
	for mediaType, text := range map[string]string{"text/event-stream": "data: 1\n\ndata: 2\n", "application/x-ndjson": "1\n2"} {
		got, err := every(eventsOf(mediaType, io.MultiReader(strings.NewReader(text), iotest.ErrReader(broken)), 1000, nil))
		if !slices.Equal(got, []string{"1"}) || !errors.Is(err, broken) {
			t.Errorf("%s: got %q, %v", mediaType, got, err)
		}
	}
}

var ends = regexp.MustCompile("\r\n|\r|\n")

// simpleServerSent is the specification's algorithm for a whole text.
func simpleServerSent(text string, most int, names []string) (all []string, tooLong bool) {
	data, name := "", ""
	lines := ends.Split(text, -1)
	for i, line := range lines {
		if len(data)+len(line) > most {
			return all, true
		}
		if i == 0 {
			line = strings.TrimPrefix(line, "\ufeff")
		}
		if i == len(lines)-1 {
			break
		}
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case line == "":
			if name == "" {
				name = "message"
			}
			if strings.Trim(data, " \t\r\n") != "" && (len(names) == 0 || slices.Contains(names, name)) {
				all = append(all, strings.TrimSuffix(data, "\n"))
			}
			data, name = "", ""
		case field == "data":
			data += value + "\n"
		case field == "event":
			name = value
		}
	}
	return all, false
}

func simpleJSONLines(text string, most int) (all []string, tooLong bool) {
	for i, line := range strings.Split(text, "\n") {
		if len(line) > most {
			return all, true
		}
		if i == 0 {
			line = strings.TrimPrefix(line, "\ufeff")
		}
		if strings.Trim(line, " \t\r") != "" {
			all = append(all, line)
		}
	}
	return all, false
}

func FuzzEvents(f *testing.F) {
	for _, text := range []string{
		"data: 1\n\nevent: a\ndata: {\ndata: }\n\n", "\ufeffdata:1\r\n\r\n:\r\rdata\r\n\n", "id: 7\nretry: 3\nevent\ndata:  \n\ndata: 2",
		"1\n2\r\n\n{\"a\": \"\\n\"}", "\ufeff\n\ufeff1", "data: 1\r\r\ndata: 2\r\r\n", "event: a\r\nevent:b\r\ndata:x\r\n\r\n",
	} {
		f.Add(text, uint16(1000), uint8(3), "a")
		f.Add(text, uint16(7), uint8(1), "")
	}
	f.Fuzz(func(t *testing.T, text string, most uint16, chunk uint8, name string) {
		var names []string
		if name != "" {
			names = []string{name, "message"}
		}
		var parts []string
		for part := range slices.Chunk([]byte(text), int(chunk)+1) {
			parts = append(parts, string(part))
		}
		for mediaType, simple := range map[string]func() ([]string, bool){
			"text/event-stream":    func() ([]string, bool) { return simpleServerSent(text, int(most), names) },
			"application/x-ndjson": func() ([]string, bool) { return simpleJSONLines(text, int(most)) },
		} {
			want, tooLong := simple()
			got, err := every(eventsOf(mediaType, &chunks{texts: parts}, int64(most), names))
			if !slices.Equal(got, want) || errors.Is(err, errLongEvent) != tooLong || errors.Is(err, io.EOF) == tooLong {
				t.Errorf("%s: got %q, %v\nwant %q, too long: %t", mediaType, got, err, want, tooLong)
			}
		}
	})
}

// Reading costs one allocation an event, the text.
func TestAllocationsOfEvents(t *testing.T) {
	for mediaType, text := range map[string]string{"text/event-stream": "event: a\ndata: 1\n\n", "application/x-ndjson": "12345\n"} {
		e := eventsOf(mediaType, &endless{text: text}, math.MaxInt64, []string{"a"})
		if n := testing.AllocsPerRun(100, func() { _, _ = e.next() }); n > 1 {
			t.Errorf("%s: %v allocations", mediaType, n)
		}
	}
}
