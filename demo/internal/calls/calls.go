// Package calls counts what the demo services are asked, so that a test can
// say how many calls an operation of the gateway makes.
package calls

import (
	"maps"
	"sync"
)

// Counts are calls by service and route.
type Counts map[string]map[string]int

// Total is the sum of all counts.
func (c Counts) Total() int {
	total := 0
	for _, routes := range c {
		for _, n := range routes {
			total += n
		}
	}
	return total
}

// Counter counts calls. The zero value is ready; it is safe for concurrent use.
type Counter struct {
	mu     sync.Mutex
	counts Counts
}

// Add counts one call. A call counts when it arrives, whatever comes of it.
func (c *Counter) Add(service, route string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts == nil {
		c.counts = make(Counts)
	}
	if c.counts[service] == nil {
		c.counts[service] = make(map[string]int)
	}
	c.counts[service][route]++
}

// Counts returns a copy of the calls since the last reset. Services and routes
// that were not called are missing.
func (c *Counter) Counts() Counts {
	c.mu.Lock()
	defer c.mu.Unlock()
	counts := make(Counts, len(c.counts))
	for service, routes := range c.counts {
		counts[service] = maps.Clone(routes)
	}
	return counts
}

// Reset makes all counts zero.
func (c *Counter) Reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts = nil
}
