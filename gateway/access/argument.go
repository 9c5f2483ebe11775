package access

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"github.com/portico-gateway/portico/gateway/problem"
)

// Value is what a policy can read of arguments. Values are coerced (GraphQL
// specification, section 6.4.1): Int, Float and numbers of custom scalars are
// [json.Number], which int, int64 and float64 read too; ID, String and enums
// are string; Boolean is bool. A list is []any, at every depth, also where the
// caller wrote one item; an input object is map[string]any with its defaults,
// in which absent members are absent.
type Value interface {
	string | bool | int | int64 | float64 | json.Number | []any | map[string]any
}

// Argument returns one argument of a question, or a member of it: path is the
// argument's name, followed by those of members of input objects.
//
// It fails closed: if the value is absent, null, or no T, its error denies with
// FORBIDDEN, and the log has the reason. A policy returns that error. A policy
// that allows an argument to be absent looks at [Question.Arguments] first.
func Argument[T Value](q Question, path ...string) (T, error) {
	var zero T
	var value any = q.Arguments
	for i, name := range path {
		object, ok := value.(map[string]any)
		if !ok {
			return zero, unreadable(q, path[:i], value, "an input object")
		}
		value = object[name]
	}
	out, ok := read[T](value)
	if !ok {
		return zero, unreadable(q, path, value, fmt.Sprintf("a value for %T", zero))
	}
	return out, nil
}

// Each returns all values to which a path leads through lists, whose items it
// is followed in: Each[int](q, "input", "items", "quantity") are the quantities
// of all items. There are none if a list is empty. Otherwise it is as
// [Argument]: one item whose value is absent, null, or no T is an error.
func Each[T Value](q Question, path ...string) ([]T, error) {
	return each[T](q, q.Arguments, path, 0)
}

func each[T Value](q Question, value any, path []string, at int) ([]T, error) {
	if list, ok := value.([]any); ok {
		out := make([]T, 0, len(list))
		for _, item := range list {
			values, err := each[T](q, item, path, at)
			if err != nil {
				return nil, err
			}
			out = append(out, values...)
		}
		return out, nil
	}
	if at == len(path) {
		out, ok := read[T](value)
		if !ok {
			return nil, unreadable(q, path, value, fmt.Sprintf("a value for %T", out))
		}
		return []T{out}, nil
	}
	object, ok := value.(map[string]any)
	if !ok {
		return nil, unreadable(q, path[:at], value, "an input object")
	}
	return each[T](q, object[path[at]], path, at+1)
}

// unreadable denies what a policy can't decide. The log has the kind of the
// value, not the value.
func unreadable(q Question, path []string, value any, want string) error {
	cause := fmt.Errorf("policy %s: %s.%s: the argument %s is %T, want %s", q.Policy, q.Type, q.Field, strings.Join(path, "."), value, want)
	return problem.Wrap(cause, problem.Forbidden, "You may not have this.")
}

// read returns value as a T, and reports whether it is exactly that.
func read[T Value](value any) (T, bool) {
	var out any
	var ok bool
	switch any(*new(T)).(type) {
	case int:
		var n int64
		n, ok = integer(value)
		ok = ok && int64(int(n)) == n
		out = int(n)
	case int64:
		out, ok = integer(value)
	case float64:
		out, ok = float(value)
	default:
		out, ok = value, !isNil(value)
	}
	typed, is := out.(T)
	return typed, ok && is
}

// isNil reports whether value is null, or a list or object that is nil.
func isNil(value any) bool {
	switch v := value.(type) {
	case nil:
		return true
	case []any:
		return v == nil
	case map[string]any:
		return v == nil
	}
	return false
}

// integer reads a number without a fraction.
func integer(value any) (int64, bool) {
	switch n := value.(type) {
	case int64:
		return n, true
	case json.Number:
		i, err := n.Int64()
		return i, err == nil
	}
	return 0, false
}

// float reads a finite number.
func float(value any) (float64, bool) {
	switch n := value.(type) {
	case int64:
		return float64(n), true
	case float64:
		return n, !math.IsNaN(n) && !math.IsInf(n, 0)
	case json.Number:
		f, err := n.Float64()
		return f, err == nil
	}
	return 0, false
}
