package loader

import (
	"strconv"
	"strings"
)

// Texts makes keys of numbers, many of which share their memory. The zero value
// is ready to use, and so is nil, which shares none. It is not safe for concurrent use.
type Texts struct{ b strings.Builder }

// textsBytes is how much memory is allocated at a time.
const textsBytes = 1 << 10

// Int returns a number in decimal, as [strconv.FormatInt] does.
func (t *Texts) Int(n int64) string {
	var digits [20]byte
	text := strconv.AppendInt(digits[:0], n, 10)
	if t == nil {
		return string(text)
	}
	if t.b.Cap()-t.b.Len() < len(text) {
		t.b.Reset()
		t.b.Grow(textsBytes)
	}
	start := t.b.Len()
	t.b.Write(text)
	return t.b.String()[start:]
}
