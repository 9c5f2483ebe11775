package upstream

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/portico-gateway/portico/gateway/endpoint"
	"github.com/portico-gateway/portico/gateway/problem"
)

// failing is an attempt that returns errors, one after the other, and then nil.
func failing(calls *int, errs ...error) func(context.Context, *endpoint.Endpoint) error {
	return func(context.Context, *endpoint.Endpoint) error {
		*calls++
		if *calls <= len(errs) {
			return errs[*calls-1]
		}
		return nil
	}
}

func answered(code int, retryAfter time.Duration) error {
	return refused(&StatusError{Service: "s", Status: code, RetryAfter: retryAfter})
}

// What may be made again is, once by default; all else is not.
func TestRetries(t *testing.T) {
	lost := problem.Wrap(errors.New("connection reset"), problem.ServiceError, "The service failed.")
	late := problem.Wrap(context.DeadlineExceeded, problem.ServiceTimeout, "The service did not answer in time.")
	unavailable := problem.Wrap(&StatusError{Code: codes.Unavailable}, problem.ServiceError, "The service failed.")
	for name, c := range map[string]struct {
		errs       []error
		calls      int
		idempotent bool
	}{
		"no failure":                {nil, 1, true},
		"a connection that is lost": {[]error{lost}, 2, true},
		"503":                       {[]error{answered(503, 0)}, 2, true},
		"502":                       {[]error{answered(502, 0)}, 2, true},
		"504":                       {[]error{answered(504, 0)}, 2, true},
		"UNAVAILABLE":               {[]error{unavailable}, 2, true},
		"twice":                     {[]error{lost, lost, lost}, 2, true},
		"429 with Retry-After":      {[]error{answered(429, time.Second)}, 2, true},
		"503 with Retry-After":      {[]error{answered(503, 4*time.Second)}, 2, true},
		"too long a Retry-After":    {[]error{answered(503, 5*time.Second)}, 1, true},
		"429":                       {[]error{answered(429, 0)}, 1, true},
		"500":                       {[]error{answered(500, 0)}, 1, true},
		"404":                       {[]error{answered(404, 0)}, 1, true},
		"a timeout":                 {[]error{late}, 1, true},
		"a caller that left":        {[]error{context.Canceled}, 1, true},
		"an answer that is too large": {
			[]error{nonsense("s", tooLargeError{"s", 1})}, 1, true,
		},
		"an open circuit breaker": {[]error{problem.Wrap(openError{"s", "r"}, problem.ServiceError, "The service failed.")}, 1, true},
		"not idempotent":          {[]error{lost}, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := through(direct, newRetrier(Config{Name: "s"}.withDefaults()).policy)
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				calls := 0
				err := s(ctx, &call{idempotent: c.idempotent, attempt: failing(&calls, c.errs...)})
				if calls != c.calls || (err == nil) != (calls > len(c.errs)) {
					t.Errorf("%d calls: %v", calls, err)
				}
			})
		})
	}
}

// However many calls fail, retries are at most a fifth of them, and a few.
func TestRetryBudget(t *testing.T) { synctest.Test(t, retryBudgetIsKept) }

func retryBudgetIsKept(t *testing.T) {
	s := through(direct, newRetrier(Config{Name: "s", Attempts: 5}.withDefaults()).policy)
	attempts := 0
	fail := func(context.Context, *endpoint.Endpoint) error {
		attempts++
		return answered(503, 0)
	}
	const calls = 1000
	decisions := map[Decision]int{}
	for range calls {
		c := &call{idempotent: true, attempt: fail}
		_ = s(t.Context(), c)
		for _, e := range c.events {
			decisions[e.Name]++
		}
	}
	if decisions[Retried] != attempts-calls || decisions[NotRetried] > calls || decisions[NotRetried] < calls-retryReserve {
		t.Errorf("%v for %d attempts", decisions, attempts)
	}
	if most := calls + calls/5 + retryReserve; attempts > most || attempts < most-retryReserve {
		t.Errorf("%d attempts for %d calls", attempts, calls)
	}
}

// A caller that leaves does not wait for a retry.
func TestLeavingBeforeARetry(t *testing.T) {
	r := newRetrier(Config{Name: "s"}.withDefaults())
	r.random = func() float64 { return 1 }
	ctx, cancel := context.WithCancel(t.Context())
	calls := 0
	err := r.policy(direct)(ctx, &call{idempotent: true, attempt: func(context.Context, *endpoint.Endpoint) error {
		calls++
		cancel()
		return answered(503, time.Hour)
	}})
	if calls != 1 || err == nil {
		t.Errorf("%d calls: %v", calls, err)
	}
}

// A route that fails is not called for a second, then once; the others are.
func TestBreaker(t *testing.T) { synctest.Test(t, breakerOpens) }

func breakerOpens(t *testing.T) {
	s := through(direct, newBreakers(Config{Name: "s"}).policy)
	calls := 0
	down := true
	one := func(route string) error {
		return s(t.Context(), &call{route: route, attempt: func(context.Context, *endpoint.Endpoint) error {
			calls++
			if down && route == "bad" {
				return answered(500, 0)
			}
			return nil
		}})
	}
	isOpen := func(err error) bool {
		_, open := errors.AsType[openError](err)
		return open
	}
	for i := range breakerCalls {
		if err := one("bad"); isOpen(err) {
			t.Fatalf("it is open after %d calls", i)
		}
	}
	for range 100 {
		if err := one("bad"); !isOpen(err) {
			t.Fatalf("it is not open: %v", err)
		}
		if err := one("good"); err != nil {
			t.Fatal(err)
		}
	}
	if calls != breakerCalls+100 {
		t.Errorf("%d calls", calls)
	}
	time.Sleep(2 * breakerDelay)
	if err := one("bad"); isOpen(err) {
		t.Error("after a second it lets no call through")
	}
	if err := one("bad"); !isOpen(err) {
		t.Errorf("it lets a second one through though the first failed: %v", err)
	}
	time.Sleep(2 * breakerDelay)
	down = false
	for range 10 {
		if err := one("bad"); err != nil {
			t.Errorf("after a success: %v", err)
		}
	}
}

// What the caller is to blame for opens no circuit breaker, nor do callers that
// leave close one.
func TestBreakerAndCallers(t *testing.T) { synctest.Test(t, breakerAndCallers) }

func breakerAndCallers(t *testing.T) {
	b := newBreakers(Config{Name: "s"})
	s := through(direct, b.policy)
	for range 200 {
		for _, err := range []error{answered(404, 0), answered(429, 0), answered(401, 0), context.Canceled, nonsense("s", tooLargeError{"s", 1})} {
			_ = s(t.Context(), &call{route: "r", attempt: func(context.Context, *endpoint.Endpoint) error { return err }})
		}
	}
	if !b.routes.of("r").IsClosed() {
		t.Error("it is open")
	}
	b.routes.of("r").Open()
	time.Sleep(2 * breakerDelay)
	_ = s(t.Context(), &call{route: "r", attempt: func(context.Context, *endpoint.Endpoint) error { return fmt.Errorf("left: %w", context.Canceled) }})
	if b.routes.of("r").IsClosed() {
		t.Error("a caller that left closed it")
	}
	func() {
		defer func() { _ = recover() }()
		time.Sleep(2 * breakerDelay)
		_ = s(t.Context(), &call{route: "r", attempt: func(context.Context, *endpoint.Endpoint) error { panic("boom") }})
	}()
	if b.routes.of("r").IsClosed() || b.routes.of("r").IsHalfOpen() {
		t.Errorf("after a panic it is %s", b.routes.of("r").State())
	}
	if n := b.opened.Load(); n != 1 {
		t.Errorf("it opened %d times", n)
	}
}

// Hand-written code can call any number of routes.
func TestManyRoutes(t *testing.T) {
	b := newBreakers(Config{Name: "s"})
	for i := range 2 * mostRoutes {
		b.routes.of(strconv.Itoa(i))
	}
	if len(b.routes.routes) > mostRoutes+1 {
		t.Errorf("%d circuit breakers", len(b.routes.routes))
	}
}
