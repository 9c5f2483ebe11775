package decode

import (
	"encoding"
	"math"
	"strings"
	"time"
)

// String reads a string.
func (d *XML) String() (string, error) {
	e, err := d.scalar("a string")
	if err != nil {
		return "", err
	}
	return e.text, nil
}

// Text is the same as [XML.String]: XML has no numbers.
func (d *XML) Text() (string, error) { return d.String() }

// Bool reads true or false, or 1 or 0 (XML Schema Part 2, section 3.2.2).
func (d *XML) Bool() (bool, error) {
	const want = "true or false"
	text, err := d.trimmed(want)
	if err != nil {
		return false, err
	}
	switch text {
	case "true", "1":
		return true, nil
	case "false", "0":
		return false, nil
	}
	return false, &Mismatch{Want: want, Have: sample(text)}
}

// Int reads a whole number of 32 bits. A number such as 1.0 or 2e3 is whole.
func (d *XML) Int() (int, error) {
	n, err := d.signed("a whole number of 32 bits", math.MinInt32, math.MaxInt32)
	return int(n), err
}

// Int64 reads a whole number of 64 bits.
func (d *XML) Int64() (int64, error) {
	return d.signed(wantInt64, math.MinInt64, math.MaxInt64)
}

// Uint64 reads a whole number of 64 bits that is not negative.
func (d *XML) Uint64() (uint64, error) {
	const want = "a whole number of 64 bits that is not negative"
	text, err := d.numeral(want)
	if err != nil {
		return 0, err
	}
	return parseUint(text, want)
}

// Float reads a number of 64 bits (XML Schema Part 2, section 3.2.5). NaN and
// infinity are none: GraphQL does not have them.
func (d *XML) Float() (float64, error) {
	text, err := d.numeral("a number")
	if err != nil {
		return 0, err
	}
	return parseFloat(text)
}

// Time reads a time as RFC 3339 has it.
func (d *XML) Time() (t time.Time, err error) {
	text, err := d.trimmed("a time (RFC 3339)")
	if err != nil {
		return t, err
	}
	return parseTime(text)
}

// Bytes reads base64, in which there may be white space (XML Schema Part 2,
// section 3.2.16).
func (d *XML) Bytes() ([]byte, error) {
	e, err := d.scalar("base64")
	if err != nil {
		return nil, err
	}
	return parseBytes(strings.Map(func(r rune) rune {
		if strings.ContainsRune(xmlSpace, r) {
			return -1
		}
		return r
	}, e.text))
}

// TextValue reads a value of a type with a method that reads texts. White space
// around the text is not given to it, and an empty element is missing unless the
// type has a value for it.
func TextValue[T any, P interface {
	*T
	encoding.TextUnmarshaler
}](d *XML) (T, error) {
	var v, none T
	e, err := d.scalar("a text")
	if err != nil {
		return none, err
	}
	text := trimSpace(e.text)
	if err := P(&v).UnmarshalText([]byte(text)); err != nil {
		if text == "" && !e.attributes {
			return none, ErrMissing
		}
		return none, &Mismatch{Want: "a value of its type: " + sample(err.Error()), Have: sample(text)}
	}
	return v, nil
}

func (d *XML) signed(want string, least, most int64) (int64, error) {
	text, err := d.numeral(want)
	if err != nil {
		return 0, err
	}
	return parseInt(text, want, least, most)
}

// numeral reads the text of a number, without a plus sign.
func (d *XML) numeral(want string) (string, error) {
	text, err := d.trimmed(want)
	if err != nil {
		return "", err
	}
	if !isNumber(text) {
		return "", &Mismatch{Want: want, Have: sample(text)}
	}
	return strings.TrimPrefix(text, "+"), nil
}

// isNumber reports whether a text is a number as XML Schema has it: the
// functions of package strconv have other forms as well.
func isNumber(text string) bool {
	const digits = "0123456789"
	text = unsigned(text)
	rest := strings.TrimLeft(text, digits)
	n := len(text) - len(rest)
	if fraction, ok := strings.CutPrefix(rest, "."); ok {
		rest = strings.TrimLeft(fraction, digits)
		n += len(fraction) - len(rest)
	}
	if n == 0 || rest == "" {
		return n > 0
	}
	exponent := unsigned(rest[1:])
	return (rest[0] == 'e' || rest[0] == 'E') && exponent != "" && strings.TrimLeft(exponent, digits) == ""
}

func unsigned(text string) string {
	if text != "" && (text[0] == '+' || text[0] == '-') {
		return text[1:]
	}
	return text
}

// trimmed reads the text of a value that is missing where the element is empty.
func (d *XML) trimmed(want string) (string, error) {
	e, err := d.scalar(want)
	if err != nil {
		return "", err
	}
	text := trimSpace(e.text)
	if text == "" && !e.attributes {
		return "", ErrMissing
	}
	return text, nil
}

// scalar consumes the next value, which has to be an element without others.
func (d *XML) scalar(want string) (*element, error) {
	e, err := d.take()
	switch {
	case err != nil:
		return nil, err
	case e.null:
		return nil, ErrMissing
	case e.elements:
		return nil, &Mismatch{Want: want, Have: sample(e.start())}
	}
	return e, nil
}

// xmlSpace is white space as XML has it.
const xmlSpace = " \t\r\n"

func trimSpace(text string) string { return strings.Trim(text, xmlSpace) }
