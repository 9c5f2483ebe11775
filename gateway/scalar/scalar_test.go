package scalar_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/portico-gateway/portico/gateway/scalar"
)

func TestInt64(t *testing.T) {
	for _, n := range []int64{0, -1, 1<<53 + 1, math.MaxInt64, math.MinInt64} {
		var text strings.Builder
		scalar.MarshalInt64(n).MarshalGQL(&text)
		var digits string
		if err := json.Unmarshal([]byte(text.String()), &digits); err != nil {
			t.Fatal(err)
		}
		for _, v := range []any{digits, json.Number(digits), n} {
			if got, err := scalar.UnmarshalInt64(v); err != nil || got != n {
				t.Errorf("%v became %s, and %v that %d: %v", n, text.String(), v, got, err)
			}
		}
	}
	if _, err := scalar.UnmarshalInt64("1.5"); err == nil {
		t.Error("1.5 is whole")
	}
}
