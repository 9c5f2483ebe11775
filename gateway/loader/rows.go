package loader

import (
	"context"
	"sync"

	"golang.org/x/sync/errgroup"
)

// mostExpected is the number of keys that maps have room for at first: a service may answer with millions of rows that
// have none.
const mostExpected = 1000

// One returns rows by their keys, for a [Fetch] of one value a key. keys are
// those of the rows, by position. A row whose key is zero is left out; of
// rows with the same key the last counts.
func One[K comparable, V any](keys []K, rows []V) map[K]V {
	var none K
	values := make(map[K]V, min(len(rows), mostExpected))
	for i, row := range rows {
		if keys[i] != none {
			values[keys[i]] = row
		}
	}
	return values
}

// Many is like [One] for a [Fetch] of a list a key: the key's rows in the order
// they have, at most the first ones if most is given. A requested key without rows
// gets an empty list, which is not null.
func Many[K comparable, V any](requested, keys []K, rows []V, most ...int) map[K][]V {
	groups := make(map[K][]V, len(requested))
	for _, key := range requested {
		groups[key] = []V{}
	}
	group(groups, keys, rows, most)
	return groups
}

// group adds rows to the groups of their keys, all of which share one array.
func group[K comparable, V any](groups map[K][]V, keys []K, rows []V, most []int) {
	if len(most) > 0 && most[0] <= 0 {
		return
	}
	var none K
	counts := make(map[K]int, len(groups))
	for _, key := range keys {
		if key != none {
			counts[key]++
		}
	}
	array := make([]V, len(rows))
	for i, row := range rows {
		key := keys[i]
		if key == none {
			continue
		}
		list := groups[key]
		if len(list) == 0 {
			n := counts[key]
			list, array = array[:0:n], array[n:]
		}
		if len(most) == 0 || len(list) < most[0] {
			groups[key] = append(list, row)
		}
	}
}

// Checked fetches the keys that pass a check. Others fail, each with its own error: one
// invalid key must not fail all.
func Checked[K comparable, V any](keys []K, check func(K) error, fetch func(keys []K) (map[K]V, error)) (map[K]V, error) {
	failed := KeyErrors[K]{}
	good := make([]K, 0, len(keys))
	for _, key := range keys {
		if err := check(key); err != nil {
			failed[key] = err
			continue
		}
		good = append(good, key)
	}
	if len(failed) == 0 {
		return fetch(keys)
	}
	if len(good) == 0 {
		return nil, failed
	}
	values, err := fetch(good)
	for _, key := range good {
		if err := errorOf(err, key); err != nil {
			failed[key] = err
		}
	}
	return values, failed
}

// Every returns values with an error for each requested key that has none. Keys that
// failed before keep their errors.
func Every[K comparable, V any](requested []K, values map[K]V, missing error, before ...error) (map[K]V, error) {
	failed := KeyErrors[K]{}
	for _, key := range requested {
		if _, ok := values[key]; !ok {
			failed[key] = missing
		}
		for _, err := range before {
			if err := errorOf(err, key); err != nil {
				failed[key] = err
			}
		}
	}
	if len(failed) > 0 {
		return values, failed
	}
	return values, nil
}

// Failing returns values with the errors of rows: each is that of the row's key.
func Failing[K comparable, V any](keys []K, errs []error, values map[K]V) (map[K]V, error) {
	failed := KeyErrors[K]{}
	for i, err := range errs {
		if err != nil {
			failed[keys[i]] = err
		}
	}
	if len(failed) > 0 {
		return values, failed
	}
	return values, nil
}

// Filled returns lists with an empty one for each requested key that has none.
func Filled[K comparable, V any](requested []K, lists map[K][]V) map[K][]V {
	for _, key := range requested {
		if lists[key] == nil {
			lists[key] = []V{}
		}
	}
	return lists
}

// ByKey indexes rows by their key, for a [Fetch] of one value a key. Of rows
// with the same key the last counts.
func ByKey[K comparable, V any](rows []V, key func(V) K) map[K]V {
	values := make(map[K]V, min(len(rows), mostExpected))
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

// OneByOne makes a [Fetch] of a call that gets one value, for a service that
// has none for many. At most bound calls run at once; each key's error is its own.
// It panics if bound is less than 1.
func OneByOne[K comparable, V any](bound int, one func(ctx context.Context, key K) (V, error)) Fetch[K, V] {
	if bound < 1 {
		panic("loader.OneByOne: bound must be at least 1")
	}
	return func(ctx context.Context, keys []K) (map[K]V, error) {
		var (
			mu     sync.Mutex
			values = make(map[K]V, len(keys))
			failed = KeyErrors[K]{}
			calls  errgroup.Group
		)
		calls.SetLimit(bound)
		for _, key := range keys {
			calls.Go(func() error {
				value, err := guarded(ctx, key, one)
				mu.Lock()
				defer mu.Unlock()
				if values[key] = value; err != nil { // it can have a value: a list of which an item failed
					failed[key] = err
				}
				return nil
			})
		}
		_ = calls.Wait() // every error is its key's
		if len(failed) > 0 {
			return values, failed
		}
		return values, nil
	}
}
