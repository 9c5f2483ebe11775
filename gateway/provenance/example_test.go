package provenance_test

import (
	"context"
	"fmt"

	"github.com/portico-gateway/portico/gateway/provenance"
)

// A method adds a tag to the cached answer that its result becomes part of. A purge of the tag, or a mutation with
// @invalidates, then drops this answer.
func ExampleRecord_Tag() {
	// Price is the method of Product.price, which computes prices from a list of prices.
	price := func(ctx context.Context, list string) float64 {
		provenance.From(ctx).Tag("prices-" + provenance.Escape(list)) // no effect if ctx has no record
		return 34.90
	}

	ctx, record := provenance.Begin(context.Background()) // as the gateway does for each answer
	fmt.Println(price(ctx, "summer sale"))
	fmt.Println(record.Summary().Tags)
	// Output:
	// 34.9
	// [prices-summer%20sale]
}
