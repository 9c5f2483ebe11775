package server

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/gateway/endpoint"
	"github.com/portico-gateway/portico/gateway/execute"
	"github.com/portico-gateway/portico/gateway/reload"
)

// readElsewhere are the settings that a reload applies although no part is configured with them:
// they are read of the state when they are needed, or its handlers are made with them. Each
// has a test.
var readElsewhere = map[string]string{
	"server.lameDuck":                     "TestReloadOfWhatIsReadOfTheState",
	"server.drain":                        "TestReloadOfWhatIsReadOfTheState",
	"admin.token":                         "TestReloadByAdmin",
	"server.tls.certificates.certificate": "TestReloadsTLS",
	"server.tls.certificates.key":         "TestReloadsTLS",
	"server.tls.minVersion":               "TestReloadsTLS",
	"server.tls.clientCA":                 "TestReplacedClientAuthority",
	"server.tls.clientCertificates":       "TestReplacedClientAuthority",
	"routing.default":                     "TestReloadOfWhatIsReadOfTheState",
	"routing.hosts.a.example":             "TestReloadOfWhatIsReadOfTheState",
	"frontend.cors.credentials":           "TestReloadOfWhatIsReadOfTheState",
	"playground.enabled":                  "TestReloadOfWhatIsReadOfTheState",
	"playground.tokenURL":                 "TestReloadOfWhatIsReadOfTheState",
	"services.s.required":                 "TestReloadOfWhatIsReadOfTheState",
}

// allSettings returns a configuration that has a value for every setting that is a list, a map or
// a pointer.
func allSettings() *config.Config {
	c := config.Defaults()
	half, bucket := 50.0, &config.Bucket{Capacity: 1, Refill: 1}
	c.Server.TrustedProxies = []config.Network{config.Network(netip.MustParsePrefix("10.0.0.0/8"))}
	c.Server.TLS = &config.ServerTLS{Certificates: []config.Certificate{{}}}
	c.Auth.Certificates = []config.ClientCertificate{{Subject: "web", Scopes: []string{"read"}}}
	c.Routing.Hosts = map[string]string{"a.example": "toy"}
	c.Auth.Issuers = []config.Issuer{{Issuer: "https://issuer.example"}}
	c.Auth.KeyFile = "keys"
	c.OTLP.Headers = map[string]config.Secret{"a": "b"}
	c.Frontend.RateLimit = config.RateLimit{Anonymous: bucket, Authenticated: bucket, Tiers: map[string]*config.Bucket{"gold": bucket}}
	target := []endpoint.Target{{URL: "http://a.example"}}
	c.Services = map[string]config.Service{"s": {
		URLs: target, Versions: map[string]config.Version{"v2": {URLs: target}}, Canary: config.Rules{{To: "v2", Percent: &half}},
		Mirror: &config.Mirror{To: "v2"}, HealthCheck: &config.HealthCheck{}, Config: map[string]string{"a": "b"},
	}}
	return &c
}

// configured returns what a reload configures parts with.
func (s *Server) configured(c *config.Config) []any {
	var services []any
	for _, of := range s.serviceConfigs(c) {
		of.OnStream, of.Observer, of.ObserveBatches, of.Suspect, of.Endpoints.Notify = nil, nil, nil, nil, nil
		services = append(services, of)
	}
	transports := s.transportConfig("toy", c.Of("toy"))
	transports.Shed, transports.Caller, transports.Init, transports.Renew, transports.Until, transports.Accepts = nil, nil, nil, nil, nil, nil
	verifier, err := authConfig(c, reload.Files{"": "", "keys": fmt.Sprintf("- {sha256: %064d, principal: a}", 0)}, s.log)
	return []any{services, transports, s.operationConfig(c.Of("toy")), verifier, fmt.Sprint(err), proxies(c.Server), c.Services["s"].HealthCheck == nil, telemetrySettings(c)}
}

// Every setting is applied by a reload, or has the tag reload:"false". This test is of settings
// that are yet to be added, too: one that is in none of the configurations of parts needs the tag,
// or a test of its own.
func TestEverySettingIsReloaded(t *testing.T) {
	cfg := allSettings()
	s, err := New(&config.Config{Auth: config.Auth{KeyHeader: "X-Api-Key"}}, slog.New(slog.DiscardHandler), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	before, seen := s.configured(cfg), 0
	eachSetting(t, reflect.ValueOf(cfg).Elem(), "", false, func(path string, fixed bool) {
		seen++
		applied := !reflect.DeepEqual(s.configured(cfg), before)
		_, elsewhere := readElsewhere[path]
		switch {
		case fixed && path == "services.s.maxBatch": // a part of the configuration that clients are made with
		case fixed && (applied || elsewhere):
			t.Errorf("%s: a reload applies it, or a part of it, and it has reload:\"false\"", path)
		case !fixed && !applied && !elsewhere:
			t.Errorf("%s: no reload applies it: it needs the tag reload:\"false\", or a test and a place in readElsewhere", path)
		case applied && elsewhere:
			t.Errorf("%s: a part is configured with it: it does not belong into readElsewhere", path)
		}
	})
	if !reflect.DeepEqual(s.configured(cfg), before) || seen < 100 {
		t.Errorf("the configuration was not restored, or only %d settings were seen", seen)
	}
}

// eachSetting calls visit while a setting has another value, for each below v. fixed is whether it
// needs a restart.
func eachSetting(t *testing.T, v reflect.Value, path string, fixed bool, visit func(path string, fixed bool)) {
	t.Helper()
	before := reflect.New(v.Type()).Elem()
	before.Set(v)
	defer v.Set(before)
	_, isText := reflect.TypeAssert[fmt.Stringer](v)
	switch kind := v.Kind(); {
	case path == "frontends": // the settings of frontend
		return
	case kind == reflect.Struct && !isText:
		for field, value := range v.Fields() {
			if field.IsExported() {
				name := strings.TrimPrefix(path+"."+field.Tag.Get("yaml"), ".")
				eachSetting(t, value, name, fixed || field.Tag.Get("reload") == "false", visit)
			}
		}
		return
	case kind == reflect.Pointer:
		other := reflect.New(v.Type().Elem())
		if v.IsNil() {
			t.Fatalf("%s: allSettings has no value", path)
		}
		other.Elem().Set(v.Elem())
		v.Set(other)
		eachSetting(t, other.Elem(), path, fixed, visit)
		return
	case kind == reflect.Map:
		eachOfMap(t, v, path, fixed, visit)
		return
	case kind == reflect.Slice && v.Type().Elem().Kind() == reflect.Struct && v.Type().Elem() != reflect.TypeFor[config.Network]():
		if v.Len() == 0 {
			t.Fatalf("%s: allSettings has no value", path)
		}
		other := reflect.MakeSlice(v.Type(), 1, 1)
		other.Index(0).Set(v.Index(0))
		v.Set(other)
		eachSetting(t, other.Index(0), path, fixed, visit)
		return
	case kind == reflect.Slice:
		v.Set(reflect.Append(v.Slice3(0, v.Len(), v.Len()), reflect.Zero(v.Type().Elem())))
	case kind == reflect.Bool:
		v.SetBool(!v.Bool())
	case v.CanInt():
		v.SetInt(v.Int() + 1_000_000_000) // durations may be rounded
	case v.CanFloat():
		v.SetFloat(v.Float() + 1)
	case kind == reflect.String:
		v.SetString(v.String() + "x")
	default:
		t.Fatalf("%s: no other value of %s is known", path, v.Type())
	}
	visit(path, fixed)
}

// eachOfMap is [eachSetting] for the entries of a map.
func eachOfMap(t *testing.T, v reflect.Value, path string, fixed bool, visit func(path string, fixed bool)) {
	t.Helper()
	if v.Len() == 0 {
		t.Fatalf("%s: allSettings has no value", path)
	}
	whole := v.Interface()
	for _, key := range v.MapKeys() {
		other := reflect.MakeMap(v.Type())
		for name, value := range reflect.ValueOf(whole).Seq2() {
			other.SetMapIndex(name, value)
		}
		v.Set(other)
		entry := reflect.New(v.Type().Elem()).Elem()
		entry.Set(other.MapIndex(key))
		eachSetting(t, entry, path+"."+key.String(), fixed, func(path string, fixed bool) {
			other.SetMapIndex(key, entry)
			visit(path, fixed)
		})
	}
}

// What no part is configured with is as the state says.
func TestReloadOfWhatIsReadOfTheState(t *testing.T) {
	var called string
	frontend := func(name string) execute.Frontend {
		schema, err := gqlparser.LoadSchema(&ast.Source{Name: "a.graphqls", Input: cachingDirectives + "type Query { n: Int }"})
		if err != nil {
			t.Fatal(err)
		}
		return execute.Frontend{Name: name, Schema: toy(schema, map[string]field{"n": func(context.Context, map[string]any) (any, error) {
			called = name
			return 1, nil
		}})}
	}
	cfg := config.Defaults()
	cfg.Frontend.Introspection = true
	cfg.Frontend.CORS.Origins = []string{"https://a.example"}
	cfg.Services = map[string]config.Service{"s": {URL: "http://127.0.0.1:1", Timeout: config.Duration(time.Second)}}
	s, err := New(&cfg, slog.New(slog.DiscardHandler), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.open([]execute.Frontend{frontend("a"), frontend("b")}, nil); err != nil {
		t.Fatal(err)
	}
	do := func(method, target string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, target, strings.NewReader(`{"query":"{n}"}`))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Origin", "https://a.example")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		return w
	}
	answering := func(target string) string {
		called = "nobody"
		do(http.MethodPost, target)
		return called
	}
	for name, c := range map[string]struct {
		observe func() any
		want    any
		change  func(c *config.Config)
	}{
		"routing.default":  {func() any { return answering("/graphql") }, "b", func(c *config.Config) { c.Routing.Default = "b" }},
		"routing.hosts":    {func() any { return answering("http://b.example/graphql") }, "b", func(c *config.Config) { c.Routing.Hosts = map[string]string{"b.example": "b"} }},
		"cors.credentials": {func() any { return do(http.MethodPost, "/graphql").Header().Get("Access-Control-Allow-Credentials") }, "true", func(c *config.Config) { c.Frontend.CORS.Credentials = true }},
		"playground.enabled": {func() any { return do(http.MethodGet, "/playground").Code }, http.StatusTemporaryRedirect, func(c *config.Config) {
			c.Playground.Enabled = true
		}},
		"playground.tokenURL": {func() any { return do(http.MethodPost, "/playground/token").Code }, http.StatusBadGateway, func(c *config.Config) {
			c.Playground = config.Playground{Enabled: true, TokenURL: "http://127.0.0.1:1"}
		}},
		"required": {func() any {
			return fmt.Sprint(s.health.Services(t.Context())["s"].Required, s.health.Ready())
		}, "true false", func(c *config.Config) {
			of := c.Services["s"]
			of.Required = true
			c.Services = map[string]config.Service{"s": of}
		}},
		"server.drain":    {func() any { return s.now().config.Server.Drain }, config.Duration(1), func(c *config.Config) { c.Server.Drain = 1 }},
		"server.lameDuck": {func() any { return s.now().config.Server.LameDuck }, config.Duration(1), func(c *config.Config) { c.Server.LameDuck = 1 }},
	} {
		next := cfg
		before := c.observe()
		if c.change(&next); before == c.want {
			t.Errorf("%s: it is %v without the change", name, before)
		}
		if err := s.change(t.Context(), &next); err != nil {
			t.Fatal(err)
		}
		if got := c.observe(); got != c.want {
			t.Errorf("%s: it is %v, want %v", name, got, c.want)
		}
		again := cfg
		if err := s.change(t.Context(), &again); err != nil {
			t.Fatal(err)
		}
		if got := c.observe(); got != before {
			t.Errorf("%s: it is %v after it was changed back, want %v", name, got, before)
		}
	}
}

// Another DNS server can say that services are elsewhere.
func TestOthersAnswerWithAnotherResolver(t *testing.T) {
	before, next := config.Defaults(), config.Defaults()
	if othersAnswer(&before, &next) {
		t.Error("without a change")
	}
	if next.Discovery.Resolver = "127.0.0.1:53"; !othersAnswer(&before, &next) {
		t.Error("with another resolver")
	}
}
