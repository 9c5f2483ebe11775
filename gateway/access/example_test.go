package access_test

import (
	"context"
	"fmt"
	"slices"

	"github.com/portico-gateway/portico/gateway/access"
	"github.com/portico-gateway/portico/gateway/auth"
	"github.com/portico-gateway/portico/gateway/problem"
)

// A policy of a field with @policy(policies: [["ordinary_order"]]). The project registers it by this name, in the map that
// Policies of resolvers/ returns.
func ExamplePolicy() {
	ordinaryOrder := func(_ context.Context, q access.Question) (bool, error) {
		if q.Principal.Has("orders:bulk") { // false if the caller is anonymous
			return true, nil
		}
		quantities, err := access.Each[int](q, "input", "items", "quantity") // of all items
		if err != nil {
			return false, err
		}
		return !slices.ContainsFunc(quantities, func(n int) bool { return n > 20 }), nil
	}
	policies := map[string]access.Policy{"ordinary_order": ordinaryOrder}

	// The gateway calls a policy before it executes the operation, with the coerced arguments of the field.
	question := access.Question{
		Policy: "ordinary_order", Type: "Mutation", Field: "placeOrder",
		Arguments: map[string]any{"input": map[string]any{"items": []any{
			map[string]any{"productId": "p1", "quantity": int64(1)},
			map[string]any{"productId": "p2", "quantity": int64(50)},
		}}},
	}
	for _, principal := range []*auth.Principal{
		nil, // anonymous
		{Subject: "ann", Scopes: []string{"orders:write"}},
		{Subject: "ben", Scopes: []string{"orders:bulk", "orders:write"}},
	} {
		question.Principal = principal
		fmt.Println(policies["ordinary_order"](context.Background(), question))
	}
	// Output:
	// false <nil>
	// false <nil>
	// true <nil>
}

// Argument fails closed: a policy returns its error, which denies the field.
func ExampleArgument() {
	ownAccount := func(_ context.Context, q access.Question) (bool, error) {
		if q.Principal == nil {
			return false, problem.New(problem.Unauthenticated, "Sign in to see an account.") // instead of the usual message
		}
		id, err := access.Argument[string](q, "id")
		if err != nil {
			return false, err
		}
		return id == q.Principal.Subject, nil
	}

	ann := &auth.Principal{Subject: "ann"}
	for _, question := range []access.Question{
		{Principal: ann, Arguments: map[string]any{"id": "ann"}},
		{Principal: ann, Arguments: map[string]any{"id": "ben"}},
		{Principal: ann, Arguments: map[string]any{"id": nil}}, // null
		{Arguments: map[string]any{"id": "ann"}},
	} {
		allowed, err := ownAccount(context.Background(), question)
		if err != nil {
			fmt.Println(allowed, problem.CodeOf(err))
			continue
		}
		fmt.Println(allowed)
	}
	// Output:
	// true
	// false
	// false FORBIDDEN
	// false UNAUTHENTICATED
}
