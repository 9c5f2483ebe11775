package cache_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/portico-gateway/portico/gateway/cache"
)

// Invalidate drops what is cached with a tag: answers, and values of loaders. Hand-written code reaches the store of the gateway
// by the client of any service, such as r.Clients.Blog.Store(), for instance when a message says that a product has changed.
func ExampleStore_Invalidate() {
	store, err := cache.New(cache.Config{Size: 1 << 20})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer store.Close()
	answers := cache.NewCache(store, cache.Kind{Timeout: time.Second})
	defer answers.Close()

	ctx := context.Background()
	fetch := func() {
		_, status, err := answers.Fetch(ctx, sha256.Sum256([]byte("{ product(id: 7) { name } }")), func(context.Context, *cache.Entry) (*cache.Entry, error) {
			return &cache.Entry{Value: "Kettle", Cost: 6, Born: store.Now(), Tags: []string{"product-7"}, Policy: cache.Policy{Fresh: time.Minute}}, nil
		})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println("cached:", status.Hit)
	}
	fetch()
	fetch()
	store.Invalidate(ctx, "product-7")
	fetch()
	// Output:
	// cached: false
	// cached: true
	// cached: false
}
