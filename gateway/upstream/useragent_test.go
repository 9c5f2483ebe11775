package upstream

import (
	"runtime/debug"
	"testing"
)

func TestUserAgent(t *testing.T) {
	of := func(version string) debug.Module { return debug.Module{Path: module, Version: version} }
	for name, c := range map[string]struct {
		main debug.Module
		dep  debug.Module
		want string
	}{
		"a project":           {main: debug.Module{Path: "example.com/shop", Version: "v9.9.9"}, dep: of("v1.2.3"), want: "Portico/v1.2.3"},
		"this repository":     {main: of("v1.2.3"), want: "Portico/v1.2.3"},
		"not a release":       {main: of("v1.2.4-0.20260102030405-abcdef012345+dirty"), want: "Portico/v1.2.4-0.20260102030405-abcdef012345"},
		"not built of a tag":  {main: of("(devel)"), want: "Portico/devel"},
		"without versions":    {main: of(""), want: "Portico/devel"},
		"in another place":    {dep: debug.Module{Path: module, Version: "v1.2.3", Replace: &debug.Module{Path: "../portico"}}, want: "Portico/devel"},
		"of another module":   {dep: debug.Module{Path: module, Version: "v1.2.3", Replace: &debug.Module{Path: "x/y", Version: "v2.0.0"}}, want: "Portico/v2.0.0"},
		"not in what is used": {dep: debug.Module{Path: "x/y", Version: "v2.0.0"}, want: "Portico/devel"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := userAgent(&debug.BuildInfo{Main: c.main, Deps: []*debug.Module{&c.dep}}, true); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
	if got := userAgent(nil, false); got != "Portico/devel" {
		t.Errorf("got %s", got)
	}
}
