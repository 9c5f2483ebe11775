package usage

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"time"
)

// formatVersion is the version of the format that this package writes.
const formatVersion = 1

// longestLine is the most bytes of a line: four names, a coordinate and numbers,
// all escaped.
const longestLine = 16 << 10

// header is the first line of a file.
type header struct {
	Version    int  `json:"version"`
	From       Day  `json:"from"`
	To         Day  `json:"to"`
	Incomplete bool `json:"incomplete,omitempty"`
}

// SyntaxError is the error of a line of a file.
type SyntaxError struct {
	Line int // counts from 1
	Err  error
}

// Error returns the line and its error.
func (e *SyntaxError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }

// Unwrap returns what is wrong.
func (e *SyntaxError) Unwrap() error { return e.Err }

// Read reads a file, or several one after the other. What is wrong with a line
// is a [*SyntaxError]. Records beyond the limit are left out: see
// [Usage.Incomplete].
func Read(r io.Reader, limits Limits) (*Usage, error) {
	u := New(limits)
	limited := &io.LimitedReader{R: r, N: u.limits.Bytes + 1}
	lines := bufio.NewScanner(limited)
	lines.Buffer(nil, longestLine)
	n := 0
	for lines.Scan() {
		n++
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		if err := u.line(lines.Bytes()); err != nil && limited.N > 0 { // else the line is cut
			return nil, &SyntaxError{n, err}
		}
	}
	switch err := lines.Err(); {
	case limited.N <= 0:
		return nil, fmt.Errorf("it has more than %d bytes", u.limits.Bytes)
	case errors.Is(err, bufio.ErrTooLong):
		return nil, &SyntaxError{n + 1, fmt.Errorf("it has more than %d bytes", longestLine)}
	case err != nil:
		return nil, err
	case u.From == "":
		return nil, &SyntaxError{1, errNoHeader}
	}
	return u, nil
}

var errNoHeader = errors.New(`the first line must be a header: {"version": 1, "from": "2026-11-01", "to": "2026-11-27"}`)

// line reads a line.
func (u *Usage) line(text []byte) error {
	var kind struct {
		Version *int `json:"version"`
	}
	if err := json.Unmarshal(text, &kind); err != nil {
		return fmt.Errorf("it must be a JSON object: %w", err)
	}
	if kind.Version != nil {
		return u.header(text)
	}
	if u.From == "" {
		return errNoHeader
	}
	var r Record
	if err := strict(text, &r); err != nil {
		return err
	}
	return u.Add(r)
}

func (u *Usage) header(text []byte) error {
	var h header
	if err := json.Unmarshal(text, &h); err != nil {
		return err
	}
	switch {
	case h.Version != formatVersion:
		return fmt.Errorf("version %d is not known; version %d is", h.Version, formatVersion)
	case !h.From.valid() || !h.To.valid():
		return errors.New("from and to must be days, as in 2026-11-27")
	case h.To < h.From:
		return errors.New("to is before from")
	}
	u.cover(h.From, h.To)
	u.Incomplete = u.Incomplete || h.Incomplete
	return nil
}

// strict decodes an object that may have known members only.
func strict(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if d.More() {
		return errors.New("there is more than one value in the line")
	}
	return nil
}

// Write writes the usage as a file. The same usage yields the same bytes.
func (u *Usage) Write(w io.Writer) error {
	return write(w, header{formatVersion, u.From, u.To, u.Incomplete}, u.Records())
}

func write(w io.Writer, first header, records []Record) error {
	out := bufio.NewWriter(w)
	lines := json.NewEncoder(out)
	lines.SetEscapeHTML(false)
	if err := lines.Encode(first); err != nil {
		return err
	}
	for _, r := range records {
		if err := lines.Encode(r); err != nil {
			return err
		}
	}
	return out.Flush()
}

// valid reports whether d is a day.
func (d Day) valid() bool {
	_, err := time.Parse(time.DateOnly, string(d))
	return err == nil
}

// DayOf returns the day of a time.
func DayOf(t time.Time) Day { return Day(t.UTC().Format(time.DateOnly)) }

// ParseDay returns the day that a text is.
func ParseDay(text string) (Day, error) {
	if d := Day(text); d.valid() {
		return d, nil
	}
	return "", fmt.Errorf("%q is not a day, as in 2026-11-27", text)
}

var coordinate = regexp.MustCompile(`^(@?[_A-Za-z][_0-9A-Za-z]*(\([_A-Za-z][_0-9A-Za-z]*:\))?|` +
	`[_A-Za-z][_0-9A-Za-z]*\.[_A-Za-z][_0-9A-Za-z]*(\([_A-Za-z][_0-9A-Za-z]*:\))?)$`)

func isCoordinate(text string) bool { return coordinate.MatchString(text) }
