package observe

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	bridge "go.opentelemetry.io/contrib/bridges/prometheus"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	oteltrace "go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc/credentials"
)

// OTLPConfig says where traces and metrics are sent by OTLP.
type OTLPConfig struct {
	// Endpoint is the URL of a collector: http or https for OTLP over HTTP, whose paths are
	// appended to its own, or grpc or grpcs for OTLP over gRPC. Proxies that the environment names
	// are not used.
	Endpoint string
	// Headers are sent with each request; over gRPC as metadata.
	Headers map[string]string
	// TLS is for https and grpcs; nil for the authorities of the system.
	TLS *tls.Config
	// Metrics is the time between two times that metrics are sent; 0 for never.
	Metrics time.Duration
	// Version is that of the gateway.
	Version string
}

// What bounds the sending of spans: a collector that can't be reached has no effect but that
// spans are lost.
const (
	mostSpans     = 8192 // that wait to be sent
	mostSpansSent = 512  // at once
	mostEvents    = 100  // of a span
	sendSpans     = time.Second
	sendTimeout   = 10 * time.Second
	patience      = 3 * time.Second // with the collector, at the end
)

// OTLP sends spans and metrics to a collector. It is safe for concurrent use.
type OTLP struct {
	*Tracer

	// begin are what begins to send spans, and metrics; each returns what sends the rest and ends.
	// They are functions, since the compiler compiles the generic types of the SDK again in each package
	// that reaches one of its types through a field: more than a second for each.
	begin []func() (end func(context.Context) error)
}

// NewOTLP returns what sends spans, and metrics if the configuration says so. It connects when there
// is something to send; what goes wrong then is logged once, until it works again. Spans that end
// before Start are lost. Some errors of the SDK have the process for their scope: they
// are logged by the latest OTLP.
func NewOTLP(c OTLPConfig, m *Metrics, log *slog.Logger) (*OTLP, error) {
	ctx := context.Background() // nothing is connected
	target, err := url.Parse(c.Endpoint)
	if err != nil {
		return nil, err
	}
	spans, err := c.spanExporter(ctx, target)
	if err != nil {
		return nil, err
	}
	of, err := resource.New(ctx, resource.WithTelemetrySDK(), resource.WithHost(), resource.WithAttributes(
		semconv.ServiceName("portico"), semconv.ServiceVersion(cmp.Or(c.Version, "unknown")),
	), resource.WithFromEnv())
	if err != nil && !errors.Is(err, resource.ErrPartialResource) {
		return nil, fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	traces := trace.NewTracerProvider(
		trace.WithSampler(trace.AlwaysSample()), // who begins a span has decided
		trace.WithIDGenerator(ids{}),
		trace.WithResource(of),
		trace.WithRawSpanLimits(trace.SpanLimits{
			AttributeValueLengthLimit: longestText, AttributeCountLimit: -1, EventCountLimit: mostEvents, AttributePerEventCountLimit: -1,
		}),
	)
	o := &OTLP{Tracer: &Tracer{traces.Tracer("github.com/portico-gateway/portico", oteltrace.WithInstrumentationVersion(c.Version))}}
	o.begin = append(o.begin, func() func(context.Context) error {
		traces.RegisterSpanProcessor(trace.NewBatchSpanProcessor(
			&spanSender{SpanExporter: spans, state: &sending{log: log, what: "traces"}},
			trace.WithMaxQueueSize(mostSpans), trace.WithMaxExportBatchSize(mostSpansSent),
			trace.WithBatchTimeout(sendSpans), trace.WithExportTimeout(sendTimeout)))
		return traces.Shutdown
	})
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { // what the SDK has no other way to report
		if !errors.Is(err, context.Canceled) {
			log.WarnContext(ctx, "OpenTelemetry", "cause", err)
		}
	}))
	if c.Metrics > 0 {
		values, err := c.metricExporter(ctx, target)
		if err != nil {
			return nil, err
		}
		o.begin = append(o.begin, func() func(context.Context) error {
			return metric.NewMeterProvider(metric.WithResource(of), metric.WithReader(metric.NewPeriodicReader(
				&metricSender{Exporter: values, state: &sending{log: log, what: "metrics"}},
				metric.WithInterval(c.Metrics), metric.WithTimeout(sendTimeout), metric.WithProducer(bridge.NewMetricProducer(bridge.WithGatherer(m.registry))),
			))).Shutdown
		})
	}
	return o, nil
}

// Start begins to send spans and metrics. The function that it returns sends, for at most some seconds,
// what is left, and ends that.
func (o *OTLP) Start() (stop func(context.Context)) {
	var end []func(context.Context) error
	for _, begin := range o.begin {
		end = append(end, begin())
	}
	return func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		var group sync.WaitGroup
		for _, f := range end {
			group.Go(func() { _ = f(ctx) }) // what goes wrong is logged
		}
		group.Wait()
	}
}

// isGRPC reports whether a URL is one of OTLP over gRPC.
func isGRPC(target *url.URL) bool { return strings.HasPrefix(target.Scheme, "grpc") }

// isPlain reports whether there is no TLS.
func isPlain(target *url.URL) bool { return target.Scheme == "http" || target.Scheme == "grpc" }

func (c *OTLPConfig) spanExporter(ctx context.Context, target *url.URL) (trace.SpanExporter, error) {
	if isGRPC(target) {
		options := []otlptracegrpc.Option{
			otlptracegrpc.WithEndpoint(target.Host), otlptracegrpc.WithHeaders(c.Headers), otlptracegrpc.WithTimeout(sendTimeout),
			otlptracegrpc.WithRetry(otlptracegrpc.RetryConfig{}),
		}
		if isPlain(target) {
			return otlptracegrpc.New(ctx, append(options, otlptracegrpc.WithInsecure())...)
		}
		return otlptracegrpc.New(ctx, append(options, otlptracegrpc.WithTLSCredentials(credentials.NewTLS(c.TLS)))...)
	}
	options := []otlptracehttp.Option{
		otlptracehttp.WithEndpoint(target.Host), otlptracehttp.WithURLPath(target.JoinPath("v1/traces").Path), otlptracehttp.WithHeaders(c.Headers),
		otlptracehttp.WithTimeout(sendTimeout), otlptracehttp.WithProxy(noProxy), otlptracehttp.WithRetry(otlptracehttp.RetryConfig{}),
	}
	if isPlain(target) {
		return otlptracehttp.New(ctx, append(options, otlptracehttp.WithInsecure())...)
	}
	return otlptracehttp.New(ctx, append(options, otlptracehttp.WithTLSClientConfig(c.TLS))...)
}

func (c *OTLPConfig) metricExporter(ctx context.Context, target *url.URL) (metric.Exporter, error) {
	if isGRPC(target) {
		options := []otlpmetricgrpc.Option{
			otlpmetricgrpc.WithEndpoint(target.Host), otlpmetricgrpc.WithHeaders(c.Headers), otlpmetricgrpc.WithTimeout(sendTimeout),
			otlpmetricgrpc.WithRetry(otlpmetricgrpc.RetryConfig{}),
		}
		if isPlain(target) {
			return otlpmetricgrpc.New(ctx, append(options, otlpmetricgrpc.WithInsecure())...)
		}
		return otlpmetricgrpc.New(ctx, append(options, otlpmetricgrpc.WithTLSCredentials(credentials.NewTLS(c.TLS)))...)
	}
	options := []otlpmetrichttp.Option{
		otlpmetrichttp.WithEndpoint(target.Host), otlpmetrichttp.WithURLPath(target.JoinPath("v1/metrics").Path), otlpmetrichttp.WithHeaders(c.Headers),
		otlpmetrichttp.WithTimeout(sendTimeout), otlpmetrichttp.WithProxy(noProxy), otlpmetrichttp.WithRetry(otlpmetrichttp.RetryConfig{}),
	}
	if isPlain(target) {
		return otlpmetrichttp.New(ctx, append(options, otlpmetrichttp.WithInsecure())...)
	}
	return otlpmetrichttp.New(ctx, append(options, otlpmetrichttp.WithTLSClientConfig(c.TLS))...)
}

func noProxy(*http.Request) (*url.URL, error) { return nil, nil } //nolint:nilnil // nil is for no proxy

// sending knows whether the last sending succeeded, to log when that changes.
type sending struct {
	log    *slog.Logger
	what   string
	failed atomic.Bool
}

// ended notes how a sending ended, and returns nil: the SDK would write errors to the standard logger.
func (s *sending) ended(ctx context.Context, err error) error {
	switch was := s.failed.Swap(err != nil); {
	case err != nil && !was:
		s.log.WarnContext(ctx, s.what+" can't be sent, and are lost until they can", "cause", err)
	case err == nil && was:
		s.log.InfoContext(ctx, s.what+" are sent again")
	}
	return nil
}

type spanSender struct {
	trace.SpanExporter

	state *sending
}

// ExportSpans is part of [trace.SpanExporter].
func (s *spanSender) ExportSpans(ctx context.Context, spans []trace.ReadOnlySpan) error {
	return s.state.ended(ctx, s.SpanExporter.ExportSpans(ctx, spans))
}

type metricSender struct {
	metric.Exporter

	state *sending
}

// Export is part of [metric.Exporter].
func (s *metricSender) Export(ctx context.Context, values *metricdata.ResourceMetrics) error {
	return s.state.ended(ctx, s.Exporter.Export(ctx, values))
}
