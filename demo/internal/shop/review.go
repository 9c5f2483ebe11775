package shop

import (
	"slices"
	"strconv"

	"github.com/portico-gateway/portico/demo/internal/data"
)

// Reviews returns a product's reviews, newest first, at most limit.
func (s *Shop) Reviews(productID string, limit int) []data.Review {
	s.mu.RLock()
	defer s.mu.RUnlock()
	all := s.reviews[productID]
	newest := slices.Clone(all[max(0, len(all)-limit):])
	slices.Reverse(newest)
	return newest
}

// AddReview adds a review: its id and date are set here. It fails with an
// [UnknownProductError].
func (s *Shop) AddReview(r data.Review) (data.Review, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	feed, ok := s.reviewFeeds[r.ProductID]
	if !ok {
		return data.Review{}, &UnknownProductError{ProductID: r.ProductID}
	}
	s.written++
	r.ID, r.CreatedAt = "r"+strconv.Itoa(s.written), s.tick()
	s.reviews[r.ProductID] = append(s.reviews[r.ProductID], r)
	feed.publish(r)
	return r, nil
}

// WatchReviews returns a watch on new reviews of a product. It fails with an
// [UnknownProductError].
func (s *Shop) WatchReviews(productID string) (*Watch[data.Review], error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	feed, ok := s.reviewFeeds[productID]
	if !ok {
		return nil, &UnknownProductError{ProductID: productID}
	}
	return feed.watch(), nil
}

func (s *Shop) resetReviews() {
	s.written = len(s.opening.Reviews)
	s.reviews = make(map[string][]data.Review, len(s.products))
	for _, r := range s.opening.Reviews {
		s.reviews[r.ProductID] = append(s.reviews[r.ProductID], r)
	}
}
