package zone_test

import (
	"testing"
	"time"

	"github.com/portico-gateway/portico/gateway/zone"
)

func TestLoad(t *testing.T) {
	if _, offset := time.Date(2026, 7, 1, 0, 0, 0, 0, zone.Load("Europe/Berlin")).Zone(); offset != 7200 {
		t.Errorf("Berlin is %d s from UTC in July", offset)
	}
	defer func() {
		if recover() == nil {
			t.Error("there is a zone Europe/Nowhere")
		}
	}()
	zone.Load("Europe/Nowhere")
}
