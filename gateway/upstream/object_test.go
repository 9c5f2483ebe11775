package upstream_test

import (
	"math"
	"reflect"
	"testing"

	"github.com/portico-gateway/portico/gateway/upstream"
)

// A map of a message becomes JSON, whose names are texts and whose numbers are
// finite.
func TestObject(t *testing.T) {
	got, err := upstream.Object(map[bool]float64{true: 1.5})
	if want := map[string]any{"true": 1.5}; err != nil || !reflect.DeepEqual(got, any(want)) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	if _, err := upstream.Object(map[string]float64{"a": math.NaN()}); err == nil {
		t.Error("NaN is a number of JSON")
	}
}
