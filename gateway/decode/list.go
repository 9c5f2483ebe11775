package decode

import "strings"

// Reader is a [JSON] or an [XML].
type Reader interface {
	*JSON | *XML

	Array() error
	Item() bool
	Null() bool
	Mark() Mark
	Rewind(to Mark)
	Object() error
	Next() bool
	Name() string
	Text() (string, error)

	problem(what string, err error) error
	of() *slabs
	keeps() bool
	isScalar() bool
	tooMany() bool
}

// Optional reads a value that may be null: nil then.
func Optional[D Reader, T any](d D, read func(D) (T, error)) (*T, error) {
	value, err := read(d)
	if err != nil {
		return nil, IfNotNull(err)
	}
	p := next(d, slabOf[T](d.of()))
	*p = value
	return p, nil
}

// List reads a list none of whose items may be null. If an item does not match
// the schema, the list is nil, and the error is [Items]. If most is given, it is the
// number of items that are read; the others are skipped. That is so for all
// functions that read lists.
func List[D Reader, T any](d D, read func(D) (T, error), most ...int) ([]T, error) {
	if err := d.Array(); err != nil {
		return nil, err
	}
	list := []T{}
	var failed Items
	for d.Item() {
		if full(list, most) {
			continue
		}
		item, err := read(d)
		failed.add(len(list), err)
		list = append(list, item)
	}
	if failed.lost {
		return nil, &failed
	}
	return list, failed.err()
}

// ListOrNull is like [List] for items that may be null, of a type that can itself
// be nil. An item that does not match the schema is null; the error is then
// [Items].
func ListOrNull[D Reader, T any](d D, read func(D) (T, error), most ...int) ([]T, error) {
	if err := d.Array(); err != nil {
		return nil, err
	}
	list := []T{}
	var failed Items
	for d.Item() {
		if full(list, most) {
			continue
		}
		item, err := OrNull(read(d))
		failed.addNull(len(list), err)
		list = append(list, item)
	}
	return list, failed.err()
}

// Optionals is like [ListOrNull] for other types.
func Optionals[D Reader, T any](d D, read func(D) (T, error), most ...int) ([]*T, error) {
	return ListOrNull(d, func(d D) (*T, error) { return Optional(d, read) }, most...)
}

// full reports whether a list has as many items as are read.
func full[T any](list []T, most []int) bool { return len(most) > 0 && len(list) >= most[0] }

// Object reads an object that may be null: nil then. The error is that of read.
func Object[D Reader, T any](d D, read func(D, *T) error) (*T, error) {
	if d.Null() {
		return nil, nil //nolint:nilnil // null
	}
	row := new(T)
	if err := read(d, row); err != nil {
		return nil, err
	}
	return row, nil
}

// Required reads an object that may not be null. It never returns nil: what is
// wrong with the object is in its [Faults], or it is the error of read.
func Required[D Reader, T any](d D, read func(D, *T) error) (*T, error) {
	row := new(T)
	return row, read(d, row)
}

// Rows reads a list of objects none of which may be null. One that is null or not
// an object is in the list, with the fault of the whole object. Only an object
// whose model has no [Faults] fails the list, with an error in [Items].
func Rows[D Reader, T any](d D, read func(D, *T) error, most ...int) ([]*T, error) {
	return rows(d, read, false, most)
}

// RowsOrNull is like [Rows] for objects that may be null: nil then.
func RowsOrNull[D Reader, T any](d D, read func(D, *T) error, most ...int) ([]*T, error) {
	return rows(d, read, true, most)
}

func rows[D Reader, T any](d D, read func(D, *T) error, null bool, most []int) ([]*T, error) {
	if err := d.Array(); err != nil {
		return nil, err
	}
	list, objects := []*T{}, slab[T]{}
	var lost *T // of all scalars, once there are too many: no part of them is read
	var failed Items
	for d.Item() {
		if full(list, most) {
			continue
		}
		if null && d.Null() {
			list = append(list, nil)
			continue
		}
		row, scalar := lost, d.isScalar()
		if row == nil || !scalar {
			row = next(d, &objects)
		}
		err := read(d, row)
		if scalar && err == nil && d.tooMany() {
			lost = row
		}
		if err != nil && null {
			row = nil
			failed.addNull(len(list), err)
		} else {
			failed.add(len(list), err)
		}
		list = append(list, row)
	}
	if failed.lost {
		return nil, &failed
	}
	return list, failed.err()
}

// Keyed reads a list of objects, and for each of them the key that is at a path in
// it: a string or a whole number, as text. The key is empty if the object has
// none. An object that is null is left out. Null is a list without objects.
func Keyed[D Reader, T any](d D, read func(D, *T) error, path ...string) (list []*T, keys []string, err error) {
	if err := d.Array(); err != nil {
		return nil, nil, IfNotNull(err)
	}
	var objects slab[T]
	for d.Item() {
		if d.Null() {
			continue
		}
		start := d.Mark()
		row := next(d, &objects)
		if err := read(d, row); err != nil {
			return nil, nil, err
		}
		d.Rewind(start)
		list, keys = append(list, row), append(keys, keyAt(d, path))
	}
	return list, keys, nil
}

// keyAt reads the key that is at a path in the next value.
func keyAt[D Reader](d D, path []string) (key string) {
	if len(path) == 0 {
		key, err := d.Text()
		if err != nil {
			return ""
		}
		return key
	}
	if d.Object() != nil {
		return ""
	}
	for d.Next() {
		if d.Name() == path[0] {
			key = keyAt(d, path[1:])
		}
	}
	return key
}

// Keys returns the keys of rows.
func Keys[R, K any](rows []*R, key func(*R) K) []K {
	keys := make([]K, len(rows))
	for i, row := range rows {
		if row != nil {
			keys[i] = key(row)
		}
	}
	return keys
}

// NotNil returns a list that is not nil: nil is null.
func NotNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// Cut returns at most the first items of a list.
func Cut[T any](list []T, most int) []T { return list[:min(len(list), most)] }

// Entries reads an object as a list of its members: read gets the name of each. Of
// members with the same name the last counts.
func Entries[D Reader, T any](d D, read func(d D, key string, into *T) error, most ...int) ([]*T, error) {
	if err := d.Object(); err != nil {
		return nil, err
	}
	list, objects, index := []*T{}, slab[T]{}, map[string]int{}
	var failed Items
	for d.Next() {
		key := d.Name()
		at, again := index[key]
		if !again {
			if full(list, most) {
				continue
			}
			key, at = strings.Clone(key), len(list) // the name may be a part of the answer
			index[key] = at
			list = append(list, nil)
		}
		list[at] = next(d, &objects)
		failed.add(at, read(d, key, list[at]))
	}
	if failed.lost {
		return nil, &failed
	}
	return list, failed.err()
}
