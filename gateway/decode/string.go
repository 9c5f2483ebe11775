package decode

import (
	"encoding/base64"
	"math/bits"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// String reads a string.
func (d *JSON) String() (string, error) {
	switch d.peek() {
	case '"':
		return d.read()
	case 'n':
		d.Skip()
		return "", d.or(ErrMissing)
	}
	return "", d.mismatch("a string")
}

// Text reads a string or a number. A number is read as the service wrote it:
// services write IDs and exact decimals as numbers, too.
func (d *JSON) Text() (string, error) {
	switch c := d.peek(); {
	case c == '"':
		return d.read()
	case c == 'n':
		d.Skip()
		return "", d.or(ErrMissing)
	case c == '-' || '0' <= c && c <= '9':
		text := d.own(d.number())
		return text, d.err
	}
	return "", d.mismatch("a string or a number")
}

// Bool reads true or false.
func (d *JSON) Bool() (bool, error) {
	switch c := d.peek(); c {
	case 't', 'f', 'n':
		d.Skip()
		if c == 'n' {
			return false, d.or(ErrMissing)
		}
		return c == 't' && d.err == nil, d.err
	}
	return false, d.mismatch("true or false")
}

// Time reads a time as RFC 3339 has it.
func (d *JSON) Time() (t time.Time, err error) {
	text, err := d.String()
	if err != nil {
		return t, err
	}
	return parseTime(text)
}

func parseTime(text string) (t time.Time, err error) {
	if len(text) > longestSample || t.UnmarshalText([]byte(text)) != nil || !isStrict(text) {
		return time.Time{}, &Mismatch{Want: "a time (RFC 3339)", Have: sample(text)}
	}
	return t, nil
}

// isStrict reports whether a time that package time has read is one of RFC 3339: it also reads hours of one digit, commas,
// and zones that do not exist (https://go.dev/issue/54580).
func isStrict(text string) bool {
	const clock, zone = len("2006-01-02T15:"), len("+15:04")
	if text[clock-1] != ':' || strings.Contains(text, ",") {
		return false
	}
	if last := text[len(text)-zone:]; last[0] == '+' || last[0] == '-' {
		return last[1:3] <= "23" && last[4:] <= "59"
	}
	return true
}

// Bytes reads a string in base64.
func (d *JSON) Bytes() ([]byte, error) {
	text, err := d.String()
	if err != nil {
		return nil, err
	}
	return parseBytes(text)
}

func parseBytes(text string) ([]byte, error) {
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, &Mismatch{Want: "base64", Have: sample(text)}
	}
	return data, nil
}

func (d *JSON) read() (string, error) {
	text := d.string(false)
	d.state = after
	return d.own(text), d.err
}

func (d *JSON) own(text string) string {
	if d.Copy {
		return strings.Clone(text)
	}
	return text
}

// string consumes a string, the quotation mark of which is next, and returns
// its value, or anything if it is skipped.
func (d *JSON) string(skip bool) string {
	from := d.at + 1
	d.at = from + plain(d.text[from:])
	if d.here() == '"' { // mostly that is all
		d.at++
		return d.text[from : d.at-1]
	}
	text, ascii, escaped := d.rest(from)
	switch {
	case skip || ascii && !escaped:
		return text
	case escaped:
		text = unescape(text)
	}
	return valid(text)
}

// rest consumes the rest of a string from where it is not plain, and returns
// all of it, which begins at from.
func (d *JSON) rest(from int) (text string, ascii, escaped bool) {
	ascii = true
	for d.at < len(d.text) {
		switch c := d.text[d.at]; {
		case c == '"':
			d.at++
			return d.text[from : d.at-1], ascii, escaped
		case c == '\\':
			escaped = true
			d.escape()
		case c < ' ':
			d.malformed("no control character in a string")
			return "", true, false
		case c >= utf8.RuneSelf:
			ascii = false
			d.at++
		default:
			d.at++
			d.at += plain(d.text[d.at:])
		}
	}
	_ = d.fail(errEnd) // unless an escape sequence has failed
	return "", true, false
}

// plain returns the number of bytes at the start of a text that are ASCII and
// have no meaning of their own in a string. It may stop early.
func plain(text string) int {
	n := 0
	for ; n+8 <= len(text); n += 8 {
		s := text[n : n+8]
		word := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
			uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
		if found := marks(word); found != 0 {
			return n + bits.TrailingZeros64(found)/8
		}
	}
	for ; n < len(text); n++ {
		if c := text[n]; c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\\' {
			return n
		}
	}
	return n
}

// marks has the highest bit of a byte set where word has a quotation mark, a
// backslash, a control character or no ASCII. Only the lowest of the bits that
// are set is exact: a subtraction borrows from the bytes above one that it finds.
func marks(word uint64) uint64 {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	quote, backslash := word^'"'*ones, word^'\\'*ones // 0 where there is one
	return (word | (word - ' '*ones) | (quote - ones) | (backslash - ones)) & highs
}

// escape consumes an escape sequence.
func (d *JSON) escape() {
	rest := d.text[d.at:]
	switch {
	case len(rest) < 2, rest[1] == 'u' && len(rest) < 6 && isHex(rest[2:]):
		_ = d.fail(errEnd)
	case strings.IndexByte(`"\/bfnrt`, rest[1]) >= 0:
		d.at += 2
	case rest[1] == 'u' && len(rest) >= 6 && isHex(rest[2:6]):
		d.at += 6
	default:
		d.malformed("an escape sequence")
	}
}

func isHex(text string) bool {
	for i := range len(text) {
		switch c := text[i]; {
		case '0' <= c && c <= '9', 'a' <= c && c <= 'f', 'A' <= c && c <= 'F':
		default:
			return false
		}
	}
	return true
}

// unescape replaces the escape sequences of a string, which are well-formed.
func unescape(text string) string {
	var b strings.Builder
	b.Grow(len(text))
	for {
		i := strings.IndexByte(text, '\\')
		if i < 0 {
			b.WriteString(text)
			return b.String()
		}
		b.WriteString(text[:i])
		c := text[i+1]
		text = text[i+2:]
		switch c {
		case 'b':
			b.WriteByte('\b')
		case 'f':
			b.WriteByte('\f')
		case 'n':
			b.WriteByte('\n')
		case 'r':
			b.WriteByte('\r')
		case 't':
			b.WriteByte('\t')
		case 'u':
			r, length := codePoint(text)
			b.WriteRune(r)
			text = text[length:]
		default:
			b.WriteByte(c)
		}
	}
}

// codePoint returns the character of the digits after \u, and the number of
// bytes that it has: more if it is a pair of surrogates.
func codePoint(text string) (rune, int) {
	r := unit(text)
	if !utf16.IsSurrogate(r) {
		return r, 4
	}
	if strings.HasPrefix(text[4:], `\u`) {
		if pair := utf16.DecodeRune(r, unit(text[6:])); pair != utf8.RuneError {
			return pair, 10
		}
	}
	return utf8.RuneError, 4
}

func unit(digits string) rune {
	n, _ := strconv.ParseUint(digits[:4], 16, 16) // escape has checked it
	return rune(n)
}

// valid replaces each byte that is not UTF-8.
func valid(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	var b strings.Builder
	b.Grow(len(text) + 2*utf8.UTFMax)
	for _, r := range text {
		b.WriteRune(r)
	}
	return b.String()
}
