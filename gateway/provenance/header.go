package provenance

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// MaxPassed is the most bytes of the fields that services' answers pass to the
// caller of one operation. A field has the bytes of its line: name, value and
// four more.
const MaxPassed = 8 << 10

// setCookie is the field whose values are not joined.
const setCookie = "Set-Cookie"

// Passed is a field of the header of a service's answer that the caller of the
// operation gets.
type Passed struct {
	// Binding is the position of the binding that made the call,
	// file:line:column; empty for hand-written code.
	Binding string
	// Name is in canonical spelling.
	Name string
	// Values are those of one answer, in its order.
	Values []string

	step int // the number of writes before it
}

// passed are the fields that the caller gets, without those that are equal.
// Their order does not depend on which answer came first.
type passed struct {
	step int
	list []Passed
	size int
	over bool // there were more than MaxPassed bytes: none is passed
}

// Pass notes a field that the caller gets. The answer is then one caller's, and
// is neither cached nor shared.
func (r *Record) Pass(p Passed) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.caller = Everything
	p.step = r.passed.step
	r.passed.add(p)
}

// Wrote notes that what comes now comes after a write of the operation, so that
// what is passed then replaces what was passed before.
func (r *Record) Wrote() {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.passed.step++
}

func (p *passed) add(field Passed) {
	if p.over {
		return
	}
	at, found := slices.BinarySearchFunc(p.list, field, Passed.compare)
	if found {
		return
	}
	for _, value := range field.Values {
		p.size += len(field.Name) + len(value) + len(": \r\n")
	}
	if p.size > MaxPassed {
		*p = passed{step: p.step, over: true}
		return
	}
	p.list = slices.Insert(p.list, at, field)
}

// compare orders fields by the number of writes before them, by binding, and by
// their texts.
func (p Passed) compare(o Passed) int {
	return cmp.Or(cmp.Compare(p.step, o.step), comparePositions(p.Binding, o.Binding), cmp.Compare(p.Name, o.Name), slices.Compare(p.Values, o.Values))
}

// comparePositions orders texts such as file:line:column by file, line and
// column.
func comparePositions(a, b string) int {
	fileA, lineA, columnA := position(a)
	fileB, lineB, columnB := position(b)
	return cmp.Or(cmp.Compare(fileA, fileB), cmp.Compare(lineA, lineB), cmp.Compare(columnA, columnB))
}

func position(text string) (file string, line, column int) {
	file, column = number(text)
	file, line = number(file)
	return file, line, column
}

// number cuts a number after a colon from the end of a text.
func number(text string) (string, int) {
	i := strings.LastIndexByte(text, ':')
	if i < 0 {
		return text, 0
	}
	n, err := strconv.Atoi(text[i+1:])
	if err != nil {
		return text, 0
	}
	return text[:i], n
}

// Header returns the fields that the caller gets: of each name one, with its
// distinct values, in the order of writes and bindings, separated by commas. Of
// Set-Cookie, it has each cookie of a name, a domain and a path once, the last of
// them. It is nil if there are none, or if there were more than [MaxPassed] bytes.
func (s Summary) Header() http.Header {
	if len(s.Passed) == 0 {
		return nil
	}
	header := http.Header{}
	var cookies []cookieID
	for _, field := range s.Passed {
		for _, value := range field.Values {
			have := header[field.Name]
			if field.Name != setCookie {
				if !slices.Contains(have, value) {
					header[field.Name] = append(have, value)
				}
				continue
			}
			id := cookieOf(value)
			if i := slices.Index(cookies, id); i >= 0 {
				cookies, have = slices.Delete(cookies, i, i+1), slices.Delete(have, i, i+1)
			}
			cookies, header[setCookie] = append(cookies, id), append(have, value)
		}
	}
	for name, values := range header {
		if name != setCookie {
			header[name] = []string{strings.Join(values, ", ")}
		}
	}
	return header
}

// CookieName returns the name of the cookie that a value of Set-Cookie sets, as
// clients read it (RFC 6265, section 5.2); empty if it sets none.
func CookieName(text string) string { return cookieOf(text).name }

// cookieID is what distinguishes the cookies of a client (RFC 6265, section 5.3).
type cookieID struct{ name, domain, path string }

func cookieOf(text string) cookieID {
	pair, attributes, _ := strings.Cut(text, ";")
	name, _, ok := strings.Cut(pair, "=")
	if !ok {
		return cookieID{}
	}
	id := cookieID{name: strings.Trim(name, " \t")}
	for attribute := range strings.SplitSeq(attributes, ";") {
		key, value, _ := strings.Cut(attribute, "=")
		value = strings.Trim(value, " \t")
		switch strings.ToLower(strings.Trim(key, " \t")) {
		case "domain":
			id.domain = strings.ToLower(strings.TrimPrefix(value, "."))
		case "path":
			if id.path = value; !strings.HasPrefix(value, "/") {
				id.path = "" // that of the request
			}
		}
	}
	return id
}
