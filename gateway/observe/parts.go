package observe

import "github.com/prometheus/client_golang/prometheus"

// parts are metrics of what happens in parts of the gateway.
type parts struct {
	decisions, endpoints, resumed, dropped, shed *prometheus.CounterVec
	batches                                      *prometheus.HistogramVec
}

// keyCounts are the upper bounds of buckets, in keys.
func keyCounts() []float64 { return []float64{1, 2, 5, 10, 25, 50, 100, 250, 500, 1000} }

func (m *Metrics) addParts() {
	m.decisions = m.counter("call_decisions_total", "Decisions of the policies around calls, such as retries and hedges.", "service", "decision")
	m.endpoints = m.counter("endpoint_events_total", "Events of endpoints, such as ejections.", "service", "event")
	m.resumed = m.counter("shared_stream_resumptions_total", "Broken shared streams that were reopened.", "service")
	m.dropped = m.counter("shared_stream_dropped_subscribers_total", "Subscribers of shared streams that were dropped for reading too slowly.", "service")
	m.shed = m.counter("shed_requests_total", "Requests rejected before decoding because of overload.", "frontend")
	m.batches = m.histogram(keyCounts(), "batch_keys", "Keys per batch of loaders, without cached keys.", "service", "loader")
}

// Service makes the series of a service, so that they are zero before something happens for the
// first time: Prometheus sees no increase of a series that begins with 1.
func (m *Metrics) Service(service string, codes, decisions, events []string) {
	for _, code := range append([]string{Success}, codes...) {
		m.calls.WithLabelValues(service, m.code(code))
	}
	for _, decision := range decisions {
		m.decisions.WithLabelValues(service, decision)
	}
	for _, event := range events {
		m.endpoints.WithLabelValues(service, event)
	}
	m.resumed.WithLabelValues(service)
	m.dropped.WithLabelValues(service)
}

// Error makes the series of a code of a frontend, as [Metrics.Service] does.
func (m *Metrics) Error(frontend, code string) { m.errors.WithLabelValues(frontend, m.code(code)) }

// Decision counts a decision of a policy for a call.
func (m *Metrics) Decision(service, decision string) {
	m.decisions.WithLabelValues(service, decision).Inc()
}

// Batches returns a function that counts a batch of a loader with so many keys.
func (m *Metrics) Batches(service, loader string) func(keys int) {
	h := m.batches.WithLabelValues(service, loader)
	return func(keys int) { h.Observe(float64(keys)) }
}

// Endpoint counts what happened to an endpoint of a service.
func (m *Metrics) Endpoint(service, event string) { m.endpoints.WithLabelValues(service, event).Inc() }

// SharedStream counts that a shared stream was opened again, or that some of its subscribers
// were dropped.
func (m *Metrics) SharedStream(service string, dropped int) {
	if dropped > 0 {
		m.dropped.WithLabelValues(service).Add(float64(dropped))
		return
	}
	m.resumed.WithLabelValues(service).Inc()
}

// Shed returns a function that counts a request of a frontend that was refused before it was
// decoded.
func (m *Metrics) Shed(frontend string) (count func()) { return m.shed.WithLabelValues(frontend).Inc }
