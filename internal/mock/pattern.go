package mock

import (
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
)

// The bounds of what is tried for a pattern.
const (
	patternTries = 16
	patternSteps = 64
)

// patterned returns a text that matches a schema's pattern and has its length: the text itself if it does, or else one that is made
// of the pattern. It returns the text itself, too, if there is no such text, or if Go can't read the pattern, such as one that looks ahead.
func patterned(schema *openapi3.Schema, text string, n uint64) string {
	if schema.Pattern == "" {
		return text
	}
	source := unicodeEscape.ReplaceAllString(schema.Pattern, `\x{$1$2}`)
	matcher, err := regexp.Compile(source)
	if err != nil {
		return text
	}
	fits := func(text string) bool { return fitsLength(schema, text) == 0 && matcher.MatchString(text) }
	tree, err := syntax.Parse(source, syntax.Perl)
	if err != nil || fits(text) {
		return text
	}
	tree = tree.Simplify()
	for try := range uint64(patternTries) {
		if made, ok := ofPattern(tree, schema, n+try, fits); ok {
			return made
		}
	}
	return text
}

// unicodeEscape is an escape of ECMAScript that Go writes in another way.
var unicodeEscape = regexp.MustCompile(`\\u(?:\{([0-9A-Fa-f]+)\}|([0-9A-Fa-f]{4}))`)

// fitsLength is 0 for a text with a length that a schema permits, negative for one that is too short, and positive for one that is too long.
func fitsLength(schema *openapi3.Schema, text string) int {
	length := uint64(utf8.RuneCountInString(text)) //nolint:gosec // a length
	switch {
	case length < schema.MinLength:
		return -1
	case schema.MaxLength != nil && length > *schema.MaxLength:
		return 1
	}
	return 0
}

// ofPattern makes a text of a pattern that fits. What the pattern repeats any number of times is repeated more often until the text is long enough.
func ofPattern(tree *syntax.Regexp, schema *openapi3.Schema, n uint64, fits func(string) bool) (string, bool) {
	more := int(n % 3) //nolint:gosec // less than 3
	for range patternSteps {
		text := textOfPattern(tree, more, n)
		length := fitsLength(schema, text)
		switch {
		case length == 0:
			if fits(text) {
				return text, true
			}
			more++
		case length > 0 && more == 0:
			return "", false
		case length > 0:
			more--
		default:
			missing := int(min(schema.MinLength, maxRequest)) - utf8.RuneCountInString(text) //nolint:gosec // at most maxRequest
			each := utf8.RuneCountInString(textOfPattern(tree, more+1, n)) - utf8.RuneCountInString(text)
			if each <= 0 || len(text) >= maxRequest {
				return "", false
			}
			more += max(1, missing/each/2) // half of the way, since repetitions within repetitions add more each time
		}
	}
	return "", false
}

// textOfPattern makes a text. Each choice is by a hash of n and of how many were made before.
func textOfPattern(tree *syntax.Regexp, more int, n uint64) string {
	t := patternText{more: more, state: n}
	t.write(tree)
	return t.String()
}

// patternText is a text that is made of a pattern.
type patternText struct {
	strings.Builder

	more  int // how often more than it must be something is repeated
	state uint64
}

// next returns a number below a limit.
func (t *patternText) next(limit int) int {
	t.state = t.state*6364136223846793005 + 1442695040888963407 // Knuth's MMIX generator
	return int(t.state >> 33 % uint64(limit))                   //nolint:gosec // it is less than limit, which is positive
}

func (t *patternText) write(re *syntax.Regexp) {
	switch re.Op {
	case syntax.OpLiteral:
		t.WriteString(string(re.Rune))
	case syntax.OpCharClass:
		t.WriteRune(t.oneOf(re.Rune))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		t.WriteByte('a' + byte(t.next(26))) //nolint:gosec // less than 26
	case syntax.OpCapture, syntax.OpConcat:
		for _, sub := range re.Sub {
			t.write(sub)
		}
	case syntax.OpAlternate:
		t.write(re.Sub[t.next(len(re.Sub))])
	case syntax.OpQuest:
		t.repeat(re.Sub[0], min(t.more, 1))
	case syntax.OpStar:
		t.repeat(re.Sub[0], t.more)
	case syntax.OpPlus:
		t.repeat(re.Sub[0], 1+t.more)
	default: // anchors and boundaries, which have no text
	}
}

func (t *patternText) repeat(re *syntax.Regexp, times int) {
	for range times {
		if t.Len() < maxRequest {
			t.write(re)
		}
	}
}

// oneOf returns a character of a class, which is pairs of the first and the last ones: a letter or a digit if it has one, or
// else another one that can be printed.
func (t *patternText) oneOf(class []rune) rune {
	for _, of := range []string{"abcdefghijklmnopqrstuvwxyz0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "-_.:/+#@!$%&()*,;<=>?[]^{|}~'\"`\\ "} {
		var usable []rune
		for _, r := range of {
			if inClass(class, r) {
				usable = append(usable, r)
			}
		}
		if len(usable) > 0 {
			return usable[t.next(len(usable))]
		}
	}
	pair := 2 * t.next(max(1, len(class)/2))
	if pair+1 >= len(class) { // an empty class matches nothing
		return 'x'
	}
	return class[pair] + rune(t.next(int(min(class[pair+1]-class[pair]+1, 64)))) //nolint:gosec // less than 64
}

func inClass(class []rune, r rune) bool {
	for i := 0; i+1 < len(class); i += 2 {
		if class[i] <= r && r <= class[i+1] {
			return true
		}
	}
	return false
}
