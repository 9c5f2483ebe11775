package upstream

import (
	"regexp"
	"runtime/debug"
)

// module is the path of the module that has this package.
const module = "github.com/portico-gateway/portico"

// released matches versions of modules, without what follows a plus.
var released = regexp.MustCompile(`^v[0-9][0-9A-Za-z.-]*`)

// userAgent returns the User-Agent of calls, unless a binding sets it (RFC 9110, section 10.1.5).
func userAgent(info *debug.BuildInfo, ok bool) string { return "Portico/" + ModuleVersion(info, ok) }

// ModuleVersion returns the version of Portico's module in what [debug.ReadBuildInfo] returns,
// such as v1.2.3, or "devel" if it is not known.
func ModuleVersion(info *debug.BuildInfo, ok bool) string {
	version := "devel"
	if !ok {
		return version
	}
	for _, m := range append([]*debug.Module{&info.Main}, info.Deps...) {
		if m.Path != module {
			continue
		}
		if m.Replace != nil {
			m = m.Replace
		}
		if found := released.FindString(m.Version); found != "" {
			version = found
		}
	}
	return version
}
