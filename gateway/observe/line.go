package observe

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"
)

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

// appendJSON appends the line as JSON, after its time.
func (l *Line) appendJSON(b []byte) []byte {
	b = append(b, `","level":"INFO","msg":"request"`...)
	b = appendField(b, `,"request":"`, l.Request)
	b = appendField(b, `,"transport":"`, l.Transport)
	b = appendField(b, `,"method":"`, l.Method)
	b = appendField(b, `,"frontend":"`, l.Frontend)
	b = appendField(b, `,"operation":"`, l.Operation)
	b = appendField(b, `,"type":"`, l.Type)
	b = appendField(b, `,"document":"`, l.Hash)
	b = appendField(b, `,"client":"`, l.Client)
	b = appendField(b, `,"clientVersion":"`, l.Version)
	b = appendField(b, `,"subject":"`, hashed(l.Subject))
	b = appendField(b, `,"outcome":"`, l.Outcome)
	b = appendField(b, `,"cache":"`, l.Cache)
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
		b = appendPoints(append(b, `,"cost":`...), l.Cost)
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

// appendField appends a member of JSON, unless its value is empty. The name is with what is around it.
func appendField(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	return append(appendText(append(b, name...), value), '"')
}

// appendString appends a string of JSON.
func appendString(b []byte, text string) []byte {
	return append(appendText(append(b, '"'), text), '"')
}

// appendText appends what is between the quotes of a string of JSON.
func appendText(b []byte, text string) []byte {
	if len(text) > longestText {
		text = text[:longestText]
	}
	if isUnescaped(text) {
		return append(b, text...)
	}
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
	return b
}

// isUnescaped reports whether a text is the same in a string of JSON.
func isUnescaped(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// appendMillis appends milliseconds with three digits after the point.
func appendMillis(b []byte, d time.Duration) []byte {
	micros := d.Microseconds()
	b = append(strconv.AppendInt(b, micros/1000, 10), '.') //nolint:mnd // see above
	return appendDigits(b, int(micros%1000), 100)          //nolint:mnd // see above
}

// appendDigits appends the decimal digits of n, the first of which stands for the unit.
func appendDigits(b []byte, n, unit int) []byte {
	for ; unit > 0; unit /= 10 {
		b = append(b, '0'+byte(n/unit%10)) //nolint:gosec // a digit
	}
	return b
}

// appendPoints appends a number of points, which mostly has no fraction.
func appendPoints(b []byte, points float64) []byte {
	if whole := int64(points); float64(whole) == points && whole < 1e6 && whole >= 0 {
		return strconv.AppendInt(b, whole, 10)
	}
	return strconv.AppendFloat(b, points, 'g', 6, 64)
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
