package upstream

import (
	"context"
	"io"
	"testing"
	"time"

	"github.com/portico-gateway/portico/gateway/endpoint"
	"github.com/portico-gateway/portico/gateway/problem"
)

type noPeer struct{}

func (noPeer) Close() error { return nil }

// An endpoint of a service whose calls take long is given the time that they take when it
// is probed, or it would stay ejected.
func TestPatienceOfProbes(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	set, err := endpoint.NewSet(endpoint.Config{
		Targets: []endpoint.Target{{URL: "http+unix:///a"}, {URL: "http+unix:///b"}},
		Open:    func(*endpoint.Endpoint) io.Closer { return noPeer{} },
		Now:     func() time.Time { return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(set.Close)
	b := &balancer{service: "s", timeout: time.Minute, set: set}
	if got := b.patience(t.Context()); got != time.Second {
		t.Errorf("%v if nothing is known", got)
	}
	for range 20 {
		u, err := set.Use(t.Context(), endpoint.Call, nil, false)
		if err != nil {
			t.Fatal(err)
		}
		now = now.Add(2 * time.Second)
		u.End(endpoint.Answered)
	}
	if got := b.patience(t.Context()); got < 2*time.Second || got > 6*time.Second { // what was long ago counts less
		t.Errorf("%v for calls that take 2 s", got)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if got := b.patience(ctx); got > time.Second {
		t.Errorf("%v of 2 s", got)
	}
}

// What an attempt says of its endpoint.
func TestOutcomes(t *testing.T) {
	b := &balancer{service: "s", timeout: time.Second}
	timedOut := problem.New(problem.ServiceTimeout, "m")
	lost := problem.New(problem.ServiceError, "m")
	for name, c := range map[string]struct {
		err   error
		took  time.Duration
		probe bool
		want  endpoint.Outcome
	}{
		"an answer":                             {nil, 0, false, endpoint.Answered},
		"no connection":                         {&unsentError{lost}, 0, false, endpoint.Lost},
		"no connection in time":                 {&unsentError{timedOut}, time.Second, false, endpoint.Lost},
		"no connection in the little time left": {&unsentError{timedOut}, time.Millisecond, false, endpoint.Late},
		"no connection of a probe":              {&unsentError{timedOut}, time.Millisecond, true, endpoint.Lost},
		"the caller left":                       {context.Canceled, 0, false, endpoint.Left},
		"404":                                   {answered(404, 0), 0, false, endpoint.Answered},
		"429":                                   {answered(429, time.Second), 0, false, endpoint.Answered},
		"500":                                   {answered(500, 0), 0, false, endpoint.Failed},
		"503":                                   {answered(503, 0), 0, false, endpoint.Failed},
		"a connection that broke":               {lost, 0, false, endpoint.Lost},
		"no answer in time":                     {timedOut, time.Second, false, endpoint.Silent},
		"no answer in the little time left":     {timedOut, time.Millisecond, false, endpoint.Late},
		"no answer to a probe":                  {timedOut, time.Millisecond, true, endpoint.Silent},
		"an answer that has too many bytes":     {nonsense("s", tooLargeError{"s", 1}), 0, false, endpoint.Answered},
		"a request that can't be made of a value": {problem.New(problem.BadUserInput, "m"), 0, false, endpoint.Answered},
	} {
		if got := b.outcome(c.err, c.took, c.probe); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}
