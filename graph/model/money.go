package model

import "fmt"

// MoneyOfCents is an amount that a service has in the currency's minor unit,
// of which 100 make a major one.
func MoneyOfCents(cents int64, currency string) *Money {
	sign := ""
	if cents < 0 {
		sign, cents = "-", -cents
	}
	return &Money{Amount: fmt.Sprintf("%s%d.%02d", sign, cents/100, cents%100), Currency: currency}
}
