package access_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/portico-gateway/portico/gateway/access"
	"github.com/portico-gateway/portico/gateway/problem"
)

func question() access.Question {
	return access.Question{Policy: "limit", Type: "Mutation", Field: "buy", Arguments: map[string]any{
		"id": "p1", "sure": true, "count": json.Number("3"), "price": json.Number("1.5"), "large": json.Number("12345678901234567890.5"), "null": nil,
		"none": []any{}, "ids": []any{"a", "b"}, "some": []any{"a", nil},
		"in": map[string]any{
			"items":  []any{map[string]any{"n": json.Number("1")}, map[string]any{"n": json.Number("2")}},
			"nested": []any{[]any{map[string]any{"n": json.Number("1")}}, []any{}, []any{map[string]any{"n": json.Number("3")}}},
			"holes":  []any{map[string]any{"n": json.Number("1")}, map[string]any{}},
			"single": map[string]any{"n": json.Number("1")},
		},
	}}
}

// result is what a helper returned; nil where it denied.
func result[T any](value T, err error) any {
	if p, ok := errors.AsType[*problem.Error](err); ok && p.Code == problem.Forbidden && errors.Unwrap(p) != nil {
		return nil
	}
	if err != nil {
		return err
	}
	return value
}

func TestArgument(t *testing.T) {
	q := question()
	for name, c := range map[string]struct{ got, want any }{
		"a string":                     {result(access.Argument[string](q, "id")), "p1"},
		"a boolean":                    {result(access.Argument[bool](q, "sure")), true},
		"an int":                       {result(access.Argument[int](q, "count")), 3},
		"an int64":                     {result(access.Argument[int64](q, "count")), int64(3)},
		"a float":                      {result(access.Argument[float64](q, "price")), 1.5},
		"an exact number":              {result(access.Argument[json.Number](q, "large")), json.Number("12345678901234567890.5")},
		"a list":                       {result(access.Argument[[]any](q, "ids")), []any{"a", "b"}},
		"an empty list":                {result(access.Argument[[]any](q, "none")), []any{}},
		"an object":                    {result(access.Argument[map[string]any](q, "in", "single")), map[string]any{"n": json.Number("1")}},
		"a member":                     {result(access.Argument[int](q, "in", "single", "n")), 1},
		"absent":                       {result(access.Argument[string](q, "other")), nil},
		"an absent list":               {result(access.Argument[[]any](q, "other")), nil},
		"an absent member":             {result(access.Argument[int](q, "in", "single", "m")), nil},
		"a member of what is absent":   {result(access.Argument[int](q, "other", "n")), nil},
		"a member of a scalar":         {result(access.Argument[int](q, "id", "n")), nil},
		"a member of a list":           {result(access.Argument[int](q, "in", "items", "n")), nil},
		"null":                         {result(access.Argument[string](q, "null")), nil},
		"a null list":                  {result(access.Argument[[]any](q, "null")), nil},
		"a number for a string":        {result(access.Argument[string](q, "count")), nil},
		"a string for a number":        {result(access.Argument[int](q, "id")), nil},
		"a fraction for an int":        {result(access.Argument[int](q, "price")), nil},
		"more than an int64":           {result(access.Argument[int64](q, "large")), nil},
		"a string for a list":          {result(access.Argument[[]any](q, "id")), nil},
		"an object for a list":         {result(access.Argument[[]any](q, "in", "single")), nil},
		"no path":                      {result(access.Argument[string](q)), nil},
		"no arguments":                 {result(access.Argument[map[string]any](access.Question{})), nil},
		"each of a list of objects":    {result(access.Each[int](q, "in", "items", "n")), []int{1, 2}},
		"each of lists of lists":       {result(access.Each[int](q, "in", "nested", "n")), []int{1, 3}},
		"each of scalars":              {result(access.Each[string](q, "ids")), []string{"a", "b"}},
		"each of one":                  {result(access.Each[int](q, "in", "single", "n")), []int{1}},
		"each of none":                 {result(access.Each[string](q, "none")), []string{}},
		"each of a member of none":     {result(access.Each[string](q, "none", "n")), []string{}},
		"each, one item is null":       {result(access.Each[string](q, "some")), nil},
		"each, one member is absent":   {result(access.Each[int](q, "in", "holes", "n")), nil},
		"each, of what is absent":      {result(access.Each[int](q, "in", "other", "n")), nil},
		"each, another type":           {result(access.Each[int](q, "ids")), nil},
		"each, a member of scalars":    {result(access.Each[int](q, "ids", "n")), nil},
		"each, of an absent argument":  {result(access.Each[int](q, "other")), nil},
		"each, with no arguments":      {result(access.Each[int](access.Question{}, "in")), nil},
		"each, objects for the number": {result(access.Each[int](q, "in", "items")), nil},
	} {
		t.Run(name, func(t *testing.T) {
			if !reflect.DeepEqual(c.got, c.want) {
				t.Errorf("got %#v, want %#v", c.got, c.want)
			}
		})
	}
}

// The log has where and what kind of value, not the value; callers have neither.
func TestReasonOfArgument(t *testing.T) {
	_, err := access.Argument[int](question(), "id")
	p, _ := errors.AsType[*problem.Error](err)
	const want = "policy limit: Mutation.buy: the argument id is string, want a value for int"
	if p == nil || fmt.Sprint(errors.Unwrap(p)) != want || strings.Contains(p.Message, "id") || strings.Contains(err.Error(), "p1") {
		t.Errorf("got %v", err)
	}
}
