// Package decode reads what services answer into models, in one pass and member
// by member. It is used by the generated clients of services; hand-written methods
// use the [Faults] of models, and hand-written clients may use [JSON].
//
// [JSON] (RFC 8259) and [XML] have the same methods. A value is read with one of
// them, and the members of an object and the items of a list with a loop:
//
//	if err := d.Object(); err != nil {
//		return err
//	}
//	for d.Next() {
//		switch d.Name() {
//		case "id":
//			user.ID, err = d.Text()
//		}
//	}
//
// Members that are not read are skipped. A method that reads a value consumes
// it, whatever it is: if it is not of the type that the method reads, the error
// is a [Mismatch], which is a fault of this value only, and reading goes on. The
// text itself is checked as far as it was read; [JSON.End] checks the rest, and
// returns the error of a text that is not well-formed.
//
// The values of an object that do not match the schema are its [Faults], which
// models have as a field. Nothing in this package panics or reads beyond its
// input, and nothing is nested deeper than [MaxDepth].
//
// The parts:
//
//	faults.go           what does not match the schema: Faults, Mismatch, Items
//	json.go, string.go  JSON: objects, lists, texts
//	number.go           numbers
//	value.go            any JSON; types with methods of their own
//	xml.go              XML, with the methods of JSON: objects, lists
//	xmlvalue.go         its scalars
//	encoding.go         encodings of texts
//	xmltext.go          those of documents
//	xmltree.go          the elements of a document
//	list.go             lists and rows, for both
//	page.go             rows with nodes and cursors
//	match.go            values of a batch, matched by a map or by position
//	message.go          messages of gRPC
//	find.go             single values, by their paths
//	findmessage.go      the same for messages of gRPC
//	condition.go        conditions on them
package decode

import (
	"errors"
	"fmt"
	"strings"

	"github.com/portico-gateway/portico/gateway/problem"
)

// MaxDepth is the number of objects and lists that may contain one another. A
// text that is nested deeper is an error, as RFC 8259, section 9, permits.
const MaxDepth = 512

// ErrMissing is the error of a required value that an answer does not have, or
// that is null there.
var ErrMissing = errors.New("is missing or null")

// Mismatch is the error of a value that is not of the type that is read.
type Mismatch struct {
	// Want is the type in words, such as "a whole number of 32 bits".
	Want string
	// Have is the start of the value, as the service sent it. It is for logs.
	Have string

	unknown bool // it is not a value of an enum
}

// Error quotes the value.
func (m *Mismatch) Error() string { return fmt.Sprintf("is not %s: %q", m.Want, m.Have) }

// longestSample is the number of bytes of a value that an error has.
const longestSample = 100

// sample is a copy: an error may live longer than the answer.
func sample(text string) string { return strings.Clone(text[:min(len(text), longestSample)]) }

// Unknown returns the error of a value that an enum does not have.
func Unknown(enum, value string) error {
	return &Mismatch{Want: "a value of " + enum, Have: sample(value), unknown: true}
}

// KnownOrMissing returns a value of an enum. The error of one that the enum does not
// have is [ErrMissing].
func KnownOrMissing[T any](v T, err error) (T, error) {
	if m, ok := err.(*Mismatch); ok && m.unknown { //nolint:errorlint // it is never wrapped
		return v, ErrMissing
	}
	return v, err
}

// IfNotNull returns the error of a value that may be null, if it is not that of
// null.
func IfNotNull(err error) error {
	if err == ErrMissing { //nolint:errorlint // it is never wrapped
		return nil
	}
	return err
}

// OrNull returns a value that may be null, of a type that can be nil.
func OrNull[T any](v T, err error) (T, error) { return v, IfNotNull(err) }

// Maybe returns a pointer to a value that may be null: nil then.
func Maybe[T any](v T, err error) (*T, error) {
	if err != nil {
		return nil, IfNotNull(err)
	}
	return &v, nil
}

// Pointer returns a pointer to a value.
func Pointer[T any](v T, err error) (*T, error) { return &v, err }

// Guard sets the error of a value to a panic. A deferred call of it makes a panic of a hand-written function one of
// the value that the function makes, and of nothing else.
func Guard(err *error) {
	if value := recover(); value != nil {
		*err = problem.Recovered(value)
	}
}
