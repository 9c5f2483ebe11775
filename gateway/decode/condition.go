package decode

import (
	"slices"
	"strconv"
	"strings"
)

// Condition is a condition on a value of an answer.
type Condition struct {
	// Path leads to the value: see [JSON.Find].
	Path []string
	// Is are scalars in JSON, such as false or "FAILED". The condition holds if the
	// value equals one of them. A value that does not exist is null. In XML, a
	// scalar is compared with the text of an element, without the white space
	// around it.
	//
	// Without any, the condition holds if the value is not empty: [Found.IsEmpty].
	Is []string
}

// Holds reports whether the condition holds for the value that its path leads to.
func (c Condition) Holds(value Found) bool {
	if len(c.Is) == 0 {
		return !value.IsEmpty()
	}
	return slices.ContainsFunc(c.Is, value.is)
}

// IsEmpty reports whether a value is null, false, 0, or an empty string, list or
// object, or does not exist. In XML, an element is empty if it has neither
// elements nor attributes, and its text is empty, false or 0.
func (f Found) IsEmpty() bool {
	if f.xml != nil {
		e := f.last()
		text := trimSpace(e.text)
		return e.null || !e.elements && !e.attributes && (text == "" || text == "false" || text == "0")
	}
	switch text := f.json; {
	case text == "", f.zero, text[0] == 'n', text[0] == 'f':
		return true
	case text[0] == 't':
		return false
	case strings.IndexByte(`"[{`, text[0]) >= 0:
		return text == `""` || text[0] != '"' && strings.Trim(text[1:len(text)-1], xmlSpace) == ""
	}
	return decimalOf(f.json).digits == ""
}

// is reports whether a value equals a scalar.
func (f Found) is(scalar string) bool {
	switch {
	case f.xml != nil:
		return f.last().is(scalar)
	case f.json == "":
		return scalar == "null"
	case f.json == scalar:
		return true
	case strings.HasPrefix(scalar, `"`):
		return f.json[0] == '"' && unquoted(f.json) == unquoted(scalar)
	}
	return isNumeral(f.json) && isNumeral(scalar) && decimalOf(f.json) == decimalOf(scalar)
}

func (e *element) is(scalar string) bool {
	switch {
	case e.null:
		return scalar == "null"
	case e.elements || scalar == "null":
		return false
	case strings.HasPrefix(scalar, `"`):
		scalar = unquoted(scalar)
	}
	return trimSpace(e.text) == trimSpace(scalar)
}

// unquoted returns the value of a string of JSON.
func unquoted(text string) string {
	value, _ := NewJSON(text, Source{}).String()
	return value
}

// isNumeral reports whether a value of JSON is a number.
func isNumeral(text string) bool {
	return text != "" && (text[0] == '-' || '0' <= text[0] && text[0] <= '9')
}

// decimal is the value of a number: 0.digits × 10^exponent.
type decimal struct {
	negative bool
	digits   string // without zeros at either end; none for 0
	exponent int
}

// decimalOf returns the value of a number of JSON, exactly: equal numbers have
// equal decimals. An exponent of more than 64 bits is the largest or the least
// one that there is.
func decimalOf(text string) decimal {
	mantissa, exponent := text, 0
	if e := strings.IndexAny(text, "eE"); e >= 0 {
		mantissa = text[:e]
		exponent, _ = strconv.Atoi(text[e+1:])
	}
	mantissa, negative := strings.CutPrefix(mantissa, "-")
	whole, fraction, _ := strings.Cut(mantissa, ".")
	all := whole + fraction
	digits := strings.TrimLeft(all, "0")
	if digits == "" {
		return decimal{}
	}
	exponent += len(whole) - (len(all) - len(digits))
	return decimal{negative, strings.TrimRight(digits, "0"), exponent}
}
