package demo_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"

	"github.com/portico-gateway/portico/clients/reviews/reviewspb"
	"github.com/portico-gateway/portico/demo"
)

type reviewsClient struct {
	reviewspb.ReviewsServiceClient

	h *harness
}

func (h *harness) reviews() reviewsClient {
	h.t.Helper()
	return reviewsClient{ReviewsServiceClient: reviewspb.NewReviewsServiceClient(h.dial(demo.Reviews)), h: h}
}

func (c reviewsClient) list(first int32, productIDs ...string) []*reviewspb.Review {
	c.h.t.Helper()
	res, err := c.ListByProducts(c.h.t.Context(), &reviewspb.ListByProductsRequest{ProductIds: productIDs, First: first})
	if err != nil {
		c.h.t.Fatal(err)
	}
	return res.GetReviews()
}

func (c reviewsClient) add(token, productID string, rating int32, body string) (*reviewspb.Review, error) {
	ctx := c.h.t.Context()
	if token != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
	}
	res, err := c.AddReview(ctx, &reviewspb.AddReviewRequest{ProductId: productID, Rating: rating, Body: body})
	return res.GetReview(), err
}

func TestReviewsAreGroupedNewestFirstInAnotherOrder(t *testing.T) {
	h := start(t)
	asked := []string{"p3", "p50", "p1", "p0", "p2", "p1"}
	var products []string
	var last *reviewspb.Review
	for _, r := range h.reviews().list(3, asked...) {
		if last.GetProductId() != r.GetProductId() {
			products = append(products, r.GetProductId())
		} else if r.GetCreatedAt().AsTime().After(last.GetCreatedAt().AsTime()) {
			t.Errorf("%s is newer than %s before it", r.GetId(), last.GetId())
		}
		last = r
	}
	if want := []string{"p1", "p2", "p3"}; !slices.Equal(sorted(products), want) {
		t.Errorf("reviews of %v, want a group for each of %v", products, want)
	}
	if slices.Equal(products, []string{"p3", "p1", "p2"}) {
		t.Error("the answer is in the order of the question")
	}
}

func TestReviewsAreLimitedPerProduct(t *testing.T) {
	h := start(t)
	reviews, token := h.reviews(), h.token("u1")
	all := len(reviews.list(0, "p1"))
	if got := len(reviews.list(2, "p1", "p2")); got != 4 {
		t.Errorf("got %d reviews, want 2 for each of 2 products", got)
	}
	for range 100 {
		if _, err := reviews.add(token, "p1", 5, "Again!"); err != nil {
			t.Fatal(err)
		}
	}
	for _, first := range []int32{0, 100, 1000} {
		if got := len(reviews.list(first, "p1")); got != 100 {
			t.Errorf("first %d: got %d reviews of %d, want 100", first, got, all+100)
		}
	}
	_, err := reviews.ListByProducts(t.Context(), &reviewspb.ListByProductsRequest{First: -1})
	expectCode(t, err, codes.InvalidArgument)
}

func TestAddReview(t *testing.T) {
	h := start(t)
	reviews := h.reviews()
	longest := strings.Repeat("ü", 2000)
	added, err := reviews.add(h.token("u7"), "p50", 4, longest)
	if err != nil {
		t.Fatal(err)
	}
	if added.GetAuthorId() != "u7" || added.GetProductId() != "p50" || added.GetRating() != 4 || added.GetBody() != longest {
		t.Errorf("got %v", added)
	}
	if list := reviews.list(0, "p50"); len(list) != 1 || list[0].GetId() != added.GetId() {
		t.Errorf("got %v", list)
	}
	if got := h.Calls()[demo.Reviews]; got["AddReview"] != 1 || got["ListByProducts"] != 1 {
		t.Errorf("calls %v", got)
	}
}

func TestAddReviewRefusals(t *testing.T) {
	h := start(t)
	token := h.token("u1")
	tests := []struct {
		name, token, product, body string
		rating                     int32
		want                       codes.Code
	}{
		{"no token", "", "p1", "Fine", 5, codes.Unauthenticated},
		{"bad token", "nonsense", "p1", "Fine", 5, codes.Unauthenticated},
		{"rating 0", token, "p1", "Fine", 0, codes.InvalidArgument},
		{"rating 6", token, "p1", "Fine", 6, codes.InvalidArgument},
		{"empty body", token, "p1", "", 5, codes.InvalidArgument},
		{"long body", token, "p1", strings.Repeat("ü", 2001), 5, codes.InvalidArgument},
		{"unknown product", token, "p0", "Fine", 5, codes.NotFound},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			_, err := h.reviews().add(tc.token, tc.product, tc.rating, tc.body)
			expectCode(t, err, tc.want)
		})
	}
}

func TestWatchReviews(t *testing.T) {
	h := start(t)
	reviews, token := h.reviews(), h.token("u1")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stream, err := reviews.WatchReviews(ctx, &reviewspb.WatchReviewsRequest{ProductId: "p1"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Header(); err != nil { // the watch has begun
		t.Fatal(err)
	}
	for _, product := range []string{"p2", "p1", "p1"} {
		if _, err := reviews.add(token, product, 5, "About "+product); err != nil {
			t.Fatal(err)
		}
	}
	newest := reviews.list(2, "p1")
	for _, want := range []*reviewspb.Review{newest[1], newest[0]} {
		got, err := stream.Recv()
		if err != nil || got.GetReview().GetId() != want.GetId() {
			t.Errorf("got %v, %v, want %v", got, err, want)
		}
	}
	cancel()
	_, err = stream.Recv()
	expectCode(t, err, codes.Canceled)

	stream, err = reviews.WatchReviews(t.Context(), &reviewspb.WatchReviewsRequest{ProductId: "p0"})
	if err == nil {
		_, err = stream.Recv()
	}
	expectCode(t, err, codes.NotFound)
}
