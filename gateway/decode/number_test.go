package decode_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/portico-gateway/portico/gateway/decode"
)

const (
	want32  = "a whole number of 32 bits: "
	want64  = "a whole number from -9223372036854775808 to 9223372036854775807: "
	wantPos = "a whole number of 64 bits that is not negative: "
)

func TestInt(t *testing.T) {
	for text, c := range map[string]struct {
		want  int
		fault string
	}{
		`0`: {0, ""}, `-0`: {0, ""}, `7`: {7, ""}, `-7`: {-7, ""}, `42`: {42, ""}, `2147483647`: {math.MaxInt32, ""}, `-2147483648`: {math.MinInt32, ""},
		`1.0`: {1, ""}, `-0.0`: {0, ""}, `1e3`: {1000, ""}, `1E+3`: {1000, ""}, `1.5e1`: {15, ""}, `1200e-2`: {12, ""}, `-2.50e1`: {-25, ""}, `0.001e3`: {1, ""},
		`0e999999999999`: {0, ""}, `0.00e-5`: {0, ""}, `2147483647.000`: {math.MaxInt32, ""}, `10e-1`: {1, ""}, `-0e0`: {0, ""},
		`1.5`: {0, want32 + "1.5"}, `1e-1`: {0, want32 + "1e-1"}, `-0.5`: {0, want32 + "-0.5"}, `12e-2`: {0, want32 + "12e-2"},
		`2147483648`: {0, want32 + "2147483648"}, `-2147483649`: {0, want32 + "-2147483649"}, `1e10`: {0, want32 + "1e10"},
		`1e400`: {0, want32 + "1e400"}, `1e-400`: {0, want32 + "1e-400"}, `1e99999999999999999999`: {0, want32 + "1e99999999999999999999"},
		`1e-99999999999999999999`: {0, want32 + "1e-99999999999999999999"}, `1.00000000000000000001`: {0, want32 + "1.00000000000000000001"},
		`9223372036854775808`: {0, want32 + "9223372036854775808"}, `99999999999999999999`: {0, want32 + "99999999999999999999"},
		`null`: {0, missing}, `"1"`: {0, want32 + `"1"`}, `true`: {0, want32 + "true"}, `[1]`: {0, want32 + "[1]"}, `{"a":1}`: {0, want32 + `{"a":1}`},
		strings.Repeat("1", 200): {0, want32 + strings.Repeat("1", 100)}, `1` + strings.Repeat("0", 200) + `e-200`: {1, ""},
	} {
		t.Run(text[:min(len(text), 40)], func(t *testing.T) {
			d := decode.NewJSON(text, service)
			n, err := d.Int()
			wants(t, n, err, c.want, c.fault)
			if err := d.End(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestInt64(t *testing.T) {
	for text, c := range map[string]struct {
		want  int64
		fault string
	}{
		`9223372036854775807`: {math.MaxInt64, ""}, `-9223372036854775808`: {math.MinInt64, ""}, `9223372036854775807.0`: {math.MaxInt64, ""},
		`922337203685477580.7e1`: {math.MaxInt64, ""}, `-9.223372036854775808e18`: {math.MinInt64, ""},
		`9007199254740991`: {1<<53 - 1, ""}, `9007199254740992.0`: {1 << 53, ""}, `9007199254740993.0`: {1<<53 + 1, ""}, `9007199254740993e0`: {1<<53 + 1, ""},
		`4503599627370496.3`: {0, want64 + "4503599627370496.3"}, `9007199254740991.3`: {0, want64 + "9007199254740991.3"},
		`9223372036854775808`: {0, want64 + "9223372036854775808"}, `-9223372036854775809`: {0, want64 + "-9223372036854775809"}, `1e19`: {0, want64 + "1e19"},
		`1e18`: {1e18, ""}, `1e20`: {0, want64 + "1e20"}, `null`: {0, missing}, `"5"`: {0, want64 + `"5"`},
	} {
		t.Run(text, func(t *testing.T) {
			n, err := decode.NewJSON(text, service).Int64()
			wants(t, n, err, c.want, c.fault)
		})
	}
}

func TestUint64(t *testing.T) {
	for text, c := range map[string]struct {
		want  uint64
		fault string
	}{
		`0`: {0, ""}, `-0`: {0, ""}, `-0.0`: {0, ""}, `18446744073709551615`: {math.MaxUint64, ""}, `18446744073709551615.0`: {math.MaxUint64, ""},
		`1.8446744073709551615e19`: {math.MaxUint64, ""}, `1e19`: {1e19, ""}, `2e3`: {2000, ""},
		`18446744073709551616`: {0, wantPos + "18446744073709551616"}, `1e20`: {0, wantPos + "1e20"}, `-1`: {0, wantPos + "-1"}, `-1.0`: {0, wantPos + "-1.0"},
		`0.5`: {0, wantPos + "0.5"}, `null`: {0, missing}, `"5"`: {0, wantPos + `"5"`}, `{}`: {0, wantPos + "{}"},
	} {
		t.Run(text, func(t *testing.T) {
			n, err := decode.NewJSON(text, service).Uint64()
			wants(t, n, err, c.want, c.fault)
		})
	}
}

func TestFloat(t *testing.T) {
	for text, c := range map[string]struct {
		want  float64
		fault string
	}{
		`0`: {0, ""}, `1.0`: {1, ""}, `-12.5`: {-12.5, ""}, `1e3`: {1000, ""}, `0.1`: {0.1, ""}, `5e-324`: {5e-324, ""}, `1e-400`: {0, ""},
		`1.7976931348623157e308`: {math.MaxFloat64, ""}, `9007199254740993`: {1 << 53, ""},
		`1e400`: {0, "a number of 64 bits: 1e400"}, `-1e400`: {0, "a number of 64 bits: -1e400"},
		`null`: {0, missing}, `"1.5"`: {0, `a number: "1.5"`}, `false`: {0, `a number: false`}, `[]`: {0, `a number: []`},
	} {
		t.Run(text, func(t *testing.T) {
			n, err := decode.NewJSON(text, service).Float()
			wants(t, n, err, c.want, c.fault)
		})
	}
	if n, err := decode.NewJSON("-0", service).Float(); err != nil || !math.Signbit(n) {
		t.Errorf("-0 is %v, %v", n, err)
	}
}

func TestNarrow(t *testing.T) {
	const fault = "a whole number of fewer bits: "
	failed := errors.New("x")
	for name, c := range map[string]struct {
		got   func() (any, error)
		want  any
		fault string
	}{
		"int16, largest":       {func() (any, error) { return decode.Narrow[int16](32767, nil) }, int16(32767), ""},
		"int16, least":         {func() (any, error) { return decode.Narrow[int16](-32768, nil) }, int16(-32768), ""},
		"int16, too large":     {func() (any, error) { return decode.Narrow[int16](32768, nil) }, int16(0), fault + "32768"},
		"int8, too small":      {func() (any, error) { return decode.Narrow[int8](-129, nil) }, int8(0), fault + "-129"},
		"uint8, negative":      {func() (any, error) { return decode.Narrow[uint8](-1, nil) }, uint8(0), fault + "-1"},
		"uint8, too large":     {func() (any, error) { return decode.Narrow[uint8](int64(256), nil) }, uint8(0), fault + "256"},
		"uint64, negative":     {func() (any, error) { return decode.Narrow[uint64](int64(-1), nil) }, uint64(0), fault + "-1"},
		"int64, too large":     {func() (any, error) { return decode.Narrow[int64](uint64(math.MaxUint64), nil) }, int64(0), fault + "18446744073709551615"},
		"uint32, largest":      {func() (any, error) { return decode.Narrow[uint32](uint64(math.MaxUint32), nil) }, uint32(math.MaxUint32), ""},
		"an error, not a fit":  {func() (any, error) { return decode.Narrow[int8](1000, failed) }, int8(0), "x"},
		"an error, with a fit": {func() (any, error) { return decode.Narrow[int8](0, failed) }, int8(0), "x"},
		"of a reader":          {func() (any, error) { return decode.Narrow[int32](decode.NewJSON("5", service).Int()) }, int32(5), ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := c.got()
			wants(t, got, err, c.want, c.fault)
		})
	}
}

func TestAs(t *testing.T) {
	type name string
	got, err := decode.As[name](decode.NewJSON(`"Ada"`, service).String())
	wants(t, got, err, name("Ada"), "")
	got, err = decode.As[name](decode.NewJSON(`null`, service).String())
	wants(t, got, err, name(""), missing)
}
