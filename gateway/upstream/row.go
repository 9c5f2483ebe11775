package upstream

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/99designs/gqlgen/graphql"
	"github.com/go-json-experiment/json/jsontext"
)

// What this file has is for generated clients. They decode an answer into rows,
// structs whose members are pointers, so that what is missing is told from what
// is zero, and make models of them.

// Text is a text that a service may also write as a number, as it does with
// ids and exact decimals: it is the number as the service spelled it.
type Text string

// UnmarshalJSONFrom reads a JSON string or number.
func (t *Text) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	switch d.PeekKind() {
	case jsontext.KindString:
		token, err := d.ReadToken()
		if err != nil {
			return err
		}
		*t = Text(token.String())
		return nil
	case jsontext.KindNumber:
		number, err := d.ReadValue()
		if err != nil {
			return err
		}
		*t = Text(number)
		return nil
	}
	if err := d.SkipValue(); err != nil {
		return err
	}
	return errors.New("neither a string nor a number")
}

// Any is any JSON. Numbers in it stay as the service spelled them.
type Any struct{ value any }

// UnmarshalJSONFrom reads any JSON value.
func (a *Any) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	text, err := d.ReadValue()
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	return decoder.Decode(&a.value)
}

// Value is the value: nil, a bool, a string, a json.Number, a []any or a
// map[string]any. That of nil is nil.
func (a *Any) Value() any {
	if a == nil {
		return nil
	}
	return a.value
}

// AnyOf is the value of any JSON.
func AnyOf(a *Any) (any, error) { return a.Value(), nil }

// Missing is the error of a value that must be there and is not.
func Missing(name string) error { return fmt.Errorf("%s is missing or null", name) }

// Unknown is the error of a value that an enum does not have.
func Unknown(enum, value string) error { return fmt.Errorf("%s has no value %.100q", enum, value) }

// In tells where in an answer an error is.
func In(name string, err error) error { return fmt.Errorf("%s: %w", name, err) }

// Row makes the model of a row that may be null: the zero value then.
func Row[R, M any](row *R, model func(*R) (M, error)) (M, error) {
	if row == nil {
		var none M
		return none, nil
	}
	return model(row)
}

// Optional makes a pointer to the model of a row; nil of null.
func Optional[R, M any](row *R, model func(*R) (M, error)) (*M, error) {
	if row == nil {
		return nil, nil //nolint:nilnil // null
	}
	m, err := model(row)
	if err != nil {
		return nil, err
	}
	return &m, nil
}

// Rows makes the models of rows, of which none may be null. No list gives no
// list.
func Rows[R, M any](rows []*R, model func(*R) (M, error)) ([]M, error) {
	return list(rows, func(row *R) (M, error) {
		if row == nil {
			var none M
			return none, errors.New("null")
		}
		return model(row)
	})
}

// RowsOrNull is [Rows] where rows may be null.
func RowsOrNull[R, M any](rows []*R, model func(*R) (M, error)) ([]M, error) {
	return list(rows, func(row *R) (M, error) { return Row(row, model) })
}

// Optionals is [Rows] of pointers, which are nil where rows are null.
func Optionals[R, M any](rows []*R, model func(*R) (M, error)) ([]*M, error) {
	return list(rows, func(row *R) (*M, error) { return Optional(row, model) })
}

// Lists makes models of the lists in a list. One of them may be null only if
// null says so.
func Lists[R, M any](lists [][]R, null bool, model func([]R) ([]M, error)) ([][]M, error) {
	if lists == nil {
		return nil, nil
	}
	return Values(lists, func(inner []R) ([]M, error) {
		if inner == nil && !null {
			return nil, errors.New("null")
		}
		return model(inner)
	})
}

func list[R, M any](rows []*R, model func(*R) (M, error)) ([]M, error) {
	if rows == nil {
		return nil, nil
	}
	models := make([]M, len(rows))
	for i, row := range rows {
		var err error
		if models[i], err = model(row); err != nil {
			return nil, In("["+strconv.Itoa(i)+"]", err)
		}
	}
	return models, nil
}

// Same is a value that is its model.
func Same[T any](value *T) (T, error) { return *value, nil }

// Pointer is a value that models have by pointer.
func Pointer[T any](value *T) (*T, error) { return value, nil }

// String is a text's.
func String(text *Text) (string, error) { return string(*text), nil }

// Int is that of GraphQL, which has 32 bits (GraphQL specification, section
// 3.5.1).
func Int(value *int32) (int, error) { return int(*value), nil }

// Count is a number of rows as an Int, which has 32 bits.
func Count(number *int64) (int, error) { return Small(*number) }

// Key is the text of a row's key; empty, which no parent has, when it is null.
func Key[T ~string](value *T) string {
	if value == nil {
		return ""
	}
	return string(*value)
}

// KeyInt is [Key] of a number.
func KeyInt[T ~int | ~int32 | ~int64 | ~uint32 | ~uint64](value *T) string {
	if value == nil {
		return ""
	}
	return fmt.Sprint(*value)
}

func (c Config) malformed(err error) error {
	if err == nil {
		return nil
	}
	return nonsense(c.Name, fmt.Errorf("service %s: %w", c.Name, err))
}

// Malformed is the problem of an answer of which err tells what is wrong with
// it; nil for nil.
func (c *HTTP) Malformed(err error) error { return c.config.malformed(err) }

// Malformed is the problem of an answer of which err tells what is wrong with
// it; nil for nil.
func (c *GRPC) Malformed(err error) error { return c.config.malformed(err) }

// Map makes something of each value: nil of nil.
func Map[T, U any](values []T, of func(T) U) []U {
	if values == nil {
		return nil
	}
	out := make([]U, len(values))
	for i, value := range values {
		out[i] = of(value)
	}
	return out
}

// MapOmittable applies a function to a value that can be absent.
func MapOmittable[T, U any](value graphql.Omittable[T], of func(T) U) graphql.Omittable[U] {
	if v, ok := value.ValueOK(); ok {
		return graphql.OmittableOf(of(v))
	}
	return graphql.Omittable[U]{}
}

// Present are the values that are not nil.
func Present[T any](values []*T) []T {
	out := make([]T, 0, len(values))
	for _, value := range values {
		if value != nil {
			out = append(out, *value)
		}
	}
	return out
}

// Apply makes something of what a pointer points to: nil of nil.
func Apply[T, U any](value *T, of func(T) U) *U {
	if value == nil {
		return nil
	}
	u := of(*value)
	return &u
}
