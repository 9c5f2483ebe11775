package decode

import (
	"cmp"
	"encoding/base64"
	stdjson "encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Message reads a message that may be absent: nil then. The error is that of
// read.
func Message[M, T any](from Source, message *M, read func(Source, *M, *T) error) (*T, error) {
	if message == nil {
		return nil, nil //nolint:nilnil // null
	}
	row := new(T)
	if err := read(from, message, row); err != nil {
		return nil, err
	}
	return row, nil
}

// Messages reads a repeated field of messages. If a model has no [Faults], the
// first error of read is that of the list.
func Messages[M, T any](from Source, messages []*M, read func(Source, *M, *T) error) ([]*T, error) {
	list, rows := make([]*T, len(messages)), make([]T, len(messages))
	var failed Items
	for i, message := range messages {
		list[i] = &rows[i]
		failed.add(i, read(from, message, list[i]))
	}
	if failed.lost {
		return nil, &failed
	}
	return list, nil
}

// Item returns an item of a repeated field, or the zero value if it has fewer.
func Item[T any](list []T, i int) T {
	if i < len(list) {
		return list[i]
	}
	var none T
	return none
}

// Each converts the items of a repeated field.
func Each[T, U any](values []T, of func(T) (U, error)) ([]U, error) {
	list := make([]U, len(values))
	var failed Items
	for i, v := range values {
		var err error
		list[i], err = of(v)
		failed.add(i, err)
	}
	if failed.lost {
		return nil, &failed
	}
	return list, nil
}

// Small returns a number as an Int of GraphQL, which has 32 bits (GraphQL
// specification, section 3.5.1).
func Small[T ~int32 | ~int64 | ~uint32 | ~uint64](number T) (int, error) {
	if number > 0 && uint64(number) > math.MaxInt32 || number < 0 && int64(number) < math.MinInt32 {
		return 0, &Mismatch{Want: "a whole number of 32 bits", Have: Digits(number)}
	}
	return int(number), nil
}

// Signed returns a number as one that can be negative. It is an error if it is
// too large.
func Signed(number uint64) (int64, error) {
	if number > math.MaxInt64 {
		return 0, &Mismatch{Want: wantInt64, Have: Digits(number)}
	}
	return int64(number), nil
}

// Finite returns a number that JSON has. Others, such as NaN, are errors.
func Finite[T ~float32 | ~float64](number T) (float64, error) {
	f := float64(number)
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return 0, &Mismatch{Want: "a finite number", Have: strconv.FormatFloat(f, 'g', -1, 64)}
	}
	return f, nil
}

// FiniteAs is like [Finite] for a number of another type.
func FiniteAs[T ~float32 | ~float64, F ~float32 | ~float64](number F) (T, error) {
	f, err := Finite(number)
	return AsFloat[T](f, err)
}

// Digits returns a whole number as text.
func Digits[T ~int32 | ~int64 | ~uint32 | ~uint64](number T) string {
	if number < 0 {
		return strconv.FormatInt(int64(number), 10)
	}
	return strconv.FormatUint(uint64(number), 10)
}

// Base64 returns the text that the JSON format of protocol buffers has for bytes.
func Base64(data []byte) string { return base64.StdEncoding.EncodeToString(data) }

// Timestamp returns a time from the year 1 to the year 9999.
func Timestamp(t *timestamppb.Timestamp) (time.Time, error) {
	if err := t.CheckValid(); err != nil {
		return time.Time{}, &Mismatch{Want: "a timestamp", Have: fmt.Sprintf("%d.%09d", t.GetSeconds(), t.GetNanos())}
	}
	return t.AsTime(), nil
}

// TimeText is like [Timestamp], but returns text (RFC 3339).
func TimeText(t *timestamppb.Timestamp) (string, error) {
	at, err := Timestamp(t)
	if err != nil {
		return "", err
	}
	return at.Format(time.RFC3339Nano), nil
}

// Duration returns a duration of at most about 292 years.
func Duration(d *durationpb.Duration) (time.Duration, error) {
	whole := d.AsDuration() // saturates
	if err := d.CheckValid(); err != nil || whole == math.MaxInt64 || whole == math.MinInt64 {
		return 0, &Mismatch{Want: "a duration", Have: fmt.Sprintf("%d.%09ds", d.GetSeconds(), d.GetNanos())}
	}
	return whole, nil
}

// Seconds returns a duration as the JSON format of protocol buffers has it:
// "3.5s".
func Seconds(d *durationpb.Duration) (string, error) {
	if err := d.CheckValid(); err != nil {
		return "", &Mismatch{Want: "a duration", Have: fmt.Sprintf("%d.%09ds", d.GetSeconds(), d.GetNanos())}
	}
	text := fmt.Sprintf("%d.%09d", abs(d.GetSeconds()), abs(int64(d.GetNanos())))
	text = strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
	if d.GetSeconds() < 0 || d.GetNanos() < 0 {
		text = "-" + text
	}
	return text + "s", nil
}

func abs(n int64) int64 { return max(n, -n) }

// Paths returns the paths of a mask with commas between them, as the JSON format
// of protocol buffers has them.
func Paths(mask *fieldmaskpb.FieldMask) string { return strings.Join(mask.GetPaths(), ",") }

// Struct returns a JSON object.
func Struct(s *structpb.Struct) (map[string]any, error) {
	if err := finite(structpb.NewStructValue(s)); err != nil {
		return nil, err
	}
	return s.AsMap(), nil
}

// AnyStruct is like [Struct] for a value of any JSON.
func AnyStruct(s *structpb.Struct) (any, error) {
	object, err := Struct(s)
	if err != nil {
		return nil, err
	}
	return object, nil
}

// AnyValue returns any JSON but null.
func AnyValue(v *structpb.Value) (any, error) {
	if err := finite(v); err != nil {
		return nil, err
	}
	if _, null := v.GetKind().(*structpb.Value_NullValue); null {
		return nil, ErrMissing
	}
	return v.AsInterface(), nil
}

// AnyList returns a JSON array.
func AnyList(l *structpb.ListValue) (any, error) {
	if err := finite(structpb.NewListValue(l)); err != nil {
		return nil, err
	}
	return l.AsSlice(), nil
}

// finite returns an error if a number in v is none of JSON.
func finite(v *structpb.Value) error {
	switch kind := v.GetKind().(type) {
	case *structpb.Value_NumberValue:
		_, err := Finite(kind.NumberValue)
		return err
	case *structpb.Value_StructValue:
		for _, inner := range kind.StructValue.GetFields() {
			if err := finite(inner); err != nil {
				return err
			}
		}
	case *structpb.Value_ListValue:
		for _, inner := range kind.ListValue.GetValues() {
			if err := finite(inner); err != nil {
				return err
			}
		}
	}
	return nil
}

// AnyMessage returns any message as JSON, with numbers as they are.
func AnyMessage[M proto.Message](message M) (any, error) {
	text, err := protojson.Marshal(message)
	if err != nil {
		return nil, &Mismatch{Want: "a message that JSON has", Have: sample(err.Error())}
	}
	decoder := stdjson.NewDecoder(strings.NewReader(string(text)))
	decoder.UseNumber()
	var v any
	err = decoder.Decode(&v)
	return v, err
}

// AnyMap returns a map of scalars as a JSON object.
func AnyMap[K comparable, V any](values map[K]V) (any, error) {
	object := make(map[string]any, len(values))
	for key, v := range values {
		var err error
		switch number := any(v).(type) {
		case float64:
			_, err = Finite(number)
		case float32:
			_, err = Finite(number)
		}
		if err != nil {
			return nil, err
		}
		object[fmt.Sprint(key)] = v
	}
	return object, nil
}

// Entry is an entry of a map.
type Entry[K, V any] struct {
	key   K
	value V
}

// GetKey returns the key.
func (e *Entry[K, V]) GetKey() K { return e.key }

// GetValue returns the value.
func (e *Entry[K, V]) GetValue() V { return e.value }

// MapEntries returns the entries of a map, sorted by their keys.
func MapEntries[K cmp.Ordered, V any](m map[K]V) []*Entry[K, V] {
	list := make([]*Entry[K, V], 0, len(m))
	for key, value := range m {
		list = append(list, &Entry[K, V]{key, value})
	}
	slices.SortFunc(list, func(a, b *Entry[K, V]) int { return cmp.Compare(a.key, b.key) })
	return list
}

// BoolEntries returns the entries of a map, that of false first.
func BoolEntries[V any](m map[bool]V) []*Entry[bool, V] {
	list := make([]*Entry[bool, V], 0, len(m))
	for _, key := range []bool{false, true} {
		if value, ok := m[key]; ok {
			list = append(list, &Entry[bool, V]{key, value})
		}
	}
	return list
}
