package nearest_test

import (
	"testing"

	"github.com/portico-gateway/portico/internal/nearest"
)

func TestOf(t *testing.T) {
	names := []string{"products", "product", "users"}
	for name, want := range map[string]string{"prodcts": "products", "PRODUCT": "product", "user": "users", "orders": "users", "x": "", "": ""} {
		if got := nearest.Of(name, names); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}
