package config

import (
	"strconv"
	"strings"

	"github.com/agnivade/levenshtein"
)

// nearest returns the one of names that differs least from name; empty if more than half
// of it differs. The runtime may not import the generator's package nearest, which finds
// names in the same way.
func nearest(name string, names []string) string {
	best, distance := "", len(name)/2+1
	for _, candidate := range names {
		if d := levenshtein.ComputeDistance(strings.ToLower(name), strings.ToLower(candidate)); d < distance {
			best, distance = candidate, d
		}
	}
	return best
}

// didYouMean ends a mistake with the nearest of names, if there is one.
func didYouMean(name string, names []string) string {
	if best := nearest(name, names); best != "" {
		return ": did you mean " + best + "?"
	}
	return ""
}

// noneOf returns the mistake of an unknown name.
func noneOf(name, what string, names []string) string {
	message := strconv.Quote(name) + " is not one of the " + what
	switch best := nearest(name, names); {
	case len(names) == 0:
		return message + ": there are none"
	case best != "":
		return message + ": did you mean " + best + "?"
	}
	return message + ": there are " + strings.Join(names, ", ")
}
