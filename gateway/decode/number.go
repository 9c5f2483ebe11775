package decode

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Int reads a whole number of 32 bits (GraphQL specification, section 3.5.1).
// A number such as 1.0 or 2e3 is whole.
func (d *JSON) Int() (int, error) {
	n, err := d.signed("a whole number of 32 bits", math.MinInt32, math.MaxInt32)
	return int(n), err
}

// Int64 reads a whole number of 64 bits.
func (d *JSON) Int64() (int64, error) {
	return d.signed(wantInt64, math.MinInt64, math.MaxInt64)
}

const wantInt64 = "a whole number from -9223372036854775808 to 9223372036854775807"

// Uint64 reads a whole number of 64 bits that is not negative.
func (d *JSON) Uint64() (uint64, error) {
	const want = "a whole number of 64 bits that is not negative"
	text, err := d.numeral(want)
	if err != nil {
		return 0, err
	}
	return parseUint(text, want)
}

// Float reads a number of 64 bits.
func (d *JSON) Float() (float64, error) {
	text, err := d.numeral("a number")
	if err != nil {
		return 0, err
	}
	return parseFloat(text)
}

func (d *JSON) signed(want string, least, most int64) (int64, error) {
	text, err := d.numeral(want)
	if err != nil {
		return 0, err
	}
	return parseInt(text, want, least, most)
}

// numeral reads the text of a number.
func (d *JSON) numeral(want string) (string, error) {
	switch c := d.peek(); {
	case c == '-' || '0' <= c && c <= '9':
		text := d.number()
		return text, d.err
	case c == 'n':
		d.Skip()
		return "", d.or(ErrMissing)
	}
	return "", d.mismatch(want)
}

// number consumes a number (RFC 8259, section 6).
func (d *JSON) number() string {
	from := d.at
	if d.here() == '-' {
		d.at++
	}
	switch {
	case d.here() == '0':
		d.at++
	case d.digits() == 0:
		d.malformed("a value")
		return ""
	}
	if d.here() == '.' {
		d.at++
		if d.digits() == 0 {
			d.malformed("a digit")
			return ""
		}
	}
	if c := d.here(); c == 'e' || c == 'E' {
		d.at++
		if c := d.here(); c == '+' || c == '-' {
			d.at++
		}
		if d.digits() == 0 {
			d.malformed("a digit")
			return ""
		}
	}
	d.state = after
	return d.text[from:d.at]
}

// here returns the next byte, which may be white space; 0 at the end.
func (d *JSON) here() byte {
	if d.at < len(d.text) {
		return d.text[d.at]
	}
	return 0
}

// digits consumes digits and returns how many there are.
func (d *JSON) digits() int {
	text, n := d.text[d.at:], 0
	for n < len(text) && '0' <= text[n] && text[n] <= '9' {
		n++
	}
	d.at += n
	return n
}

// parseInt returns the value of a number, if it is whole and within bounds.
func parseInt(text, want string, least, most int64) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		n, err = strconv.ParseInt(integer(text), 10, 64)
	}
	if err != nil || n < least || n > most {
		return 0, &Mismatch{Want: want, Have: sample(text)}
	}
	return n, nil
}

func parseUint(text, want string) (uint64, error) {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		n, err = strconv.ParseUint(integer(text), 10, 64)
	}
	if err != nil {
		return 0, &Mismatch{Want: want, Have: sample(text)}
	}
	return n, nil
}

// integer returns a number such as 1.0 or 2e3 without a point and an exponent;
// nothing if it is not whole, or has more than 64 bits. It moves the digits: a
// float64 would round 1e-400 and 9007199254740991.3 to whole numbers.
func integer(text string) string {
	mantissa, power := text, 0
	if e := strings.IndexAny(text, "eE"); e >= 0 {
		n, err := strconv.ParseInt(text[e+1:], 10, 32)
		if err != nil && !errors.Is(err, strconv.ErrRange) {
			return ""
		}
		mantissa, power = text[:e], int(n) // the largest or the least number if it is out of range
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	all := whole + fraction
	digits := strings.TrimRight(all, "0")
	if digits == "" || digits == "-" {
		return strings.TrimPrefix(all, "-") // 0
	}
	const most = 20 // digits of 64 bits
	if zeros := power - len(fraction) + len(all) - len(digits); 0 <= zeros && zeros < most {
		return digits + strings.Repeat("0", zeros)
	}
	return ""
}

func parseFloat(text string) (float64, error) {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, &Mismatch{Want: "a number of 64 bits", Have: sample(text)}
	}
	return f, nil
}

// Narrow returns a whole number as one of another type: Narrow[int16](d.Int64()).
// The error is the one given, or that of a number that the type does not have.
func Narrow[T ~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64, N int | int64 | uint64](n N, err error) (T, error) {
	if err != nil {
		return 0, err
	}
	if t := T(n); N(t) == n && (t < 0) == (n < 0) {
		return t, nil
	}
	return 0, &Mismatch{Want: "a whole number of fewer bits", Have: fmt.Sprint(n)}
}

// As returns a value as one of another type: As[model.Name](d.String()).
func As[T ~string, V ~string](v V, err error) (T, error) { return T(v), err }

// AsBool is like [As] for Booleans.
func AsBool[T ~bool](v bool, err error) (T, error) { return T(v), err }

// AsFloat is like [As] for numbers. A number that the type does not have is an
// error.
func AsFloat[T ~float32 | ~float64](v float64, err error) (T, error) {
	if t := T(v); err != nil || !math.IsInf(float64(t), 0) {
		return t, err
	}
	return 0, &Mismatch{Want: "a number of fewer bits", Have: strconv.FormatFloat(v, 'g', -1, 64)}
}
