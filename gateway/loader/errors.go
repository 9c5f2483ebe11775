package loader

import (
	"errors"
	"fmt"
)

// Errors are the errors of a list of results: one entry for each result, nil where
// there is none. A method that takes all parents of a field returns it, beside the
// other values, if only some of them failed.
type Errors []error

// Error returns the number of errors, and the first one.
func (e Errors) Error() string {
	failed := e.Unwrap()
	if len(failed) == 0 {
		return "no errors"
	}
	return fmt.Sprintf("%d of %d failed, the first: %v", len(failed), len(e), failed[0])
}

// Errors returns the entries, nil where there is no error.
func (e Errors) Errors() []error { return e }

// Unwrap returns the entries that are errors.
func (e Errors) Unwrap() []error {
	var failed []error
	for _, err := range e {
		if err != nil {
			failed = append(failed, err)
		}
	}
	return failed
}

// KeyErrors are what a [Fetch] returns when some keys failed and the others
// did not.
type KeyErrors[K comparable] map[K]error

// Error returns how many keys failed.
func (e KeyErrors[K]) Error() string { return fmt.Sprintf("%d keys failed", len(e)) }

// errorOf is key's part of a fetch's error.
func errorOf[K comparable](err error, key K) error {
	if some, ok := errors.AsType[KeyErrors[K]](err); ok {
		return some[key]
	}
	return err
}
