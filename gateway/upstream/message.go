package upstream

import (
	"context"
	"encoding/base64"
	"fmt"
	"iter"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/portico-gateway/portico/gateway/problem"
)

// What this file has is for generated clients of gRPC services.

// Follow calls a method that streams and waits for its first message, as
// [Watch] does. The method is "/package.Service/Method".
func Follow[Req, Res any](ctx context.Context, c *GRPC, method string, request *Req) (iter.Seq2[*Res, error], error) {
	return Watch(ctx, func(ctx context.Context) (grpc.ServerStreamingClient[Res], error) {
		s, err := c.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, method)
		if err != nil {
			return nil, err
		}
		if err := s.SendMsg(request); err != nil {
			return nil, err
		}
		if err := s.CloseSend(); err != nil {
			return nil, err
		}
		return &grpc.GenericClientStream[Req, Res]{ClientStream: s}, nil
	})
}

// Events makes a value of each message. An error of that is a
// [problem.EventError], and the sequence goes on with the next message. Any other
// error is one of the stream, and the last pair.
func Events[M, T any](messages iter.Seq2[*M, error], value func(*M) (T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for message, err := range messages {
			var event T
			ended := err != nil
			if !ended {
				event, err = value(message)
				err = problem.OfEvent(err)
			}
			if !yield(event, err) || ended {
				return
			}
		}
	}
}

// Values makes something of each value; an error tells which one it is of.
func Values[T, U any](values []T, of func(T) (U, error)) ([]U, error) {
	out := make([]U, len(values))
	for i, value := range values {
		var err error
		if out[i], err = of(value); err != nil {
			return nil, In("["+strconv.Itoa(i)+"]", err)
		}
	}
	return out, nil
}

// Small is a number of a service as an Int of GraphQL, which has 32 bits
// (GraphQL specification, section 3.5.1).
func Small[T ~int32 | ~int64 | ~uint32 | ~uint64](number T) (int, error) {
	if number > 0 && uint64(number) > math.MaxInt32 || number < 0 && int64(number) < math.MinInt32 {
		return 0, fmt.Errorf("%d has more than 32 bits", number)
	}
	return int(number), nil
}

// Int32 is a caller's number for a service; BAD_USER_INPUT when it does not
// fit.
func Int32[T ~int | ~int64](number T) (int32, error) {
	if int64(number) > math.MaxInt32 || int64(number) < math.MinInt32 {
		return 0, problem.New(problem.BadUserInput, "A number must have at most 32 bits.")
	}
	return int32(number), nil
}

// Uint32 is a caller's number for a service; BAD_USER_INPUT when it does not
// fit.
func Uint32[T ~int | ~int64](number T) (uint32, error) {
	if int64(number) > math.MaxUint32 || number < 0 {
		return 0, problem.New(problem.BadUserInput, "A number must be from 0 to 4294967295.")
	}
	return uint32(number), nil
}

// Uint64 is a caller's number for a service; BAD_USER_INPUT when it is
// negative.
func Uint64[T ~int | ~int64](number T) (uint64, error) {
	if number < 0 {
		return 0, problem.New(problem.BadUserInput, "A number must not be negative.")
	}
	return uint64(number), nil
}

// Signed is a number of a service as one that can be negative; an error when it
// is too large.
func Signed(number uint64) (int64, error) {
	if number > math.MaxInt64 {
		return 0, fmt.Errorf("%d has more than 63 bits", number)
	}
	return int64(number), nil
}

// Bytes are the bytes that a caller's text has in base64; BAD_USER_INPUT when it
// is none.
func Bytes(text string) ([]byte, error) {
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, problem.New(problem.BadUserInput, "Bytes must be in base64.")
	}
	return b, nil
}

// Duration is what a caller writes as "3.5s" or "1h30m"; BAD_USER_INPUT when it
// is something else.
func Duration(text string) (*durationpb.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil {
		return nil, problem.New(problem.BadUserInput, `A duration must be a number and a unit, such as "3.5s".`)
	}
	return durationpb.New(d), nil
}

// Value is a caller's JSON; BAD_USER_INPUT when it has what JSON does not.
func Value(value any) (*structpb.Value, error) {
	v, err := structpb.NewValue(value)
	if err != nil {
		return nil, problem.New(problem.BadUserInput, "A value is no JSON.")
	}
	return v, nil
}

// Struct is a caller's JSON object; BAD_USER_INPUT when it is none.
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

// ListValue is a caller's JSON array; BAD_USER_INPUT when it is none.
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

// JSON is any message as its JSON.
func JSON[M proto.Message](message M) (any, error) {
	text, err := protojson.Marshal(message)
	if err != nil {
		return nil, err
	}
	var value any
	err = json.Unmarshal(text, &value)
	return value, err
}

// Object is a map of scalars as a JSON object; an error when it has a number
// that JSON does not.
func Object[K comparable, V any](values map[K]V) (any, error) {
	object := make(map[string]any, len(values))
	for key, value := range values {
		switch number := any(value).(type) {
		case float64:
			if math.IsNaN(number) || math.IsInf(number, 0) {
				return nil, fmt.Errorf("%v is no number of JSON", number)
			}
		case float32:
			if math.IsNaN(float64(number)) || math.IsInf(float64(number), 0) {
				return nil, fmt.Errorf("%v is no number of JSON", number)
			}
		}
		object[fmt.Sprint(key)] = value
	}
	return object, nil
}

// ParseInt is the number that an id is for a service; BAD_USER_INPUT when it is
// none.
func ParseInt[T int32 | int64](id string) (T, error) {
	bits := 64
	if _, ok := any(T(0)).(int32); ok {
		bits = 32
	}
	number, err := strconv.ParseInt(id, 10, bits)
	if err != nil {
		return 0, problem.New(problem.BadUserInput, "An id must be a whole number.")
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

// ParseUint is [ParseInt] of numbers that are not negative.
func ParseUint[T uint32 | uint64](id string) (T, error) {
	bits := 64
	if _, ok := any(T(0)).(uint32); ok {
		bits = 32
	}
	number, err := strconv.ParseUint(id, 10, bits)
	if err != nil {
		return 0, problem.New(problem.BadUserInput, "An id must be a whole number.")
	}
	return T(number), nil
}

// Seconds is a duration as JSON of protocol buffers has it: "3.5s".
func Seconds(duration *durationpb.Duration) string {
	d := duration.AsDuration()
	return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) + "s"
}

// Digits is a whole number as a text.
func Digits[T ~int32 | ~int64 | ~uint32 | ~uint64](number T) string {
	if number < 0 {
		return strconv.FormatInt(int64(number), 10)
	}
	return strconv.FormatUint(uint64(number), 10)
}

// Base64 is the text that protobuf's JSON format has for bytes.
func Base64(data []byte) string { return base64.StdEncoding.EncodeToString(data) }

// TimeText is a timestamp as a text (RFC 3339).
func TimeText(t *timestamppb.Timestamp) string { return t.AsTime().Format(time.RFC3339Nano) }

// Paths are the paths of a mask with commas between them, as protobuf's JSON format
// has them.
func Paths(mask *fieldmaskpb.FieldMask) string { return strings.Join(mask.GetPaths(), ",") }
