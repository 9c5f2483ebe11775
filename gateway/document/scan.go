package document

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// scanned is what [scan] finds in a document.
type scanned struct {
	text    string
	mask    []byte               // text as the library reads it right; nil if that is text itself
	strings map[int]stringOfText // by the offset of the opening quote, in code points
}

// stringOfText is one string of a document.
type stringOfText struct {
	value        string
	line, column int // of the opening quote, from 1
}

// scan reads the strings, numbers and comments of a document by the GraphQL
// specification, September 2025, sections 2.1 and 2.9, where the library's lexer
// differs from it:
//
//   - The indent of a block string is computed without its first line
//     (BlockStringValue), and its location is that of the opening quote.
//   - Escaped lone surrogates are errors.
//   - A line ends with \r\n, too.
//   - A number must not be followed by a name.
//   - Strings and comments may have control characters; the document must be
//     UTF-8.
//
// It is stricter in one thing: a quote right after a block string is an error,
// since the lexer would take it for a part of the string.
//
// It stops after so many strings, of which the parser takes no more.
func scan(text string, most int) (*scanned, *gqlerror.Error) {
	s := &scanner{scanned: scanned{text: text}, line: 1}
	if at := invalidUTF8(text); at >= 0 {
		for s.at < at {
			s.newLine()
		}
		return nil, s.errorf("The document is not UTF-8.")
	}
	for s.at < len(text) && len(s.strings) <= most {
		if err := s.token(); err != nil {
			return nil, err
		}
	}
	return &s.scanned, nil
}

// invalidUTF8 is the offset of the first byte that is not UTF-8, or -1.
func invalidUTF8(text string) int {
	if utf8.ValidString(text) {
		return -1
	}
	for at := 0; at < len(text); {
		r, size := utf8.DecodeRuneInString(text[at:])
		if r == utf8.RuneError && size == 1 {
			return at
		}
		at += size
	}
	return -1
}

// masked is the text for the library's parser, whose positions are those in the
// text: control characters are spaces, and so is \r of \r\n, which it counts as
// the first column of the next line.
func (s *scanned) masked() string {
	if s.mask == nil {
		return s.text
	}
	return string(s.mask)
}

// correct sets the value and the location of a string of the document.
func (s *scanned) correct(value *ast.Value) {
	if value.Kind != ast.StringValue && value.Kind != ast.BlockValue {
		return
	}
	if found, ok := s.strings[value.Position.Start]; ok {
		value.Raw = found.value
		value.Position.Line, value.Position.Column = found.line, found.column
	}
}

// relocate corrects the location of an error of the parser at a string: the
// lexer's is that after the quotes, as a column of the line where the string
// ends.
func (s *scanned) relocate(err error) {
	parsed, ok := err.(*gqlerror.Error) //nolint:errorlint // the parser returns this type
	if !ok || len(parsed.Locations) != 1 {
		return
	}
	at := &parsed.Locations[0]
	if at.Line < 1 {
		return
	}
	lines := strings.SplitAfterN(strings.ReplaceAll(s.masked(), "\r", "\n"), "\n", at.Line)
	offset := at.Column - 1
	for _, line := range lines[:len(lines)-1] {
		offset += utf8.RuneCountInString(line)
	}
	for _, quotes := range []int{len(`"""`), len(`"`)} {
		if found, ok := s.strings[offset-quotes]; ok {
			at.Line, at.Column = found.line, found.column
			return
		}
	}
}

// scanner reads one document.
type scanner struct {
	scanned

	at              int // bytes that are read
	line, lineStart int // the line from 1, and the offset of its start
	runes, counted  int // text[:counted] has so many code points
}

// offset is that of the next byte, in code points.
func (s *scanner) offset() int {
	s.runes += utf8.RuneCountInString(s.text[s.counted:s.at])
	s.counted = s.at
	return s.runes
}

// column is that of the next byte, in code points from 1.
func (s *scanner) column() int { return s.offset() - s.lineStart + 1 }

func (s *scanner) errorf(format string, args ...any) *gqlerror.Error {
	return gqlerror.ErrorLocf("", s.line, s.column(), format, args...)
}

// next is the byte at an offset from the next one; 0 beyond the end.
func (s *scanner) next(offset int) byte {
	if s.at+offset < len(s.text) {
		return s.text[s.at+offset]
	}
	return 0
}

func (s *scanner) token() *gqlerror.Error {
	switch c := s.text[s.at]; {
	case c == '#':
		for s.at < len(s.text) && s.text[s.at] != '\n' && s.text[s.at] != '\r' {
			s.plain()
		}
	case c == '"':
		return s.quoted()
	case c == '-' || isDigit(c):
		return s.number()
	case isNameStart(c):
		for isNameStart(s.next(0)) || isDigit(s.next(0)) {
			s.at++
		}
	default:
		s.newLine()
	}
	return nil
}

// newLine reads one byte, or a line terminator.
func (s *scanner) newLine() {
	switch s.text[s.at] {
	case '\r':
		if s.next(1) == '\n' {
			s.blank()
		}
		fallthrough
	case '\n':
		s.at++
		s.line, s.lineStart = s.line+1, s.offset()
	default:
		s.at++
	}
}

// plain reads a byte of a comment or string, which may be a control character.
func (s *scanner) plain() {
	if c := s.text[s.at]; c < ' ' && c != '\t' {
		s.blank()
		return
	}
	s.at++
}

// blank reads a byte that is a space for the parser.
func (s *scanner) blank() {
	if s.mask == nil {
		s.mask = []byte(s.text)
	}
	s.mask[s.at] = ' '
	s.at++
}

// number reads a number as far as it is one: the parser reports what is not.
func (s *scanner) number() *gqlerror.Error {
	s.at++
	s.digits()
	if s.next(0) == '.' {
		s.at++
		s.digits()
	}
	if c := s.next(0); c == 'e' || c == 'E' {
		s.at++
		if c := s.next(0); c == '+' || c == '-' {
			s.at++
		}
		s.digits()
	}
	if c := s.next(0); isNameStart(c) || c == '.' {
		return s.errorf("A number must not be followed by %q.", c)
	}
	return nil
}

func (s *scanner) digits() {
	for isDigit(s.next(0)) {
		s.at++
	}
}

// quoted reads a string.
func (s *scanner) quoted() *gqlerror.Error {
	start, found := s.offset(), stringOfText{line: s.line, column: s.column()}
	var err *gqlerror.Error
	if s.next(1) == '"' && s.next(2) == '"' {
		found.value, err = s.blockString()
	} else {
		found.value, err = s.string()
	}
	if err != nil {
		return err
	}
	if s.strings == nil {
		s.strings = map[int]stringOfText{}
	}
	s.strings[start] = found
	return nil
}

func (s *scanner) string() (string, *gqlerror.Error) {
	s.at++
	var value strings.Builder
	for s.at < len(s.text) {
		switch c := s.text[s.at]; c {
		case '"':
			s.at++
			return value.String(), nil
		case '\n', '\r':
			return "", s.errorf("The string has no end.")
		case '\\':
			size, r := escape(s.text[s.at:])
			if size == 0 {
				return "", s.errorf("The string has an escape sequence that is none: %q.", firstOf(s.text[s.at:], longestEscape))
			}
			s.at += size
			value.WriteRune(r)
		default:
			value.WriteByte(c)
			s.plain()
		}
	}
	return "", s.errorf("The string has no end.")
}

// longestEscape is that of \u{00000000}.
const longestEscape = 12

// firstOf is the start of a text that is quoted in an error, up to a quote.
func firstOf(text string, most int) string {
	end := min(most, len(text))
	for i := 2; i < end; i++ {
		if text[i] < ' ' || text[i] == '"' || text[i] >= utf8.RuneSelf {
			return text[:i]
		}
	}
	return strings.ToValidUTF8(text[:end], "")
}

// escape reads the escape sequence that a text begins with. Its size is 0 if it
// is none, which includes a surrogate without its other half.
func escape(text string) (size int, r rune) {
	if len(text) < 2 {
		return 0, 0
	}
	if text[1] == 'u' {
		return unicodeEscape(text)
	}
	const escapes, values = `"\/bfnrt`, "\"\\/\b\f\n\r\t"
	if i := strings.IndexByte(escapes, text[1]); i >= 0 {
		return 2, rune(values[i])
	}
	return 0, 0
}

func unicodeEscape(text string) (size int, r rune) {
	const braces = len(`\u{`)
	if len(text) > braces && text[2] == '{' {
		end := strings.IndexByte(text[:min(len(text), longestEscape)], '}')
		if end < 0 {
			return 0, 0
		}
		r, ok := hex(text[braces:end])
		if !ok || !utf8.ValidRune(r) {
			return 0, 0
		}
		return end + 1, r
	}
	r, ok := codeUnit(text)
	if !ok {
		return 0, 0
	}
	if !utf16.IsSurrogate(r) {
		return lengthOfUnit, r
	}
	low, ok := codeUnit(text[lengthOfUnit:])
	if pair := utf16.DecodeRune(r, low); ok && pair != utf8.RuneError {
		return 2 * lengthOfUnit, pair
	}
	return 0, 0
}

// lengthOfUnit is that of \u0000.
const lengthOfUnit = 6

// codeUnit reads \u0000.
func codeUnit(text string) (rune, bool) {
	if len(text) < lengthOfUnit || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	return hex(text[2:lengthOfUnit])
}

// hex reads up to 8 hexadecimal digits.
func hex(digits string) (rune, bool) {
	var n uint32
	for _, c := range []byte(digits) {
		switch {
		case isDigit(c):
			n = n<<4 | uint32(c-'0')
		case c >= 'a' && c <= 'f':
			n = n<<4 | uint32(c-'a'+10)
		case c >= 'A' && c <= 'F':
			n = n<<4 | uint32(c-'A'+10)
		default:
			return 0, false
		}
	}
	return rune(n), digits != "" //nolint:gosec // one of more than 31 bits is negative, which no code point is
}

func (s *scanner) blockString() (string, *gqlerror.Error) {
	const quotes = `"""`
	s.at += len(quotes)
	var raw strings.Builder
	for s.at < len(s.text) {
		rest := s.text[s.at:]
		switch {
		case strings.HasPrefix(rest, quotes):
			s.at += len(quotes)
			if s.next(0) == '"' {
				return "", s.errorf("A block string must not be followed by a quote.")
			}
			return blockStringValue(raw.String()), nil
		case strings.HasPrefix(rest, `\"""`):
			s.at += len(`\"""`)
			raw.WriteString(quotes)
		case rest[0] == '\n' || rest[0] == '\r':
			s.newLine()
			raw.WriteByte('\n')
		default:
			raw.WriteByte(rest[0])
			s.plain()
		}
	}
	return "", s.errorf("The block string has no end.")
}

// blockStringValue is BlockStringValue of the GraphQL specification, section
// 2.9.4, of a text whose lines end with \n.
func blockStringValue(raw string) string {
	lines := strings.Split(raw, "\n")
	common := -1
	for _, line := range lines[1:] {
		if indent := indentOf(line); indent < len(line) && (common < 0 || indent < common) {
			common = indent
		}
	}
	for i, line := range lines[1:] {
		lines[i+1] = line[min(max(common, 0), len(line)):]
	}
	for len(lines) > 0 && isBlank(lines[0]) {
		lines = lines[1:]
	}
	for len(lines) > 0 && isBlank(lines[len(lines)-1]) {
		lines = lines[:len(lines)-1]
	}
	return strings.Join(lines, "\n")
}

func indentOf(line string) int { return len(line) - len(strings.TrimLeft(line, " \t")) }

func isBlank(line string) bool { return indentOf(line) == len(line) }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isNameStart(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
}
