package decode

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/portico-gateway/portico/gateway/problem"
)

// Source is where an answer is from. It is in the errors that are logged.
type Source struct {
	// Service is the name of the service.
	Service string
	// Binding is the position of the binding: file:line:column. It is empty for
	// hand-written code.
	Binding string
	// Header is the header of the answer, for [Source.InHeader]; nil if nothing reads it.
	Header map[string][]string

	tally *tally // nil if faults are not counted
}

// Malformed returns the problem of an answer that is not what was asked for:
// DOWNSTREAM_SERVICE_ERROR. It returns nil for nil, and a panic as it is. what is what the error is of.
func (s Source) Malformed(what string, err error) error {
	if err == nil {
		return nil
	}
	if items, ok := err.(*Items); ok { //nolint:errorlint // items of this list, and not of another
		return items.malformed(s, what)
	}
	if crash, ok := errors.AsType[*problem.PanicError](err); ok { // of hand-written code
		return crash
	}
	if s.Binding != "" {
		what = s.Binding + ": " + what
	}
	return problem.Wrap(fmt.Errorf("service %s: %s: %w", s.Service, what, err), problem.ServiceError,
		"The service gave an answer that makes no sense.").Of(s.Service)
}

// Fields are the fields of an object type that are read from a service.
type Fields struct {
	// Type is the name of the object type.
	Type string
	// Names are the names of the fields in the schema.
	Names []string
}

// Faults are the values of an object that do not match the schema. Models have
// them as a field; they are nil if all values match. A method that is given a
// model checks what it uses: the Go value of a field that has a fault is the
// zero value, or an object without values. Faults do not change.
type Faults struct {
	source Source
	of     *Fields
	fields []fault // there may be thousands of objects, so they become problems when somebody asks
	whole  error
}

// fault is the error of a field, by its position.
type fault struct {
	at  int
	err error
}

// Of returns the fault of a field, by its name in the schema; nil if its value
// matches the schema. It is a problem, DOWNSTREAM_SERVICE_ERROR, or [Items] with
// the problems of a list's items.
func (f *Faults) Of(field string) error {
	cause := f.Cause(field)
	switch {
	case cause == nil:
		return nil
	case f.whole != nil:
		return f.Whole()
	}
	return f.source.Malformed(f.of.Type+"."+field, cause)
}

// Cause returns what [Faults.Of] makes a problem of: the error of the value as it was read, which is not for callers.
// It costs nothing.
func (f *Faults) Cause(field string) error {
	if f == nil {
		return nil
	}
	if f.whole != nil {
		return f.whole
	}
	for _, fault := range f.fields {
		if f.of.Names[fault.at] == field {
			return fault.err
		}
	}
	return nil
}

// First is like [Faults.Of], but of a list whose items have problems it returns the
// first of these, for what needs the list as a whole.
func (f *Faults) First(field string) error {
	err := f.Of(field)
	if items, ok := err.(*Items); ok { //nolint:errorlint // items of this list, and not of another
		return items.list[0].Err
	}
	return err
}

// Whole returns the fault of the object as a whole: it is null where it may not
// be, or no object. It is a problem, DOWNSTREAM_SERVICE_ERROR.
func (f *Faults) Whole() error {
	if f == nil || f.whole == nil {
		return nil
	}
	return f.source.Malformed(f.of.Type, f.whole)
}

// IsWhole reports whether there is a fault of the object as a whole.
func (f *Faults) IsWhole() bool { return f != nil && f.whole != nil }

// Faults returns the faults of an object, of which errs are the errors of fields
// by position, nil where there is none.
func (s Source) Faults(of *Fields, errs []error) *Faults {
	n := 0
	for _, err := range errs {
		if err != nil {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	if s.full() {
		return s.share(of, errs)
	}
	f := &Faults{source: s.uncounted(), of: of, fields: make([]fault, 0, n)}
	for i, err := range errs {
		if err != nil {
			f.fields = append(f.fields, fault{i, err})
		}
	}
	return f
}

// Whole returns the faults of what should be an object and is not.
func (s Source) Whole(of *Fields, err error) *Faults {
	if s.full() {
		return s.share(of, nil)
	}
	return &Faults{source: s.uncounted(), of: of, whole: err}
}

// FaultOf returns the faults of an object of which only some fields can have one,
// all of them the same. It returns nil if err is nil.
func (s Source) FaultOf(typ string, err error, fields ...string) *Faults {
	if err == nil {
		return nil
	}
	errs := make([]error, len(fields))
	for i := range errs {
		errs[i] = err
	}
	return s.Faults(&Fields{Type: typ, Names: fields}, errs)
}

// FieldError is the error of a field, by its name in the schema.
type FieldError struct {
	Name string
	Err  error
}

// FaultsOf returns the faults of an object of which only some fields can have one. It
// returns nil if no field has an error.
func (s Source) FaultsOf(typ string, fields ...FieldError) *Faults {
	var names []string
	var errs []error
	for _, f := range fields {
		if f.Err != nil {
			names, errs = append(names, f.Name), append(errs, f.Err)
		}
	}
	if errs == nil {
		return nil
	}
	return s.Faults(&Fields{Type: typ, Names: names}, errs)
}

// Error returns the first of the errors of fields by position, for a model that
// has no [Faults]; nil if there is none.
func (f *Fields) Error(errs []error) error {
	for i, err := range errs {
		if err != nil {
			if items, ok := err.(*Items); ok { //nolint:errorlint // items of this list, and not of another
				err = fmt.Errorf("%v: %w", items.list[0].Path, items.list[0].Err)
			}
			return fmt.Errorf("%s.%s: %w", f.Type, f.Names[i], err)
		}
	}
	return nil
}

// First returns the first error that is not nil.
func First(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// Items are the errors of items of a list.
type Items struct {
	list []ItemError
	lost bool // a required item failed, so there is no list
	cut  bool // some errors are left out
}

// ItemError is the error of an item.
type ItemError struct {
	// Path has the positions of the item: several in a list of lists.
	Path []int
	// Err is the error; a problem if it comes from [Faults].
	Err error
}

// mostItems is the number of items whose errors are reported. There may be
// thousands, and the first ones say it all.
const mostItems = 20

// Errors returns the errors of the items, at most the first 20.
func (i *Items) Errors() []ItemError { return i.list }

// Lost reports whether there is no list, because an item that may not be null has
// an error. Else such items are null in the list.
func (i *Items) Lost() bool { return i.lost }

// Cut reports whether the errors of some items are left out.
func (i *Items) Cut() bool { return i.cut }

// Error has the errors of all items.
func (i *Items) Error() string {
	var texts []string
	for _, item := range i.list {
		texts = append(texts, fmt.Sprintf("%v: %v", item.Path, item.Err))
	}
	return strings.Join(texts, "; ")
}

// Unwrap returns the errors of the items.
func (i *Items) Unwrap() []error {
	var errs []error
	for _, item := range i.list {
		errs = append(errs, item.Err)
	}
	return errs
}

// ItemErrors returns the [Items] of a list whose items may be null, given their
// errors by position; nil if there are none.
func ItemErrors(errs []error) error {
	items := &Items{}
	for i, err := range errs {
		items.addNull(i, err)
	}
	return items.err()
}

// LostItems returns the [Items] of a list whose items may not be null, given their errors by position; nil if
// there are none.
func LostItems(errs []error) error {
	items := &Items{}
	for i, err := range errs {
		items.add(i, err)
	}
	return items.err()
}

// JoinItems returns the errors of items of one list, and another error of the list, which may be nil: [Items]
// with those of both, if it is of items that may be null, too; else the other error, since there is no list then. items are not lost.
func JoinItems(items *Items, other error) error {
	if other == nil {
		return items
	}
	more, ok := other.(*Items) //nolint:errorlint // items of this list, and not of another
	if !ok || more.lost {
		return other
	}
	out := &Items{list: append(slices.Clone(items.list), more.list...), cut: items.cut || more.cut}
	slices.SortStableFunc(out.list, func(a, b ItemError) int { return slices.Compare(a.Path, b.Path) })
	if len(out.list) > mostItems {
		out.list, out.cut = out.list[:mostItems], true
	}
	return out
}

// add notes the error of a required item. The items of a list in the list may
// fail without it.
func (i *Items) add(at int, err error) {
	if err == nil {
		return
	}
	inner, ok := err.(*Items) //nolint:errorlint // items of this list, and not of another
	i.lost = i.lost || !ok || inner.lost
	i.note(at, err)
}

// addNull notes the error of an item that is null because of it.
func (i *Items) addNull(at int, err error) {
	if err != nil {
		i.note(at, err)
	}
}

func (i *Items) note(at int, err error) {
	inner, ok := err.(*Items) //nolint:errorlint // items of this list, and not of another
	if !ok {
		inner = &Items{list: []ItemError{{Err: err}}}
	}
	for _, item := range inner.list {
		if len(i.list) == mostItems {
			i.cut = true
			return
		}
		i.list = append(i.list, ItemError{Path: append([]int{at}, item.Path...), Err: item.Err})
	}
	i.cut = i.cut || inner.cut
}

func (i *Items) err() error {
	if len(i.list) == 0 {
		return nil
	}
	return i
}

// malformed returns the problems of the items.
func (i *Items) malformed(s Source, what string) *Items {
	out := &Items{lost: i.lost, cut: i.cut}
	for _, item := range i.list {
		out.list = append(out.list, ItemError{Path: item.Path, Err: s.Malformed(fmt.Sprintf("%s%v", what, item.Path), item.Err)})
	}
	return out
}
