package service

import "slices"

// unordered returns each id once, and the last first: services answer in another
// order than they were asked, so that code that relies on the order fails.
func unordered(ids []string) []string {
	seen := make(map[string]bool, len(ids))
	unique := slices.DeleteFunc(slices.Clone(ids), func(id string) bool {
		again := seen[id]
		seen[id] = true
		return again
	})
	slices.Reverse(unique)
	return unique
}
