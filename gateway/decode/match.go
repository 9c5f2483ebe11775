package decode

import (
	"fmt"
)

// The functions in this file read the values of a batch, none of which has its own
// key: they are matched by the name that each has in an object, or by position. Each
// function returns the values, their keys and their problems, all by position. A value
// that is null is left out.

// Members reads an object whose members are the values by key. what names them in the
// log. Null is an object without members.
func Members[D Reader, T any](d D, what string, read func(D) (T, error)) (values []T, keys []string, errs []error, err error) {
	if err := d.Object(); err != nil {
		return nil, nil, nil, IfNotNull(err)
	}
	for d.Next() {
		if d.Null() {
			continue
		}
		key := d.Name()
		value, err := read(d)
		values, keys, errs = append(values, value), append(keys, key), append(errs, problemOf(d, what, err))
	}
	return values, keys, errs, nil
}

// Aligned reads a list that has one value for each of keys, in their order. It is an
// error if it has more or fewer.
func Aligned[D Reader, T any](d D, what string, keys []string, read func(D) (T, error)) (values []T, have []string, errs []error, err error) {
	if err := d.Array(); err != nil {
		return nil, nil, nil, err
	}
	values, have, errs = make([]T, 0, len(keys)), make([]string, 0, len(keys)), make([]error, 0, len(keys))
	n := 0
	for ; d.Item(); n++ {
		if n >= len(keys) || d.Null() {
			continue
		}
		value, err := read(d)
		values, have, errs = append(values, value), append(have, keys[n]), append(errs, problemOf(d, what, err))
	}
	if n != len(keys) {
		return nil, nil, nil, notAligned(n, len(keys))
	}
	return values, have, errs, nil
}

func notAligned(values, keys int) error {
	return fmt.Errorf("is a list of %d values for %d keys", values, keys)
}

// MapValues is like [Members] for a map of a message, whose keys key writes as texts.
func MapValues[K comparable, V, T any](from Source, what string, of map[K]V, key func(K) string, read func(V) (T, error)) (
	values []T, keys []string, errs []error,
) {
	for k, v := range of {
		value, err := read(v)
		values, keys, errs = append(values, value), append(keys, key(k)), append(errs, problemOf(from, what, err))
	}
	return values, keys, errs
}

// AlignedValues is like [Aligned] for a repeated field.
func AlignedValues[V, T any](from Source, what string, keys []string, of []V, read func(V) (T, error)) (
	values []T, have []string, errs []error, err error,
) {
	if len(of) != len(keys) {
		return nil, nil, nil, from.Malformed(what, notAligned(len(of), len(keys)))
	}
	values, errs = make([]T, len(of)), make([]error, len(of))
	for i, v := range of {
		var err error
		values[i], err = read(v)
		errs[i] = problemOf(from, what, err)
	}
	return values, keys, errs, nil
}

// Text returns a key of a map as it is.
func Text(key string) string { return key }

// RowOf returns a function that reads a message into a new row.
func RowOf[M, T any](from Source, read func(Source, *M, *T) error) func(*M) (*T, error) {
	return func(message *M) (*T, error) {
		row := new(T)
		return row, read(from, message, row)
	}
}

// ChoiceOf returns a function that reads a message of one of several types.
func ChoiceOf[M, T any](from Source, read func(Source, *M) (T, error)) func(*M) (T, error) {
	return func(message *M) (T, error) { return read(from, message) }
}

// problemOf returns the problem of a value that is read from an answer. If only
// items of a list have errors, it is that of the first, since the value as a whole
// is matched to a key.
func problemOf(from interface {
	problem(what string, err error) error
}, what string, err error) error {
	if err == nil {
		return nil
	}
	problem := from.problem(what, err)
	if items, ok := problem.(*Items); ok { //nolint:errorlint // items of this list, and not of another
		return items.list[0].Err
	}
	return problem
}
