package mock

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
)

// newID makes the key of an entity: of a list's rows 1, 2, 3 and so on.
func (m *maker) newID(schema *openapi3.Schema, p place) any {
	if schema.Format == "uuid" {
		return m.uuid(p.at + ".id")
	}
	number := strconv.Itoa(p.row + 1)
	key, ok := typed(number, schema)
	switch {
	case !ok && len(schema.Enum) > 0:
		return m.scalar(schema, p)
	case !ok:
		key = number
	}
	if text, ok := key.(string); ok {
		return m.key(schema, text)
	}
	return key
}

// key returns a key of the pattern of a schema, always the same for a number: so the keys that entities refer to are those of others.
func (m *maker) key(schema *openapi3.Schema, number string) string {
	return patterned(schema, number, m.hash("key "+schema.Pattern+" "+number))
}

func (m *maker) uuid(at string) string {
	a, b := m.hash(at), m.hash(at+"#")
	return fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", a>>32, a>>16&0xffff, a&0xfff, b>>52, b&0xffffffffffff)
}

func (m *maker) scalar(schema *openapi3.Schema, p place) any {
	n := m.hash(p.at)
	switch {
	case schema.Example != nil:
		return schema.Example
	case len(schema.Examples) > 0:
		return schema.Examples[n%uint64(len(schema.Examples))]
	case len(schema.Enum) > 0:
		return schema.Enum[n%uint64(len(schema.Enum))]
	case schema.Type.Permits("string"):
		return m.text(schema, p, n)
	case schema.Type.Permits("integer"):
		low, high := bounds(schema, 1)
		return low + int64(n%uint64(high-low+1)) //nolint:gosec // high is not less than low, and they are near
	case schema.Type.Permits("number"):
		low, high := bounds(schema, 0)
		return float64(low) + float64(n%uint64((high-low)*100+1))/100 //nolint:gosec // as above
	case schema.Type.Permits("boolean"):
		return n%2 == 0 && !strings.HasPrefix(plain(p.name), "has")
	}
	return nil
}

// bounds returns the bounds of a number: those of the schema, of which one decides both if it is alone.
func bounds(schema *openapi3.Schema, least int64) (low, high int64) {
	const span = 99
	low, high = least, least+span
	if schema.Min != nil {
		low = int64(math.Ceil(clamp(*schema.Min)))
		high = low + span
	}
	if schema.ExclusiveMin.IsTrue() || schema.ExclusiveMin.Value != nil {
		if schema.ExclusiveMin.Value != nil {
			low = int64(math.Floor(clamp(*schema.ExclusiveMin.Value)))
		}
		low++
		high = low + span
	}
	if schema.Max != nil {
		high = int64(math.Floor(clamp(*schema.Max)))
		if schema.ExclusiveMax.IsTrue() {
			high--
		}
		if schema.Min == nil {
			low = min(low, high)
		}
	}
	if high < low {
		high = low
	}
	return low, min(high, low+1e6)
}

// clamp keeps numbers where integers and floats are the same.
func clamp(n float64) float64 { return max(-1e15, min(1e15, n)) }

func (m *maker) text(schema *openapi3.Schema, p place, n uint64) string {
	text := m.plainText(schema, p, n)
	if strings.HasSuffix(plain(p.name), "id") {
		return m.key(schema, text)
	}
	return patterned(schema, text, n)
}

// plainText returns a text without regard to the pattern.
func (m *maker) plainText(schema *openapi3.Schema, p place, n uint64) string {
	at, text := instant(n), ""
	switch schema.Format {
	case "date-time":
		return at.Format(time.RFC3339)
	case "date":
		return at.Format(time.DateOnly)
	case "time":
		return at.Format(time.TimeOnly)
	case "uuid":
		return m.uuid(p.at)
	case "email", "uri", "url":
		return textOf(schema.Format, n)
	case "id":
		return strconv.FormatUint(n%fewRows+1, 10)
	case "hostname":
		return words(n, 1) + ".example.com"
	case "ipv4":
		return "192.0.2." + strconv.FormatUint(n%256, 10)
	case "byte":
		return "cG9ydGljbw=="
	case "decimal":
		return fmt.Sprintf("%d.%02d", n%1000, n/1000%100)
	default:
		text = textOf(p.name, n)
	}
	for uint64(len(text)) < schema.MinLength && len(text) < maxRequest {
		text += " " + words(n, 2)
	}
	if schema.MaxLength != nil && uint64(len(text)) > *schema.MaxLength {
		text = text[:*schema.MaxLength]
	}
	return text
}

// instant returns a time of the first months of 2026.
func instant(n uint64) time.Time {
	const day = 24 * 60 * 60
	return time.Unix(1767225600+int64(n%(300*day)), 0).UTC() //nolint:gosec // less than a year
}

// textOf returns a text for what a name says.
func textOf(name string, n uint64) string {
	switch name = plain(name); {
	case strings.Contains(name, "currency"):
		return []string{"EUR", "USD", "GBP", "JPY"}[n%4]
	case strings.HasSuffix(name, "email"):
		return words(n, 1) + strconv.FormatUint(n%100, 10) + "@example.com"
	case strings.HasSuffix(name, "url"), strings.HasSuffix(name, "uri"):
		return "https://example.com/" + words(n, 1) + "/" + strconv.FormatUint(n%1000, 10)
	case strings.HasSuffix(name, "id"):
		return strconv.FormatUint(n%fewRows+1, 10)
	}
	return words(n, 2)
}

// words returns some of a few words, in small letters.
func words(n uint64, count int) string {
	first := strings.Fields("quiet amber brisk early plain silver gentle late clear round warm northern small bright steady blue")
	second := strings.Fields("harbor garden lantern window river bridge meadow orchard station letter market island kettle forest tower road")
	if count == 1 {
		return second[n%16]
	}
	return first[n/16%16] + " " + second[n%16]
}
