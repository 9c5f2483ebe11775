package observe

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"
)

// AccessConfig says which requests are logged. The zero value logs none.
type AccessConfig struct {
	// All logs every request; Sample of those that succeed and are not slow, from 0 to 1.
	All    bool
	Sample float64
	// Slow is how long an operation takes that is logged in any case; 0 for none.
	Slow time.Duration
}

// Access writes a line for each request. It is safe for concurrent use. Lines are written at
// most flushEvery later, and when the buffer is full.
type Access struct {
	text   bool // for a person
	random func() float64
	now    func() time.Time

	config atomic.Pointer[AccessConfig]

	mu   sync.Mutex
	out  *bufio.Writer
	line []byte
}

const (
	flushEvery = 200 * time.Millisecond
	bufferSize = 64 << 10
)

// NewAccess returns a log that writes to w: JSON, or text for a person if w is a terminal. Run must
// run while it is used.
func NewAccess(w io.Writer, random func() float64) *Access {
	a := &Access{text: isTerminal(w), random: random, now: time.Now, out: bufio.NewWriterSize(w, bufferSize)}
	a.Change(AccessConfig{})
	return a
}

// Change changes which requests are logged.
func (a *Access) Change(c AccessConfig) { a.config.Store(&c) }

// Run writes what is buffered, until ctx is done, and then what is left.
func (a *Access) Run(ctx context.Context) {
	ticker := time.NewTicker(flushEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			a.flush()
		case <-ctx.Done():
			a.flush()
			return
		}
	}
}

func (a *Access) flush() {
	a.mu.Lock()
	defer a.mu.Unlock()
	_ = a.out.Flush() // there is nowhere to report it
}

// Line is what is logged of a request. Texts that are empty, and numbers that are 0, are left out
// where that says the same.
type Line struct {
	Request   string   // the id
	Trace     [16]byte // the id of the trace; all zero for none
	Transport string   // http, sse, websocket
	Method    string   // of HTTP
	Status    int      // of HTTP; 0 over a connection that lasts
	Frontend  string
	Operation string // its name
	Type      string // query, mutation or subscription
	Known     bool   // the document is one of the frontend's, and its name no caller's
	Hash      string // SHA-256 of the document
	Client    string // its name
	Version   string // of the client
	Subject   string // of the principal; it is logged as a hash
	Outcome   string // see [Done]; empty if the request was for no operation
	Codes     []string
	Took      time.Duration
	Calls     int           // of services
	Waited    time.Duration // for them
	Cache     string
	Requested float64 // the most that the operation can cost; only for its span
	Cost      float64 // that it did
	Bytes     int64   // of the body that was sent
	Events    int     // of a subscription
	Plan      []Call  // of a slow operation
	More      int     // calls besides those of the plan

	// Span is that of the operation, which the writer of the line ends; nil for none.
	Span *Span
}

// Write logs a request, unless it is left out.
func (a *Access) Write(l *Line) {
	if !a.wants(l) {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.line = a.line[:0]; a.text {
		a.line = l.appendText(a.line, a.now())
	} else {
		a.line = l.appendJSON(a.line, a.now())
	}
	_, _ = a.out.Write(append(a.line, '\n')) // there is nowhere to report it
}

// IsSlow reports whether a line is that of a slow operation.
func (a *Access) IsSlow(l *Line) bool {
	slow := a.config.Load().Slow
	return slow > 0 && l.Took >= slow && l.Type != "subscription"
}

func (a *Access) wants(l *Line) bool {
	if a.IsSlow(l) {
		return true
	}
	c := a.config.Load()
	if !c.All {
		return false
	}
	return l.Outcome != Success || c.Sample >= 1 || a.random() < c.Sample
}

// appendJSON appends the line as JSON.
func (l *Line) appendJSON(b []byte, now time.Time) []byte {
	b = append(b, `{"time":"`...)
	b = now.AppendFormat(b, time.RFC3339Nano)
	b = append(b, `","level":"INFO","msg":"request"`...)
	for _, field := range [...]struct{ name, value string }{
		{"request", l.Request}, {"transport", l.Transport}, {"method", l.Method},
		{"frontend", l.Frontend}, {"operation", l.Operation}, {"type", l.Type}, {"document", l.Hash},
		{"client", l.Client}, {"clientVersion", l.Version}, {"subject", hashed(l.Subject)}, {"outcome", l.Outcome}, {"cache", l.Cache},
	} {
		b = appendField(b, field.name, field.value)
	}
	if l.Trace != [16]byte{} {
		b = append(hex.AppendEncode(append(b, `,"trace":"`...), l.Trace[:]), '"')
	}
	if len(l.Codes) > 0 {
		b = append(b, `,"codes":[`...)
		for i, code := range l.Codes {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendString(b, code)
		}
		b = append(b, ']')
	}
	if l.Status > 0 {
		b = strconv.AppendInt(append(b, `,"status":`...), int64(l.Status), 10)
	}
	b = appendMillis(append(b, `,"ms":`...), l.Took)
	if l.Outcome != "" {
		b = strconv.AppendInt(append(b, `,"calls":`...), int64(l.Calls), 10)
		b = appendMillis(append(b, `,"callsMs":`...), l.Waited)
		b = strconv.AppendFloat(append(b, `,"cost":`...), l.Cost, 'g', 6, 64)
	}
	if l.Type == "subscription" {
		b = strconv.AppendInt(append(b, `,"events":`...), int64(l.Events), 10)
	}
	if l.Status > 0 {
		b = strconv.AppendInt(append(b, `,"bytes":`...), l.Bytes, 10)
	}
	if len(l.Plan) > 0 {
		b = l.appendPlan(b)
	}
	return append(b, '}')
}

// appendText appends the line for a person.
func (l *Line) appendText(b []byte, now time.Time) []byte {
	b = now.AppendFormat(b, time.TimeOnly)
	what := l.Frontend
	if l.Type != "" {
		what += " " + l.Type
	}
	if l.Operation != "" {
		what += " " + l.Operation
	}
	b = fmt.Appendf(b, " %s %s", l.Transport, printableText(what))
	if l.Status > 0 {
		b = fmt.Appendf(b, " %d", l.Status)
	}
	b = fmt.Appendf(b, " %s in %v", l.Outcome, l.Took.Round(10*time.Microsecond))
	if l.Calls > 0 {
		b = fmt.Appendf(b, " (%d calls %v)", l.Calls, l.Waited.Round(10*time.Microsecond))
	}
	if l.Cache != "" {
		b = append(append(b, " cache "...), l.Cache...)
	}
	for _, code := range l.Codes {
		b = append(append(b, ' '), printableText(code)...)
	}
	for i := range l.Plan {
		b = l.Plan[i].appendText(b)
	}
	return b
}

// printableText returns a text without control characters, which could be read as commands of a
// terminal, or begin another line.
func printableText(text string) string {
	return string(appendPrintable(nil, text))
}

func appendPrintable(b []byte, text string) []byte {
	for _, r := range text {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r == utf8.RuneError {
			r = '?'
		}
		b = utf8.AppendRune(b, r)
	}
	return b
}

// longestText is the most bytes of a text that callers choose.
const longestText = 256

// appendString appends a string of JSON.
func appendString(b []byte, text string) []byte {
	if len(text) > longestText {
		text = text[:longestText]
	}
	b = append(b, '"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r < ' ' || r == 0x7f || r == '\u2028' || r == '\u2029':
			b = fmt.Appendf(b, `\u%04x`, r)
		default:
			b = utf8.AppendRune(b, r) // U+FFFD for what is not UTF-8
		}
	}
	return append(b, '"')
}

// appendField appends a member of JSON, unless its value is empty.
func appendField(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	b = append(append(append(b, `,"`...), name...), `":`...)
	return appendString(b, value)
}

// appendMillis appends milliseconds with three digits after the point.
func appendMillis(b []byte, d time.Duration) []byte {
	return strconv.AppendFloat(b, float64(d.Microseconds())/1e3, 'f', 3, 64)
}

// hashed returns what stands for a subject in the log: the same for the same one, which it does not
// tell.
func hashed(subject string) string {
	if subject == "" {
		return ""
	}
	sum := sha256.Sum256([]byte("subject:" + subject))
	return hex.EncodeToString(sum[:8])
}
