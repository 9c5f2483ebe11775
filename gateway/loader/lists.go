package loader

import (
	"context"
	"errors"
)

// ResolveLists loads the values of several keys for each parent: a list of values in the
// order of the parent's keys, with V's zero value for a key without a value. All keys are
// loaded together, each once; the zero key stands for none. A parent whose keys are nil
// gets nil. When keys fail, the error is an [Errors] with one entry a parent, and the
// lists of parents without these keys are there. With most, only the first keys of a
// parent are loaded, at most that many.
func ResolveLists[P any, K comparable, V any](ctx context.Context, l *Loader[K, V], parents []P, keys func(P, *Texts) []K, most ...int) ([][]V, error) {
	var texts Texts
	var all []K
	counts, lists := make([]int, len(parents)), make([][]V, len(parents))
	for i, parent := range parents {
		own := keys(parent, &texts)
		if own == nil {
			continue
		}
		if len(most) > 0 {
			own = own[:min(len(own), most[0])]
		}
		all, counts[i], lists[i] = append(all, own...), len(own), []V{}
	}
	values, err := l.LoadAll(ctx, all)
	failed, _ := errors.AsType[Errors](err)
	var errs Errors
	at := 0
	for i, n := range counts {
		if n == 0 {
			continue
		}
		end := at + n
		lists[i] = values[at:end:end]
		if err := firstOf(failed, at, end); err != nil {
			if errs == nil {
				errs = make(Errors, len(parents))
			}
			lists[i], errs[i] = nil, err
		}
		at = end
	}
	if errs != nil {
		return lists, errs
	}
	return lists, nil
}

// firstOf returns the first error of a part of a list; nil if there is none.
func firstOf(errs Errors, from, to int) error {
	if errs == nil {
		return nil
	}
	for _, err := range errs[from:to] {
		if err != nil {
			return err
		}
	}
	return nil
}

// ResolvePresent is like [ResolveLists], without the values that are V's zero value. All
// keys are loaded: with most, each list has at most that many of the values that are left.
func ResolvePresent[P any, K, V comparable](ctx context.Context, l *Loader[K, V], parents []P, keys func(P, *Texts) []K, most ...int) ([][]V, error) {
	lists, err := ResolveLists(ctx, l, parents, keys)
	var none V
	for i, list := range lists {
		matching := list[:0]
		for _, value := range list {
			if value != none {
				matching = append(matching, value)
			}
		}
		if len(most) > 0 {
			matching = matching[:min(len(matching), most[0])]
		}
		lists[i] = matching
	}
	return lists, err
}

// KeysOf returns the keys of a list's items; nil for nil.
func KeysOf[T any](list []T, key func(T) string) []string {
	if list == nil {
		return nil
	}
	keys := make([]string, len(list))
	for i, item := range list {
		keys[i] = key(item)
	}
	return keys
}
