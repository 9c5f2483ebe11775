package transport

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// What is wrong with JSON, said to who sent it: the end of a sentence, with
// nothing of the JSON in it.
var (
	errNotUTF8   = errors.New("it is not UTF-8")
	errNotObject = errors.New("it must be a JSON object")
	errTrailing  = errors.New("there is something after the JSON value")
	errTruncated = errors.New("the JSON ends too early")
	errMalformed = errors.New("the JSON is malformed")
)

// decodeObject reads one JSON object and nothing after it. For each member,
// target returns a *string, a *map[string]any or a *[json.RawMessage] for its
// value, or nil to skip it; of members with the same name the last one counts,
// and null is the zero value. Names must be equal to the letter, which
// [json.Unmarshal] does not ask for. Numbers in an any are [json.Number]. Raw
// values are parts of data. Errors end a sentence and have nothing of the data
// but a member's name that target knows.
func decodeObject(data []byte, target func(name string) any) error {
	if err := check(data); err != nil {
		return err
	}
	rest := bytes.TrimLeft(data, space)
	if rest[0] != '{' {
		return errNotObject
	}
	for {
		rest = bytes.TrimLeft(rest[1:], space) // after the brace or a comma
		if rest[0] == '}' {
			return nil
		}
		name, value, after := member(rest)
		if into := target(name); into != nil {
			if err := decodeMember(value, into, name); err != nil {
				return err
			}
		}
		if rest = after; rest[0] == '}' {
			return nil
		}
	}
}

// decodeMap reads one JSON object, or null, and nothing after it. Numbers and
// errors are as those of decodeObject.
func decodeMap(data []byte, into *map[string]any) error {
	if err := check(data); err != nil {
		return err
	}
	*into = nil // a map would be added to
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber() // an ID or a Float may have more digits than a float64 keeps
	if decoder.Decode(into) != nil {
		return errNotObject
	}
	return nil
}

// decodeMember reads the value of a member whose JSON is known to be valid.
func decodeMember(value []byte, into any, name string) error {
	switch into := into.(type) {
	case *json.RawMessage:
		*into = value
	case *map[string]any:
		if decodeMap(value, into) != nil {
			return fmt.Errorf("%q must be an object", name)
		}
	case *string:
		*into = ""
		if json.Unmarshal(value, into) != nil {
			return fmt.Errorf("%q must be a string", name)
		}
	}
	return nil
}

// check wants data to be one JSON value, in UTF-8.
func check(data []byte) error {
	if !utf8.Valid(data) {
		return errNotUTF8
	}
	if json.Valid(data) {
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	err := decoder.Decode(new(json.RawMessage))
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf("%w near byte %d", errMalformed, e.Offset)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errTruncated
	}
	return errTrailing
}

// space is what may be around the tokens of JSON.
const space = " \t\r\n"

// member splits a valid object after its brace or a comma: into the name and
// the value of the next member, and the rest from the comma or brace after it.
func member(data []byte) (name string, value, rest []byte) {
	end := stringEnd(data)
	text := data[1 : end-1]
	if name = string(text); bytes.IndexByte(text, '\\') >= 0 {
		_ = json.Unmarshal(data[:end], &name) // it is valid
	}
	data = bytes.TrimLeft(data[end:], space)
	data = bytes.TrimLeft(data[1:], space) // the colon
	end = valueEnd(data)
	return name, data[:end], bytes.TrimLeft(data[end:], space)
}

// stringEnd is the length of the string that valid JSON begins with.
func stringEnd(data []byte) int {
	for i := 1; ; i++ {
		switch data[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
}

// valueEnd is the length of the value that valid JSON begins with, inside an
// object.
func valueEnd(data []byte) int {
	depth := 0
	for i := 0; ; i++ {
		switch data[i] {
		case '"':
			i += stringEnd(data[i:]) - 1
		case '{', '[':
			depth++
		case '}', ']', ',', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return i
			}
			if data[i] == '}' || data[i] == ']' {
				depth--
			}
		}
	}
}
