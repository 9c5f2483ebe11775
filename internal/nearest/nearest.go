// Package nearest finds the name that somebody may have meant.
package nearest

import (
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// Of returns the one of names that differs least from name, whatever the case
// of its letters; empty when none is near: more than half of name differs.
func Of(name string, names []string) string {
	best, distance := "", len(name)/2+1
	for _, candidate := range slices.Sorted(slices.Values(names)) {
		if d := levenshtein.ComputeDistance(strings.ToLower(name), strings.ToLower(candidate)); d < distance {
			best, distance = candidate, d
		}
	}
	return best
}

// Hint returns which of names may have been meant, or which there are when none
// is near; empty if there are none at all.
func Hint(name string, names []string) string {
	if len(names) == 0 {
		return ""
	}
	if best := Of(name, names); best != "" {
		return "did you mean " + best + "?"
	}
	shown := slices.Compact(slices.Sorted(slices.Values(names)))
	if len(shown) > 20 {
		shown = append(shown[:20:20], "…")
	}
	return "there are: " + strings.Join(shown, ", ")
}
