package config_test

import (
	"errors"
	"io/fs"
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
	if time.Duration(a.Timeout) != 5*time.Second || a.MaxBatch != 100 || a.MaxResponse != 8<<20 || a.ForwardAuthorization || a.Required {
		t.Errorf("service defaults: %+v", a)
	}
	if c.Playground.Enabled || c.Frontends.Introspection || len(c.CORS.Origins) > 0 {
		t.Error("something is open that the file did not open")
	}
	if c.Limits.Body != 1<<20 || c.Server.Listen != "127.0.0.1:8080" {
		t.Errorf("defaults: %+v", c)
	}
}

func TestValues(t *testing.T) {
	env := map[string]string{"HOST": "10.0.0.1", "EVIL": "x\nadmin: {listen: 0.0.0.0:1}"}
	c, err := config.Parse([]byte(`
server: {listen: "${HOST}:80", drain: 1m30s}
limits: {body: 64KiB, timeout: "${T:-250ms}", tokens: "${N:-7}"}
frontends: {default: "${EVIL}"}
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
	if c.Limits.Body != 64<<10 || c.Limits.Tokens != 7 || time.Duration(c.Limits.Timeout) != 250*time.Millisecond {
		t.Errorf("limits: %+v", c.Limits)
	}
	if c.Services["a"].URL != "grpc://10.0.0.1:1" || c.Services["a"].MaxResponse != 2<<20 {
		t.Errorf("service: %+v", c.Services["a"])
	}
	if c.Frontends.Default != env["EVIL"] || c.Admin.Listen != "127.0.0.1:9090" {
		t.Error("a value from the environment changed the structure")
	}
}

// All mistakes come in one error, each with its place.
func TestMistakes(t *testing.T) {
	_, err := config.Parse([]byte(`
server:
  lisen: 127.0.0.1:80
limits:
  tokens: -1
cors: {origins: ["*"], credentials: true}
services:
  a: {url: "${NOWHERE}"}
  b: {url: ftp://x, timout: 1s}
`), noEnv)
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		"line 3: there is no setting server.lisen; there are drain, listen",
		"limits.tokens must be more than 0",
		"cors.origins must not be * with credentials",
		"line 8: the environment has no NOWHERE",
		"services.b.url must be a URL",
		"line 9: there is no setting services.b.timout",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("missing %q in\n%v", want, err)
		}
	}
}

func TestWrongTypes(t *testing.T) {
	for _, text := range []string{"server: 7", "limits: {body: 1XB}", "limits: {timeout: soon}", "a: [", "services: [1]", "limits: {tokens: many}"} {
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
	f.Fuzz(func(t *testing.T, text string) {
		c, err := config.Parse([]byte(text), noEnv)
		if err == nil && c == nil {
			t.Fatal("neither a configuration nor an error")
		}
	})
}
