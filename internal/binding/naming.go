package binding

import (
	"strings"
	"unicode"
)

// Naming is a way of writing names of several words.
type Naming string

// The ways: categoryId, CategoryId, category_id, CATEGORY_ID and category-id.
const (
	CamelCase      Naming = "CAMEL_CASE"
	PascalCase     Naming = "PASCAL_CASE"
	SnakeCase      Naming = "SNAKE_CASE"
	UpperSnakeCase Naming = "UPPER_SNAKE_CASE"
	KebabCase      Naming = "KEBAB_CASE"
)

// Of returns a name in this way of writing. The zero value changes nothing.
// Underscores before and after the name stay.
func (n Naming) Of(name string) string {
	bare := strings.Trim(name, "_")
	at := strings.Index(name, bare)
	words := Words(bare)
	if n == "" || len(words) == 0 || n == CamelCase && !strings.Contains(bare, "_") && unicode.IsLower(rune(bare[0])) {
		return name
	}
	separator, write := "", capitalized
	switch n {
	case SnakeCase:
		separator, write = "_", strings.ToLower
	case UpperSnakeCase:
		separator, write = "_", strings.ToUpper
	case KebabCase:
		separator, write = "-", strings.ToLower
	}
	for i, word := range words {
		if words[i] = write(word); n == CamelCase && i == 0 {
			words[i] = strings.ToLower(word)
		}
	}
	return name[:at] + strings.Join(words, separator) + name[at+len(bare):]
}

func capitalized(word string) string { return strings.ToUpper(word[:1]) + strings.ToLower(word[1:]) }

// Words returns the words of a name: they begin after underscores, at capital
// letters after small ones or digits, and at the last of several capital letters
// before a small one. categoryId, HTMLPage2 and IN_TRANSIT have category and Id, HTML
// and Page2, IN and TRANSIT.
func Words(name string) []string {
	var words []string
	for part := range strings.SplitSeq(name, "_") {
		start := 0
		for i := 1; i < len(part); i++ {
			if !unicode.IsUpper(rune(part[i])) {
				continue
			}
			if !unicode.IsUpper(rune(part[i-1])) || beginsWord(part[i+1:]) {
				words, start = append(words, part[start:i]), i
			}
		}
		if part != "" {
			words = append(words, part[start:])
		}
	}
	return words
}

// beginsWord reports whether the capital letter before text begins a word although
// it follows another one. The s of a plural (userIDs) does not make it one.
func beginsWord(text string) bool {
	if text == "" || !unicode.IsLower(rune(text[0])) {
		return false
	}
	return text[0] != 's' || len(text) > 1 && unicode.IsLower(rune(text[1]))
}
