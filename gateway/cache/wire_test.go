package cache

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"
)

// bytesCodec shares values that are bytes; the head is their number.
func bytesCodec() *Codec {
	return &Codec{
		Encode: func(value any) (any, []byte) {
			b := value.([]byte) //nolint:forcetypeassert // a test
			return len(b), b
		},
		Decode: func(head json.RawMessage, body []byte, e *Entry) error {
			n := 0
			if err := json.Unmarshal(head, &n); err != nil {
				return err
			}
			if n != len(body) {
				return errors.New("wrong length")
			}
			e.Value = body
			return nil
		},
	}
}

func FuzzWire(f *testing.F) {
	f.Add([]byte{}, "a\nb", int64(5))
	f.Add([]byte{0, 0, 0, 2, '{', '}'}, "", int64(-1))
	f.Add([]byte{255, 255, 255, 255, 1}, "x", int64(1<<60))
	f.Add([]byte("\x00\x00\x00\x0e{\"Fresh\":\"x\"}"), "", int64(0))
	f.Fuzz(func(t *testing.T, text []byte, tag string, n int64) {
		c := bytesCodec()
		if e, err := c.decode(text, Key{}, time.Now()); err == nil && len(e.Value.([]byte)) > len(text) { //nolint:forcetypeassert // a test
			t.Errorf("%q has a value of %d bytes", text, len(e.Value.([]byte))) //nolint:forcetypeassert // a test
		}
		want := &Entry{
			Key: Key{1}, Value: slices.Clone(text), Born: time.Unix(1_700_000_000, 5).UTC(), Part: n > 0, Tags: []string{string([]rune(tag))},
			Policy: Policy{Fresh: time.Duration(n), Revalidate: 1, IfError: 2, Validate: 3},
		}
		if want.Value.([]byte) == nil { //nolint:forcetypeassert // a test
			want.Value = []byte{}
		}
		got, err := c.decode(c.encode(want), want.Key, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if got.Key != want.Key || !bytes.Equal(got.Value.([]byte), text) || !got.Born.Equal(want.Born) || got.Policy != want.Policy || got.Part != want.Part ||
			!slices.Equal(got.Tags, want.Tags) {
			t.Errorf("%+v became %+v", want, got)
		}
	})
}
