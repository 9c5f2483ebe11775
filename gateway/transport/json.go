package transport

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// What is wrong with JSON, said to its sender: the end of a sentence, with
// nothing of the JSON in it.
var (
	errNotUTF8   = errors.New("it is not UTF-8")
	errNotObject = errors.New("it must be a JSON object")
	errTwice     = errors.New("an object has a member twice")
	errTrailing  = errors.New("there is something after the JSON value")
	errTruncated = errors.New("the JSON ends too early")
	errMalformed = errors.New("the JSON is malformed")
)

// decoder reads one JSON text, from front to back. It accepts what RFC 7493
// (I-JSON) does: UTF-8 without unpaired surrogates, and no member twice, which
// some readers would take the first of and others the last. Numbers are
// [json.Number]. Errors are the end of a sentence, and have nothing of the text.
type decoder struct {
	text   []byte
	source bytes.Buffer // of the text; the library does not copy it
	json   jsontext.Decoder
}

// newDecoder returns a decoder of a text, which must not change while the
// decoder is used. It does not copy the text.
func newDecoder(text []byte) *decoder {
	d := &decoder{text: text, source: *bytes.NewBuffer(text)}
	d.json.Reset(&d.source)
	return d
}

// object reads an object. For each member it calls the function, which must
// read the value.
func (d *decoder) object(member func(name string) error) error {
	if d.json.PeekKind() != '{' {
		return d.unexpected(errNotObject)
	}
	return d.inside('}', func() error {
		name, err := d.json.ReadToken()
		if err != nil {
			return d.failed(err)
		}
		return member(name.String())
	})
}

// list reads a list. For each item it calls the function, which must read it.
func (d *decoder) list(item func() error) error { return d.inside(']', item) }

// inside reads the brackets of an object or a list, and what is between them.
func (d *decoder) inside(end jsontext.Kind, next func() error) error {
	if _, err := d.json.ReadToken(); err != nil {
		return d.failed(err)
	}
	for {
		switch kind := d.json.PeekKind(); kind {
		case end, jsontext.KindInvalid:
			_, err := d.json.ReadToken()
			return d.failed(err)
		default:
			if err := next(); err != nil {
				return err
			}
		}
	}
}

// end wants nothing more to come.
func (d *decoder) end() error {
	switch _, err := d.json.ReadToken(); {
	case err == io.EOF: //nolint:errorlint // it is never wrapped
		return nil
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errTruncated
	}
	return errTrailing
}

// skip reads a value and checks it.
func (d *decoder) skip() error { return d.failed(d.json.SkipValue()) }

// raw returns the part of the text that is the next value.
func (d *decoder) raw() (json.RawMessage, error) {
	value, err := d.json.ReadValue()
	if err != nil {
		return nil, d.failed(err)
	}
	end := int(d.json.InputOffset())
	return d.text[end-len(value) : end : end], nil
}

// string reads the string that is the value of a member. Null is empty.
func (d *decoder) string(member string, into *string) error {
	switch d.json.PeekKind() {
	case jsontext.KindString, jsontext.KindNull:
		token, err := d.json.ReadToken()
		if err != nil {
			return d.failed(err)
		}
		if token.Kind() == jsontext.KindString {
			*into = token.String()
		}
		return nil
	}
	return d.unexpected(fmt.Errorf("%q must be a string", member))
}

// values reads the object that is the value of a member. Null is a nil map.
func (d *decoder) values(member string, into *map[string]any) error {
	err := d.optional(into)
	if errors.Is(err, errNotObject) {
		return fmt.Errorf("%q must be an object", member)
	}
	return err
}

// optional reads an object. Null is a nil map.
func (d *decoder) optional(into *map[string]any) error {
	if d.json.PeekKind() == jsontext.KindNull {
		return d.skip()
	}
	var err error
	*into, err = d.members()
	return err
}

// members reads an object.
func (d *decoder) members() (map[string]any, error) {
	values := map[string]any{}
	err := d.object(func(name string) error {
		value, err := d.value()
		values[name] = value
		return err
	})
	return values, err
}

// value reads any value.
func (d *decoder) value() (any, error) {
	switch d.json.PeekKind() {
	case jsontext.KindBeginObject:
		return d.members()
	case jsontext.KindBeginArray:
		items := []any{}
		err := d.list(func() error {
			item, err := d.value()
			items = append(items, item)
			return err
		})
		return items, err
	}
	token, err := d.json.ReadToken()
	if err != nil {
		return nil, d.failed(err)
	}
	switch token.Kind() {
	case jsontext.KindNull:
		return nil, nil //nolint:nilnil // the value null
	case jsontext.KindTrue, jsontext.KindFalse:
		return token.Bool(), nil
	case jsontext.KindNumber:
		return json.Number(token.String()), nil
	}
	return token.String(), nil
}

// unexpected returns an error for a value of the wrong type, or for what is
// wrong with its JSON.
func (d *decoder) unexpected(wrong error) error {
	if err := d.skip(); err != nil {
		return err
	}
	return wrong
}

// failed returns the error that describes the mistake in the JSON.
func (d *decoder) failed(err error) error {
	var syntax *jsontext.SyntacticError
	switch {
	case err == nil:
		return nil
	case !utf8.Valid(d.text):
		return errNotUTF8
	case errors.Is(err, jsontext.ErrDuplicateName):
		return errTwice
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return errTruncated
	case errors.As(err, &syntax):
		return fmt.Errorf("%w near byte %d", errMalformed, syntax.ByteOffset+1)
	}
	return errMalformed
}

// decodeObject reads a text that is one object.
func decodeObject(text []byte, member func(d *decoder, name string) error) error {
	d := newDecoder(text)
	if err := d.object(func(name string) error { return member(d, name) }); err != nil {
		return err
	}
	return d.end()
}

// decodeMap reads a text that is one object, or null.
func decodeMap(text []byte, into *map[string]any) error {
	d := newDecoder(text)
	if err := d.optional(into); err != nil {
		return err
	}
	return d.end()
}
