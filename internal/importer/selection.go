package importer

import (
	"regexp"
	"strings"

	"github.com/portico-gateway/portico/internal/nearest"
)

// ParseOnly returns the names of a list with commas, as [Options.Only] has them. A comma within braces is part of a path.
func ParseOnly(list string) []string {
	var all []string
	depth := 0
	start := 0
	for i, r := range list + "," {
		switch {
		case r == '{':
			depth++
		case r == '}':
			depth--
		case r == ',' && (depth <= 0 || i == len(list)):
			if name := strings.TrimSpace(list[start:i]); name != "" {
				all = append(all, name)
			}
			start = i + 1
		}
	}
	return all
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

// has reports whether an operation that goes by these names is chosen.
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

// glob is the expression of a pattern, where * stands for any text without a slash, and ** for any text.
func glob(pattern string) *regexp.Regexp {
	quoted := strings.NewReplacer(`\*\*`, ".*", `\*`, "[^/]*").Replace(regexp.QuoteMeta(pattern))
	return regexp.MustCompile("^" + quoted + "$")
}

// check returns an error for the first pattern that matched nothing.
func (s *selection) check() error {
	for _, p := range s.patterns {
		if !s.matched[p] {
			return &MistakeError{Message: "--only " + p + " matches no operation", Fix: nearest.Hint(p, s.seen)}
		}
	}
	return nil
}
