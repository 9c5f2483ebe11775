// Package data makes the data of the demo shop: the same on every machine and
// in every run, because it comes from tables and arithmetic alone.
package data

import (
	"strconv"
	"time"
)

// Category is a shelf of the shop, as the catalog writes it.
type Category struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Product is something the shop sells, as the catalog writes it.
type Product struct {
	ID           string `json:"id"`
	Name         string `json:"product_name"`
	Description  string `json:"description"`
	PriceCents   int64  `json:"price_cents"`
	Currency     string `json:"currency"` // ISO 4217
	CategoryID   string `json:"category_id"`
	ThumbnailURL string `json:"thumbnail_url"` // 200 pixels wide
}

// User is a customer, as the accounts service writes it to themselves.
type User struct {
	ID          string `json:"id"`
	DisplayName string `json:"display_name"`
	Email       string `json:"email"`
	AvatarURL   string `json:"avatar_url"`
}

// Review is what a user thinks of a product.
type Review struct {
	ID        string
	ProductID string
	AuthorID  string
	Rating    int32 // 1 to 5
	Body      string
	CreatedAt time.Time
}

// Order is something that was bought, as the orders service writes it.
type Order struct {
	ID         string      `json:"id"`
	UserID     string      `json:"user_id"`
	Status     OrderStatus `json:"status"`
	TotalCents int64       `json:"total_cents"`
	Currency   string      `json:"currency"`
	Items      []OrderItem `json:"items"`
	CreatedAt  time.Time   `json:"created_at"`
}

// OrderItem is a line of an order.
type OrderItem struct {
	ProductID      string `json:"product_id"`
	Quantity       int32  `json:"quantity"`
	UnitPriceCents int64  `json:"unit_price_cents"`
}

// OrderStatus is how far an order has come.
type OrderStatus string

// The statuses of an order.
const (
	Pending   OrderStatus = "pending"
	Paid      OrderStatus = "paid"
	Shipped   OrderStatus = "shipped"
	Delivered OrderStatus = "delivered"
	Cancelled OrderStatus = "cancelled"
)

// Currency is what all prices of the shop are in.
const Currency = "EUR"

// Data is everything the shop knows when it opens.
type Data struct {
	Categories []Category       // c1 to c12
	Products   []Product        // p1 to p200
	Users      []User           // u1 to u50
	Reviews    []Review         // oldest first, r1 first
	Orders     []Order          // oldest first, o1 first
	Stock      map[string]int32 // pieces by product id; one entry for each product
	Now        time.Time        // when the shop opens: later than all the rest
}

// New makes the data. Every call returns an equal copy that the caller owns.
func New() *Data {
	shelves := shelves()
	d := &Data{
		Now:        time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC),
		Categories: categories(shelves),
		Products:   products(shelves),
		Users:      users(),
	}
	d.Stock = stock(d.Products)
	d.Reviews = reviews(d)
	d.Orders = orders(d)
	return d
}

// id makes "p1" of "p" and 0: the nth thing of a kind, counted from zero.
func id(prefix string, n int) string {
	return prefix + strconv.Itoa(n+1)
}

// A dice yields numbers that look random and never change: a splitmix64
// sequence, spelled out because the standard library may change how it maps
// random bits to a range.
type dice uint64

// newDice makes the dice for the nth thing of a kind, so that one thing more
// leaves the others as they are.
func newDice(kind string, n int) *dice {
	d := dice(n)
	for _, c := range kind {
		d = d*31 + dice(c)<<20
	}
	return &d
}

// roll returns a number from 0 to n-1.
func (d *dice) roll(n int) int {
	*d += 0x9e3779b97f4a7c15
	z := uint64(*d)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return int((z ^ z>>31) % uint64(n))
}

// pick returns one of the choices.
func pick[T any](d *dice, choices []T) T {
	return choices[d.roll(len(choices))]
}
