package mock

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// xmlOf returns a value as XML, in a root element: members are elements, or attributes if their names begin with @, and items of lists are
// elements of one name.
func xmlOf(root string, value any) []byte {
	var b bytes.Buffer
	b.WriteString(xml.Header)
	writeElement(&b, root, value)
	return b.Bytes()
}

func writeElement(b *bytes.Buffer, name string, value any) {
	switch value := value.(type) {
	case nil:
	case []any:
		for _, item := range value {
			writeElement(b, name, item)
		}
	case map[string]any:
		names := slices.Sorted(maps.Keys(value))
		b.WriteString("<" + name)
		for _, member := range names {
			if attribute, ok := strings.CutPrefix(member, "@"); ok && value[member] != nil {
				b.WriteString(" " + attribute + `="`)
				writeText(b, value[member])
				b.WriteByte('"')
			}
		}
		b.WriteByte('>')
		for _, member := range names {
			if !strings.HasPrefix(member, "@") {
				writeElement(b, member, value[member])
			}
		}
		b.WriteString("</" + name + ">")
	default:
		b.WriteString("<" + name + ">")
		writeText(b, value)
		b.WriteString("</" + name + ">")
	}
}

func writeText(b *bytes.Buffer, value any) {
	text := fmt.Sprint(value)
	if number, ok := value.(float64); ok {
		text = strconv.FormatFloat(number, 'f', -1, 64)
	}
	_ = xml.EscapeText(b, []byte(text)) // a buffer can be written
}

// jsonText returns a scalar as JSON.
func jsonText(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return ""
	}
	return string(text)
}
