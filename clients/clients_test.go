package clients_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/portico-gateway/portico/clients"
	"github.com/portico-gateway/portico/demo"
	"github.com/portico-gateway/portico/demo/demotest"
	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/upstream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start starts the demo services and returns clients of them.
func start(t *testing.T) (*clients.Set, *demo.Demo) {
	t.Helper()
	d := demotest.Start(t)
	var configs []upstream.Config
	for _, name := range []string{demo.Catalog, demo.Accounts, demo.Orders, demo.Shipping, demo.Reviews, demo.Inventory} {
		configs = append(configs, upstream.Config{
			Name:                 name,
			URL:                  d.URL(name),
			Timeout:              time.Minute, // no test is to depend on how fast the machine is
			ForwardAuthorization: name == demo.Accounts || name == demo.Orders,
		})
	}
	services, err := upstream.Open(configs)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := services.Close(); err != nil {
			t.Error(err)
		}
	})
	set, err := clients.New(services)
	if err != nil {
		t.Fatal(err)
	}
	return set, d
}

// as is a context of a customer who is signed in.
func as(t *testing.T, d *demo.Demo, user string, scopes ...string) context.Context {
	t.Helper()
	return upstream.WithCaller(t.Context(), upstream.Caller{Authorization: "Bearer " + demotest.Token(t, d, user, scopes...)})
}

func wantCode(t *testing.T, err error, want problem.Code) {
	t.Helper()
	if err == nil || problem.CodeOf(err) != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestNewNamesAllThatIsMissing(t *testing.T) {
	services, err := upstream.Open(nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = clients.New(services)
	for _, name := range []string{"catalog", "accounts", "orders", "shipping", "reviews", "inventory"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not in %v", name, err)
		}
	}
}

// calls is one call of each service.
func calls(set *clients.Set) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		demo.Catalog:  func(ctx context.Context) error { _, err := set.Catalog.Product(ctx, "p1"); return err },
		demo.Accounts: func(ctx context.Context) error { _, err := set.Accounts.ReviewAuthor().Load(ctx, "u1"); return err },
		demo.Orders:   func(ctx context.Context) error { _, err := set.Orders.ViewerOrders(new(1)).Load(ctx, "u1"); return err },
		demo.Shipping: func(ctx context.Context) error { _, err := set.Shipping.OrderShipping().Load(ctx, "o1"); return err },
		demo.Reviews: func(ctx context.Context) error {
			_, err := set.Reviews.ProductReviews(new(1)).Load(ctx, "p1")
			return err
		},
		demo.Inventory: func(ctx context.Context) error { _, err := set.Inventory.ProductStock().Load(ctx, "p1"); return err },
	}
}

// However a service fails, it is a problem of that service.
func TestFaults(t *testing.T) {
	set, d := start(t)
	ctx := as(t, d, "u1", "orders:write")
	for name, call := range calls(set) {
		t.Run(name, func(t *testing.T) {
			if err := call(ctx); err != nil {
				t.Fatalf("healthy: %v", err)
			}
			if isHTTP := strings.HasPrefix(d.URL(name), "http://"); isHTTP {
				demotest.Fault(t, d, name, demo.Fault{HTML: true})
				wantCode(t, call(ctx), problem.ServiceError)
			}
			demotest.Fault(t, d, name, demo.Fault{ErrorRate: 1})
			wantCode(t, call(ctx), problem.ServiceError)
			demotest.Fault(t, d, name, demo.Fault{Hang: true})
			soon, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
			defer cancel()
			wantCode(t, call(soon), problem.ServiceTimeout)
		})
	}
}
