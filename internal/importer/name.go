package importer

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
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
	if stem, ok := strings.CutSuffix(strings.ToLower(s), "people"); ok {
		return s[:len(stem)] + s[len(stem):len(stem)+2] + "rson"
	}
	rules := [][2]string{{"ies", "y"}, {"sses", "ss"}, {"xes", "x"}, {"ches", "ch"}, {"shes", "sh"}, {"ss", "ss"}, {"us", "us"}, {"is", "is"}, {"s", ""}}
	for _, rule := range rules {
		if stem, ok := strings.CutSuffix(s, rule[0]); ok && len(stem) > 1 {
			return stem + rule[1]
		}
	}
	return s
}

// plural is what several of one are called.
func plural(s string) string {
	switch {
	case singular(s) != s:
		return s
	case strings.HasSuffix(s, "y") && !strings.HasSuffix(s, "ay") && !strings.HasSuffix(s, "ey") && !strings.HasSuffix(s, "oy"):
		return strings.TrimSuffix(s, "y") + "ies"
	case strings.HasSuffix(s, "s"), strings.HasSuffix(s, "x"), strings.HasSuffix(s, "ch"), strings.HasSuffix(s, "sh"):
		return s + "es"
	}
	return s + "s"
}

// isID reports whether a property or parameter is named as an id.
func isID(name string) bool { return idName.MatchString(name) }

// areIDs reports whether a list is named as one of ids.
func areIDs(name string) bool {
	stem, ok := strings.CutSuffix(name, "s")
	return ok && isID(stem)
}

// numbered is the name, with the first number that makes it free if it is not.
func numbered(name string, free func(string) bool) string {
	if free(name) {
		return name
	}
	for i := 2; ; i++ {
		if next := name + strconv.Itoa(i); free(next) {
			return next
		}
	}
}

// uniqueName is a name that differs from those in used, where it is put.
func uniqueName(used map[string]bool, want string) string {
	name := numbered(want, func(n string) bool { return !used[strings.ToLower(n)] })
	used[strings.ToLower(name)] = true
	return name
}

// uniqueNames are names of fields for what a service calls its own. One that
// can stay as it is stays.
func uniqueNames(service []string) map[string]string {
	used, names := map[string]bool{}, map[string]string{}
	for _, stays := range []bool{true, false} {
		for _, name := range service {
			if (camel(name) == name) == stays {
				names[name] = uniqueName(used, camel(name))
			}
		}
	}
	return names
}
