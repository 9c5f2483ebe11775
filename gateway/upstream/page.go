package upstream

import (
	"encoding/base64"
	"math"
	"strconv"
	"strings"

	"github.com/portico-gateway/portico/gateway/problem"
)

// Page is the part of a list that the arguments first and after of a
// connection ask for (GraphQL Cursor Connections Specification, section 4), for
// a service that pages by offset or by number.
type Page struct {
	// Limit is the maximum number of rows, at least 1.
	Limit int
	// Offset is the number of rows before the first one.
	Offset int
}

const cursorPrefix = "offset:"

// PageOf returns the page of the arguments first, which has a default, and after, a
// cursor of [Page.Cursor]. An error is BAD_USER_INPUT.
func PageOf(first *int, otherwise int, after *string) (Page, error) {
	p := Page{Limit: otherwise}
	if first != nil {
		p.Limit = *first
	}
	if p.Limit < 1 || p.Limit > largestLimit {
		return Page{}, problem.New(problem.BadUserInput, "The argument first must be from 1 to %d.", largestLimit)
	}
	if after == nil || *after == "" {
		return p, nil
	}
	text, err := base64.RawURLEncoding.DecodeString(*after)
	number, ok := strings.CutPrefix(string(text), cursorPrefix)
	if err != nil || !ok {
		return Page{}, wrongCursor()
	}
	p.Offset, err = strconv.Atoi(number)
	if err != nil || p.Offset < 0 || p.Offset > largestOffset {
		return Page{}, wrongCursor()
	}
	return p, nil
}

// largestLimit leaves room for one more, in an Int of GraphQL.
const largestLimit = math.MaxInt32 - 1

// largestOffset keeps what is added to an offset a number.
const largestOffset = 1 << 40

func wrongCursor() error {
	return problem.New(problem.BadUserInput, "The argument after is not a cursor of this connection.")
}

// Cursor returns the cursor of a row of the page, counted from 0, for the argument after.
func (p Page) Cursor(row int) string {
	return base64.RawURLEncoding.EncodeToString([]byte(cursorPrefix + strconv.Itoa(p.Offset+row+1)))
}

// Number returns the number of the page that contains the offset; start is the number of
// the first page.
func (p Page) Number(start int) int { return start + p.Offset/p.Limit }

// Skip returns the number of rows of that page before the offset. It is not 0 if first
// changed between pages, or the cursor is in the middle of a page.
func (p Page) Skip() int { return p.Offset % p.Limit }

// Rest returns the rows of a numbered page from the offset on.
func Rest[T any](p Page, rows []T) []T { return rows[min(p.Skip(), len(rows)):] }

// Cut removes the extra row that was requested for a page, and reports whether there was
// one.
func Cut[T any](p Page, rows []T) ([]T, bool) {
	if len(rows) > p.Limit {
		return rows[:p.Limit], true
	}
	return rows, false
}

// Most returns the largest of the slicing arguments of a list, which may be null. If all
// are null, there is no limit.
func Most(arguments ...*int) int {
	most := -1
	for _, argument := range arguments {
		if argument != nil {
			most = max(most, *argument, 0)
		}
	}
	if most < 0 {
		return math.MaxInt
	}
	return most
}

// Next returns the service's cursor of the next page; nil if it is empty.
func Next(cursor *string) *string {
	if cursor == nil || *cursor == "" {
		return nil
	}
	return cursor
}
