package upstream

import (
	"encoding/base64"
	"errors"
	"fmt"
	"iter"
	"math"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/portico-gateway/portico/gateway/problem"
)

// What this file has is for generated clients, mostly those of gRPC services.

// Events makes a value of each message, or of each event of [HTTP.StreamJSON]. An error of that is a
// [problem.EventError], as is a message that can't be decoded, and the sequence continues with the next message. Any other error is one of
// the stream, and the last pair.
func Events[M, T any](messages iter.Seq2[*M, error], value func(*M) (T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for message, err := range messages {
			var event T
			_, isEvent := errors.AsType[*problem.EventError](err)
			ended := err != nil && !isEvent
			if err == nil {
				event, err = value(message)
				err = problem.OfEvent(err)
			}
			if !yield(event, err) || ended {
				return
			}
		}
	}
}

// Values converts each value; an error names the invalid one.
func Values[T, U any](values []T, of func(T) (U, error)) ([]U, error) {
	out := make([]U, len(values))
	for i, value := range values {
		var err error
		if out[i], err = of(value); err != nil {
			return nil, fmt.Errorf("[%d]: %w", i, err)
		}
	}
	return out, nil
}

// Int32 converts a caller's number for a service; BAD_USER_INPUT if it overflows.
func Int32[T ~int | ~int64](number T) (int32, error) {
	if int64(number) > math.MaxInt32 || int64(number) < math.MinInt32 {
		return 0, problem.New(problem.BadUserInput, "A number must have at most 32 bits.")
	}
	return int32(number), nil
}

// Uint32 converts a caller's number for a service; BAD_USER_INPUT if it overflows.
func Uint32[T ~int | ~int64](number T) (uint32, error) {
	if int64(number) > math.MaxUint32 || number < 0 {
		return 0, problem.New(problem.BadUserInput, "A number must be from 0 to 4294967295.")
	}
	return uint32(number), nil
}

// Uint64 converts a caller's number for a service; BAD_USER_INPUT if it is negative.
func Uint64[T ~int | ~int64](number T) (uint64, error) {
	if number < 0 {
		return 0, problem.New(problem.BadUserInput, "A number must not be negative.")
	}
	return uint64(number), nil
}

// Bytes decodes a caller's base64 string; BAD_USER_INPUT if it is invalid.
func Bytes(text string) ([]byte, error) {
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, problem.New(problem.BadUserInput, "Bytes must be in base64.")
	}
	return b, nil
}

// OneOf is the problem of a request that has several of these values, which set the
// same oneof: BAD_USER_INPUT.
func OneOf(names ...string) error {
	last := len(names) - 1
	return problem.New(problem.BadUserInput, "At most one of %s and %s can be given.", strings.Join(names[:last], ", "), names[last])
}

// Duration parses a caller's duration, such as "3.5s" or "1h30m"; BAD_USER_INPUT if it is
// invalid.
func Duration(text string) (*durationpb.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil {
		return nil, problem.New(problem.BadUserInput, `A duration must be a number and a unit, such as "3.5s".`)
	}
	return durationpb.New(d), nil
}

// Value converts a caller's JSON; BAD_USER_INPUT if it is not valid JSON.
func Value(value any) (*structpb.Value, error) {
	v, err := structpb.NewValue(value)
	if err != nil {
		return nil, problem.New(problem.BadUserInput, "A value is no JSON.")
	}
	return v, nil
}

// Struct converts a caller's JSON object; BAD_USER_INPUT if it is not one.
func Struct(value any) (*structpb.Struct, error) {
	v, err := Value(value)
	if err != nil {
		return nil, err
	}
	if s := v.GetStructValue(); s != nil {
		return s, nil
	}
	return nil, problem.New(problem.BadUserInput, "A value must be a JSON object.")
}

// ListValue converts a caller's JSON array; BAD_USER_INPUT if it is not one.
func ListValue(value any) (*structpb.ListValue, error) {
	v, err := Value(value)
	if err != nil {
		return nil, err
	}
	if l := v.GetListValue(); l != nil {
		return l, nil
	}
	return nil, problem.New(problem.BadUserInput, "A value must be a JSON array.")
}

// ParseInt parses an id as a number for a service; BAD_USER_INPUT if it is not one.
func ParseInt[T int32 | int64](id string) (T, error) {
	bits := 64
	if _, ok := any(T(0)).(int32); ok {
		bits = 32
	}
	number, err := strconv.ParseInt(id, 10, bits)
	if err != nil {
		return 0, problem.New(problem.BadUserInput, "An ID must be a whole number of %d bits.", bits)
	}
	return T(number), nil
}

// Parses is the check of keys that parse makes numbers of.
func Parses[T any](parse func(id string) (T, error)) func(key string) error {
	return func(key string) error {
		_, err := parse(key)
		return err
	}
}

// ParseUint is [ParseInt] for non-negative numbers.
func ParseUint[T uint32 | uint64](id string) (T, error) {
	bits := 64
	if _, ok := any(T(0)).(uint32); ok {
		bits = 32
	}
	number, err := strconv.ParseUint(id, 10, bits)
	if err != nil {
		return 0, problem.New(problem.BadUserInput, "An ID must be a whole number of %d bits that is not negative.", bits)
	}
	return T(number), nil
}
