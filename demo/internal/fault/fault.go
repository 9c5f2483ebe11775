// Package fault makes the demo services misbehave on demand.
package fault

import (
	"context"
	"errors"
	"math"
	"time"
)

// Fault is how a service misbehaves. The zero value is a healthy service.
// Delay and Hang hold a call up first; then it may fail.
type Fault struct {
	// Delay is added to each call.
	Delay time.Duration
	// ErrorRate is the share of calls that fail, from 0 to 1. Failures are
	// spread evenly and predictably: with 0.5 it is every second call.
	ErrorRate float64
	// Hang holds calls until the caller gives up or the fault is lifted.
	Hang bool
	// HTML makes HTTP services answer a page of HTML with status 200, as a
	// misconfigured proxy does, or 502 where ErrorRate makes the call fail.
	HTML bool
}

// Validate fails when the delay is negative or the rate not from 0 to 1.
func (f Fault) Validate() error {
	if f.Delay < 0 {
		return errors.New("the delay is negative")
	}
	if !(f.ErrorRate >= 0 && f.ErrorRate <= 1) { // written so that NaN fails
		return errors.New("the error rate is not from 0 to 1")
	}
	return nil
}

// total reports whether no call can succeed.
func (f Fault) total() bool { return f.Hang || f.HTML || f.ErrorRate == 1 }

// fails reports whether the nth call, counted from 1, is one of those that fail.
func (f Fault) fails(n int) bool {
	return f.due(n) > f.due(n-1)
}

// due is how many of the first n calls fail.
func (f Fault) due(n int) float64 {
	// A rate such as 0.1 is not exact in binary: without the tiny addition the
	// tenth of ten calls would not make it to 1.
	return math.Floor(float64(n)*f.ErrorRate + 1e-9)
}

// wait holds a call up. It returns false when the fault changed meanwhile.
func (f Fault) wait(ctx context.Context, changed <-chan struct{}) (bool, error) {
	if !f.Hang && f.Delay == 0 {
		return true, nil
	}
	var over <-chan time.Time // never, when it hangs
	if !f.Hang {
		timer := time.NewTimer(f.Delay)
		defer timer.Stop()
		over = timer.C
	}
	select {
	case <-ctx.Done():
		return false, ctx.Err()
	case <-changed:
		return false, nil
	case <-over:
		return true, nil
	}
}
