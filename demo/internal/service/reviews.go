package service

import (
	"context"
	"unicode/utf8"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/portico-gateway/portico/clients/reviews/reviewspb"
	"github.com/portico-gateway/portico/demo/internal/data"
	"github.com/portico-gateway/portico/demo/internal/shop"
	"github.com/portico-gateway/portico/demo/internal/token"
)

const (
	maxReviewsPerProduct = 100
	maxReviewBody        = 2000 // characters
)

type reviews struct {
	reviewspb.UnimplementedReviewsServiceServer

	shop   *shop.Shop
	issuer *token.Issuer
}

// NewReviews returns the methods of the reviews service.
func NewReviews(s *shop.Shop, issuer *token.Issuer) reviewspb.ReviewsServiceServer {
	return &reviews{shop: s, issuer: issuer}
}

func (v *reviews) ListByProducts(
	_ context.Context, in *reviewspb.ListByProductsRequest,
) (*reviewspb.ListByProductsResponse, error) {
	if in.GetFirst() < 0 {
		return nil, status.Error(codes.InvalidArgument, "first is negative")
	}
	limit := maxReviewsPerProduct
	if first := int(in.GetFirst()); first > 0 {
		limit = min(first, limit)
	}
	out := &reviewspb.ListByProductsResponse{}
	for _, id := range unordered(in.GetProductIds()) {
		for _, r := range v.shop.Reviews(id, limit) {
			out.Reviews = append(out.Reviews, reviewMessage(r))
		}
	}
	return out, nil
}

func (v *reviews) AddReview(
	ctx context.Context, in *reviewspb.AddReviewRequest,
) (*reviewspb.AddReviewResponse, error) {
	caller, err := v.caller(ctx)
	if err != nil {
		return nil, err
	}
	if in.GetRating() < 1 || in.GetRating() > 5 {
		return nil, status.Error(codes.InvalidArgument, "the rating is not from 1 to 5")
	}
	if n := utf8.RuneCountInString(in.GetBody()); n < 1 || n > maxReviewBody {
		return nil, status.Errorf(codes.InvalidArgument, "the body has %d characters, not 1 to %d", n, maxReviewBody)
	}
	added, err := v.shop.AddReview(data.Review{
		ProductID: in.GetProductId(), AuthorID: caller.Subject, Rating: in.GetRating(), Body: in.GetBody(),
	})
	if err != nil {
		return nil, status.Error(codes.NotFound, err.Error())
	}
	return &reviewspb.AddReviewResponse{Review: reviewMessage(added)}, nil
}

func (v *reviews) WatchReviews(
	in *reviewspb.WatchReviewsRequest, stream grpc.ServerStreamingServer[reviewspb.WatchReviewsResponse],
) error {
	watch, err := v.shop.WatchReviews(in.GetProductId())
	if err != nil {
		return status.Error(codes.NotFound, err.Error())
	}
	// Callers learn by the headers that nothing is missed from here on.
	if err := stream.SendHeader(nil); err != nil {
		return err
	}
	for {
		r, err := watch.Next(stream.Context())
		if err != nil {
			return status.FromContextError(err).Err()
		}
		if err := stream.Send(&reviewspb.WatchReviewsResponse{Review: reviewMessage(r)}); err != nil {
			return err
		}
	}
}

func (v *reviews) caller(ctx context.Context) (token.Caller, error) {
	var authorization string
	if values := metadata.ValueFromIncomingContext(ctx, "authorization"); len(values) > 0 {
		authorization = values[0]
	}
	caller, err := v.issuer.Verify(authorization)
	if err != nil {
		return token.Caller{}, status.Error(codes.Unauthenticated, "a valid bearer token is needed")
	}
	return caller, nil
}

func reviewMessage(r data.Review) *reviewspb.Review {
	return &reviewspb.Review{
		Id:        r.ID,
		ProductId: r.ProductID,
		AuthorId:  r.AuthorID,
		Rating:    r.Rating,
		Body:      r.Body,
		CreatedAt: timestamppb.New(r.CreatedAt),
	}
}
