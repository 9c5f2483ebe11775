package resolvers

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/portico-gateway/portico/gateway/loader"
	"github.com/portico-gateway/portico/graph/model"
)

func productID(p *model.Product) string { return p.ID }

func categoryID(p *model.Product) string {
	if p.CategoryID == nil {
		return ""
	}
	return *p.CategoryID
}

// mostProducts is how many products the catalog returns at once.
const mostProducts = 100

// Related resolves Product.related: the first products of the same category,
// without the product itself.
func (r *Product) Related(ctx context.Context, objs []*model.Product, first *int) ([][]*model.Product, error) {
	n := 4 // the schema's default; null means it too
	if first != nil {
		n = *first
	}
	// One more, since the product itself may be among them.
	shelves, err := loader.Resolve(ctx, r.Load.Shelves.For(min(n+1, mostProducts)), objs, categoryID)
	related := make([][]*model.Product, len(objs))
	for i, shelf := range shelves {
		others := slices.DeleteFunc(slices.Clone(shelf), func(p *model.Product) bool { return p.ID == objs[i].ID })
		related[i] = others[:min(n, len(others))]
	}
	return related, err
}

// Rating resolves Product.rating: the average to one decimal.
func (r *Product) Rating(ctx context.Context, objs []*model.Product) ([]*float64, error) {
	reviews, err := loader.Resolve(ctx, r.Clients.Reviews.ProductReviews(nil), objs, productID)
	ratings := make([]*float64, len(objs))
	for i, of := range reviews {
		if len(of) == 0 {
			continue
		}
		sum := 0
		for _, review := range of {
			sum += review.Rating
		}
		average := math.Round(10*float64(sum)/float64(len(of))) / 10
		ratings[i] = &average
	}
	return ratings, err
}

// TopReview resolves Product.topReview: of the best reviews the newest.
func (r *Product) TopReview(ctx context.Context, objs []*model.Product) ([]*model.TopReview, error) {
	reviews, err := loader.Resolve(ctx, r.Clients.Reviews.ProductReviews(nil), objs, productID)
	top := make([]*model.TopReview, len(objs))
	for i, of := range reviews {
		if len(of) == 0 {
			continue
		}
		// They come newest first, and MaxFunc takes the first of equals.
		best := slices.MaxFunc(of, func(a, b *model.Review) int { return cmp.Compare(a.Rating, b.Rating) })
		top[i] = &model.TopReview{Rating: best.Rating, Body: best.Body, AuthorID: best.AuthorID}
	}
	return top, err
}

// AuthorName resolves TopReview.authorName.
func (r *TopReview) AuthorName(ctx context.Context, objs []*model.TopReview) ([]*string, error) {
	authors, err := loader.Resolve(ctx, r.Clients.Accounts.ReviewAuthor(), objs, func(review *model.TopReview) string { return review.AuthorID })
	names := make([]*string, len(objs))
	for i, author := range authors {
		if author != nil {
			names[i] = &author.Name
		}
	}
	return names, err
}
