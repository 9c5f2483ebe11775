package upstream

import (
	"cmp"
	"slices"

	"github.com/portico-gateway/portico/gateway/endpoint"
)

// EndpointStatus is the state of an endpoint of a service.
type EndpointStatus struct {
	Service, Version string // Version is empty for the main one
	Address          string
	Available        bool // it is not ejected, and its health checks succeed
	Open             int  // calls and streams that are under way
}

// Endpoints returns the endpoints that are known of all services, by service, version and address.
func (s *Services) Endpoints() []EndpointStatus {
	var out []EndpointStatus
	s.each(func(service string, v *version) {
		for e, available := range v.balancer.set.All() {
			out = append(out, EndpointStatus{service, v.name, e.String(), available, e.Open(endpoint.Call) + e.Open(endpoint.Stream)})
		}
	})
	slices.SortFunc(out, func(a, b EndpointStatus) int {
		return cmp.Or(cmp.Compare(a.Service, b.Service), cmp.Compare(a.Version, b.Version), cmp.Compare(a.Address, b.Address))
	})
	return slices.CompactFunc(out, func(a, b EndpointStatus) bool {
		return a.Service == b.Service && a.Version == b.Version && a.Address == b.Address
	})
}

// BreakerStatus is how many circuit breakers of a service are not closed.
type BreakerStatus struct {
	Service, Version string
	Open             int
}

// Breakers returns the state of the circuit breakers of all services.
func (s *Services) Breakers() []BreakerStatus {
	var out []BreakerStatus
	s.each(func(service string, v *version) {
		out = append(out, BreakerStatus{service, v.name, v.breakers.open()})
	})
	return out
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
