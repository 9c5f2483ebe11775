package plan

import (
	"fmt"
	"go/types"
	"strings"

	"github.com/portico-gateway/portico/internal/project"
)

// signature is the signature of a hand-written method.
type signature struct {
	params []*types.Var // without the context
	result types.Type
}

// readSignatures finds the signatures of the methods in checked packages. It
// reports methods that no resolver can call.
func (m *maker) readSignatures(checked map[string]*types.Package) {
	m.signatures = map[*project.Method]*signature{}
	for _, method := range m.project.Methods.All() {
		pkg := checked[method.Package.Path]
		receiver := pkg.Scope().Lookup(method.Receiver)
		if receiver == nil {
			continue
		}
		found, _, _ := types.LookupFieldOrMethod(types.NewPointer(receiver.Type()), true, pkg, method.Name)
		fn, ok := found.(*types.Func)
		if !ok {
			continue
		}
		sig := fn.Signature()
		if bad := badShape(sig); bad != "" {
			m.report.AtGo(method.Pos, "resolvers have the shape func (ctx context.Context, …) (T, error)", "%s.%s can't resolve a field: %s",
				method.Receiver, method.Name, bad)
			continue
		}
		if strings.Contains(TypeName(sig), types.Typ[types.Invalid].Name()) {
			if !m.report.HasLine(method.Pos.Filename, method.Pos.Line) {
				m.report.AtGo(method.Pos, "go build ./... says what is missing", "the signature of %s.%s has a type that is not known",
					method.Receiver, method.Name)
			}
			continue
		}
		out := &signature{result: sig.Results().At(0).Type()}
		for i := 1; i < sig.Params().Len(); i++ {
			out.params = append(out.params, sig.Params().At(i))
		}
		m.signatures[method] = out
	}
}

// badShape describes the mistake in the signature of a resolver; it returns "" if
// there is none.
func badShape(sig *types.Signature) string {
	switch {
	case sig.Variadic():
		return "it is variadic"
	case sig.Params().Len() == 0 || TypeName(sig.Params().At(0).Type()) != "context.Context":
		return "its first parameter is not a context.Context"
	case sig.Results().Len() != 2 || TypeName(sig.Results().At(1).Type()) != "error":
		return "it does not return a value and an error"
	}
	return ""
}

// bindMethod plans the call of a method. It returns false if the method does
// not fit the field, which is reported.
func (b *adapting) bindMethod(a *Adapter, method *project.Method) bool {
	sig := b.signatures[method]
	if sig == nil {
		return false // reported
	}
	before := b.report.Len()
	mismatch := func(fix, format string, args ...any) {
		at := fmt.Sprintf(" (%s.%s of frontend %s, %s)", a.Object.Name, a.Name, b.frontend.Name, project.Where(b.position(a)))
		b.report.AtGo(method.Pos, fix, "%s", method.Receiver+"."+method.Name+" "+fmt.Sprintf(format, args...)+at)
	}
	params := sig.params
	if !a.Object.Root {
		checkParent(a, params, mismatch)
		params = params[min(1, len(params)):]
	}
	bindArguments(a, params, mismatch)
	b.bindResult(a, sig.result, mismatch)
	return b.report.Len() == before
}

// mismatch reports how a method does not fit a field.
type mismatch func(fix, format string, args ...any)

// checkParent checks the parameter of the parent, or of all parents.
func checkParent(a *Adapter, params []*types.Var, report mismatch) {
	want := a.Object.Type
	if a.Method.Batch {
		want = types.NewSlice(want)
	}
	if len(params) == 0 || TypeName(params[0].Type()) != TypeName(want) {
		one := shortType(a.Object.Type)
		report("make the second parameter objs []"+one+" for all parents at once, or obj "+one+" for one", "does not take its parents as %s", shortType(want))
	}
}

// bindArguments matches the method's parameters to the field's arguments by name.
func bindArguments(a *Adapter, params []*types.Var, report mismatch) {
	used := map[*Argument]bool{}
	for _, param := range params {
		arg := argumentFor(a.Arguments, param.Name())
		used[arg] = true
		switch {
		case arg == nil && Nilable(param.Type()):
			a.Parameters = append(a.Parameters, Parameter{})
		case arg == nil:
			report("add the argument, or make the parameter nilable (*"+shortType(param.Type())+"): it is nil where a frontend lacks the argument",
				"has a parameter %s, but the field has no such argument", param.Name())
		case TypeName(arg.Type) == TypeName(param.Type()):
			a.Parameters = append(a.Parameters, Parameter{From: arg})
		case "*"+TypeName(arg.Type) == TypeName(param.Type()):
			a.Parameters = append(a.Parameters, Parameter{From: arg, Address: true})
		default:
			report("make the parameter "+param.Name()+" "+shortType(arg.Type), "takes %s as %s, but the argument is %s", param.Name(),
				shortType(param.Type()), shortType(arg.Type))
		}
	}
	for _, arg := range a.Arguments {
		if !used[arg] {
			report("add a parameter "+GoParam(arg.Name)+" "+shortType(arg.Type), "has no parameter for the argument %s", arg.Name)
		}
	}
}

// argumentFor returns the argument that a parameter is named after, whatever
// the case of its letters; nil if there is none.
func argumentFor(args []*Argument, name string) *Argument {
	for _, arg := range args {
		// A parameter for a predeclared name, such as any, may end in Arg.
		own := GoParam(arg.Name)
		if strings.EqualFold(own, name) || strings.EqualFold(arg.Name, name) || strings.EqualFold(own+"Arg", name) && types.Universe.Lookup(own) != nil {
			return arg
		}
	}
	return nil
}

func (b *adapting) bindResult(a *Adapter, have types.Type, report mismatch) {
	raw, want := have, shortType(a.Type)
	switch {
	case a.Object.Stream:
		raw, want = streamed(have), "iter.Seq2["+want+", error]"
	case a.Method.Batch && !a.Object.Root:
		raw, want = nil, "[]"+want
		if slice, ok := have.(*types.Slice); ok {
			raw = slice.Elem()
		}
	}
	if raw == nil || !b.compare(a, raw) {
		report("return ("+want+", error)", "returns %s", shortType(have))
	}
}

// streamed returns T for an iter.Seq2[T, error]; nil for other types.
func streamed(t types.Type) types.Type {
	named, ok := t.(*types.Named)
	if !ok || named.Obj().Pkg() == nil || named.Obj().Pkg().Path() != "iter" || named.Obj().Name() != "Seq2" || TypeName(named.TypeArgs().At(1)) != "error" {
		return nil
	}
	return named.TypeArgs().At(0)
}

// compare plans how a raw value becomes the field's value. It returns false if
// it can't.
func (b *adapting) compare(a *Adapter, raw types.Type) bool {
	a.Raw = raw
	switch have, want := TypeName(raw), TypeName(a.Type); want {
	case have:
		a.Result = Same
	case "*" + have:
		a.Result = AddressOf
	default:
		a.Result = Dereference
		return have == "*"+want
	}
	return true
}
