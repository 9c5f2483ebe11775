package main

import (
	"bytes"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/portico-gateway/portico/bench/internal/load"
)

const (
	patience    = time.Second // of a caller
	mostWaiting = 3000        // callers at a time
)

// measured is what came of the requests of one rate.
type measured struct {
	lasted        time.Duration
	sent          int
	good, refused []time.Duration
	late          int // without an answer in time, and those that were never sent
	wrong         int // answers that are neither of both
	calls         int64
}

// goodput returns the answers a second that came in time.
func (m *measured) goodput() float64 { return float64(len(m.good)) / m.lasted.Seconds() }

// part returns a number of requests in percent of those that were sent.
func (m *measured) part(n int) float64 { return 100 * float64(n) / float64(max(m.sent, 1)) }

// offering sends requests at a rate.
type offering struct {
	address string
	request func() []byte
	group   sync.WaitGroup

	mu      sync.Mutex
	result  measured
	idle    []*caller // the latest is the last
	waiting int
}

// offer sends requests to a gateway, at so many a second.
func offer(address string, rate float64, lasts time.Duration, request func() []byte) measured {
	o := &offering{address: address, request: request}
	began := time.Now()
	for n := 0; ; n++ {
		due := began.Add(time.Duration(float64(n) / rate * float64(time.Second)))
		if due.Sub(began) > lasts {
			break
		}
		time.Sleep(time.Until(due))
		o.send(due)
	}
	o.group.Wait()
	for _, c := range o.idle {
		_ = c.Close()
	}
	o.result.lasted = lasts
	return o.result
}

// send sends a request that is due at a time, unless too many wait for an answer.
func (o *offering) send(due time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.result.sent++
	if o.waiting == mostWaiting {
		o.result.late++
		return
	}
	o.waiting++
	var c *caller
	if last := len(o.idle) - 1; last >= 0 {
		c, o.idle = o.idle[last], o.idle[:last]
	}
	o.group.Go(func() { o.finish(ask(c, o.address, o.request(), due)) })
}

// finish notes what came of a request.
func (o *offering) finish(c *caller, came outcome, took time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.waiting--
	if c != nil {
		o.idle = append(o.idle, c)
	}
	switch came {
	case good:
		o.result.good = append(o.result.good, took)
	case refused:
		o.result.refused = append(o.result.refused, took)
	case wrong:
		o.result.wrong++
	case late:
		o.result.late++
	}
}

// outcome is what came of a request.
type outcome int

const (
	late outcome = iota
	good
	refused
	wrong
)

// caller has a connection.
type caller struct {
	*load.Connection

	body       bytes.Buffer
	retryAfter bool // the answer has this field
}

func dial(address string) (*caller, error) {
	connection, err := load.Dial(address)
	if err != nil {
		return nil, err
	}
	c := &caller{Connection: connection}
	connection.OnField = func(line []byte) {
		if bytes.HasPrefix(line, []byte("Retry-After: ")) {
			c.retryAfter = true
		}
	}
	return c, nil
}

// ask sends a request, which was due at a time, with a caller, or with a new one if that is
// nil. It returns the caller if that can send another request.
func ask(c *caller, address string, request []byte, due time.Time) (again *caller, came outcome, took time.Duration) {
	if c == nil {
		var err error
		if c, err = dial(address); err != nil {
			return nil, late, 0
		}
	}
	c.body.Reset()
	c.retryAfter = false
	_ = c.SetDeadline(due.Add(patience))
	status, err := c.Do(request, &c.body)
	took = time.Since(due)
	if err != nil {
		_ = c.Close()
		return nil, late, took
	}
	if took > patience { // it came in time, and this program had something else to do
		return c, late, took
	}
	return c, c.outcome(status), took
}

// outcome returns what an answer is.
func (c *caller) outcome(status int) outcome {
	switch text := c.body.Bytes(); {
	case status == http.StatusOK && isAnswer(text):
		return good
	case status == http.StatusServiceUnavailable && c.retryAfter && bytes.Contains(text, []byte(`"code":"SERVICE_OVERLOADED"`)):
		return refused
	}
	return wrong
}

// isAnswer reports whether a body has data, and no errors: these come first.
func isAnswer(body []byte) bool {
	return bytes.HasPrefix(body, []byte(`{"data":{"products":{"nodes":[{"id":"p0",`))
}

func quantile(times []time.Duration, q float64) time.Duration {
	if len(times) == 0 {
		return 0
	}
	slices.Sort(times)
	return times[int(q*float64(len(times)-1))].Round(100 * time.Microsecond)
}
