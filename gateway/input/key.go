package input

import (
	"encoding/binary"
	"encoding/json"
	"maps"
	"slices"
)

// AppendKey appends to b what tells the values of two requests for the operation
// apart: it is the same if, and only if, all variables have the same values.
// Values are those that [Operation.Coerce] has returned.
func (o *Operation) AppendKey(b []byte, values map[string]any) []byte {
	for i := range o.variables {
		value, ok := values[o.variables[i].name]
		if !ok {
			b = append(b, 'a')
			continue
		}
		b = AppendValue(b, value)
	}
	return b
}

// AppendValue appends what tells a canonical value apart from all others. None is
// the beginning of another.
func AppendValue(b []byte, value any) []byte {
	switch value := value.(type) {
	case bool:
		if value {
			return append(b, 't')
		}
		return append(b, 'f')
	case string:
		return appendText(append(b, 's'), value)
	case json.Number:
		return appendText(append(b, 'n'), string(value))
	case []any:
		b = binary.AppendUvarint(append(b, 'l'), uint64(len(value)))
		for _, item := range value {
			b = AppendValue(b, item)
		}
		return b
	case map[string]any:
		b = binary.AppendUvarint(append(b, 'o'), uint64(len(value)))
		for _, name := range slices.Sorted(maps.Keys(value)) {
			b = AppendValue(appendText(b, name), value[name])
		}
		return b
	}
	return append(b, '0') // null: canonical values have no other kinds
}

func appendText(b []byte, text string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}
