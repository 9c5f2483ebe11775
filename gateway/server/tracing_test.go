package server

import (
	"context"
	"fmt"
	"log/slog"

	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"google.golang.org/grpc"
	grpchealth "google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"

	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/gateway/loader"
	"github.com/portico-gateway/portico/gateway/observe"

	"github.com/portico-gateway/portico/gateway/upstream"
)

// telling are services that note the trace context of their calls.
type telling struct {
	mu      sync.Mutex
	parents map[string][]string // by service
	states  map[string]string
}

func (o *telling) note(service, parent, state string) {
	if parent == "" { // a check whether the service is ready
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.parents[service] = append(o.parents[service], parent)
	o.states[service] = state
}

func (o *telling) of(service string) []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.parents[service]
}

// startTelling starts a service over HTTP, whose first answer to /broken is 503, and one over gRPC.
func startTelling(t *testing.T) (*telling, string, string) {
	t.Helper()
	o := &telling{parents: map[string][]string{}, states: map[string]string{}}
	var failed atomic.Bool
	overHTTP := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.note("things", r.Header.Get("Traceparent"), r.Header.Get("Tracestate"))
		if strings.HasPrefix(r.URL.Path, "/broken") && failed.CompareAndSwap(false, true) {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		if strings.HasPrefix(r.URL.Path, "/missing") {
			w.WriteHeader(http.StatusTeapot)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"1":1,"2":2}`))
	}))
	t.Cleanup(overHTTP.Close)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	overGRPC := grpc.NewServer(grpc.UnaryInterceptor(func(ctx context.Context, r any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		md, _ := metadata.FromIncomingContext(ctx)
		o.note("health", strings.Join(md["traceparent"], ";"), strings.Join(md["tracestate"], ";"))
		return next(ctx, r)
	}))
	grpc_health_v1.RegisterHealthServer(overGRPC, grpchealth.NewServer())
	go func() { _ = overGRPC.Serve(listener) }()
	t.Cleanup(overGRPC.Stop)
	return o, overHTTP.URL, "grpc://" + listener.Addr().String()
}

// tracedGateway is a gateway before both services, whose spans a collector gets.
func tracedGateway(t *testing.T, endpoint string, change func(*config.Config)) (*telling, *httptest.Server, *Server) {
	t.Helper()
	told, overHTTP, overGRPC := startTelling(t)
	var s *Server
	get := func(path string) func(ctx context.Context, args map[string]any) (any, error) {
		return func(ctx context.Context, _ map[string]any) (any, error) {
			client, err := s.services.HTTP("things")
			if err != nil {
				return nil, err
			}
			return upstream.GetJSON[map[string]int](ctx, client, upstream.Request{Path: []string{path, "1"}, Binding: "schema/toy.graphqls:1:2"})
		}
	}
	things := loader.New(10, func(ctx context.Context, _ []string) (map[string]int, error) {
		client, err := s.services.HTTP("things")
		if err != nil {
			return nil, err
		}
		return upstream.GetJSON[map[string]int](ctx, client, upstream.Request{Path: []string{"things"}, Binding: "schema/toy.graphqls:3:4"})
	})
	server, made := cachingGateway(t, `type Query { n: Int @cacheControl(maxAge: 60) things: [Int] checked: Int broken: Int missing: Int secret(of: String): Int } type Subscription { n: Int }`, map[string]field{
		"n": func(context.Context, map[string]any) (any, error) { return 1, nil },
		"things": func(ctx context.Context, _ map[string]any) (any, error) {
			return things.LoadAll(loader.WithScope(ctx), []string{"1", "2", "1"})
		},
		"checked": func(ctx context.Context, _ map[string]any) (any, error) {
			client, err := s.services.GRPC("health")
			if err != nil {
				return nil, err
			}
			_, err = grpc_health_v1.NewHealthClient(upstream.Conn(client)).Check(ctx, &grpc_health_v1.HealthCheckRequest{})
			return 1, err
		},
		"broken": get("broken"), "missing": get("missing"), "secret": get("things"),
	}, func(c *config.Config) {
		c.OTLP.Endpoint, c.OTLP.Sample, c.OTLP.Headers = endpoint, 1, map[string]config.Secret{"Authorization": "Bearer of-the-collector"}
		c.OTLP.Metrics = config.Duration(10 * time.Millisecond)
		c.Services = map[string]config.Service{"things": {URL: overHTTP}, "health": {URL: overGRPC}}
		if change != nil {
			change(c)
		}
	})
	s = made
	return told, server, s
}

const (
	parentID   = "00f067aa0ba902b7"
	traceID    = "4bf92f3577b34da6a3ce929d0e0e4736"
	sampledBy  = "Traceparent: 00-" + traceID + "-" + parentID + "-01"
	notSampled = "Traceparent: 00-" + traceID + "-" + parentID + "-00"
)

// An operation has a span, below that of its caller, and each call of a service has one below it, which
// is the parent of the service's own.
func TestSpans(t *testing.T) {
	for name, overGRPC := range map[string]bool{"OTLP over HTTP": false, "OTLP over gRPC": true} {
		t.Run(name, func(t *testing.T) {
			c, endpoint := collect(t, overGRPC)
			told, server, _ := tracedGateway(t, endpoint, nil)
			got := ask(t, server, http.MethodPost, "query Home{things checked broken}", sampledBy, "Tracestate: a=b,c=d", "Graphql-Client-Name: shop", "X-Request-Id: first")
			if got.status != 200 || strings.Contains(got.body, "error") {
				t.Fatal(got)
			}
			all := c.await(t, 4)
			var operation, things, checked, broken spanOf
			for _, s := range all {
				switch {
				case s.Name == "query":
					operation = s
				case s.Name == "/grpc.health.v1.Health/Check":
					checked = s
				case s.attributes["portico.batch.keys"] != nil:
					things = s
				default:
					broken = s
				}
			}
			if operation.parent() != parentID || operation.trace() != traceID || operation.TraceState != "a=b,c=d" || operation.Kind.String() != "SPAN_KIND_SERVER" {
				t.Errorf("the operation: %v", operation)
			}
			for name, want := range map[string]any{
				"graphql.operation.type": "query", "graphql.operation.name": "Home", "portico.frontend": "toy", "portico.request": "first",
				"portico.client.name": "shop", "portico.outcome": "success", "portico.cache": "miss", "portico.calls": int64(3),
				"http.request.method": "POST", "http.response.status_code": int64(200), "http.response.body.size": int64(len(got.body)),
			} {
				if operation.attributes[name] != want {
					t.Errorf("%s of the operation: %v, want %v", name, operation.attributes[name], want)
				}
			}
			for _, s := range []spanOf{things, checked, broken} {
				if s.parent() != operation.id() || s.trace() != traceID || s.Kind.String() != "SPAN_KIND_CLIENT" ||
					s.StartTimeUnixNano < operation.StartTimeUnixNano || s.EndTimeUnixNano > operation.EndTimeUnixNano {
					t.Errorf("not a part of the operation: %v", s)
				}
			}
			if things.attributes["portico.batch.keys"] != int64(2) || things.attributes["http.request.method"] != "GET" || things.Name != "GET things" ||
				things.attributes["portico.service"] != "things" || things.attributes["portico.route"] != "schema/toy.graphqls:3:4" ||
				things.attributes["server.address"] != "127.0.0.1" || things.attributes["http.response.status_code"] != int64(200) {
				t.Errorf("the batch: %v", things)
			}
			if len(broken.Events) != 1 || broken.Events[0].Name != "retry" || broken.attributes["portico.attempts"] != int64(2) {
				t.Errorf("the call that was made again: %v", broken)
			}
			if checked.attributes["rpc.system.name"] != "grpc" || checked.attributes["rpc.method"] != "/grpc.health.v1.Health/Check" {
				t.Errorf("the call over gRPC: %v", checked)
			}
			for _, s := range []spanOf{things, broken} {
				if !slices.Contains(told.of("things"), "00-"+traceID+"-"+s.id()+"-01") {
					t.Errorf("the service was told %v, not %s", told.of("things"), s.id())
				}
			}
			if want := []string{"00-" + traceID + "-" + checked.id() + "-01"}; !slices.Equal(told.of("health"), want) || told.states["health"] != "a=b,c=d" || told.states["things"] != "a=b,c=d" {
				t.Errorf("the service over gRPC was told %v %v, want %v", told.of("health"), told.states, want)
			}
			await(t, "metrics are sent", func() bool {
				c.mu.Lock()
				defer c.mu.Unlock()
				return c.metrics["portico_operations_total"] && c.metrics["go_goroutines"]
			})
			c.mu.Lock()
			defer c.mu.Unlock()
			if !c.tokens["Bearer of-the-collector"] || c.resource["service.name"] != "portico" {
				t.Errorf("tokens %v, resource %v", c.tokens, c.resource)
			}
		})
	}
}

// What is sampled has spans; services are sent a trace context in any case.
func TestSampling(t *testing.T) {
	c, endpoint := collect(t, false)
	told, server, s := tracedGateway(t, endpoint, func(c *config.Config) { c.OTLP.Sample = 0 })
	last := func() string {
		all := told.of("health")
		return all[len(all)-1]
	}
	ask(t, server, http.MethodPost, "{checked}")
	if first := last(); len(first) != len("00-"+traceID+"-"+parentID+"-00") || !strings.HasSuffix(first, "-00") {
		t.Errorf("a new trace that is not sampled: %q", first)
	}
	ask(t, server, http.MethodPost, "{checked}", notSampled)
	if "Traceparent: "+last() != notSampled {
		t.Errorf("a caller's trace that is not sampled: %q", last())
	}
	ask(t, server, http.MethodPost, "{checked}", sampledBy)
	all := c.await(t, 2)
	if !strings.HasPrefix(last(), "00-"+traceID+"-") || "Traceparent: "+last() == sampledBy || all[0].trace() != traceID {
		t.Errorf("a caller's trace that is sampled: %q", last())
	}
	limited := *s.now().config
	limited.OTLP.SampleCallers = 0
	s.observer.Change(telemetrySettings(&limited))
	ask(t, server, http.MethodPost, "{checked}", sampledBy)
	if "Traceparent: "+last() != sampledBy {
		t.Errorf("a caller's trace beyond the limit: %q", last())
	}
	limited.OTLP.Sample = 1
	s.observer.Change(telemetrySettings(&limited))
	ask(t, server, http.MethodPost, "{checked}")
	if got := c.await(t, 4)[3]; len(got.ParentSpanId) != 0 || got.trace() == traceID || !strings.Contains(last(), got.trace()) {
		t.Errorf("a new trace that is sampled: %v, the service was told %s", got, last())
	}
}

// Every request for an operation has a span, also one that is not executed: its status is that of the
// answer, and it has codes of errors instead of texts.
func TestSpansOfOtherRequests(t *testing.T) {
	c, endpoint := collect(t, false)
	_, server, _ := tracedGateway(t, endpoint, func(c *config.Config) { c.Frontend.Limits.Batch = 5 })
	const secret = "s3cret"
	ask(t, server, http.MethodPost, "{n}")
	ask(t, server, http.MethodPost, "{n}")
	ask(t, server, http.MethodPost, "{nope(x: \""+secret+"\")}")
	ask(t, server, http.MethodPost, "{missing secret(of: \""+secret+"\")}")
	post(t, server, `[{"query":"{__typename}"},{"query":"query($x:String){secret(of:$x)}","variables":{"x":"`+secret+`"}}]`)
	post(t, server, `{"quer`)
	var got []string
	var known []string
	for _, a := range observe.Attributes() {
		known = append(known, a.Name)
	}
	for _, s := range c.await(t, 9) {
		for name := range s.attributes {
			if !slices.Contains(known, name) {
				t.Errorf("%s is no attribute of observe.Attributes", name)
			}
		}
		got = append(got, fmt.Sprintln(s.Name, s.attributes["portico.cache"], s.attributes["portico.outcome"], s.attributes["portico.codes"],
			s.attributes["error.type"], s.Status.GetCode(), s.attributes["http.response.status_code"]))
		for _, text := range []string{fmt.Sprint(s.attributes), s.Status.GetMessage(), fmt.Sprint(s.Events)} {
			if strings.Contains(text, secret) {
				t.Errorf("%s tells of a value: %s", s.Name, text)
			}
		}
		if s.Kind.String() == "SPAN_KIND_SERVER" && s.attributes["portico.document"] != nil && len(s.attributes["portico.document"].(string)) != 64 {
			t.Errorf("no hash: %v", s.attributes)
		}
	}
	slices.Sort(got)
	want := []string{
		"GET things <nil> <nil> <nil> <nil> STATUS_CODE_UNSET 200\n",
		"GET things <nil> <nil> <nil> <nil> STATUS_CODE_UNSET 200\n",
		"GET things <nil> <nil> <nil> DOWNSTREAM_SERVICE_ERROR STATUS_CODE_ERROR 418\n",
		"GraphQL Operation bypass refusal GRAPHQL_VALIDATION_FAILED GRAPHQL_VALIDATION_FAILED STATUS_CODE_ERROR 200\n",
		"query bypass success <nil> <nil> STATUS_CODE_UNSET 200\n",
		"query hit success <nil> <nil> STATUS_CODE_UNSET 200\n",
		"query miss partial DOWNSTREAM_SERVICE_ERROR DOWNSTREAM_SERVICE_ERROR STATUS_CODE_ERROR 200\n",
		"query miss success <nil> <nil> STATUS_CODE_UNSET 200\n",
		"query miss success <nil> <nil> STATUS_CODE_UNSET 200\n",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%swant\n%s", strings.Join(got, ""), strings.Join(want, ""))
	}
}

// Each operation of a WebSocket is a trace of its own, unless the connection was opened in one.
func TestSpansOfWebSockets(t *testing.T) {
	c, endpoint := collect(t, false)
	told, server, _ := tracedGateway(t, endpoint, nil)
	for _, header := range []http.Header{nil, {"Traceparent": {strings.TrimPrefix(sampledBy, "Traceparent: ")}}} {
		conn, _, err := websocket.Dial(t.Context(), server.URL+"/graphql/toy", &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}, HTTPHeader: header})
		if err != nil {
			t.Fatal(err)
		}
		send := func(text string) {
			if err := conn.Write(t.Context(), websocket.MessageText, []byte(text)); err != nil {
				t.Fatal(err)
			}
		}
		send(`{"type":"connection_init"}`)
		for i := range 2 {
			send(fmt.Sprintf(`{"type":"subscribe","id":"%d","payload":{"query":"query Checked{a%d: checked}"}}`, i, i)) // not coalesced
		}
		for completed := 0; completed < 2; {
			_, text, err := conn.Read(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(text), `"complete"`) {
				completed++
			}
		}
		_ = conn.CloseNow()
	}
	traces := map[string]int{}
	for _, s := range c.await(t, 8) {
		traces[s.trace()]++
		if s.Kind.String() == "SPAN_KIND_CLIENT" && !slices.Contains(told.of("health"), "00-"+s.trace()+"-"+s.id()+"-01") {
			t.Errorf("the service was not told of %v", s)
		}
	}
	if len(traces) != 3 || traces[traceID] != 4 {
		t.Errorf("spans by trace: %v", traces)
	}
}

// A collector that does not answer, or refuses, has no effect on requests. That is logged once, and when
// it works again.
func TestCollectorOutage(t *testing.T) {
	c, _ := collect(t, false)
	var down atomic.Bool
	down.Store(true)
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if down.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		c.ServeHTTP(w, r)
	}))
	defer collector.Close()
	log := &lines{}
	metrics := observe.NewMetrics()
	otlp, err := observe.NewOTLP(observe.OTLPConfig{Endpoint: collector.URL + "/base"}, metrics, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	stop := otlp.Start()
	span := func() { otlp.Operation(observe.NewTrace(), time.Now()).EndOperation(&observe.Line{Type: "query"}) }
	await(t, "the outage is logged", func() bool { span(); return strings.Contains(log.String(), "traces can't be sent") })
	down.Store(false)
	await(t, "that it works again is logged", func() bool { span(); return strings.Contains(log.String(), "traces are sent again") })
	if n := strings.Count(log.String(), "can't be sent"); n != 1 {
		t.Errorf("%d lines:\n%s", n, log)
	}
	collector.Close()
	span()
	stop(t.Context())
	_, server, _ := tracedGateway(t, "grpc://127.0.0.1:1", nil)
	for range 100 {
		if got := ask(t, server, http.MethodPost, "{checked}"); got.status != 200 || strings.Contains(got.body, "errors") {
			t.Fatal(got)
		}
	}
}
