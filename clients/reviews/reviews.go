// Package reviews calls the reviews service, over gRPC.
package reviews

import (
	"context"

	"github.com/portico-gateway/portico/clients/reviews/reviewspb"
	"github.com/portico-gateway/portico/gateway/upstream"
	"github.com/portico-gateway/portico/graph/model"
)

// Client calls the service.
type Client struct {
	*upstream.GRPC
	reviews reviewspb.ReviewsServiceClient
}

// New makes a client of the service reviews.
func New(services *upstream.Services) (*Client, error) {
	c, err := services.GRPC("reviews")
	if err != nil {
		return nil, err
	}
	return &Client{c, reviewspb.NewReviewsServiceClient(c)}, nil
}

// ByProducts returns the newest reviews of products, at most first of each, or
// all that the service gives when first is 0. Those of one product come newest
// first; otherwise the order is any.
func (c *Client) ByProducts(ctx context.Context, products []string, first int) ([]*model.Review, error) {
	found, err := c.reviews.ListByProducts(ctx, &reviewspb.ListByProductsRequest{ProductIds: products, First: int32(first)})
	if err != nil {
		return nil, err
	}
	list := make([]*model.Review, len(found.GetReviews()))
	for i, r := range found.GetReviews() {
		list[i] = &model.Review{ID: r.GetId(), ProductID: r.GetProductId(), AuthorID: r.GetAuthorId(), Rating: int(r.GetRating()), Body: r.GetBody()}
	}
	return list, nil
}
