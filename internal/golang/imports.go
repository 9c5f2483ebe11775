package golang

import (
	"fmt"
	"go/types"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/compiler/protogen"

	"github.com/portico-gateway/portico/internal/plan"
)

// file is a file that is written: it collects the imports.
type file struct {
	module string // of the project
	name   string // of its package
	path   string // of its package
	// packages are the names of packages that do not end their paths.
	packages map[string]string
	imports  map[string]string // names by path
}

func newFile(p *plan.Plan, importPath string) *file {
	f := &file{name: path.Base(importPath), path: importPath, module: p.Module, packages: map[string]string{}, imports: map[string]string{}}
	for _, pkg := range p.Packages {
		f.packages[pkg.Path] = pkg.Name
	}
	if p.Protos != nil {
		for _, pkg := range p.Protos.Packages {
			f.packages[pkg.Path] = pkg.Name
		}
	}
	return f
}

// use imports a package and returns its name in the file.
func (f *file) use(importPath string) string {
	name := f.packages[importPath]
	if name == "" {
		name = path.Base(importPath)
	}
	return f.useAs(importPath, name)
}

func (f *file) useAs(importPath, name string) string {
	if have := f.imports[importPath]; have != "" {
		return have
	}
	if known := f.packages[importPath]; known != "" {
		name = known
	}
	if (isLocal(name) || isPredeclared(name)) && !f.isRuntime(importPath) {
		name += "pkg"
	}
	for base, n := name, 2; slices.Contains(slices.Collect(maps.Values(f.imports)), name); n++ {
		name = base + strconv.Itoa(n)
	}
	f.imports[importPath] = name
	return name
}

// isRuntime reports whether generated code depends on the name of a package.
func (f *file) isRuntime(importPath string) bool {
	return f.isStandard(importPath) || strings.HasPrefix(importPath, plan.GatewayPath+"/") || importPath == f.module+"/graph/model"
}

// isStandard reports whether a package is of the standard library, whose paths begin
// without a dot. Those of a module may do so too.
func (f *file) isStandard(importPath string) bool {
	first, _, _ := strings.Cut(importPath, "/")
	return !strings.Contains(first, ".") && importPath != f.module && !strings.HasPrefix(importPath, f.module+"/")
}

// gateway returns the qualified name of a declaration of the runtime library.
func (f *file) gateway(pkg, name string) string { return f.use(plan.GatewayPath+"/"+pkg) + "." + name }

func (f *file) upstream(name string) string { return f.gateway("upstream", name) }

func (f *file) loader(name string) string { return f.gateway("loader", name) }

// typ writes a type.
func (f *file) typ(t types.Type) string {
	return types.TypeString(t, func(p *types.Package) string {
		if p == nil || p.Path() == f.path {
			return ""
		}
		return f.useAs(p.Path(), p.Name())
	})
}

// ident writes a name that protoc-gen-go generates.
func (f *file) ident(id protogen.GoIdent) string {
	return f.use(string(id.GoImportPath)) + "." + id.GoName
}

// importBlock writes the imports, those of the standard library first.
func (f *file) importBlock() string {
	if len(f.imports) == 0 {
		return ""
	}
	var groups [2]strings.Builder
	for _, importPath := range slices.Sorted(maps.Keys(f.imports)) {
		group, alias := &groups[1], ""
		if f.isStandard(importPath) {
			group = &groups[0]
		}
		if name := f.imports[importPath]; name != path.Base(importPath) {
			alias = name + " "
		}
		fmt.Fprintf(group, "%s%q\n", alias, importPath)
	}
	return "import (\n" + groups[0].String() + "\n" + groups[1].String() + ")\n\n"
}
