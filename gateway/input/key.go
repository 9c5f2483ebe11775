package input

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// AppendKey appends to b what distinguishes the values of two requests for the operation:
// it is the same if, and only if, all variables have the same values.
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

// AppendValue appends what distinguishes a canonical value from all others. None is
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
	if value == nil {
		return append(b, '0')
	}
	return appendText(append(b, 'x'), fmt.Sprint(value)) // canonical values have no other kinds
}

// longText is the most bytes of a text that a key has; of others it has the hash.
const longText = 1 << 10

func appendText(b []byte, text string) []byte {
	if len(text) > longText {
		h, rest := sha256.New(), text
		var chunk [longText]byte // a hash takes no string
		for len(rest) > 0 {
			n := copy(chunk[:], rest)
			_, _ = h.Write(chunk[:n]) // a hash has no errors
			rest = rest[n:]
		}
		return h.Sum(binary.AppendUvarint(b, uint64(len(text))))
	}
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}
