package loader

// ByKey indexes rows by their key, for a [Fetch] of one value a key. Of rows
// with the same key the last counts.
func ByKey[K comparable, V any](rows []V, key func(V) K) map[K]V {
	values := make(map[K]V, len(rows))
	for _, row := range rows {
		values[key(row)] = row
	}
	return values
}

// GroupByKey groups rows by their key in the order they have, for a [Fetch] of
// a list a key. A key without rows gets an empty list, which is not null.
func GroupByKey[K comparable, V any](keys []K, rows []V, key func(V) K) map[K][]V {
	groups := make(map[K][]V, len(keys))
	for _, k := range keys {
		groups[k] = []V{}
	}
	for _, row := range rows {
		k := key(row)
		groups[k] = append(groups[k], row)
	}
	return groups
}
