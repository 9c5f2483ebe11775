package decode_test

import (
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/portico-gateway/portico/gateway/decode"
	"github.com/portico-gateway/portico/gateway/problem"
)

// A number of a service that an Int can't have is the service's mistake: the
// error is no problem of the caller.
func TestSmall(t *testing.T) {
	checkSmall := func(name string, got int, err error, want int, fits bool) {
		t.Helper()
		if (err == nil) != fits || got != want || err != nil && problem.CodeOf(err) == problem.BadUserInput {
			t.Errorf("%s: %d, %v; want %d, %t", name, got, err, want, fits)
		}
	}
	for number, fits := range map[int64]bool{0: true, -1: true, math.MaxInt32: true, math.MinInt32: true, math.MaxInt32 + 1: false, math.MinInt32 - 1: false, math.MaxInt64: false, math.MinInt64: false} {
		got, err := decode.Small(number)
		want := 0
		if fits {
			want = int(number)
		}
		checkSmall(strconv.FormatInt(number, 10), got, err, want, fits)
	}
	for number, fits := range map[uint64]bool{0: true, math.MaxInt32: true, math.MaxInt32 + 1: false, math.MaxUint64: false} {
		got, err := decode.Small(number)
		want := 0
		if fits {
			want = int(number)
		}
		checkSmall(strconv.FormatUint(number, 10), got, err, want, fits)
	}
	got, err := decode.Small(uint32(math.MaxUint32))
	checkSmall("the largest uint32", got, err, 0, false)
}

func TestSigned(t *testing.T) {
	if got, err := decode.Signed(math.MaxInt64); got != math.MaxInt64 || err != nil {
		t.Errorf("the largest: %d, %v", got, err)
	}
	const want = "a whole number from -9223372036854775808 to 9223372036854775807"
	if _, err := decode.Signed(math.MaxInt64 + 1); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("one more: %v", err)
	}
}

func TestSeconds(t *testing.T) {
	for d, want := range map[time.Duration]string{0: "0s", 3500 * time.Millisecond: "3.5s", -time.Second: "-1s", time.Nanosecond: "0.000000001s", 1000 * time.Hour: "3600000s"} {
		if got, err := decode.Seconds(durationpb.New(d)); got != want || err != nil {
			t.Errorf("%v is %s, %v; want %s", d, got, err, want)
		}
	}
}
