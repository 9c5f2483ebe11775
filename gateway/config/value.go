package config

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Duration is a time.Duration that is written as "1m30s".
type Duration time.Duration

// UnmarshalText reads what time.ParseDuration reads.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("%q is not a duration such as 500ms, 2s or 1m30s", text)
	}
	*d = Duration(parsed)
	return nil
}

// String is that of time.Duration, without zeros at its end: 15m, not 15m0s.
func (d Duration) String() string {
	text := time.Duration(d).String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// Bytes is a number of bytes that is written as "512KiB" or "1MiB".
type Bytes int64

// UnmarshalText reads a whole number with one of the units B, KiB, MiB, GiB,
// or none.
func (b *Bytes) UnmarshalText(text []byte) error {
	number, shift := strings.TrimSpace(string(text)), 0
	for suffix, bits := range map[string]int{"KiB": 10, "MiB": 20, "GiB": 30} {
		if rest, ok := strings.CutSuffix(number, suffix); ok {
			number, shift = rest, bits
			break
		}
	}
	n, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(number, "B")), 10, 64)
	if err != nil || n < 0 || n<<shift>>shift != n {
		return fmt.Errorf("%q is not a size such as 65536, 512KiB or 8MiB", text)
	}
	*b = Bytes(n << shift)
	return nil
}

// String returns the number with the largest unit that divides it.
func (b Bytes) String() string {
	for _, unit := range []struct {
		name string
		bits int
	}{{"GiB", 30}, {"MiB", 20}, {"KiB", 10}} {
		if n := b >> unit.bits; n > 0 && n<<unit.bits == b {
			return strconv.FormatInt(int64(n), 10) + unit.name
		}
	}
	return strconv.FormatInt(int64(b), 10)
}

// Secret is a text that is never shown: not in logs, not in errors.
type Secret string

// String hides the text.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "***"
}

// GoString hides the text.
func (s Secret) GoString() string { return s.String() }

// MarshalText hides the text.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Network is a set of addresses: 10.0.0.0/8, or one address.
type Network netip.Prefix

// UnmarshalText reads an address or CIDR notation.
func (n *Network) UnmarshalText(text []byte) error {
	if prefix, err := netip.ParsePrefix(string(text)); err == nil {
		*n = Network(prefix.Masked())
		return nil
	}
	address, err := netip.ParseAddr(string(text))
	if err != nil {
		return fmt.Errorf("%q is neither an address nor a network such as 10.0.0.0/8", text)
	}
	*n = Network(netip.PrefixFrom(address, address.BitLen()))
	return nil
}

// String returns CIDR notation, or an address for a network of one.
func (n Network) String() string {
	if p := netip.Prefix(n); !p.IsSingleIP() {
		return p.String()
	}
	return netip.Prefix(n).Addr().String()
}

// Report says when something is answered.
type Report string

// The values of a Report.
const (
	ReportAlways    Report = "always"
	ReportRequested Report = "requested" // by {"extensions": {"cost": true}}
	ReportNever     Report = "never"
)
