package bindgen

import (
	"go/types"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/tools/go/packages"
)

// loadSignatures fills in the parameters and results of the methods. The
// models must be staged: the methods' types are theirs. What does not compile
// is reported.
func loadSignatures(p *project, m *methods, s *stage, r *report) error {
	byPackage := map[string][]*method{}
	for _, meth := range m.all() {
		byPackage[meth.pkg] = append(byPackage[meth.pkg], meth)
	}
	if len(byPackage) == 0 {
		return nil
	}
	// The shared package is loaded in any case: generated code needs its Root.
	patterns := []string{path.Join(p.module, resolversFolder)}
	for pkg := range byPackage {
		if pkg != patterns[0] {
			patterns = append(patterns, pkg)
		}
	}
	loaded, err := packages.Load(&packages.Config{
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedImports | packages.NeedSyntax | packages.NeedTypes | packages.NeedTypesInfo,
		Dir:  s.dir,
	}, patterns...)
	if err != nil {
		return err
	}
	compiles := true
	for _, pkg := range loaded {
		for _, e := range distinct(pkg.Errors) {
			r.add(goError(s, e))
			compiles = false
		}
		if !compiles {
			continue
		}
		for _, meth := range byPackage[pkg.PkgPath] {
			readSignature(pkg.Types, meth, r)
		}
	}
	if !compiles {
		return r.err()
	}
	return nil
}

// distinct leaves out what the go command says of mistakes that the type
// checker finds too.
func distinct(errs []packages.Error) []packages.Error {
	byUs := slices.DeleteFunc(slices.Clone(errs), func(e packages.Error) bool { return e.Kind == packages.ListError })
	if len(byUs) > 0 {
		return byUs
	}
	return errs
}

func goError(s *stage, e packages.Error) Diagnostic {
	d := Diagnostic{File: resolversFolder, Message: strings.TrimSpace(e.Msg)}
	parts := strings.Split(e.Pos, ":")
	if len(parts) < 2 || e.Pos == "-" {
		return d
	}
	if rel, err := filepath.Rel(s.dir, parts[0]); err == nil {
		d.File = filepath.ToSlash(rel)
	}
	d.Line, _ = strconv.Atoi(parts[1])
	if len(parts) > 2 {
		d.Column, _ = strconv.Atoi(parts[2])
	}
	return d
}

func readSignature(pkg *types.Package, meth *method, r *report) {
	receiver := pkg.Scope().Lookup(meth.receiver)
	if receiver == nil {
		return
	}
	found, _, _ := types.LookupFieldOrMethod(types.NewPointer(receiver.Type()), true, pkg, meth.name)
	fn, ok := found.(*types.Func)
	if !ok {
		return
	}
	sig := fn.Signature()
	if bad := badShape(sig); bad != "" {
		meth.bad = true
		r.atGo(meth.pos, "resolvers have the shape func (ctx context.Context, …) (T, error)", "%s.%s can't resolve a field: %s", meth.receiver, meth.name, bad)
		return
	}
	for i := 1; i < sig.Params().Len(); i++ {
		v := sig.Params().At(i)
		meth.params = append(meth.params, param{name: v.Name(), typ: typeName(v.Type()), nilable: nilable(v.Type())})
	}
	meth.results = []string{typeName(sig.Results().At(0).Type())}
}

func badShape(sig *types.Signature) string {
	switch {
	case sig.Variadic():
		return "it is variadic"
	case sig.Params().Len() == 0 || typeName(sig.Params().At(0).Type()) != "context.Context":
		return "its first parameter is not a context.Context"
	case sig.Results().Len() != 2 || typeName(sig.Results().At(1).Type()) != "error":
		return "it does not return a value and an error"
	}
	return ""
}

// typeName spells a type with full import paths, the same for every way in
// which a package was loaded.
func typeName(t types.Type) string { return types.TypeString(t, nil) }

// shortType spells a type for a message.
func shortType(name string) string {
	var b strings.Builder
	start := 0
	for i := 0; i <= len(name); i++ {
		// A hyphen is a part of a path, unless it is that of "<-chan".
		if i < len(name) && !strings.ContainsRune("[]*<( ", rune(name[i])) && (name[i] != '-' || i == 0 || name[i-1] != '<') {
			continue
		}
		word := name[start:i]
		if slash := strings.LastIndexByte(word, '/'); slash >= 0 {
			word = word[slash+1:]
		}
		b.WriteString(word)
		if i < len(name) {
			b.WriteByte(name[i])
		}
		start = i + 1
	}
	return b.String()
}

func nilable(t types.Type) bool {
	switch t.Underlying().(type) {
	case *types.Pointer, *types.Slice, *types.Map, *types.Interface, *types.Chan, *types.Signature:
		return true
	}
	return false
}
