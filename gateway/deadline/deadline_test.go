package deadline_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portico-gateway/portico/gateway/deadline"
)

// Levels that take all that they may leave an equal share to each that follows.
func TestShares(t *testing.T) { synctest.Test(t, shares) }

func shares(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	began := time.Now()
	for level, at := range []time.Duration{10 * time.Second, 20 * time.Second, 30 * time.Second} {
		within, end := deadline.Share(ctx, 3-level)
		<-within.Done()
		if got := time.Since(began); got != at {
			t.Errorf("level %d ends after %v: want %v", level+1, got, at)
		}
		cause := context.Cause(within)
		if isLast := level == 2; deadline.IsOver(within) == isLast || !errors.Is(cause, context.DeadlineExceeded) ||
			strings.HasPrefix(cause.Error(), "10s are over") == isLast {
			t.Errorf("level %d: %v", level+1, cause)
		}
		end()
	}
}

// A quick level leaves its time to the others.
func TestQuickLevel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		within, end := deadline.Share(ctx, 3)
		end()
		if deadline.IsOver(within) {
			t.Error("a level that is done had too little time")
		}
		within, end = deadline.Share(ctx, 2)
		defer end()
		if until, _ := within.Deadline(); time.Until(until) != 15*time.Second {
			t.Errorf("the second level has %v", time.Until(until))
		}
	})
}

// What has no deadline, such as an event of a subscription, is not divided.
func TestNoDeadline(t *testing.T) {
	ctx, cancel := deadline.Share(t.Context(), 3)
	defer cancel()
	if ctx != t.Context() {
		t.Error("it is another context")
	}
}
