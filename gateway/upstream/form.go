package upstream

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/portico-gateway/portico/gateway/decode"
)

// AddObject adds the members of an object to the query: as parameters with their names
// or, if name is not empty, as name[member]. Lists of scalars repeat the name, lists of
// objects are name[0][member], and null is omitted.
func (r *Request) AddObject(name string, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return impossible("", fmt.Errorf("encode the parameter %s: %w", name, err))
	}
	if r.Query == nil {
		r.Query = url.Values{}
	}
	return flatten(r.Query, name, text)
}

// jsonType is the media type of JSON.
const jsonType = "application/json"

func (r Request) contentType() string {
	if r.Form {
		return "application/x-www-form-urlencoded"
	}
	return jsonType
}

// flatten adds the scalars in a text of JSON to values.
func flatten(values url.Values, name string, text []byte) error {
	d := decode.NewJSON(string(text), decode.Source{})
	value, err := d.Any()
	if err != nil {
		return decode.IfNotNull(err)
	}
	addFlat(values, name, value)
	return d.End()
}

func addFlat(values url.Values, name string, value any) {
	switch value := value.(type) {
	case map[string]any:
		for member, inner := range value {
			if name != "" {
				member = name + "[" + member + "]"
			}
			addFlat(values, member, inner)
		}
	case []any:
		for i, item := range value {
			switch item.(type) {
			case map[string]any, []any:
				addFlat(values, name+"["+strconv.Itoa(i)+"]", item)
			default:
				addFlat(values, name, item)
			}
		}
	case nil:
	case string:
		values.Add(name, value)
	case bool:
		values.Add(name, strconv.FormatBool(value))
	case json.Number:
		values.Add(name, value.String())
	}
}

// Number is a string that is sent as a number in JSON: "12", "-0.5", "1e3". An invalid
// number is an error.
type Number string

// AsNumber returns a text as a number to send.
func AsNumber[T ~string](text T) Number { return Number(text) }

// MarshalJSON is part of json.Marshaler.
func (n Number) MarshalJSON() ([]byte, error) {
	d := decode.NewJSON(string(n), decode.Source{})
	value, err := d.Any()
	number, ok := value.(json.Number)
	if err != nil || !ok || d.End() != nil || number.String() != string(n) { // white space is not a part of it
		return nil, notNumberError(n)
	}
	return []byte(n), nil
}

// Numeric is the check of keys that are sent as [Number].
func Numeric(key string) error {
	if _, err := Number(key).MarshalJSON(); err != nil {
		return impossible("", err)
	}
	return nil
}

// notNumberError is a text that is not a number.
type notNumberError string

func (e notNumberError) Error() string { return fmt.Sprintf("%q is not a number", string(e)) }

// Bit returns a Boolean as a number: 0 or 1.
func Bit[T ~bool](b T) int {
	if b {
		return 1
	}
	return 0
}

// UnixSeconds returns a time as the number of seconds since 1970.
func UnixSeconds(t time.Time) int64 { return t.Unix() }

// UnixMillis returns a time as the number of milliseconds since 1970.
func UnixMillis(t time.Time) int64 { return t.UnixMilli() }

// LocalTime returns a time in a zone, without the zone: 2026-01-02T15:04:05.
func LocalTime(t time.Time, zone *time.Location) string {
	return t.In(zone).Format("2006-01-02T15:04:05.999999999")
}
