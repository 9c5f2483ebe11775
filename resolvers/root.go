// Package resolvers has the hand-written methods, one set for all frontends.
//
// A method of a type that embeds *[Root] and is named as a GraphQL type
// resolves the field it is named for. Its parameters are found by name:
//
//	func (r *Query) Product(ctx context.Context, id string) (*model.Product, error)
//	func (r *Product) Reviews(ctx context.Context, objs []*model.Product, first *int) ([][]*model.Review, error)
//
// A method that takes a slice of parents is called once for all objects of a
// level, so what calls a service should be one. A method in resolvers/<frontend>
// goes before the one here, for that frontend, and both go before the field's
// binding in the schema.
package resolvers

import "github.com/portico-gateway/portico/clients"

// Root is what methods resolve with. It is safe for concurrent use.
type Root struct {
	// Clients call the services.
	Clients *clients.Set
	// Load batches calls for what several objects ask for.
	Load *Loaders
}

// New returns what methods resolve with, over the clients of the services.
func New(services *clients.Set) *Root {
	return &Root{Clients: services, Load: newLoaders(services)}
}

// The types whose fields methods resolve.
type (
	// Product has the methods of its fields.
	Product struct{ *Root }
	// TopReview has the methods of its fields.
	TopReview struct{ *Root }
)
