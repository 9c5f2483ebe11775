package execute

import (
	"context"
	"errors"
	"reflect"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/portico-gateway/portico/gateway/decode"
)

// faults answers fields whose values from a service do not match the schema with
// their faults, and others with around.
func faults(around graphql.FieldMiddleware, types []*Type) graphql.FieldMiddleware {
	return func(ctx context.Context, next graphql.Resolver) (any, error) {
		return around(ctx, func(ctx context.Context) (any, error) { return faultOr(ctx, next, types) })
	}
}

// resolves reports whether a method or a call resolves a field: then faults of the
// model do not matter.
func resolves(fc *graphql.FieldContext, types []*Type) bool {
	if !fc.IsResolver {
		return false
	}
	i := slices.IndexFunc(types, func(t *Type) bool { return t.Name == fc.Object })
	return i >= 0 && types[i].Fields[fc.Field.Name].Resolves
}

// faultOr returns the fault of a field, or else its value.
func faultOr(ctx context.Context, next graphql.Resolver, types []*Type) (any, error) {
	fc := graphql.GetFieldContext(ctx)
	var fault error
	if fc.Parent != nil && !resolves(fc, types) {
		fault = faultsOf(fc.Parent.Result).Of(fc.Field.Name)
	}
	var value any
	if items, ok := errors.AsType[*decode.Items](fault); fault == nil || ok && !items.Lost() {
		var err error
		if value, err = next(ctx); err != nil {
			fault = err
		}
	}
	if fault != nil && !onlyItems(ctx, fc, &fault) {
		return nil, fault
	}
	if value == nil || !hasFaults(reflect.TypeOf(value)) {
		return value, nil
	}
	return complete(ctx, value, fc.Field.Definition.Type, fc.Path())
}

// onlyItems adds the errors of items of a list, if the fault is theirs and there
// still is a list. Else the fault is the error of the field.
func onlyItems(ctx context.Context, fc *graphql.FieldContext, fault *error) bool {
	items, ok := errors.AsType[*decode.Items](*fault)
	if !ok {
		return false
	}
	for _, item := range items.Errors() {
		path := fc.Path()
		for _, i := range item.Path {
			path = append(path, ast.PathIndex(i))
		}
		err := gqlerror.WrapPath(path, item.Err)
		if items.Lost() {
			*fault = err
			return false
		}
		graphql.AddError(ctx, graphql.AddFieldLocationToError(ctx, err))
	}
	return true
}

// complete replaces objects that are none by null, with their errors. An object
// that is not an item of a list is the error itself.
func complete(ctx context.Context, value any, t *ast.Type, path ast.Path) (any, error) {
	list := reflect.ValueOf(value)
	if list.Kind() != reflect.Slice || t.Elem == nil {
		if err := faultsOf(value).Whole(); err != nil {
			return nil, err
		}
		return value, nil
	}
	var changed reflect.Value
	for i := range list.Len() {
		at := append(slices.Clone(path), ast.PathIndex(i))
		item, err := complete(ctx, list.Index(i).Interface(), t.Elem, at)
		if err != nil { // gqlgen adds no other one at its path
			graphql.AddError(ctx, graphql.AddFieldLocationToError(ctx, gqlerror.WrapPath(at, err)))
		} else if reflect.TypeOf(item) == nil || reflect.TypeOf(item).Kind() != reflect.Slice {
			continue
		}
		if !changed.IsValid() { // others may have the list
			changed = reflect.AppendSlice(reflect.MakeSlice(list.Type(), 0, list.Len()), list)
		}
		if err != nil {
			changed.Index(i).SetZero()
		} else {
			changed.Index(i).Set(reflect.ValueOf(item))
		}
	}
	if changed.IsValid() {
		return changed.Interface(), nil
	}
	return value, nil
}

// faultsOf returns the faults of an object of any type.
func faultsOf(object any) *decode.Faults {
	v := reflect.ValueOf(object)
	for v.IsValid() && (v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface) {
		v = v.Elem()
	}
	if !v.IsValid() || v.Kind() != reflect.Struct {
		return nil
	}
	field := faultField(v.Type())
	if field < 0 {
		return nil
	}
	faults, _ := reflect.TypeAssert[*decode.Faults](v.Field(field))
	return faults
}

// faultField returns the position of the field with faults in a model; -1 without
// one.
func faultField(t reflect.Type) int {
	for i := range t.NumField() { // the first one, as the generator has it
		if t.Field(i).IsExported() && t.Field(i).Type == reflect.TypeFor[*decode.Faults]() {
			return i
		}
	}
	return -1
}

// hasFaults reports whether values of a type, or the items of its lists, are
// objects that may have faults.
func hasFaults(t reflect.Type) bool {
	for t.Kind() == reflect.Slice || t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Kind() == reflect.Interface || t.Kind() == reflect.Struct && faultField(t) >= 0
}

// Check returns a resolver that returns an error for some parents instead of what resolve
// returns: those whose fault is not nil, of a value that resolve needs.
func Check[P comparable, R any](resolve Resolver[P, R], fault func(P) error) Resolver[P, R] {
	return func(ctx context.Context, parents []P) ([]R, error) {
		b := &batch[P, R]{parents: parents, resolve: resolve}
		values, failed := b.call(ctx)
		for i, parent := range parents {
			if err := fault(parent); err != nil {
				if failed == nil {
					failed = make([]error, len(parents))
				}
				failed[i] = err
			}
		}
		if failed == nil {
			return values, nil
		}
		if values == nil {
			values = make([]R, len(parents))
		}
		return values, itemErrors(failed)
	}
}
