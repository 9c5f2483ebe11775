package decode

import (
	stdjson "encoding/json"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Any reads any JSON but null: a bool, a string, a [stdjson.Number] as the service
// wrote it, a []any or a map[string]any.
func (d *JSON) Any() (any, error) {
	switch d.peek() {
	case '{':
		return d.anyObject()
	case '[':
		return d.anyList()
	case '"':
		return d.read()
	case 't', 'f':
		return d.Bool()
	case 'n':
		d.Skip()
		return nil, d.or(ErrMissing)
	}
	number := stdjson.Number(d.own(d.number()))
	return number, d.err
}

func (d *JSON) anyObject() (any, error) {
	if err := d.Object(); err != nil {
		return nil, err
	}
	object := map[string]any{}
	for d.Next() {
		name := d.own(d.Name())
		object[name], _ = d.Any() // the error is that of the text, or null
	}
	return object, d.err
}

func (d *JSON) anyList() (any, error) {
	if err := d.Array(); err != nil {
		return nil, err
	}
	list := []any{}
	for d.Item() {
		item, _ := d.Any()
		list = append(list, item)
	}
	return list, d.err
}

// Value reads a value of a type with a decoder of its own, or of one that
// package json has a decoder for.
func Value[T any](d *JSON) (v T, err error) {
	if d.peek() == 'n' {
		d.Skip()
		return v, d.or(ErrMissing)
	}
	from := d.at
	if d.Skip(); d.err != nil {
		return v, d.err
	}
	text := d.text[from:d.at]
	if err := json.Unmarshal([]byte(text), &v, jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true)); err != nil {
		var none T
		return none, &Mismatch{Want: "a value of its type: " + sample(err.Error()), Have: sample(text)}
	}
	return v, nil
}
