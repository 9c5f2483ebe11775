package shop

import (
	"slices"
	"strconv"

	"github.com/portico-gateway/portico/demo/internal/data"
)

// Line is what somebody wants to buy: so many pieces, at least one, of one
// product.
type Line struct {
	ProductID string
	Quantity  int32
}

// Orders returns a customer's orders, newest first, at most limit.
func (s *Shop) Orders(userID string, limit int) []data.Order {
	s.mu.RLock()
	defer s.mu.RUnlock()
	found := []data.Order{}
	for _, o := range slices.Backward(s.orders) {
		if len(found) == limit {
			break
		}
		if o.UserID == userID {
			found = append(found, o)
		}
	}
	return found
}

// Order finds an order.
func (s *Shop) Order(id string) (data.Order, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	i := slices.IndexFunc(s.orders, func(o data.Order) bool { return o.ID == id })
	if i < 0 {
		return data.Order{}, false
	}
	return s.orders[i], true
}

// PlaceOrder buys all lines for a customer or, when it fails, nothing. It
// fails with an [UnknownProductError] or an [OutOfStockError].
func (s *Shop) PlaceOrder(userID string, lines []Line) (data.Order, error) {
	order := data.Order{UserID: userID, Status: data.Pending, Currency: data.Currency}
	for _, l := range lines {
		p, ok := s.Product(l.ProductID)
		if !ok {
			return data.Order{}, &UnknownProductError{ProductID: l.ProductID}
		}
		order.Items = append(order.Items, data.OrderItem{
			ProductID: p.ID, Quantity: l.Quantity, UnitPriceCents: p.PriceCents,
		})
		order.TotalCents += int64(l.Quantity) * p.PriceCents
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.take(lines); err != nil {
		return data.Order{}, err
	}
	order.ID = "o" + strconv.Itoa(len(s.orders)+1)
	order.CreatedAt = s.tick()
	s.orders = append(s.orders, order)
	return order, nil
}
