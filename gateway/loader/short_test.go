package loader_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/portico-gateway/portico/gateway/cache"
	"github.com/portico-gateway/portico/gateway/deadline"
	"github.com/portico-gateway/portico/gateway/loader"
)

// A field that shares a key with one that has less time gets its value although the
// other one does not, in one operation and in several.
func TestShorterDeadlineOfAnother(t *testing.T) {
	for name, separate := range map[string]bool{"one operation": false, "two operations": true} {
		t.Run(name, func(t *testing.T) { shorterDeadline(t, separate) })
	}
}

func shorterDeadline(t *testing.T, separate bool) {
	var calls atomic.Int64
	begun := make(chan struct{})
	l := loader.New(100, func(ctx context.Context, _ []string) (map[string]string, error) {
		if calls.Add(1) > 1 {
			return map[string]string{"a": "A", "b": "B"}, nil
		}
		close(begun)
		<-ctx.Done()
		return nil, errors.New("too late")
	})
	store, err := cache.New(cache.Config{Size: 1 << 20, Random: func() float64 { return 0 }})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	l.Cache(loader.Caching{Store: store, Service: "s", Name: "x"})
	ctx := loader.WithScope(t.Context())
	bounded, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
	defer cancel()
	short, end := deadline.Share(bounded, 2)
	defer end()
	if separate {
		ctx = loader.WithScope(ctx)
	}
	failed := make(chan error)
	go func() {
		_, err := l.LoadAll(short, []string{"a", "b"})
		failed <- err
	}()
	<-begun
	value, err := l.Load(ctx, "a")
	if err != nil || value != "A" || calls.Load() != 2 {
		t.Errorf("got %q, %v after %d calls", value, err, calls.Load())
	}
	if err := <-failed; err == nil {
		t.Error("the one with less time got a value")
	}
}
