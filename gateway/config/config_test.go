package config_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/portico-gateway/portico/gateway/config"
)

func noEnv(string) string { return "" }

func TestDefaults(t *testing.T) {
	c, err := config.Parse([]byte("services:\n  a: {url: http://x:1}\n"), noEnv)
	if err != nil {
		t.Fatal(err)
	}
	a := c.Services["a"]
	if time.Duration(a.Timeout) != 5*time.Second || a.MaxBatch != 100 || a.MaxResponse != 8<<20 || a.ForwardAuthorization || a.FollowRedirects || a.Required {
		t.Errorf("service defaults: %+v", a)
	}
	if c.Playground.Enabled || c.Frontend.Introspection || len(c.Frontend.CORS.Origins) > 0 {
		t.Error("something is open that the file did not open")
	}
	if c.Frontend.Limits.Body != 1<<20 || c.Server.Listen != "127.0.0.1:8080" {
		t.Errorf("defaults: %+v", c)
	}
}

func TestValues(t *testing.T) {
	env := map[string]string{"HOST": "10.0.0.1", "EVIL": "x\nadmin: {listen: 0.0.0.0:1}"}
	c, err := config.Parse([]byte(`
server: {listen: "${HOST}:80", drain: 1m30s}
frontend: {limits: {body: 64KiB, timeout: "${T:-250ms}", tokens: "${N:-7}"}}
routing: {default: "${EVIL}"}
services:
  a:
    url: grpc://${HOST}:1
    maxResponse: 2 MiB
`), func(name string) string { return env[name] })
	if err != nil {
		t.Fatal(err)
	}
	if c.Server.Listen != "10.0.0.1:80" || time.Duration(c.Server.Drain) != 90*time.Second {
		t.Errorf("server: %+v", c.Server)
	}
	if l := c.Frontend.Limits; l.Body != 64<<10 || time.Duration(l.Timeout) != 250*time.Millisecond || l.Tokens != 7 {
		t.Errorf("limits: %+v", l)
	}
	if c.Services["a"].URL != "grpc://10.0.0.1:1" || c.Services["a"].MaxResponse != 2<<20 {
		t.Errorf("service: %+v", c.Services["a"])
	}
	if c.Routing.Default != env["EVIL"] || c.Admin.Listen != "127.0.0.1:9090" {
		t.Error("a value from the environment changed the structure")
	}
}

// The parser of YAML panics with some tags.
func TestTags(t *testing.T) {
	for _, text := range []string{
		"services: {a: {urls: ! b}}", "services: {a: {url: \"http://x\", headers: ! b}}",
		"frontends: {web: {cors: {origins: ! b}}}\nservices: {a: {url: \"http://x\"}}",
	} {
		if _, err := config.Parse([]byte(text), noEnv); err == nil {
			t.Errorf("%s: no error", text)
		}
	}
}

// Headers of callers that services must not be sent, each with the reason.
func TestHeadersOfServices(t *testing.T) {
	_, err := config.Parse([]byte(`
services:
  a: {url: "http://x:1", headers: [X-Tenant, accept-language, User-Agent, x-tenant, a b, "", authorization, cookie]}
  b: {url: "http://x:1", headers: [te, Proxy-Authorization, Sec-WebSocket-Key, host, content-type, Accept-Encoding, If-None-Match, traceparent]}
  c: {url: "http://x:1", headers: [X-Request-ID, X-Forwarded-For, forwarded, x-api-key, X-User], subjectHeader: x-user}
  d: {url: "http://x:1", headers: [X-User, last-event-id]}
`), noEnv)
	if err == nil {
		t.Fatal("no error")
	}
	const want = `services.a.headers[3]: is X-Tenant again
services.a.headers[4]: must be the name of a header, such as X-Tenant
services.a.headers[5]: must be the name of a header, such as X-Tenant
services.a.headers[6]: must not be Authorization: set forwardAuthorization to send it
services.a.headers[7]: must not be Cookie: a binding can send it, by {$request.headers.cookie}
services.b.headers[0]: must not be Te, which is for one connection only
services.b.headers[1]: must not be Proxy-Authorization, which is for one connection only
services.b.headers[2]: must not be Sec-Websocket-Key, which is for one connection only
services.b.headers[3]: must not be Host, which is about the caller's own request, or is set by the gateway
services.b.headers[4]: must not be Content-Type, which is about the caller's own request, or is set by the gateway
services.b.headers[5]: must not be Accept-Encoding, which is about the caller's own request, or is set by the gateway
services.b.headers[6]: must not be If-None-Match, which is about the caller's own request, or is set by the gateway
services.b.headers[7]: must not be Traceparent, which is about the caller's own request, or is set by the gateway
services.c.headers[0]: must not be X-Request-Id, which is about the caller's own request, or is set by the gateway
services.c.headers[1]: must not be X-Forwarded-For, which is for proxies to set: callers could make it up
services.c.headers[2]: must not be Forwarded, which is for proxies to set: callers could make it up
services.c.headers[3]: must not be X-Api-Key, which is auth.keyHeader: API keys are not sent to services
services.c.headers[4]: must not be X-User, which is services.c.subjectHeader: callers can't send it
services.d.headers[0]: must not be X-User, which is services.c.subjectHeader: callers can't send it
services.d.headers[1]: must not be Last-Event-Id, which is about the caller's own request, or is set by the gateway`
	var got []string
	for _, m := range mistakes(t, err) {
		got = append(got, m.Path+": "+m.Message)
	}
	if text := strings.Join(got, "\n"); text != want {
		t.Errorf("got\n%s", text)
	}
}

// A section without settings is as if it were not there.
func TestEmptySections(t *testing.T) {
	c, err := config.Parse([]byte("frontend:\nfrontends:\n  web:\n  mobile: {limits: }\nauth:\nserver:\nredis:\n"), noEnv)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"web", "mobile", "tv"} {
		if f := c.Of(name); f.Limits.Depth != 20 || f.Cost.Max != 5000 {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

// A frontend has what it says, and what all have.
func TestFrontends(t *testing.T) {
	c, err := config.Parse([]byte(`
frontends:
  mobile:
    limits: {depth: 5}
    rateLimit: {anonymous: {refill: 7}, tiers: {silver: {capacity: 7000, refill: 70}}}
frontend:
  introspection: true
  limits: {tokens: 100}
  rateLimit: {anonymous: {capacity: 6000, refill: 1}, tiers: {gold: {capacity: 9000, refill: 9}}}
`), noEnv)
	if err != nil {
		t.Fatal(err)
	}
	mobile, web := c.Of("mobile"), c.Of("web")
	if !mobile.Introspection || mobile.Limits.Depth != 5 || mobile.Limits.Tokens != 100 || mobile.Limits.Aliases != 50 {
		t.Errorf("mobile: %+v", mobile)
	}
	if a := mobile.RateLimit.Anonymous; a.Refill != 7 || a.Capacity != 6000 {
		t.Errorf("mobile: %+v", a)
	}
	if t2 := mobile.RateLimit.Tiers; t2["silver"].Refill != 70 {
		t.Errorf("mobile: %+v", t2)
	}
	if gold := mobile.RateLimit.Tiers["gold"]; gold == nil || gold.Refill != 9 { // merged by name
		t.Errorf("mobile: %+v", gold)
	}
	if web.Limits.Depth != 20 || web.RateLimit.Anonymous.Refill != 1 || web.RateLimit.Tiers["gold"].Refill != 9 {
		t.Errorf("web: %+v", web)
	}
}

// A tier of a frontend replaces the one of all frontends, without its capacity.
func TestTierIsReplaced(t *testing.T) {
	_, err := config.Parse([]byte(`
frontend: {rateLimit: {tiers: {gold: {capacity: 9000, refill: 9}}}}
frontends: {mobile: {rateLimit: {tiers: {gold: {refill: 7}}}}}
`), noEnv)
	if err == nil || !strings.Contains(err.Error(), "frontends.mobile.rateLimit.tiers.gold.capacity") {
		t.Errorf("got %v", err)
	}
}

func mistakes(t *testing.T, err error) config.Mistakes {
	t.Helper()
	var m config.Mistakes
	if !errors.As(err, &m) {
		t.Fatalf("got %v", err)
	}
	return m
}

func TestSecretsHideThemselves(t *testing.T) {
	s := config.Redis{URL: "redis://:hunter2@x"}
	if text := fmt.Sprintf("%v %+v %#v %s", s, s, s, s.URL); strings.Contains(text, "hunter2") {
		t.Error(text)
	}
}

func TestWrongTypes(t *testing.T) {
	for _, text := range []string{"server: 7", "frontend: {limits: {body: 1XB}}", "frontend: {limits: {timeout: soon}}", "frontends: {web: {limits: {timeout: soon}}}", "server: {trustedProxies: [here]}", "frontend: {cost: {report: maybe}}", "a: [", "services: [1]", "frontend: {limits: {tokens: many}}"} {
		if _, err := config.Parse([]byte(text), noEnv); err == nil {
			t.Errorf("%s: no error", text)
		}
	}
}

// The file that this repository ships is right, with nothing in the environment.
func TestShippedFile(t *testing.T) {
	c, err := config.Load("../../portico.yaml", noEnv)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Services) != 6 {
		t.Errorf("%d services, want 6", len(c.Services))
	}
	if _, err := config.Load("nowhere.yaml", noEnv); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("server: {listen: a}")
	f.Add("services:\n  a: {url: ${X:-http://x}}")
	f.Add("? [a]: b")
	f.Add("frontend: {rateLimit: {tiers: {a: {capacity: 1}}}}\nfrontends: {web: , mobile: {rateLimit: {tiers: {a: }}}}")
	f.Add("auth: {issuers: [{issuer: a, leeway: 1s}]}\nserver: {trustedProxies: [10.0.0.0/8]}")
	f.Add("frontends: []\nauth: {issuers: {a: b}}")
	f.Add("services: {a: &a {url: http://x}, b: {<<: [*a, *a]}, c: *a, <<: {d: *d}}")
	f.Add("a: &a [1,2]\nb: &b [*a,*a]\nc: &c [*b,*b]\nfrontend: {cors: {origins: *c}}")
	f.Add("services:\n\ta: !!str |\n  b\n---\n? a\n")
	f.Add("server: {? a : b, \"\": c, 'd e': ${X}}")
	files, err := filepath.Glob("testdata/mistakes/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := config.Parse([]byte(text), noEnv)
		if err == nil && c == nil {
			t.Fatal("neither a configuration nor an error")
		}
		if err == nil {
			shown := c.YAML()
			if _, err := config.Parse(shown, noEnv); err != nil && !strings.Contains(string(shown), "***") {
				t.Errorf("what is shown has mistakes: %v\n%s", err, shown)
			}
			return
		}
		for _, m := range mistakes(t, err) {
			if m.Line < 1 || m.Column < 1 || m.Message == "" {
				t.Errorf("%+v", m)
			}
		}
	})
}

// Aliases can't make a small file a large configuration.
func TestAliases(t *testing.T) {
	var text, many strings.Builder
	text.WriteString("services:\n  a: &a\n    config: &l0 {k: v}\n")
	for i := range 20 {
		fmt.Fprintf(&text, "    x%d: &l%d [*l%d, *l%[3]d]\n", i, i+1, i)
	}
	text.WriteString("auth: {keys: *l20}\nserver: {trustedProxies: *l20}\nfrontend: {cors: {origins: *l20}}\n")
	_, err := config.Parse([]byte(text.String()), noEnv)
	if len(mistakes(t, err)) > 30 {
		t.Errorf("got\n%v", err)
	}
	many.WriteString("server:\n  trustedProxies: &l [" + strings.Repeat("10.0.0.1,", 5000) + "]\nfrontends:\n")
	for i := range 20 {
		fmt.Fprintf(&many, "  f%d: {cors: {origins: *l}}\n", i)
	}
	_, err = config.Parse([]byte(many.String()), noEnv)
	if m := mistakes(t, err); !strings.Contains(m[0].Message, "more than 30000 values") {
		t.Errorf("got\n%v", err)
	}
}

// Files that are too large are not parsed.
func TestBounds(t *testing.T) {
	for name, text := range map[string]string{
		"bytes":  "# " + strings.Repeat("x", 1<<20),
		"values": strings.Repeat("a: 1\n", 20_000),
		"depth":  "a: " + strings.Repeat("- ", 100) + "b",
	} {
		c, err := config.Parse([]byte(text), noEnv)
		if m := mistakes(t, err); c != nil || len(m) != 1 || m[0].Line != 1 {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// Settings that are given count as if the file had them, also over aliases, and mistakes of them have the position of what
// the file has.
func TestLoadSet(t *testing.T) {
	file := filepath.Join(t.TempDir(), "portico.yaml")
	const text = `services:
  a: &a { url: "http://127.0.0.1:1", timeout: 2s }
  b: *a
auth:
  issuers: [{ issuer: "http://127.0.0.1:2", jwks: "http://127.0.0.1:2/keys" }]
`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(file, os.Getenv, "services.b.url=http://127.0.0.1:3", "server.listen=unix:/tmp/x", "auth.issuers[0].jwks=http://127.0.0.1:4/keys",
		"services.b.healthCheck=null", "frontend.limits.depth=3")
	if err != nil {
		t.Fatal(err)
	}
	if c.Services["a"].URL != "http://127.0.0.1:1" || c.Services["b"].URL != "http://127.0.0.1:3" || c.Services["b"].Timeout != config.Duration(2*time.Second) {
		t.Errorf("%+v", c.Services)
	}
	if c.Server.Listen != "unix:/tmp/x" || c.Auth.Issuers[0].JWKS != "http://127.0.0.1:4/keys" {
		t.Errorf("%q %+v", c.Server.Listen, c.Auth)
	}
	for set, want := range map[string]string{
		"services.a.timeout=soon":     "portico.yaml:2:47: services.a.timeout: ",
		"services.c=x":                "services.c: ",
		"servicess.a=1":               "there is no such setting",
		"nothing":                     "write a setting and its value",
		"auth.issuers[1].jwks=http:x": "the list has no item [1]",
		"server.listen={":             "is no value of YAML",
	} {
		if _, err := config.Load(file, os.Getenv, set); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, not %s", set, err, want)
		}
	}
}
