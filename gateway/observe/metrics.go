package observe

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics are the metrics of a gateway. Their names and labels are in docs/metrics.md. It is safe for
// concurrent use.
type Metrics struct {
	registry *prometheus.Registry

	operations, errors, answers, cost *prometheus.CounterVec
	duration, gateway, services       *prometheus.HistogramVec
	events                            *prometheus.CounterVec
	calls, attempts, reloads          *prometheus.CounterVec
	callDuration                      *prometheus.HistogramVec
	faults                            *prometheus.CounterVec
	statuses                          map[string]prometheus.Counter // of requests
	parts

	mu     sync.Mutex
	called map[string]*serviceMetrics // by the names of services
	names  map[Operation]*OperationMetrics
	codes  map[string]bool
	all    []Metric
}

// Metric describes a metric.
type Metric struct {
	Name, Type, Help string
	Labels           []string
}

// All returns the gateway's own metrics, by name.
func (m *Metrics) All() []Metric {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.SortedFunc(slices.Values(m.all), func(a, b Metric) int { return strings.Compare(a.Name, b.Name) })
}

// add registers a metric; its name is without the prefix.
func (m *Metrics) add(name, kind, help string, labels []string, c prometheus.Collector) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.registry.MustRegister(c)
	m.all = append(m.all, Metric{"portico_" + name, kind, help, labels})
}

// Other is the name of operations whose documents are not known, and of codes beyond the number that
// is distinguished: what callers or services make up must not make series.
const Other = "other"

const (
	mostNames = 2000 // of operations that are distinguished
	mostCodes = 100
)

// The outcomes of operations.
const (
	Success = "success" // data without errors
	Partial = "partial" // data and errors
	Failure = "failure" // errors instead of data, though the operation was executed
	Refusal = "refusal" // it was not executed
	Left    = "left"    // the caller left before the answer was there
)

// durations are the upper bounds of buckets, in seconds.
func durations() []float64 {
	return []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}
}

// counter adds a counter.
func (m *Metrics) counter(name, help string, labels ...string) *prometheus.CounterVec {
	v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "portico_" + name, Help: help}, labels)
	m.add(name, "counter", help, labels, v)
	return v
}

// histogram adds a histogram with the upper bounds of its buckets.
func (m *Metrics) histogram(buckets []float64, name, help string, labels ...string) *prometheus.HistogramVec {
	v := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "portico_" + name, Help: help, Buckets: buckets}, labels)
	m.add(name, "histogram", help, labels, v)
	return v
}

// NewMetrics returns metrics that are all zero.
func NewMetrics() *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry(), called: map[string]*serviceMetrics{}, names: map[Operation]*OperationMetrics{}, codes: map[string]bool{}}
	counter := m.counter
	histogram := func(name, help string, labels ...string) *prometheus.HistogramVec {
		return m.histogram(durations(), name, help, labels...)
	}
	requests := counter("http_requests_total", "Requests to the public address.", "status")
	m.statuses = map[string]prometheus.Counter{}
	for _, status := range statusTexts() {
		m.statuses[status] = requests.WithLabelValues(status)
	}
	m.operations = counter("operations_total", "Requests for operations, by outcome.", "frontend", "operation", "type", "outcome")
	m.errors = counter("errors_total", "Operations with errors, by code.", "frontend", "code")
	m.answers = counter("answers_total", "Answers to queries and mutations, by cache result.", "frontend", "cache")
	m.cost = counter("operation_cost_points_total", "Cost of operations: the estimated maximum (requested) and the actual cost.", "frontend", "kind")
	m.events = counter("subscription_events_total", "Events of subscriptions that have ended.", "frontend", "operation")
	m.duration = histogram("operation_duration_seconds", "Time to answer queries and mutations.", "frontend", "operation")
	m.gateway = histogram("operation_gateway_seconds", "The part of an operation's duration without a call to a service in flight.", "frontend")
	m.services = histogram("operation_services_seconds", "The part of an operation's duration with a call to a service in flight, if any.", "frontend")
	m.calls = counter("calls_total", "Calls to services, without streams.", "service", "outcome")
	m.attempts = counter("call_attempts_total", "Attempts of calls, including retries and hedges.", "service")
	m.callDuration = histogram("call_duration_seconds", "Duration of calls to services, including retries.", "service")
	m.faults = counter("operation_faults_total", "Requests for operations with an error caused by the gateway or a service.", "frontend", "operation")
	m.addParts()
	m.reloads = counter("config_reloads_total", "Configuration reloads.", "result")
	for _, result := range []string{Success, Failure} {
		m.reloads.WithLabelValues(result) // see Service
	}
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Handler serves the metrics in the formats of Prometheus and OpenMetrics.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{EnableOpenMetrics: true, MaxRequestsInFlight: 4})
}

// Operation is an operation of a frontend.
type Operation struct {
	Frontend string
	Name     string // Other if its document is not one of the frontend's
	Type     string // query, mutation or subscription
}

// OperationMetrics are those of one operation.
type OperationMetrics struct {
	of       Operation
	metrics  *Metrics
	outcomes map[string]prometheus.Counter
	answers  map[string]prometheus.Counter
	events   prometheus.Counter
	faults   prometheus.Counter
	duration prometheus.Observer
	gateway  prometheus.Observer
	services prometheus.Observer
	// Points.
	requested, actual prometheus.Counter
}

// Of returns the metrics of an operation. Beyond 2000 operations, the others are one.
func (m *Metrics) Of(of Operation) *OperationMetrics {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.names) >= mostNames && m.names[of] == nil {
		of.Name = Other
	}
	if known := m.names[of]; known != nil {
		return known
	}
	o := &OperationMetrics{of: of, metrics: m, outcomes: map[string]prometheus.Counter{}, answers: map[string]prometheus.Counter{}}
	for _, outcome := range []string{Success, Partial, Failure, Refusal, Left} {
		o.outcomes[outcome] = m.operations.WithLabelValues(of.Frontend, of.Name, of.Type, outcome)
	}
	for _, how := range []string{"hit", "stale", "coalesced", "miss", "bypass"} {
		o.answers[how] = m.answers.WithLabelValues(of.Frontend, how)
	}
	o.faults = m.faults.WithLabelValues(of.Frontend, of.Name)
	o.requested, o.actual = m.cost.WithLabelValues(of.Frontend, "requested"), m.cost.WithLabelValues(of.Frontend, "actual")
	if of.Type == "subscription" {
		o.events = m.events.WithLabelValues(of.Frontend, of.Name)
	} else {
		o.duration = m.duration.WithLabelValues(of.Frontend, of.Name)
		o.gateway, o.services = m.gateway.WithLabelValues(of.Frontend), m.services.WithLabelValues(of.Frontend)
	}
	m.names[of] = o
	return o
}

// Done is what came of one request for an operation.
type Done struct {
	Outcome           string // one of [Success] …
	Codes             []string
	Cache             string // hit, stale, coalesced, miss, bypass; empty if there is no answer
	Took, Waited      time.Duration
	Calls             int
	Requested, Actual float64
	Events            int
	Fault             bool // an error is the gateway's or a service's fault
}

// Add counts a request.
func (o *OperationMetrics) Add(d *Done) {
	o.outcomes[d.Outcome].Inc()
	for _, code := range d.Codes {
		o.metrics.errors.WithLabelValues(o.of.Frontend, o.metrics.code(code)).Inc()
	}
	if d.Fault {
		o.faults.Inc()
	}
	o.requested.Add(max(d.Requested, 0))
	o.actual.Add(max(d.Actual, 0))
	if o.events != nil {
		o.events.Add(float64(d.Events))
		return
	}
	if how := o.answers[d.Cache]; how != nil && d.Outcome != Refusal {
		how.Inc()
	}
	o.duration.Observe(d.Took.Seconds())
	o.gateway.Observe(max(d.Took-d.Waited, 0).Seconds())
	if d.Calls > 0 {
		o.services.Observe(d.Waited.Seconds())
	}
}

// code returns the label of a code, which a service may have made up.
func (m *Metrics) code(code string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.codes[code] {
		if len(m.codes) >= mostCodes || code == "" {
			return Other
		}
		m.codes[code] = true
	}
	return code
}

// Request counts a request over HTTP by its status.
func (m *Metrics) Request(status int) { m.statuses[statusText(status)].Inc() }

// statusTexts returns all that statusText does.
func statusTexts() []string { return []string{"101", "200", "2xx", "3xx", "429", "4xx", "503", "5xx"} }

// statusText returns the label of a status.
func statusText(status int) string {
	switch {
	case status == http.StatusOK:
		return "200"
	case status == http.StatusSwitchingProtocols:
		return "101"
	case status == http.StatusTooManyRequests:
		return "429"
	case status == http.StatusServiceUnavailable:
		return "503"
	case status >= 200 && status < 300:
		return "2xx"
	case status >= 300 && status < 400:
		return "3xx"
	case status >= 400 && status < 500:
		return "4xx"
	}
	return "5xx"
}

// Call counts a call of a service. The outcome is success, or a code of a problem, or left.
func (m *Metrics) Call(service, outcome string, took time.Duration, attempts int) {
	of := m.ofService(service)
	if outcome == Success {
		of.success.Inc()
	} else {
		m.calls.WithLabelValues(service, m.code(outcome)).Inc()
	}
	of.attempts.Add(float64(attempts))
	of.duration.Observe(took.Seconds())
}

// ofService returns the metrics of a service.
func (m *Metrics) ofService(name string) *serviceMetrics {
	m.mu.Lock()
	defer m.mu.Unlock()
	of := m.called[name]
	if of == nil {
		of = &serviceMetrics{m.calls.WithLabelValues(name, Success), m.attempts.WithLabelValues(name), m.callDuration.WithLabelValues(name)}
		m.called[name] = of
	}
	return of
}

// serviceMetrics are those of a service, which are found without their labels.
type serviceMetrics struct {
	success, attempts prometheus.Counter
	duration          prometheus.Observer
}

// Reload counts a reload of the configuration.
func (m *Metrics) Reload(err error) {
	result := Success
	if err != nil {
		result = Failure
	}
	m.reloads.WithLabelValues(result).Inc()
}

// Sample is the value of a metric that is read when metrics are.
type Sample struct {
	Value  float64
	Labels []string // values, in the order of the names
}

// Gauge adds a gauge, or a counter if its name ends in _total, whose values are read when the
// metrics are. The name is without the prefix portico_.
func (m *Metrics) Gauge(name, help string, labels []string, read func() []Sample) {
	kind, text := prometheus.GaugeValue, "gauge"
	if strings.HasSuffix(name, "_total") {
		kind, text = prometheus.CounterValue, "counter"
	}
	m.add(name, text, help, labels, &sampled{prometheus.NewDesc("portico_"+name, help, labels, nil), kind, read})
}

// sampled is a metric of samples.
type sampled struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	read func() []Sample
}

// Describe is part of [prometheus.Collector].
func (s *sampled) Describe(to chan<- *prometheus.Desc) { to <- s.desc }

// Collect is part of [prometheus.Collector].
func (s *sampled) Collect(to chan<- prometheus.Metric) {
	for _, sample := range s.read() {
		to <- prometheus.MustNewConstMetric(s.desc, s.kind, sample.Value, sample.Labels...)
	}
}
