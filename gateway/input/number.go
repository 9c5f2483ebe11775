package input

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

// Number returns the number that a canonical value is, and whether it is one.
func Number(value any) (float64, bool) {
	text, ok := value.(json.Number)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseFloat(string(text), 64)
	return n, err == nil
}

// longestInteger is the most digits that an integer may have: as many as those
// of the largest Float.
const longestInteger = 309

// integer returns the digits of a number in the syntax of JSON, without a
// fraction or an exponent, and whether it is integral: "1e2" is "100".
func integer(number string) (string, bool) {
	unsigned, negative := strings.CutPrefix(number, "-")
	mantissa, exponent, scaled := cutAny(unsigned, "eE")
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimLeft(whole+fraction, "0")
	significant := strings.TrimRight(digits, "0")
	if significant == "" {
		return "0", whole != ""
	}
	shift := 0
	if scaled {
		var err error
		if shift, err = strconv.Atoi(exponent); err != nil {
			return "", false
		}
	}
	shift += len(digits) - len(significant) - len(fraction)
	if shift < 0 || shift > longestInteger || len(significant)+shift > longestInteger {
		return "", false
	}
	out := significant + strings.Repeat("0", shift)
	if negative {
		out = "-" + out
	}
	return out, true
}

func cutAny(text, chars string) (before, after string, found bool) {
	if i := strings.IndexAny(text, chars); i >= 0 {
		return text[:i], text[i+1:], true
	}
	return text, "", false
}

// isPlain reports whether a number is an integer without a fraction or an
// exponent, other than -0.
func isPlain(number string) bool {
	for i := range len(number) {
		if c := number[i]; (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return number != "-0" && number != ""
}

// int32Of is the canonical form of an Int (section 3.5.1), and whether the
// number is one. It allocates only if the form differs.
func int32Of(number string) (string, bool) {
	if !isPlain(number) {
		var ok bool
		if number, ok = integer(number); !ok {
			return "", false
		}
	}
	_, err := strconv.ParseInt(number, 10, 32)
	return number, err == nil
}

// floatOf is the canonical form of a Float (section 3.5.2), and whether the number
// is one: finite, of 64 bits. It allocates only if the form differs.
func floatOf(number string) (string, bool) {
	if len(number) < 16 && isPlain(number) && (number == "0" || strings.TrimLeft(number, "-")[0] != '0') {
		return number, true
	}
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || math.IsInf(n, 0) {
		return "", false
	}
	format := byte('f') // as JSON has it (ECMA-262, Number::toString)
	if size := math.Abs(n); size != 0 && (size < 1e-6 || size >= 1e21) {
		format = 'e'
	}
	var buffer [32]byte
	text := strconv.AppendFloat(buffer[:0], n+0, format, -1, 64)
	if string(text) == number {
		return number, true
	}
	return string(text), true
}
