// Package shop is what the demo services have in common: the data, and what
// customers have changed about it since the shop opened.
package shop

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/portico-gateway/portico/demo/internal/data"
)

// Shop is safe for concurrent use. What it returns must not be modified.
type Shop struct {
	products map[string]data.Product
	users    map[string]data.User
	opening  *data.Data // never modified

	mu      sync.RWMutex // guards the rest
	now     time.Time
	stock   map[string]int32
	orders  []data.Order             // oldest first
	reviews map[string][]data.Review // by product, oldest first
	written int                      // reviews of all products

	stockFeeds  map[string]*feed[int32]
	reviewFeeds map[string]*feed[data.Review]
}

// New opens the shop.
func New() *Shop {
	s := &Shop{
		opening:     data.New(),
		products:    make(map[string]data.Product),
		users:       make(map[string]data.User),
		stockFeeds:  make(map[string]*feed[int32]),
		reviewFeeds: make(map[string]*feed[data.Review]),
	}
	for _, u := range s.opening.Users {
		s.users[u.ID] = u
	}
	for _, p := range s.opening.Products {
		s.products[p.ID] = p
		s.stockFeeds[p.ID] = newFeed[int32]()
		s.reviewFeeds[p.ID] = newFeed[data.Review]()
	}
	s.Reset()
	return s
}

// Reset makes everything as it was when the shop opened. Watches go on: they
// see the stock change back.
func (s *Shop) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.opening.Now
	s.resetStock()
	s.resetReviews()
	s.orders = slices.Clip(s.opening.Orders) // without room for new orders in the opening data
}

// tick is the shop's own clock: everything that happens takes a minute. So new
// things are newer than the opening data whatever the machine's clock says,
// and the same requests after a reset give the same answers.
func (s *Shop) tick() time.Time {
	s.now = s.now.Add(time.Minute)
	return s.now
}

// Categories returns all shelves, c1 first.
func (s *Shop) Categories() []data.Category { return s.opening.Categories }

// Products returns all products, p1 first.
func (s *Shop) Products() []data.Product { return s.opening.Products }

// Product finds a product.
func (s *Shop) Product(id string) (data.Product, bool) {
	p, ok := s.products[id]
	return p, ok
}

// User finds a customer.
func (s *Shop) User(id string) (data.User, bool) {
	u, ok := s.users[id]
	return u, ok
}

// UnknownProductError says that the shop has never sold a product.
type UnknownProductError struct {
	ProductID string
}

func (e *UnknownProductError) Error() string {
	return fmt.Sprintf("there is no product %q", e.ProductID)
}
