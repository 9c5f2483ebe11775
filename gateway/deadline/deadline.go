// Package deadline divides the time of an operation among its levels of calls, so
// that a slow one leaves time for those below it.
package deadline

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Share returns a context for the first of several levels of calls that follow one
// another: it ends when the level has had its equal share of the time that is left
// until the deadline of ctx. Without a deadline, or for one level, it is ctx.
//
// The cancel function must be called when the level is done.
func Share(ctx context.Context, levels int) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok || levels <= 1 {
		return ctx, func() {}
	}
	now := time.Now()
	share := deadline.Sub(now) / time.Duration(levels)
	return context.WithDeadlineCause(ctx, now.Add(share), &overError{share, levels})
}

// IsOver reports whether the context ended because a share was over: the operation
// may have time for the same call with another deadline.
func IsOver(ctx context.Context) bool {
	_, over := errors.AsType[*overError](context.Cause(ctx))
	return over
}

// overError is the cause of a context whose share is over.
type overError struct {
	share  time.Duration
	levels int
}

// Error is part of error.
func (e *overError) Error() string {
	return fmt.Sprintf("%v are over, the share of one of %d levels of calls that were left to the operation", e.share.Round(time.Millisecond), e.levels)
}

// Unwrap returns context.DeadlineExceeded.
func (e *overError) Unwrap() error { return context.DeadlineExceeded }
