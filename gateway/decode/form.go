package decode

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// This file reads scalars that a service writes in another form than their types
// have. An empty text is missing.

// IntText reads a whole number of 32 bits that is a text.
func IntText[D Reader](d D) (int, error) { return readForm(d, ParseInt) }

// Int64Text reads a whole number of 64 bits that is a text.
func Int64Text[D Reader](d D) (int64, error) { return readForm(d, ParseInt64) }

// FloatText reads a number of 64 bits that is a text.
func FloatText[D Reader](d D) (float64, error) { return readForm(d, ParseFloat) }

// BoolText reads a Boolean that is a text. See [ParseBool].
func BoolText[D Reader](d D) (bool, error) { return readForm(d, ParseBool) }

// BoolNumber reads a Boolean that is a number: 0 or 1.
func BoolNumber[D Reader](d D) (bool, error) {
	return readForm(d, func(text string) (bool, error) {
		n, err := parseInt(text, wantBit, 0, 1)
		return n == 1, err
	})
}

// UnixSeconds reads a time that is the number of seconds since 1970.
func UnixSeconds[D Reader](d D) (time.Time, error) {
	return readForm(d, func(text string) (time.Time, error) { return parseUnix(text, 1) })
}

// UnixMillis reads a time that is the number of milliseconds since 1970.
func UnixMillis[D Reader](d D) (time.Time, error) {
	return readForm(d, func(text string) (time.Time, error) { return parseUnix(text, 1000) })
}

// LocalTime reads a time in a zone that the service does not write: a date, with or
// without a time of day ("2026-01-02", "2026-01-02 15:04", "2026-01-02T15:04:05.5"). A
// time with a zone (RFC 3339) is in that one.
func LocalTime[D Reader](d D, zone *time.Location) (time.Time, error) {
	return readForm(d, func(text string) (time.Time, error) {
		if t, err := parseTime(text); err == nil {
			return t, nil
		}
		for _, layout := range []string{"2006-01-02", "2006-01-02T15:04", "2006-01-02T15:04:05"} { // a fraction is accepted after seconds
			if t, err := time.ParseInLocation(layout, strings.Replace(text, " ", "T", 1), zone); err == nil {
				return t, nil
			}
		}
		return time.Time{}, &Mismatch{Want: "a date, or a date and a time", Have: sample(text)}
	})
}

func readForm[D Reader, T any](d D, parse func(string) (T, error)) (v T, err error) {
	text, err := d.Text()
	if err != nil {
		return v, err
	}
	return formOf(text, parse)
}

// OfIntText is [IntText] for the text of a message. So are the functions below for others.
func OfIntText(text string) (int, error) { return formOf(text, ParseInt) }

// OfInt64Text is described with [OfIntText].
func OfInt64Text(text string) (int64, error) { return formOf(text, ParseInt64) }

// OfFloatText is described with [OfIntText].
func OfFloatText(text string) (float64, error) { return formOf(text, ParseFloat) }

// OfBoolText is described with [OfIntText].
func OfBoolText(text string) (bool, error) { return formOf(text, ParseBool) }

func formOf[T any](text string, parse func(string) (T, error)) (v T, err error) {
	if text = trimSpace(text); text == "" {
		return v, ErrMissing
	}
	return parse(text)
}

// ParseInt returns the whole number of 32 bits that a text is.
func ParseInt(text string) (int, error) {
	n, err := parseInt(text, "a whole number of 32 bits", math.MinInt32, math.MaxInt32)
	return int(n), err
}

// ParseInt64 returns the whole number of 64 bits that a text is.
func ParseInt64(text string) (int64, error) {
	return parseInt(text, wantInt64, math.MinInt64, math.MaxInt64)
}

// ParseFloat returns the number that a text is. NaN and infinity are not numbers.
func ParseFloat(text string) (float64, error) {
	if !isNumber(text) {
		return 0, &Mismatch{Want: "a number", Have: sample(text)}
	}
	return parseFloat(text)
}

// ParseBool returns the Boolean that a text is: true, false, 1 or 0, in any case.
func ParseBool(text string) (bool, error) {
	switch strings.ToLower(text) {
	case "true", "1":
		return true, nil
	case "false", "0":
		return false, nil
	}
	return false, &Mismatch{Want: "true or false", Have: sample(text)}
}

const wantBit = "0 or 1"

// Bit returns the Boolean that a number is.
func Bit[N ~int32 | ~int64 | ~uint32 | ~uint64](n N) (bool, error) {
	if n != 0 && n != 1 {
		return false, &Mismatch{Want: wantBit, Have: Digits(n)}
	}
	return n == 1, nil
}

// TimeOfSeconds returns the time that is a number of seconds since 1970.
func TimeOfSeconds[N ~int32 | ~int64 | ~uint32 | ~uint64](n N) (time.Time, error) {
	return parseUnix(Digits(n), 1)
}

// TimeOfMillis returns the time that is a number of milliseconds since 1970.
func TimeOfMillis[N ~int32 | ~int64 | ~uint32 | ~uint64](n N) (time.Time, error) {
	return parseUnix(Digits(n), 1000)
}

// parseUnix returns the time of a number of units since 1970, of which a second has
// perSecond: in the years 1 to 9999, which RFC 3339 has.
// withoutExponent returns the digits of a number before and after its point.
func withoutExponent(number, exponent string) (whole, fraction string, ok bool) {
	const most = 40 // digits, which no time has
	e, err := strconv.Atoi(exponent)
	if err != nil || e > most || e < -most {
		return "", "", false
	}
	sign := ""
	if number[0] == '-' || number[0] == '+' {
		sign, number = number[:1], number[1:]
	}
	whole, fraction, _ = strings.Cut(number, ".")
	digits := strings.Repeat("0", most) + whole + fraction + strings.Repeat("0", most)
	point := most + len(whole) + e
	return sign + strings.TrimLeft(digits[:point], "0"), digits[point:], true
}

func parseUnix(text string, perSecond int64) (time.Time, error) {
	bad := &Mismatch{Want: "a time since 1970", Have: sample(text)}
	if !isNumber(text) {
		return time.Time{}, bad
	}
	whole, fraction, _ := strings.Cut(text, ".")
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		var ok bool
		if whole, fraction, ok = withoutExponent(text[:i], text[i+1:]); !ok {
			return time.Time{}, bad
		}
	}
	if whole = strings.TrimPrefix(whole, "+"); whole == "" || whole == "-" {
		whole += "0"
	}
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		return time.Time{}, bad
	}
	const digits = 9 // of nanoseconds
	nanos, _ := strconv.ParseInt((fraction + strings.Repeat("0", digits))[:digits], 10, 64)
	if whole[0] == '-' {
		nanos = -nanos
	}
	seconds, rest := n/perSecond, n%perSecond
	t := time.Unix(seconds, rest*(int64(time.Second)/perSecond)+nanos/perSecond).UTC()
	if year := t.Year(); seconds > math.MaxInt64/2 || seconds < math.MinInt64/2 || year < 1 || year > 9999 {
		return time.Time{}, bad
	}
	return t, nil
}
