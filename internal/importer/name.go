package importer

import (
	"regexp"
	"strings"
	"unicode"

	"github.com/portico-gateway/portico/internal/nearest"
)

func isLetter(r rune) bool { return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' }
func isDigit(r rune) bool  { return '0' <= r && r <= '9' }

// pieces are the letters and digits of a name, split at everything else. A name
// in capitals has no capitals that tell words apart, so it is lowered.
func pieces(s string) []string {
	if strings.ToUpper(s) == s {
		s = strings.ToLower(s)
	}
	return strings.FieldsFunc(s, func(r rune) bool { return !isLetter(r) && !isDigit(r) })
}

// camel makes a name lowerCamelCase, a valid name of GraphQL and one that can
// begin a Go name. A name that is so already stays.
func camel(s string) string {
	parts := pieces(s)
	if len(parts) == 0 {
		return "field"
	}
	parts[0] = lowerFirst(parts[0])
	for i := range parts[1:] {
		parts[i+1] = upperFirst(parts[i+1])
	}
	name := strings.Join(parts, "")
	if isDigit(rune(name[0])) {
		return "n" + name
	}
	return name
}

var (
	pascalName = regexp.MustCompile(`^[A-Z][A-Za-z0-9]*$`)
	idName     = regexp.MustCompile(`^(?i:id)$|(Id|[_-]id|[_-]ID)$`)
)

// pascal makes a name PascalCase. One that is a type's name already stays: SKU.
func pascal(s string) string {
	if pascalName.MatchString(s) {
		return s
	}
	if len(pieces(s)) == 0 {
		return "Type"
	}
	var b strings.Builder
	for _, part := range pieces(s) {
		b.WriteString(upperFirst(part))
	}
	if isDigit(rune(b.String()[0])) {
		return "N" + b.String()
	}
	return b.String()
}

func upperFirst(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// lowerFirst lowers the first word: URLPath becomes urlPath.
func lowerFirst(s string) string {
	n := 0
	for n < len(s) && unicode.IsUpper(rune(s[n])) {
		n++
	}
	if n > 1 && n < len(s) && !isDigit(rune(s[n])) {
		n-- // the last capital begins the next word
	}
	return strings.ToLower(s[:n]) + s[n:]
}

// upperSnake makes a name UPPER_SNAKE_CASE; empty when nothing is left of it.
func upperSnake(s string) string {
	var words []string
	for _, part := range pieces(s) {
		words = append(words, humps(part)...)
	}
	name := strings.ToUpper(strings.Join(words, "_"))
	if name != "" && isDigit(rune(name[0])) {
		return "N" + name
	}
	return name
}

// humps splits inTransit into in and Transit.
func humps(s string) []string {
	var words []string
	start := 0
	for i := 1; i < len(s); i++ {
		lower, upper := unicode.IsLower(rune(s[i-1])) || isDigit(rune(s[i-1])), unicode.IsUpper(rune(s[i]))
		next := i+1 < len(s) && unicode.IsLower(rune(s[i+1]))
		if upper && (lower || next) {
			words, start = append(words, s[start:i]), i
		}
	}
	return append(words, s[start:])
}

// singular is what one of several is called, by the plain rules of English.
func singular(s string) string {
	for _, rule := range [][2]string{{"ies", "y"}, {"sses", "ss"}, {"xes", "x"}, {"ches", "ch"}, {"shes", "sh"}, {"ss", "ss"}, {"us", "us"}, {"is", "is"}, {"s", ""}} {
		if stem, ok := strings.CutSuffix(s, rule[0]); ok && len(stem) > 1 {
			return stem + rule[1]
		}
	}
	return s
}

// isID tells whether a property or parameter is named as an id.
func isID(name string) bool { return idName.MatchString(name) }

// areIDs tells whether a list is named as one of ids.
func areIDs(name string) bool {
	stem, ok := strings.CutSuffix(name, "s")
	return ok && isID(stem)
}

// selection is what --only says.
type selection struct {
	patterns []string
	matched  map[string]bool
	seen     []string
}

func newSelection(patterns []string) *selection {
	return &selection{patterns: patterns, matched: map[string]bool{}}
}

// has tells whether an operation that goes by these names is chosen.
func (s *selection) has(names ...string) bool {
	chosen := len(s.patterns) == 0
	for _, name := range names {
		if name == "" {
			continue
		}
		s.seen = append(s.seen, name)
		for _, p := range s.patterns {
			if p == name || glob(p).MatchString(name) {
				s.matched[p], chosen = true, true
			}
		}
	}
	return chosen
}

// glob is the expression of a pattern, where * stands for any text.
func glob(pattern string) *regexp.Regexp {
	return regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, ".*") + "$")
}

// check tells of the first pattern that matched nothing.
func (s *selection) check() error {
	for _, p := range s.patterns {
		if !s.matched[p] {
			return &MistakeError{Message: "--only " + p + " matches no operation", Fix: nearest.Hint(p, s.seen)}
		}
	}
	return nil
}
