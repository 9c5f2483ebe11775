package config_test

import (
	"slices"
	"testing"

	"github.com/portico-gateway/portico/gateway/config"
)

func TestDiffer(t *testing.T) {
	parse := func(text string) *config.Config {
		t.Helper()
		c, err := config.Parse([]byte(text), func(string) string { return "" })
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	base := "services: {a: {url: 'http://a:1'}, b: {url: 'http://b:1'}}\n"
	for name, c := range map[string]struct {
		a, b              string
		reloaded, restart []string
	}{
		"nothing":           {base, base, nil, nil},
		"a setting":         {base, base + "server: {lameDuck: 1s}", []string{"server.lameDuck"}, nil},
		"needs a restart":   {base, base + "server: {listen: ':1'}\ncache: {size: 0}", nil, []string{"cache.size", "server.listen"}},
		"of a service":      {base, "services: {a: {url: 'http://c:1', maxBatch: 3}, b: {url: 'http://b:1'}}", []string{"services.a.url"}, []string{"services.a.maxBatch"}},
		"a service":         {base, "services: {a: {url: 'http://a:1'}, c: {url: 'http://b:1'}}", []string{"services.b", "services.c"}, nil},
		"of every frontend": {base, base + "frontend: {limits: {depth: 3}}", []string{"frontend.limits.depth"}, nil},
		"of one frontend":   {base + "frontends: {web: {}}", base + "frontends: {web: {limits: {depth: 3}}}", []string{"frontends.web.limits.depth"}, nil},
		"a list":            {base, base + "server: {trustedProxies: [10.0.0.0/8]}", []string{"server.trustedProxies"}, nil},
		"a secret":          {base, base + "admin: {token: x}", []string{"admin.token"}, nil},
		"a pointer":         {base, base + "frontend: {rateLimit: {anonymous: {capacity: 9000, refill: 1}}}", []string{"frontend.rateLimit.anonymous"}, nil},
	} {
		reloaded, restart := config.Differ(parse(c.a), parse(c.b))
		if !slices.Equal(reloaded, c.reloaded) || !slices.Equal(restart, c.restart) {
			t.Errorf("%s: %q and %q, want %q and %q", name, reloaded, restart, c.reloaded, c.restart)
		}
	}
}
