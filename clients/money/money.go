// Package money converts amounts as services have them.
package money

import (
	"fmt"

	"github.com/portico-gateway/portico/graph/model"
)

// OfCents is an amount that a service has in the currency's minor unit, of
// which 100 make a major one.
func OfCents(cents int64, currency string) *model.Money {
	sign := ""
	if cents < 0 {
		sign, cents = "-", -cents
	}
	return &model.Money{Amount: fmt.Sprintf("%s%d.%02d", sign, cents/100, cents%100), Currency: currency}
}
