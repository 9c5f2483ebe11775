package upstream

import (
	"cmp"
	"slices"
	"time"

	"github.com/portico-gateway/portico/gateway/endpoint"
)

// EndpointStatus is the state of an endpoint of a service.
type EndpointStatus struct {
	Service, Version string // Version is empty for the main one
	Address          string
	Available        bool // it is not ejected, and its health checks succeed
	Open             int  // calls and streams that are under way
	Connections      int  // that are open
}

// Endpoints returns the known endpoints of all services, sorted by service, version and address.
func (s *Services) Endpoints() []EndpointStatus {
	var out []EndpointStatus
	s.each(func(service string, v *version) {
		for e, available := range v.balancer.set.All() {
			one := EndpointStatus{
				Service: service, Version: v.name, Address: e.String(), Available: available, Open: e.Open(endpoint.Call) + e.Open(endpoint.Stream),
			}
			if peer, ok := e.Peer().(interface{ connections() int }); ok {
				one.Connections = peer.connections()
			}
			out = append(out, one)
		}
	})
	slices.SortFunc(out, func(a, b EndpointStatus) int {
		return cmp.Or(cmp.Compare(a.Service, b.Service), cmp.Compare(a.Version, b.Version), cmp.Compare(a.Address, b.Address))
	})
	return slices.CompactFunc(out, func(a, b EndpointStatus) bool {
		return a.Service == b.Service && a.Version == b.Version && a.Address == b.Address
	})
}

// CallStatus is the state of the policies around the calls of a version of a service. Counts
// begin when the service is configured.
type CallStatus struct {
	Service, Version string // Version is empty for the main one

	// Running is the number of running calls, at most Limit, and Waiting the number of queued
	// calls. Streams are not counted.
	Running, Limit, Waiting int
	// Waits is the number of calls that had to wait so far, and Waited their total
	// waiting time.
	Waits  int64
	Waited time.Duration

	// OpenBreakers is the number of routes with a circuit breaker that is not closed; Opened
	// counts how often a closed one opened.
	OpenBreakers int
	Opened       int64
}

// Calls returns the state of the calls of all services.
func (s *Services) Calls() []CallStatus {
	var out []CallStatus
	s.each(func(service string, v *version) {
		one := CallStatus{Service: service, Version: v.name}
		v.policies.limiter.status(&one)
		one.OpenBreakers, one.Opened = v.policies.breakers.open(), v.policies.breakers.opened.Load()
		out = append(out, one)
	})
	return out
}

func (l *limiter) status(s *CallStatus) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s.Running, s.Limit, s.Waiting = l.busy, l.most, l.queued
	s.Waits, s.Waited = l.waits, l.waited
}

// each calls f with each version of each service.
func (s *Services) each(f func(service string, v *version)) {
	s.mu.Lock()
	all := slices.Clone(s.all)
	s.mu.Unlock()
	for _, vs := range all {
		for _, v := range vs.all() {
			f(vs.service, v)
		}
	}
}

// open returns how many circuit breakers are not closed.
func (b *breakers) open() (n int) {
	b.routes.each(func(of breaker) {
		if !of.IsClosed() {
			n++
		}
	})
	return n
}
