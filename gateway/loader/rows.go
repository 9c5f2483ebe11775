package loader

import (
	"context"
	"errors"
	"sync"

	"golang.org/x/sync/errgroup"
)

// One makes a value of each row and matches it to its key, for a [Fetch] of one
// value a key. Rows that are nil or whose key is zero belong to nobody; of rows
// with the same key the last counts. An error of value is that of its key.
func One[K comparable, R, V any](rows []*R, key func(*R) K, value func(*R) (V, error)) (map[K]V, error) {
	values := make(map[K]V, len(rows))
	failed := KeyErrors[K]{}
	each(rows, key, func(k K, row *R) {
		v, err := value(row)
		delete(failed, k)
		if err != nil {
			failed[k] = err
		}
		values[k] = v
	})
	if len(failed) > 0 {
		return values, failed
	}
	return values, nil
}

// Many is [One] for a [Fetch] of a list a key: the values of the key's rows in
// the order they have. A key without rows gets an empty list, which is not
// null. An error of value is that of its key.
func Many[K comparable, R, V any](keys []K, rows []*R, key func(*R) K, value func(*R) (V, error)) (map[K][]V, error) {
	groups := make(map[K][]V, len(keys))
	for _, k := range keys {
		groups[k] = []V{}
	}
	failed := KeyErrors[K]{}
	each(rows, key, func(k K, row *R) {
		v, err := value(row)
		if err != nil {
			failed[k] = err
			return
		}
		groups[k] = append(groups[k], v)
	})
	if len(failed) > 0 {
		return groups, failed
	}
	return groups, nil
}

// Checked fetches the keys that pass a check. Others fail, each with its own
// error: one key that can't be asked for must not fail all.
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

// Every is for what has a value for every key: keys without one fail with
// missing. values and err are what [One] returned.
func Every[K comparable, V any](keys []K, values map[K]V, err, missing error) (map[K]V, error) {
	failed, some := errors.AsType[KeyErrors[K]](err)
	if err != nil && !some {
		return values, err
	}
	if failed == nil {
		failed = KeyErrors[K]{}
	}
	for _, key := range keys {
		if _, ok := values[key]; !ok && failed[key] == nil {
			failed[key] = missing
		}
	}
	if len(failed) > 0 {
		return values, failed
	}
	return values, nil
}

func each[K comparable, R any](rows []*R, key func(*R) K, do func(K, *R)) {
	var none K
	for _, row := range rows {
		if row == nil {
			continue
		}
		if k := key(row); k != none {
			do(k, row)
		}
	}
}

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

// OneByOne makes a [Fetch] of a call that gets one value, for a service that
// has none for many. At most bound calls run at once; each key's error is its
// own.
func OneByOne[K comparable, V any](bound int, one func(ctx context.Context, key K) (V, error)) Fetch[K, V] {
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
				if err != nil {
					failed[key] = err
				} else {
					values[key] = value
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
