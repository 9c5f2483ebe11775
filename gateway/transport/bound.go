package transport

import (
	"encoding/binary"
	"errors"
	"math/bits"

	"github.com/portico-gateway/portico/gateway/problem"
)

// bound counts the values of a JSON text and how deep they are nested while the
// text is read, chunk by chunk, before anything is decoded: decoded JSON can
// take fifty times the memory of its text. An item of a list and a member of an
// object count as one each; what is inside of strings does not count.
//
// Each operation of a batch has the whole allowance of items, and is one level
// deeper.
//
// A text that is not JSON is not refused here, but by the decoder; up to its
// first mistake the count is exact.
type bound struct {
	maxItems      int // of one operation
	maxDepth      int // of lists and objects within each other
	maxOperations int // of a list at the top

	items      int
	depth      int
	operations int // begun, of a list at the top; 0 if there is none
	opened     int // 1 if the next value is the first of its list or object

	inString bool
	escaped  bool // the next byte is part of an escape sequence
}

// The lists and objects around the variables of an operation.
const (
	parameterEnvelope = 1 // {…}, a parameter of a URL
	bodyEnvelope      = 2 // {"variables": {…}}
	messageEnvelope   = 3 // {"payload": {"variables": {…}}}
)

// envelopeItems is what an operation has besides variables: the members of the
// body, of extensions with a persisted query, and of a WebSocket's message.
const envelopeItems = 16

// bound returns a bound for a text with variables inside of an envelope.
func (c *Config) bound(envelope int) bound {
	return bound{maxItems: c.MaxInputItems + envelopeItems, maxDepth: c.MaxInputDepth + envelope, maxOperations: max(c.MaxBatch, 1)}
}

// Why a bound refuses a text.
var (
	errTooManyItems      = errors.New("too many items")
	errTooDeep           = errors.New("nested too deep")
	errTooManyOperations = errors.New("too many operations")
)

// beyond returns the problem of an error of a bound; nil of another error.
func (c *Config) beyond(err error) *problem.Error {
	switch {
	case errors.Is(err, errTooManyItems):
		return problem.New(problem.MaxInputLimit, "The lists and objects of the request have more than %d items.", c.MaxInputItems)
	case errors.Is(err, errTooDeep):
		return problem.New(problem.MaxInputLimit, "A value of the request is nested deeper than %d lists and objects.", c.MaxInputDepth)
	case errors.Is(err, errTooManyOperations):
		return wrongBatch(c.MaxBatch)
	}
	return nil
}

// scan counts the next bytes of the text. After an error the bound must not be
// used any more.
func (b *bound) scan(chunk []byte) error {
	items, opened, depth := b.items, b.opened, b.depth // in registers: this is the inner loop
	maxItems, maxDepth := b.maxItems, b.maxDepth       // open may raise the latter, and checks it itself
	for i := 0; i < len(chunk); {
		if b.inString {
			i = len(chunk) - len(b.skipString(chunk[i:]))
			continue
		}
		c := chunk[i]
		i++
		switch {
		case c == '"':
			b.inString = true
			items, opened = items+opened, 0
		case c == ',':
			if items++; items > maxItems || depth == 1 {
				b.depth = depth
				if err := b.next(&items); err != nil {
					return err
				}
			}
		case c|0x20 == '{': // or [
			items, opened = items+opened, 1
			if depth++; depth > maxDepth || depth == 1 {
				b.depth = depth
				if err := b.open(c, &opened); err != nil {
					return err
				}
			}
		case c|0x20 == '}': // or ]
			opened = 0
			depth = max(depth-1, 0)
		case c > ' ': // of a number or a literal, or a colon
			items, opened = items+opened, 0
		}
	}
	b.items, b.opened, b.depth = items, opened, depth
	if items > b.maxItems {
		return errTooManyItems
	}
	return nil
}

// open begins a list or an object at the top, or one that is nested too deep.
func (b *bound) open(bracket byte, opened *int) error {
	if b.depth == 1 && bracket == '[' {
		b.operations, *opened = 1, 0
		b.maxDepth++
	}
	if b.depth > b.maxDepth {
		return errTooDeep
	}
	return nil
}

// next begins an operation of a batch, or one item too many.
func (b *bound) next(items *int) error {
	if b.depth == 1 && b.operations > 0 {
		if b.operations++; b.operations > b.maxOperations {
			return errTooManyOperations
		}
		*items = 0
	}
	if *items > b.maxItems {
		return errTooManyItems
	}
	return nil
}

// skipString returns what follows the string that the chunk begins within.
func (b *bound) skipString(chunk []byte) []byte {
	if b.escaped {
		b.escaped = false
		return chunk[1:]
	}
	i := special(chunk)
	if i == len(chunk) {
		return nil
	}
	b.inString, b.escaped = chunk[i] != '"', chunk[i] == '\\'
	return chunk[i+1:]
}

// special returns the index of the first quote or backslash, or the length of
// the text if it has none. It looks at eight bytes at once.
func special(text []byte) int {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	i := 0
	for ; i+8 <= len(text); i += 8 {
		word := binary.LittleEndian.Uint64(text[i:])
		quotes, backslashes := word^ones*'"', word^ones*'\\' // now 0 where they are
		found := ((quotes-ones)&^quotes | (backslashes-ones)&^backslashes) & tops
		if found != 0 { // its lowest bit is exact
			return i + bits.TrailingZeros64(found)/8
		}
	}
	for ; i < len(text) && text[i] != '"' && text[i] != '\\'; i++ {
	}
	return i
}
