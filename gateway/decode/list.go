package decode

// Reader is a [JSON] or an [XML].
type Reader interface {
	*JSON | *XML

	Array() error
	Item() bool
	Null() bool
}

// isMissing reports whether a value turned out to be null as it was read. XML.Null
// does not know: an empty element is a string, but no number. It is not errors.Is
// because the error of a list has those of its items.
func isMissing(err error) bool { return err == ErrMissing } //nolint:errorlint // see above

// Optional reads a value that may be null: nil then.
func Optional[D Reader, T any](d D, read func(D) (T, error)) (*T, error) {
	if d.Null() {
		return nil, nil //nolint:nilnil // null
	}
	v, err := read(d)
	if isMissing(err) {
		return nil, nil //nolint:nilnil // null
	}
	if err != nil {
		return nil, err
	}
	return &v, nil
}

// Nullable is like [Optional] for a type that can itself be nil.
func Nullable[D Reader, T any](d D, read func(D) (T, error)) (v T, err error) {
	if d.Null() {
		return v, nil
	}
	v, err = read(d)
	if isMissing(err) {
		var none T
		return none, nil
	}
	return v, err
}

// List reads a list none of whose items may be null. If an item does not match
// the schema, the list is nil, and the error is [Items].
func List[D Reader, T any](d D, read func(D) (T, error)) ([]T, error) {
	if err := d.Array(); err != nil {
		return nil, err
	}
	list := []T{}
	var failed Items
	for d.Item() {
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
func ListOrNull[D Reader, T any](d D, read func(D) (T, error)) ([]T, error) {
	if err := d.Array(); err != nil {
		return nil, err
	}
	list := []T{}
	var failed Items
	for d.Item() {
		item, err := Nullable(d, read)
		failed.addNull(len(list), err)
		list = append(list, item)
	}
	return list, failed.err()
}

// Optionals is like [ListOrNull] for other types.
func Optionals[D Reader, T any](d D, read func(D) (T, error)) ([]*T, error) {
	return ListOrNull(d, func(d D) (*T, error) { return Optional(d, read) })
}

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
func Rows[D Reader, T any](d D, read func(D, *T) error) ([]*T, error) {
	return rows(d, read, false)
}

// RowsOrNull is like [Rows] for objects that may be null: nil then.
func RowsOrNull[D Reader, T any](d D, read func(D, *T) error) ([]*T, error) {
	return rows(d, read, true)
}

// Objects are allocated together, more of them as a list turns out to be longer.
const (
	firstSlab   = 4
	largestSlab = 64
)

func rows[D Reader, T any](d D, read func(D, *T) error, null bool) ([]*T, error) {
	if err := d.Array(); err != nil {
		return nil, err
	}
	list, slab := []*T{}, []T(nil)
	var failed Items
	for d.Item() {
		if null && d.Null() {
			list = append(list, nil)
			continue
		}
		if len(slab) == 0 {
			slab = make([]T, min(max(firstSlab, len(list)), largestSlab))
		}
		row := &slab[0]
		slab = slab[1:]
		if err := read(d, row); err != nil && null {
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
