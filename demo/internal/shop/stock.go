package shop

import (
	"fmt"
	"maps"
)

// OutOfStockError says that there is less of a product than was ordered.
type OutOfStockError struct {
	ProductID string
	Available int32 // pieces that could have been ordered
}

func (e *OutOfStockError) Error() string {
	return fmt.Sprintf("only %d pieces of product %q are left", e.Available, e.ProductID)
}

// Stock returns how many pieces of a product can be ordered now; false when
// there is no such product.
func (s *Shop) Stock(productID string) (int32, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	n, ok := s.stock[productID]
	return n, ok
}

// WatchStock returns the stock of a product and a watch on every later change.
// It fails with an [UnknownProductError].
func (s *Shop) WatchStock(productID string) (int32, *Watch[int32], error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	n, ok := s.stock[productID]
	if !ok {
		return 0, nil, &UnknownProductError{ProductID: productID}
	}
	return n, s.stockFeeds[productID].watch(), nil
}

// take takes all lines out of the stock, or none when there is not enough.
func (s *Shop) take(lines []Line) error {
	left := make(map[string]int32, len(lines))
	for _, l := range lines {
		if _, seen := left[l.ProductID]; !seen {
			left[l.ProductID] = s.stock[l.ProductID]
		}
		if left[l.ProductID] < l.Quantity {
			return &OutOfStockError{ProductID: l.ProductID, Available: s.stock[l.ProductID]}
		}
		left[l.ProductID] -= l.Quantity
	}
	for id, n := range left {
		s.setStock(id, n)
	}
	return nil
}

func (s *Shop) setStock(productID string, n int32) {
	s.stock[productID] = n
	s.stockFeeds[productID].publish(n)
}

// resetStock notifies watches only of what changes.
func (s *Shop) resetStock() {
	if s.stock == nil {
		s.stock = maps.Clone(s.opening.Stock)
		return
	}
	for id, n := range s.opening.Stock {
		if s.stock[id] != n {
			s.setStock(id, n)
		}
	}
}
