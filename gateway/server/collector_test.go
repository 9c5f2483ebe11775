package server

import (
	"context"
	"encoding/hex"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	metricscollector "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
)

// spanOf is a span that a collector got.
type spanOf struct {
	*tracev1.Span

	attributes map[string]any
}

func (s spanOf) id() string     { return hex.EncodeToString(s.SpanId) }
func (s spanOf) trace() string  { return hex.EncodeToString(s.TraceId) }
func (s spanOf) parent() string { return hex.EncodeToString(s.ParentSpanId) }

// collecting is a collector of OTLP, over HTTP and gRPC.
type collecting struct {
	collector.UnimplementedTraceServiceServer
	metricscollector.UnimplementedMetricsServiceServer

	mu       sync.Mutex
	spans    []spanOf
	resource map[string]any
	metrics  map[string]bool
	tokens   map[string]bool // that were sent
}

// metricsPart is the part of a collector for metrics: both have a method Export.
type metricsPart struct {
	metricscollector.UnimplementedMetricsServiceServer

	*collecting
}

// Export is part of the collector's service.
func (c *collecting) Export(ctx context.Context, r *collector.ExportTraceServiceRequest) (*collector.ExportTraceServiceResponse, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tokens[strings.Join(md["authorization"], "")] = true
	for _, of := range r.ResourceSpans {
		c.resource = valuesOf(of.Resource.Attributes)
		for _, scope := range of.ScopeSpans {
			for _, span := range scope.Spans {
				c.spans = append(c.spans, spanOf{span, valuesOf(span.Attributes)})
			}
		}
	}
	return &collector.ExportTraceServiceResponse{}, nil
}

// Export is part of the collector's service.
func (c metricsPart) Export(_ context.Context, r *metricscollector.ExportMetricsServiceRequest) (*metricscollector.ExportMetricsServiceResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, of := range r.ResourceMetrics {
		for _, scope := range of.ScopeMetrics {
			for _, metric := range scope.Metrics {
				c.metrics[metric.Name] = true
			}
		}
	}
	return &metricscollector.ExportMetricsServiceResponse{}, nil
}

// ServeHTTP serves OTLP over HTTP.
func (c *collecting) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	ctx := metadata.NewIncomingContext(r.Context(), metadata.Pairs("authorization", r.Header.Get("Authorization")))
	var answer proto.Message
	switch r.URL.Path {
	case "/base/v1/traces":
		request := &collector.ExportTraceServiceRequest{}
		if err = proto.Unmarshal(body, request); err == nil {
			answer, err = c.Export(ctx, request)
		}
	case "/base/v1/metrics":
		request := &metricscollector.ExportMetricsServiceRequest{}
		if err = proto.Unmarshal(body, request); err == nil {
			answer, err = metricsPart{collecting: c}.Export(ctx, request)
		}
	default:
		http.NotFound(w, r)
		return
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	text, _ := proto.Marshal(answer)
	w.Header().Set("Content-Type", "application/x-protobuf")
	_, _ = w.Write(text)
}

func valuesOf(attributes []*common.KeyValue) map[string]any {
	out := map[string]any{}
	for _, a := range attributes {
		switch v := a.Value.Value.(type) {
		case *common.AnyValue_StringValue:
			out[a.Key] = v.StringValue
		case *common.AnyValue_IntValue:
			out[a.Key] = v.IntValue
		case *common.AnyValue_DoubleValue:
			out[a.Key] = v.DoubleValue
		case *common.AnyValue_BoolValue:
			out[a.Key] = v.BoolValue
		case *common.AnyValue_ArrayValue:
			var list []string
			for _, e := range v.ArrayValue.Values {
				list = append(list, e.GetStringValue())
			}
			out[a.Key] = strings.Join(list, ",")
		}
	}
	return out
}

// collect starts a collector, and returns its URL.
func collect(t *testing.T, overGRPC bool) (*collecting, string) {
	t.Helper()
	c := &collecting{metrics: map[string]bool{}, tokens: map[string]bool{}}
	if !overGRPC {
		server := httptest.NewServer(c)
		t.Cleanup(server.Close)
		return c, server.URL + "/base"
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	collector.RegisterTraceServiceServer(server, c)
	metricscollector.RegisterMetricsServiceServer(server, metricsPart{collecting: c})
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return c, "grpc://" + listener.Addr().String()
}

// await returns the spans of a collector when there are n.
func (c *collecting) await(t *testing.T, n int) []spanOf {
	t.Helper()
	var got []spanOf
	await(t, "the collector has the spans", func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		got = append([]spanOf(nil), c.spans...)
		return len(got) >= n
	})
	if len(got) != n {
		t.Fatalf("%d spans, want %d", len(got), n)
	}
	return got
}
