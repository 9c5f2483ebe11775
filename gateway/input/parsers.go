package input

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"
)

// This file has the parsers of custom scalars that gqlgen's own types represent.
// They accept less than gqlgen's unmarshallers, some of which take values that
// nobody means: "" for a time, true for a text.

var (
	errNumber  = errors.New("no such number")
	errID      = errors.New("neither a string nor an integer")
	errBoolean = errors.New("no Boolean")
	errText    = errors.New("neither a text nor a number")
	errInt64   = errors.New("no integer of 64 bits")
	errTime    = errors.New("no time of RFC 3339")
	errObject  = errors.New("no object")
)

// Text parses a scalar that is a string in Go, such as an exact decimal: a string,
// or a number, which stays as it was written.
func Text(_ context.Context, value any) (any, error) {
	switch value := value.(type) {
	case string:
		return value, nil
	case json.Number:
		return string(value), nil
	}
	return nil, errText
}

// Int64 parses an integer of 64 bits: an integral number, or its digits in a
// string, as JavaScript needs it for large ones.
func Int64(_ context.Context, value any) (any, error) {
	text := ""
	switch value := value.(type) {
	case json.Number:
		text = string(value)
	case string:
		if text = value; !isPlain(text) || strings.LastIndexByte(text, '-') > 0 {
			return nil, errInt64
		}
	}
	digits, ok := integer(text)
	if !ok {
		return nil, errInt64
	}
	if _, err := strconv.ParseInt(digits, 10, 64); err != nil {
		return nil, errInt64
	}
	return json.Number(digits), nil
}

// Time parses a time of RFC 3339.
func Time(_ context.Context, value any) (any, error) {
	text, ok := value.(string)
	if !ok {
		return nil, errTime
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return nil, errTime
	}
	return t.Format(time.RFC3339Nano), nil
}

// Object parses a scalar that is any JSON object.
func Object(_ context.Context, value any) (any, error) {
	if _, ok := value.(map[string]any); !ok {
		return nil, errObject
	}
	return value, nil
}

// Int parses an integer of 32 bits.
func Int(_ context.Context, value any) (any, error) { return found(number(isInt, value), errNumber) }

// Float parses a finite number of 64 bits.
func Float(_ context.Context, value any) (any, error) {
	return found(number(isFloat, value), errNumber)
}

// ID parses a string or an integer.
func ID(_ context.Context, value any) (any, error) { return found(number(isID, value), errID) }

// Boolean parses true and false.
func Boolean(_ context.Context, value any) (any, error) {
	if _, ok := value.(bool); !ok {
		return nil, errBoolean
	}
	return value, nil
}

func found(value any, err error) (any, error) {
	if value == nil {
		return nil, err
	}
	return value, nil
}
