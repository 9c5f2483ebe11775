package decode

// In returns a function that reads the value at a path in the next value, a row,
// with read: the node of an edge. If the row has no such value, read is given a null.
func In[D Reader, T any](read func(D) (T, error), path ...string) func(D) (T, error) {
	if len(path) == 0 {
		return read
	}
	inner := In(read, path[1:]...)
	return func(d D) (value T, err error) {
		if err := d.Object(); err != nil && err != ErrMissing { //nolint:errorlint // it is never wrapped
			return value, err
		} else if err != nil {
			return read(nothing(d))
		}
		found := false
		for d.Next() {
			if d.Name() == path[0] {
				value, err = inner(d)
				found = true
			}
		}
		if !found {
			return read(nothing(d))
		}
		return value, err
	}
}

// nothing returns a reader of null, whose errors have the source of d.
func nothing[D Reader](d D) D {
	var null any
	switch d := any(d).(type) {
	case *JSON:
		null = NewJSON("null", d.Source)
	case *XML:
		null = &XML{Source: d.Source, value: &element{null: true}, unread: true}
	}
	return null.(D) //nolint:forcetypeassert // it has the type of d
}

// Cursors reads the cursors of rows, which are at a path in each: texts or whole
// numbers. One that is not there is empty.
func Cursors[D Reader](d D, path ...string) []string {
	if d.Array() != nil {
		return nil
	}
	var cursors []string
	for d.Item() {
		cursors = append(cursors, keyAt(d, path))
	}
	return cursors
}

// Given returns [ErrMissing] for an empty text: there is no such cursor.
func Given(text string) error {
	if text == "" {
		return ErrMissing
	}
	return nil
}
