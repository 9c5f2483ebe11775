package decode

import (
	"fmt"
	"slices"
)

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

// PageRows is like [List] for the rows of a page, but rows that do not match the schema
// are in the list, as zero values. The error is then [Items] with the errors of all of
// them: see [RowErrors].
func PageRows[D Reader, T any](d D, read func(D) (T, error), most ...int) ([]T, error) {
	if err := d.Array(); err != nil {
		return nil, err
	}
	list := []T{}
	var failed Items
	for d.Item() {
		if full(list, most) {
			continue
		}
		row, err := read(d)
		failed.addRow(len(list), err)
		list = append(list, row)
	}
	return list, failed.err()
}

// PageChoices is like [PageRows] for messages of several types.
func PageChoices[M, T any](from Source, messages []*M, read func(Source, *M) (T, error)) ([]T, error) {
	list := make([]T, len(messages))
	var failed Items
	for i, message := range messages {
		var err error
		list[i], err = read(from, message)
		failed.addRow(i, err)
	}
	return list, failed.err()
}

// addRow notes the error of a row of a page. There may be any number of them, and each is
// also that of an edge.
func (i *Items) addRow(at int, err error) {
	if err != nil {
		i.list = append(i.list, ItemError{Path: []int{at}, Err: err})
	}
}

// PageError returns the error of the rows of a page as a whole. An error of a row that
// is in the list is not one, unless each is true: see [RowErrors].
func PageError(err error, each bool) error {
	items, ok := err.(*Items) //nolint:errorlint // items of this list, and not of another
	switch {
	case !ok:
		return err
	case each || items.lost:
		return fmt.Errorf("%v: %w", items.list[0].Path, items.list[0].Err)
	}
	return nil
}

// RowErrors returns the errors of n rows of a page, of which first are left out before
// them: nil, or [Items] with their positions in the page. If the rows are required,
// there is no list with one that has an error.
func RowErrors(err error, first, n int, required bool) error {
	items, ok := err.(*Items) //nolint:errorlint // items of this list, and not of another
	if !ok {
		return nil
	}
	page := &Items{lost: required}
	for _, item := range items.list {
		if at := item.Path[0] - first; 0 <= at && at < n {
			page.list = append(page.list, ItemError{Path: append([]int{at}, item.Path[1:]...), Err: item.Err})
		}
	}
	return page.err()
}

// NodeErrors returns the errors of the nodes of a page, which are its rows, of [RowErrors].
func NodeErrors(err error) error {
	if items, ok := err.(*Items); ok && len(items.list) > mostItems { //nolint:errorlint // items of this list, and not of another
		return &Items{list: items.list[:mostItems], lost: items.lost}
	}
	return err
}

// RowError returns the error of a row of [RowErrors], or nil.
func RowError(err error, at int) error {
	items, ok := err.(*Items) //nolint:errorlint // items of this list, and not of another
	if !ok {
		return nil
	}
	if i, ok := slices.BinarySearchFunc(items.list, at, func(e ItemError, at int) int { return e.Path[0] - at }); ok {
		return items.list[i].Err
	}
	return nil
}

// Cursors reads the cursors of the first n rows, which are at a path in each: texts
// or whole numbers. One that is not there is empty. It returns nil if there are no
// rows, else n cursors if there are as many; other rows are skipped.
func Cursors[D Reader](d D, n int, path ...string) []string {
	if d.Array() != nil {
		return nil
	}
	var cursors []string
	for d.Item() {
		if len(cursors) < n {
			cursors = append(cursors, keyAt(d, path))
		}
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
