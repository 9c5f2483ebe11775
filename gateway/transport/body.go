package transport

import (
	"errors"
	"io"
	"sync"
)

// body is the text of a request, or of a WebSocket's message, while it is read
// and decoded. It is bounded while it is read, so that what is refused is not
// read to its end.
type body struct {
	text   []byte
	bound  bound
	budget *Budget
	held   int64           // of the budget
	first  [firstRead]byte // of the text, which needs no other memory if it fits
}

// firstRead is how many bytes are read, and bounded, before memory is allocated
// for more. They count for no budget: most requests have less, and those of
// others must not depend on who sends large ones.
const firstRead = 8 << 10

// Why a body is refused, besides its bound.
var (
	errTooLarge = errors.New("too large")
	errBusy     = errors.New("too many bytes are being read")
)

// read reads a text of a length, or to its end if the length is negative; but
// no more than most bytes. The memory grows with what has arrived: a length that
// is announced costs nothing yet.
func (b *body) read(r io.Reader, length, most int64) error {
	b.text = b.first[:0]
	for length < 0 || int64(len(b.text)) < length {
		if len(b.text) == cap(b.text) {
			if err := b.grow(length, most); err != nil {
				return err
			}
		}
		n, err := r.Read(b.text[len(b.text):cap(b.text)])
		if wrong := b.add(n, most); wrong != nil {
			return wrong
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// add makes the next bytes part of the text.
func (b *body) add(n int, most int64) error {
	before := len(b.text)
	b.text = b.text[:before+n]
	if int64(len(b.text)) > most {
		return errTooLarge
	}
	return b.bound.scan(b.text[before:])
}

// decoded is how often a text counts for the budget: what is decoded from it takes
// about as much again.
const decoded = 2

// grow allocates four times the memory, up to what the text can need.
func (b *body) grow(length, most int64) error {
	size := min(4*int64(cap(b.text)), most+1) // one more shows that it is too large
	if length >= 0 {
		size = min(size, length)
	}
	if !b.acquire(decoded*size - b.held) {
		return errBusy
	}
	b.text = append(make([]byte, 0, size), b.text...)
	return nil
}

// reserved is what the body has of the budget, which is the caller's from then
// on.
func (b *body) reserved() reservation {
	r := reservation{b.budget, b.held}
	b.held = 0
	return r
}

// acquire takes bytes from the budget.
func (b *body) acquire(n int64) bool {
	if !b.budget.acquire(n) {
		return false
	}
	b.held += n
	return true
}

// bodyPool reuses the memory of bodies.
type bodyPool struct{ pool sync.Pool }

// get returns a body without a text.
func (p *bodyPool) get(budget *Budget, bound bound) *body {
	b, ok := p.pool.Get().(*body)
	if !ok {
		b = new(body)
	}
	b.budget, b.bound = budget, bound
	return b
}

// put takes a body back, whose text is not used any more.
func (p *bodyPool) put(b *body) {
	if b.held > 0 {
		b.budget.release(b.held)
	}
	b.text, b.held = nil, 0
	p.pool.Put(b)
}
