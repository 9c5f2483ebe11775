package config

import (
	"encoding"
	"errors"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"strconv"
	"strings"
)

// scalar sets a value that is written as one text.
func (d *decoder) scalar(n *node, v reflect.Value, path string) {
	if n.kind != scalar {
		d.wrong(n, path, "must be "+wanted(v)+", and not "+n.describe())
		return
	}
	if !d.expand(n, path) {
		return
	}
	if v.Kind() != reflect.String && v.Kind() != reflect.Struct && !v.IsZero() {
		n.fallback = fmt.Sprint(v.Interface())
	}
	if err := setScalar(v, n.text); err != "" {
		d.wrong(n, path, n.describe()+" "+err)
	}
}

// setScalar sets v to what a text means, and returns why it can't, and what would be
// right.
func setScalar(v reflect.Value, text string) (mistake string) {
	if u, ok := reflect.TypeAssert[encoding.TextUnmarshaler](v.Addr()); ok {
		if err := u.UnmarshalText([]byte(text)); err == nil {
			return ""
		}
		return "is not " + kindOf(v) + ": write " + suggestion(v, text)
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
		return ""
	case reflect.Bool:
		if b, ok := map[string]bool{"true": true, "false": false}[strings.ToLower(text)]; ok {
			v.SetBool(b)
			return ""
		}
	case reflect.Int:
		i, err := strconv.ParseInt(text, 10, 32)
		if err == nil {
			v.SetInt(i)
			return ""
		}
		if errors.Is(err, strconv.ErrRange) {
			return fmt.Sprintf("is out of range: write at most %d", math.MaxInt32)
		}
	case reflect.Float64:
		if f, err := strconv.ParseFloat(text, 64); err == nil && !math.IsInf(f, 0) && !math.IsNaN(f) {
			v.SetFloat(f)
			return ""
		}
	}
	return "is not " + kindOf(v) + ": write " + suggestion(v, text)
}

// kindOf names what a setting must be.
func kindOf(v reflect.Value) string {
	switch v.Interface().(type) {
	case Duration:
		return "a duration"
	case Bytes:
		return "a size"
	case Network:
		return "an address or a network"
	}
	switch v.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	}
	return "a text"
}

// wanted is kindOf with an example.
func wanted(v reflect.Value) string {
	switch v.Interface().(type) {
	case Secret:
		return "a text, usually ${NAME}"
	case Duration:
		return "a duration such as 2s"
	case Bytes:
		return "a size such as 8MiB"
	case Network:
		return "a network such as 10.0.0.0/8"
	}
	return kindOf(v)
}

var (
	plainNumber = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?$`)
	spacedTime  = regexp.MustCompile(`^([0-9]+) *(d|days?|h|hours?|hrs?|m|mins?|minutes?|s|secs?|seconds?|ms|millis|milliseconds?)$`)
	otherSize   = regexp.MustCompile(`^([0-9]+) *([kmg])i?b?$`)
	grouped     = regexp.MustCompile(`^[0-9]{1,3}([_,'. ][0-9]{3})+$|^[0-9]+\.0*$`)
)

// suggestion returns what may have been meant by a text, or an example.
func suggestion(v reflect.Value, text string) string {
	lower := strings.ToLower(strings.TrimSpace(text))
	switch v.Interface().(type) {
	case Duration:
		return suggestDuration(lower)
	case Bytes:
		if m := otherSize.FindStringSubmatch(lower); m != nil && len(m[1]) < 7 {
			return m[1] + strings.ToUpper(m[2]) + "iB"
		}
		return "a number of bytes, KiB, MiB or GiB, such as 65536, 512KiB or 8MiB"
	case Network:
		return "10.0.0.0/8 or 10.0.0.1"
	}
	switch v.Kind() {
	case reflect.Bool:
		if b, ok := map[string]string{"yes": "true", "on": "true", "1": "true", "no": "false", "off": "false", "0": "false"}[lower]; ok {
			return b
		}
		return "true or false"
	case reflect.Int, reflect.Float64:
		if grouped.MatchString(lower) && v.Kind() == reflect.Int {
			whole, _, _ := strings.Cut(lower, ".0")
			if !grouped.MatchString(whole) {
				whole = strings.TrimSuffix(whole, ".")
			}
			return strings.NewReplacer("_", "", ",", "", "'", "", ".", "", " ", "").Replace(whole)
		}
		if !v.IsZero() {
			return "one such as " + fmt.Sprint(v.Interface()) + ", the default"
		}
		return "one such as 10"
	}
	return "a text"
}

func suggestDuration(text string) string {
	if plainNumber.MatchString(text) {
		return text + "s"
	}
	if m := spacedTime.FindStringSubmatch(text); m != nil {
		switch unit := m[2]; {
		case unit[0] == 'd':
			if days, err := strconv.Atoi(m[1]); err == nil && days < 10_000 {
				return strconv.Itoa(24*days) + "h"
			}
		case unit == "ms" || strings.HasPrefix(unit, "mil"):
			return m[1] + "ms"
		default:
			return m[1] + unit[:1]
		}
	}
	return "one such as 500ms, 2s or 1m30s"
}
