package bindgen

import (
	"fmt"
	"go/types"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"golang.org/x/tools/go/packages"

	"github.com/portico-gateway/portico/gateway/directive"
	"github.com/portico-gateway/portico/internal/binding"
)

// clientsFolder holds the clients of services, and the functions that convert
// what they give.
const clientsFolder = "clients"

// converters are the Go functions that @source names, by that name.
type converters map[string]*types.Func

// loadConverters loads the packages of the functions. The models must be
// staged.
func (g *generation) loadConverters(r *report) (converters, error) {
	wanted := map[string]*ast.Position{}
	for _, name := range typeNames(g.union) {
		for _, field := range g.union.Types[name].Fields {
			for _, d := range field.Directives.ForNames(binding.SourceDirective) {
				if arg := d.Arguments.ForName("convert"); arg != nil {
					wanted[arg.Value.Raw] = arg.Value.Position
				}
			}
		}
	}
	if len(wanted) == 0 {
		return nil, nil //nolint:nilnil // there are none
	}
	var patterns []string
	for name, pos := range wanted {
		folder := path.Join(clientsFolder, name[:strings.LastIndexByte(name, '.')])
		if _, err := os.Stat(g.stage.path(folder)); err != nil {
			r.at(pos, "write func "+name[strings.LastIndexByte(name, '.')+1:]+" in "+folder, "there is no Go package %s", folder)
			delete(wanted, name)
			continue
		}
		patterns = append(patterns, path.Join(g.project.module, folder))
	}
	if len(patterns) == 0 {
		return nil, nil //nolint:nilnil // there are none
	}
	slices.Sort(patterns)
	loaded, err := packages.Load(&packages.Config{
		Mode: packages.NeedName | packages.NeedImports | packages.NeedSyntax | packages.NeedTypes | packages.NeedTypesInfo | packages.NeedFiles,
		Dir:  g.stage.dir,
	}, slices.Compact(patterns)...)
	if err != nil {
		return nil, err
	}
	byPath := map[string]*packages.Package{}
	for _, pkg := range loaded {
		byPath[pkg.PkgPath] = pkg
	}
	out := converters{}
	for name, pos := range wanted {
		dot := strings.LastIndexByte(name, '.')
		folder := path.Join(clientsFolder, name[:dot])
		pkg := byPath[path.Join(g.project.module, folder)]
		if pkg == nil || pkg.Types == nil {
			return nil, fmt.Errorf("the Go package %s could not be loaded", folder)
		}
		fn, ok := pkg.Types.Scope().Lookup(name[dot+1:]).(*types.Func)
		if !ok {
			r.at(pos, suggest(name[dot+1:], functionNames(pkg.Types), "write func "+name[dot+1:]+" in "+folder), "the package %s has no function %s", folder, name[dot+1:])
			for _, e := range distinct(pkg.Errors) {
				r.add(goError(g.stage, e))
			}
			continue
		}
		out[name] = fn
	}
	return out, nil
}

func functionNames(pkg *types.Package) []string {
	var names []string
	for _, name := range pkg.Scope().Names() {
		if _, ok := pkg.Scope().Lookup(name).(*types.Func); ok {
			names = append(names, name)
		}
	}
	return names
}

// converted adds a field whose value a Go function makes.
func (w *clientWriter) converted(row *rowType, m typeMember, model types.Type) {
	field, src := m.FieldDefinition, m.src
	fn := w.converters[src.Convert]
	if fn == nil {
		return // reported
	}
	sig := fn.Signature()
	what := row.def.Name + "." + field.Name
	if sig.Params().Len() != len(src.Names) || sig.Variadic() {
		w.report.at(src.Pos, fmt.Sprintf("name %d fields of the service", sig.Params().Len()), "%s takes %d values, but %s gives it %d", src.Convert, sig.Params().Len(), what, len(src.Names))
		return
	}
	var args []string
	for i, path := range src.Names {
		arg, ok := w.converterArgument(row, field, path, sig.Params().At(i).Type())
		if !ok {
			return
		}
		args = append(args, arg)
	}
	call := imported(fn.Pkg().Path()) + "." + fn.Name() + "(" + strings.Join(args, ", ") + ")"
	expr, ok := w.converterResult(row, m, call, sig, model)
	if !ok {
		w.report.at(src.Pos, "", "%s returns %s, but %s is %s", src.Convert, shortType(sig.Results().String()), what, shortType(typeName(model)))
		return
	}
	row.inits = append(row.inits, goName(field.Name)+": "+expr)
}

// converterArgument reads a value of a service as the function takes it: one
// that must be there, or by pointer, nil when it is null.
func (w *clientWriter) converterArgument(row *rowType, field *ast.FieldDefinition, path directive.Path, t types.Type) (string, bool) {
	typ, required := "*"+spelled(element(t)), !isPointer(t)
	if nilable(element(t)) {
		typ, required = spelled(t), false
	}
	member, err := row.shape.add(path, typ)
	if err != nil {
		w.report.at(field.Position, "take it with the same type everywhere", "%s.%s: %v", row.def.Name, field.Name, err)
		return "", false
	}
	if !required {
		return "r." + member, true
	}
	row.steps = append(row.steps, step{condition: "r." + member + " == nil", path: path.String()})
	return "*r." + member, true
}

func (w *clientWriter) converterResult(row *rowType, m typeMember, call string, sig *types.Signature, model types.Type) (string, bool) {
	results := sig.Results()
	if results.Len() == 0 || results.Len() > 2 || results.Len() == 2 && typeName(results.At(1).Type()) != "error" {
		return "", false
	}
	expr := call
	if results.Len() == 2 {
		expr = w.local(m.Name)
		row.steps = append(row.steps, step{code: fmt.Sprintf("%s, err := %s\nif err != nil {\nreturn nil, %s(%q, err)\n}\n", expr, call, w.upstream("In"), m.src.Names[0])})
	}
	switch have, want := typeName(results.At(0).Type()), typeName(model); {
	case have == want:
		return expr, true
	case "*"+have == want:
		return "new(" + expr + ")", true
	}
	return "", false
}
