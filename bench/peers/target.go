package main

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/portico-gateway/portico/bench/internal/load"
)

// target is where requests are sent.
type target struct {
	address, path string
}

// requestOf returns the bytes of a request with a body.
func (t target) requestOf(body string) []byte {
	return fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nAccept: */*\r\nContent-Length: %d\r\n\r\n%s",
		t.path, t.address, len(body), body)
}

// distinct numbers requests, none of which is like another.
type distinct struct{ n atomic.Int64 }

// next returns the body of the next request. A format without %d is the same each
// time.
func (d *distinct) next(format string) string {
	if !strings.Contains(format, "%d") {
		return format
	}
	return fmt.Sprintf(format, d.n.Add(1))
}

// rate returns the number of answers per second that so many connections get.
func (t target) rate(format string, length time.Duration, connections int, requests *distinct) (float64, error) {
	rate, err := load.Rate(t.address, func() []byte { return t.requestOf(requests.next(format)) }, length, connections)
	if err != nil {
		return 0, fmt.Errorf("%s%s: %w", t.address, t.path, err)
	}
	return rate, nil
}

// latency returns the median time of an answer over one connection.
func (t target) latency(format string, samples int, requests *distinct) (time.Duration, error) {
	c, err := load.Dial(t.address)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	times := make([]time.Duration, samples)
	for i := range times {
		request := t.requestOf(requests.next(format))
		start := time.Now()
		if err := c.Ask(request, nil); err != nil {
			return 0, err
		}
		times[i] = time.Since(start)
	}
	slices.Sort(times)
	return times[samples/2], nil
}

// body returns the body of one answer.
func (t target) body(request string) ([]byte, error) {
	return load.Body(t.address, t.requestOf(request))
}
