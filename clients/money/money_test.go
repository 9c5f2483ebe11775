package money_test

import (
	"testing"

	"github.com/portico-gateway/portico/clients/money"
)

func TestOfCents(t *testing.T) {
	for cents, want := range map[int64]string{0: "0.00", 5: "0.05", 1990: "19.90", -5: "-0.05", -1990: "-19.90", 1 << 53: "90071992547409.92"} {
		if got := money.OfCents(cents, "EUR"); got.Amount != want || got.Currency != "EUR" {
			t.Errorf("%d cents are %s %s, want %s", cents, got.Amount, got.Currency, want)
		}
	}
}
