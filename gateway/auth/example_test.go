package auth_test

import (
	"context"
	"fmt"

	"github.com/portico-gateway/portico/gateway/auth"
	"github.com/portico-gateway/portico/gateway/problem"
)

// A method reads who calls from its context. It checks for anonymous callers itself, unless its field has @authenticated.
func ExampleFrom() {
	// Greeting is the method of Query.greeting.
	greeting := func(ctx context.Context) (string, error) {
		principal := auth.From(ctx)
		if principal == nil {
			return "", problem.New(problem.Unauthenticated, "Sign in to be greeted.")
		}
		return "Hello " + principal.Subject, nil
	}

	// The gateway adds the principal to the context; a test of a method uses With.
	ctx := auth.With(context.Background(), &auth.Principal{Subject: "ann"})
	fmt.Println(greeting(ctx))
	_, err := greeting(context.Background())
	fmt.Println(err)
	// Output:
	// Hello ann <nil>
	// UNAUTHENTICATED: Sign in to be greeted.
}

// Claims are as encoding/json decodes them, so check their types.
func ExamplePrincipal_Has() {
	principal := &auth.Principal{
		Subject: "ann",
		Scopes:  []string{"orders:read", "orders:write"},
		Claims:  map[string]any{"department": "sales"},
	}
	department, ok := principal.Claims["department"].(string)
	fmt.Println(principal.Has("orders:write"), principal.Has("orders:bulk"))
	fmt.Println(department, ok)

	var anonymous *auth.Principal
	fmt.Println(anonymous.Has("orders:write"))
	// Output:
	// true false
	// sales true
	// false
}
