package decode

import (
	"fmt"
	"slices"
)

// TypeName returns the text or the whole number at a path in the object that is the
// next value, which is read afterwards: it names the type of the object. It is empty if
// the object has no such value. If the next value is not an object, it is skipped, and
// the error is [ErrMissing] for null.
func TypeName[D Reader](d D, path ...string) (string, error) {
	start := d.Mark()
	if err := d.Object(); err != nil {
		return "", err
	}
	d.Rewind(start)
	name := keyAt(d, path)
	d.Rewind(start)
	return name, nil
}

// Member returns the index of the first of names that is a member of the object that
// is the next value and is not null, or -1. The object is read afterwards. If the next
// value is not an object, it is skipped, and the error is [ErrMissing] for null.
func Member[D Reader](d D, names ...string) (int, error) {
	start := d.Mark()
	if err := d.Object(); err != nil {
		return -1, err
	}
	there := make([]bool, len(names))
	for d.Next() {
		if i := slices.Index(names, d.Name()); i >= 0 {
			there[i] = !d.Null() // of members with the same name the last counts
		}
	}
	d.Rewind(start)
	return slices.Index(there, true), nil
}

// NoType returns the error of an object of an interface or a union whose type is not
// known. name is what names its type, or empty if a member does.
func NoType(abstract, name string) error {
	if name == "" {
		return &Mismatch{Want: fmt.Sprintf("an object of a type of %s: its type is not known", abstract)}
	}
	return &Mismatch{Want: "the name of a type of " + abstract, Have: sample(name)}
}

// Choices is like [Messages] for messages of several types. If null is true, one that
// has an error is null.
func Choices[M, T any](from Source, messages []*M, read func(Source, *M) (T, error), null bool) ([]T, error) {
	list := make([]T, len(messages))
	var failed Items
	for i, message := range messages {
		var err error
		list[i], err = read(from, message)
		if null {
			failed.addNull(i, err)
		} else {
			failed.add(i, err)
		}
	}
	if failed.lost {
		return nil, &failed
	}
	return list, failed.err()
}

// EnumName returns the name of a value of an enum.
func EnumName[E fmt.Stringer](value E) string { return value.String() }

// KeyedChoices is like [Keyed] for objects of several types. errs has the problem of
// each object that can't be read, by position; what names it in the log.
func KeyedChoices[D Reader, T any](d D, what string, read func(D) (T, error), path ...string) (list []T, keys []string, errs []error, err error) {
	if err := d.Array(); err != nil {
		return nil, nil, nil, IfNotNull(err)
	}
	for d.Item() {
		if d.Null() {
			continue
		}
		start := d.Mark()
		key := keyAt(d, path)
		d.Rewind(start)
		row, err := read(d)
		list, keys, errs = append(list, row), append(keys, key), append(errs, d.problem(what, err))
	}
	return list, keys, errs, nil
}

// KeyedBy is like [KeyedChoices] for rows of any types with keys that are made of
// several values, which are at paths in the row: each is empty if the row has none there.
func KeyedBy[D Reader, T, K any](d D, what string, read func(D) (T, error), key func(values []string) K, paths ...[]string) (
	list []T, keys []K, errs []error, err error,
) {
	if err := d.Array(); err != nil {
		return nil, nil, nil, IfNotNull(err)
	}
	values := make([]string, len(paths))
	for d.Item() {
		if d.Null() {
			continue
		}
		start := d.Mark()
		for i, path := range paths {
			values[i] = keyAt(d, path)
			d.Rewind(start)
		}
		row, err := read(d)
		list, keys, errs = append(list, row), append(keys, key(values)), append(errs, d.problem(what, err))
	}
	return list, keys, errs, nil
}

// ChoiceRows reads the rows of a batch of messages of several types. errs has the
// problem of each message that can't be read, by position; what names it in the log.
func ChoiceRows[M, T any](from Source, what string, messages []*M, read func(Source, *M) (T, error)) (list []T, errs []error) {
	list, errs = make([]T, len(messages)), make([]error, len(messages))
	for i, message := range messages {
		var err error
		list[i], err = read(from, message)
		errs[i] = from.problem(what, err)
	}
	return list, errs
}
