package upstream

import (
	"context"
	"errors"
	"io"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portico-gateway/portico/gateway/cache"
	"github.com/portico-gateway/portico/gateway/problem"
)

// AwaitSubscribers waits until the streams of a client have n subscribers.
func AwaitSubscribers(c HTTP, n int) {
	for c.(*httpClient).hubs.count() != n {
		runtime.Gosched()
	}
}

// HurryStreams makes a client wait no time for the first messages of streams that may
// take any.
func HurryStreams(c GRPC) { c.(*grpcClient).current.Load().patience = 1 }

func (hs *hubs) count() int {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	n := 0
	for h := range hs.all {
		h.mu.Lock()
		n += len(h.subscribers)
		h.mu.Unlock()
	}
	return n
}

// attempts is a service whose streams each have some messages before an error, and
// records when they were opened.
type attempts struct {
	begun time.Time
	at    []time.Duration
	open  func(n int) (messages int, lasts time.Duration, err error)
}

func (a *attempts) opening(context.Context) (source, error) {
	a.at = append(a.at, time.Since(a.begun))
	messages, lasts, end := a.open(len(a.at))
	if messages < 0 {
		return source{}, end
	}
	return source{
		next: func() (any, error) {
			if messages > 0 {
				messages--
				return "event", nil
			}
			time.Sleep(lasts)
			return nil, end
		},
		close: func() {},
	}, nil
}

var errGone = problem.New(problem.ServiceError, "The service failed.")

// run subscribes and returns the number of messages, and how the stream ended, at
// which time.
func (a *attempts) run(t *testing.T) (messages int, at time.Duration, err error) {
	t.Helper()
	hs := newHubs(Config{Store: cache.Nothing()}.withDefaults())
	defer hs.close()
	hs.random = func() float64 { return 1 }
	a.begun = time.Now()
	all, err := hs.subscribe(t.Context(), sharedStream{sharing: ShareState}, a.opening)
	if err != nil {
		return 0, time.Since(a.begun), err
	}
	for _, e := range all {
		if err = e; err == nil {
			messages++
		}
	}
	return messages, time.Since(a.begun), err
}

// The window begins when the stream breaks, and the pauses double.
func TestWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &attempts{open: func(n int) (int, time.Duration, error) {
			if n == 1 {
				return 1, time.Minute, &lostError{errGone}
			}
			return -1, 0, &lostError{errGone}
		}}
		n, at, err := a.run(t)
		if n != 1 || !errors.Is(err, errGone) || isLost(err) {
			t.Errorf("%d messages, then %v", n, err)
		}
		if at < time.Minute+8*time.Second || at > time.Minute+10*time.Second {
			t.Errorf("an error after %v", at)
		}
		for i, want := range []time.Duration{0, 60_100, 60_300, 60_700, 61_500, 63_100, 65_100, 67_100, 69_100} {
			if i >= len(a.at) || a.at[i] != want*time.Millisecond {
				t.Errorf("attempt %d of %v, want %dms", i, a.at, want)
			}
		}
	})
}

// A stream that breaks again and again is opened ever more rarely; as long as it has
// messages, there is no error.
func TestStreamThatFlaps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &attempts{open: func(n int) (int, time.Duration, error) {
			if n == 100 {
				return 1, 0, io.EOF
			}
			return 1, 0, &lostError{errGone}
		}}
		n, at, err := a.run(t)
		if n != 100 || err != nil || at < 180*time.Second {
			t.Errorf("%d messages, then %v after %v", n, err, at)
		}
		// Without messages, the window is over some time.
		a = &attempts{open: func(n int) (int, time.Duration, error) { return 0, 0, &lostError{errGone} }}
		if _, at, err := a.run(t); !errors.Is(err, errGone) || at > 10*time.Second {
			t.Errorf("%v after %v", err, at)
		}
		// A stream that lasted is a new one.
		a = &attempts{open: func(n int) (int, time.Duration, error) {
			if n == 20 {
				return 0, 0, io.EOF
			}
			return 0, time.Minute, &lostError{errGone}
		}}
		if _, at, err := a.run(t); err != nil || at != 19*(time.Minute+100*time.Millisecond) {
			t.Errorf("%v after %v", err, at)
		}
	})
}

// The service says when it can be called again.
func TestRetryAfterOfStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &attempts{open: func(n int) (int, time.Duration, error) {
			switch n {
			case 1:
				return 1, 0, &lostError{problem.Wrap(&StatusError{Status: 503, RetryAfter: 7 * time.Second}, problem.ServiceError, "x")}
			case 2:
				return 1, 0, &lostError{problem.Wrap(&StatusError{Status: 503, RetryAfter: time.Minute}, problem.ServiceError, "x")}
			}
			return 0, 0, io.EOF
		}}
		if n, at, err := a.run(t); n != 2 || err == nil || at != 7*time.Second {
			t.Errorf("%d messages, then %v after %v", n, err, at)
		}
	})
}

// A panic is the end of the stream and not of the gateway.
func TestPanicOfStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, messages := range []int{0, 1} {
			a := &attempts{open: func(int) (int, time.Duration, error) {
				if messages == 0 {
					panic("a defect")
				}
				return messages, 0, io.EOF
			}}
			_, _, err := a.run(t)
			if _, crashed := errors.AsType[*problem.PanicError](err); crashed != (messages == 0) {
				t.Errorf("got %v", err)
			}
		}
	})
}
