package importer

import (
	"encoding/json"
	"math"
	"strconv"
	"time"
)

// shape is what a schema becomes.
type shape struct {
	name     string // the type without a last !: [Product!]
	nullable bool
	why      string // why it is JSON, or not the enum that it could be
	fallback any    // the schema's default
	enum     *enum
	entries  bool // it is a list of the members of an object
	object   bool // it is an object type, a union or an input type
	digits   bool // it is a text, or a list of texts, of what are numbers in JSON
}

// enum is an enum of the draft.
type enum struct {
	name   string
	values map[string]string // by the service's spelling
}

func (s shape) comments() []string {
	if s.why == "" {
		return nil
	}
	return []string{s.name + ": " + s.why + "."}
}

func jsonBecause(why string, nullable bool) shape {
	return shape{name: "JSON", nullable: nullable, why: why}
}

// literal is the default of a shape in GraphQL, "" when it has none that fits.
func (s shape) literal() string {
	switch v := s.fallback.(type) {
	case bool:
		if s.name == "Boolean" {
			return strconv.FormatBool(v)
		}
	case string:
		switch {
		case s.enum != nil:
			return s.enum.values[v]
		case s.name == "String" || s.name == "ID":
			return quote(v)
		case s.name == "DateTime":
			if _, err := time.Parse(time.RFC3339, v); err == nil { // now is not a point in time
				return quote(v)
			}
		}
	case float64:
		return s.number(v)
	case json.Number:
		f, _ := v.Float64()
		return s.number(f)
	case int:
		return s.number(float64(v))
	case int64:
		return s.number(float64(v))
	case uint64:
		return s.number(float64(v))
	}
	return ""
}

func (s shape) number(v float64) string {
	whole, size := v == math.Trunc(v), math.Abs(v)
	switch s.name {
	case "Int":
		whole = whole && size <= math.MaxInt32
	case "Int64", "ID", "Uint64":
		whole = whole && size < 1<<53
	case "Float":
		if math.IsInf(v, 0) || math.IsNaN(v) {
			return ""
		}
		return strconv.FormatFloat(v, 'g', -1, 64)
	default:
		return ""
	}
	digits := strconv.FormatFloat(v, 'f', -1, 64)
	switch {
	case !whole:
		return ""
	case s.name == "Uint64":
		return quote(digits)
	}
	return digits
}
