package data

import (
	"slices"
	"time"
)

// orders makes three to five orders for every user.
func orders(d *Data) []Order {
	var all []Order
	for i, u := range d.Users {
		dice := newDice("order", i)
		age := time.Duration(60+dice.roll(8*24*60)) * time.Minute
		for range 3 + dice.roll(3) {
			o := Order{UserID: u.ID, Status: status(dice, age), Currency: Currency, CreatedAt: d.Now.Add(-age)}
			o.fill(dice, d.Products)
			all = append(all, o)
			age += time.Duration(60+dice.roll(20*24*60)) * time.Minute
		}
	}
	slices.SortStableFunc(all, func(a, b Order) int { return a.CreatedAt.Compare(b.CreatedAt) })
	for i := range all {
		all[i].ID = id("o", i)
	}
	return all
}

// fill puts one to four different products into the order.
func (o *Order) fill(d *dice, products []Product) {
	at := d.roll(len(products))
	for range 1 + d.roll(4) {
		p := products[at]
		item := OrderItem{ProductID: p.ID, Quantity: int32(1 + d.roll(2)), UnitPriceCents: p.PriceCents}
		o.Items = append(o.Items, item)
		o.TotalCents += int64(item.Quantity) * item.UnitPriceCents
		at = (at + 1 + d.roll(40)) % len(products)
	}
}

// status is how far an order has come at its age, unless it was called off.
func status(d *dice, age time.Duration) OrderStatus {
	const day = 24 * time.Hour
	switch {
	case d.roll(12) == 0:
		return Cancelled
	case age < 2*day:
		return Pending
	case age < 4*day:
		return Paid
	case age < 12*day:
		return Shipped
	default:
		return Delivered
	}
}
