package cache

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"time"
)

// Codec writes the values of one kind for other gateways, and reads theirs.
type Codec struct {
	// Encode returns a head, which JSON can express, and a body; a nil body for a
	// value that cannot be shared.
	Encode func(value any) (head any, body []byte)
	// Decode sets the value and the cost of an entry, whose other fields are set. The
	// bytes can be anything.
	Decode func(head json.RawMessage, body []byte, e *Entry) error
}

// envelope is what gateways share of an entry besides the body: as JSON, between
// the length of that JSON (4 bytes, big endian) and the body.
type envelope struct {
	Born                                 time.Time
	Fresh, Revalidate, IfError, Validate time.Duration
	Tags                                 []string
	Part                                 bool
	Head                                 json.RawMessage
}

// encode writes an entry; nil if it cannot be shared.
func (c *Codec) encode(e *Entry) []byte {
	head, body := c.Encode(e.Value)
	if body == nil {
		return nil
	}
	raw, err := json.Marshal(head)
	if err != nil {
		return nil
	}
	text, err := json.Marshal(envelope{e.Born, e.Fresh, e.Revalidate, e.IfError, e.Validate, e.Tags, e.Part, raw})
	if err != nil {
		return nil
	}
	framed := binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(text)+len(body)), uint32(len(text))) //nolint:gosec // heads are small
	return append(append(framed, text...), body...)
}

var errCutOff = errors.New("cache: the entry is cut off")

// decode reads what encode wrote, as the entry of a key. A value that was made by a
// clock that is ahead is one that was made now.
func (c *Codec) decode(framed []byte, key Key, now time.Time) (*Entry, error) {
	if len(framed) < 4 || uint64(len(framed)) < 4+uint64(binary.BigEndian.Uint32(framed)) {
		return nil, errCutOff
	}
	end := 4 + int(binary.BigEndian.Uint32(framed))
	var v envelope
	if err := json.Unmarshal(framed[4:end], &v); err != nil {
		return nil, err
	}
	if v.Born.After(now) {
		v.Born = now
	}
	e := &Entry{Key: key, Born: v.Born, Policy: Policy{v.Fresh, v.Revalidate, v.IfError, v.Validate}, Tags: v.Tags, Part: v.Part}
	return e, c.Decode(v.Head, framed[end:], e)
}
