package bindgen

import (
	"fmt"
	"go/types"
	"slices"
	"strings"

	"github.com/99designs/gqlgen/codegen"
	"github.com/99designs/gqlgen/codegen/config"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/directive"
)

// plan is what the adapters of one frontend are rendered from.
type plan struct {
	Frontend string
	Objects  []*objectPlan   // those with something to resolve, or something below
	Abstract []*abstractPlan // interfaces and unions with something below
	Fits     []*fitPlan      // enums, interfaces and unions of which this frontend lacks a part
}

// objectPlan is an object type.
type objectPlan struct {
	*codegen.Object
	Fields []*fieldPlan // resolved by adapters
	Walk   []*walkPlan  // what a level of these objects resolves
	Tags   []tagPlan    // what invalidates answers that have them
}

// Below tells whether there is something to do for a level of these objects.
func (o *objectPlan) Below() bool { return len(o.Walk) > 0 || len(o.Tags) > 0 }

// Root tells a root operation type.
func (o *objectPlan) Root() bool { return o.Object.Root }

// fieldPlan is a field that an adapter resolves.
type fieldPlan struct {
	*codegen.Field
	Method *method // or nil
	Call   *call   // or nil; with neither, the model has the value, and only its fit is checked
	Keys   []keyPlan
	Args   []argPlan
	Raw    types.Type // what the method, or the model, gives for one parent
	Result resultPlan
	Below  *belowPlan // nil when there is nothing to resolve below
	Fit    *fitUse    // nil when every value fits
}

// Level tells whether the field is resolved with its level: all but those
// whose value costs nothing.
func (f *fieldPlan) Level() bool {
	if f.Object.Root {
		return false
	}
	return f.Call != nil || f.Method != nil && (f.Method.Batch || f.TypeReference.Definition.IsCompositeType())
}

// Batch tells whether all parents are resolved at once.
func (f *fieldPlan) Batch() bool { return f.Call != nil || f.Method.Batch }

// Resolved tells whether a method or a call resolves the field.
func (f *fieldPlan) Resolved() bool { return f.Method != nil || f.Call != nil }

// keyPlan is a text of a parent that a call is made by.
type keyPlan struct {
	Member string   // of a key with several
	Guards []string // conditions that it is not there
	typ    types.Type
	expr   string
	pos    *directive.Var
}

// Adapts tells whether the raw value becomes another one.
func (f *fieldPlan) Adapts() bool { return f.Result != sameResult || f.Fit != nil }

// argPlan is an argument of the call of a method, in the method's order.
type argPlan struct {
	From    *codegen.FieldArgument // nil: this frontend has no such argument
	Address bool                   // the method takes a pointer to it
}

// resultPlan is how a method's result becomes the field's value.
type resultPlan int

const (
	sameResult  resultPlan = iota
	addressOf              // the field is nullable, the method's result is not
	dereference            // the other way round: nil is an error
)

// walkPlan is a field of a level: resolved (Field.Level) or had already.
type walkPlan struct {
	Field *codegen.Field
	Plan  *fieldPlan // nil: the objects have the value
	Raw   types.Type // of the value that the objects have
	Below *belowPlan
	Tags  []tagPlan // of answers with this field of the objects
}

// belowPlan names the method that resolves what is below a field's values.
type belowPlan struct {
	Type  string // the GraphQL type
	Lists int    // how many lists are around it
}

// abstractPlan is an interface or a union.
type abstractPlan struct {
	Name    string
	GoType  types.Type
	Members []*objectPlan // those with something below
}

// fitPlan checks that a value is one that the frontend knows.
type fitPlan struct {
	Name   string
	Enum   bool
	GoType types.Type
	Known  []string     // an enum's values
	Types  []types.Type // an interface's or a union's members
}

// fitUse is how a field uses a fitPlan.
type fitUse struct {
	Type        string
	Enum        bool
	List        bool
	NonNullItem bool
	NonNull     bool
	Pointer     bool // an enum by pointer
}

func (p *plugin) plan(data *codegen.Data) *plan {
	b := &planBuilder{plugin: p, data: data, walkable: map[string]bool{}}
	b.findWalkable()
	out := &plan{Frontend: p.frontend.name}
	byName := map[string]*objectPlan{}
	for _, o := range data.Objects {
		if strings.HasPrefix(o.Name, "__") {
			continue
		}
		object := b.object(o)
		byName[o.Name] = object
		if len(object.Fields) > 0 || object.Below() {
			out.Objects = append(out.Objects, object)
		}
	}
	for _, name := range typeNames(p.frontend.api) {
		def := p.frontend.api.Types[name]
		if def.IsAbstractType() && b.walkable[name] {
			out.Abstract = append(out.Abstract, b.abstract(def, byName))
		}
		if def.Kind == ast.Enum && len(p.unknown(name)) > 0 || def.IsAbstractType() && len(p.unknown(name)) > 0 {
			if fit := b.fit(def); fit != nil {
				out.Fits = append(out.Fits, fit)
			}
		}
	}
	return out
}

type planBuilder struct {
	*plugin
	data     *codegen.Data
	walkable map[string]bool // types below which something is to be resolved
}

// findWalkable finds the types that have, or lead to, a field that is resolved
// with its level.
func (b *planBuilder) findWalkable() {
	for changed := true; changed; {
		changed = false
		for _, name := range typeNames(b.frontend.api) {
			if !b.walkable[name] && b.leads(b.frontend.api.Types[name]) {
				b.walkable[name], changed = true, true
			}
		}
	}
}

func (b *planBuilder) leads(def *ast.Definition) bool {
	switch {
	case strings.HasPrefix(def.Name, "__") || isRoot(b.frontend.api, def):
		return false
	case def.IsAbstractType():
		return slices.ContainsFunc(b.frontend.api.GetPossibleTypes(def), func(t *ast.Definition) bool { return b.walkable[t.Name] })
	case def.Kind != ast.Object:
		return false
	}
	return tagged(b.frontend.schema, b.frontend.schema.Types[def.Name]) || slices.ContainsFunc(def.Fields, func(f *ast.FieldDefinition) bool {
		composite := b.frontend.api.Types[f.Type.Name()].IsCompositeType()
		m := b.methods.find(b.frontend.name, goName(def.Name), goName(f.Name))
		return m != nil && (m.Batch || composite) || b.calls.of(b.frontend, def.Name, f.Name) != nil || b.walkable[f.Type.Name()]
	})
}

func (b *planBuilder) object(o *codegen.Object) *objectPlan {
	object := &objectPlan{Object: o}
	if !o.Root {
		object.Tags = b.tagsOf(o)
	}
	for _, f := range o.Fields {
		if f.IsReserved() {
			continue
		}
		for _, arg := range f.Args {
			if predeclared(arg.VarName) || slices.Contains(adapterNames(), arg.VarName) {
				arg.VarName += "Arg"
			}
		}
		var fp *fieldPlan
		if f.IsResolver {
			if fp = b.field(f); fp == nil {
				continue
			}
			object.Fields = append(object.Fields, fp)
		}
		if walk := b.walk(f, fp); walk != nil {
			object.Walk = append(object.Walk, walk)
		}
	}
	return object
}

// adapterNames are those that adapters use themselves.
func adapterNames() []string {
	return []string{"q", "r", "ctx", "obj", "objs", "value", "ok", "err", "events", "context", "graphql", "ast", "execute", "loader", "provenance", "resolvers", "clients", "model"}
}

func (b *planBuilder) below(f *codegen.Field) *belowPlan {
	def := f.TypeReference.Definition
	if !b.walkable[def.Name] {
		return nil
	}
	below := &belowPlan{Type: def.Name}
	for t := f.Type; t.Elem != nil; t = t.Elem {
		below.Lists++
	}
	return below
}

// walk is what a level does for a field of its objects; nil for nothing.
func (b *planBuilder) walk(f *codegen.Field, fp *fieldPlan) *walkPlan {
	if f.Object.Root {
		return nil
	}
	below, tags := b.below(f), b.tagsOfField(f)
	switch {
	case fp != nil && fp.Level():
		return &walkPlan{Field: f, Plan: fp, Below: below, Tags: tags}
	case below == nil || fp != nil && fp.Resolved():
	case fp != nil:
		return &walkPlan{Field: f, Raw: fp.Raw, Below: below, Tags: tags}
	case f.IsVariable():
		return &walkPlan{Field: f, Raw: f.TypeReference.GO, Below: below, Tags: tags}
	}
	// Nothing below, or a field of a hand-written type: a method of it, a map.
	if len(tags) > 0 {
		return &walkPlan{Field: f, Tags: tags}
	}
	return nil
}

// field plans the adapter of a field, or reports why there can be none.
func (b *planBuilder) field(f *codegen.Field) *fieldPlan {
	fp := &fieldPlan{Field: f, Below: b.below(f), Fit: b.fitUse(f)}
	fp.Method = b.methods.find(b.frontend.name, goName(f.Object.Name), f.GoFieldName)
	if fp.Method == nil {
		fp.Call = b.calls.of(b.frontend, f.Object.Name, f.Name)
	}
	if fp.Call != nil {
		b.bindCall(fp)
		return fp
	}
	if fp.Method == nil {
		member := structField(f.Object.Type, f.GoFieldName)
		if member == nil || !b.compare(fp, typeName(member.Type())) {
			b.report.at(b.position(f), "write "+signature(b.frontend.api, f.Object.Definition, f.FieldDefinition)+", or give the Go type the field",
				"nothing resolves %s.%s: the Go type %s has no such field", f.Object.Name, f.Name, shortType(typeName(f.Object.Reference())))
			return nil
		}
		fp.Raw = member.Type()
		return fp
	}
	if fp.Method.bad {
		return nil
	}
	before := len(b.report.list)
	b.checkParent(fp)
	b.bindArgs(fp)
	b.bindResult(fp)
	if len(b.report.list) > before {
		return nil
	}
	return fp
}

// position is where the field is in the schema as it was written.
func (b *planBuilder) position(f *codegen.Field) *ast.Position {
	if def := b.frontend.schema.Types[f.Object.Name]; def != nil && def.Fields.ForName(f.Name) != nil {
		return def.Fields.ForName(f.Name).Position
	}
	return f.Position
}

// bindCall plans a field that a call resolves.
func (b *planBuilder) bindCall(fp *fieldPlan) {
	fp.Raw = fp.TypeReference.GO
	for _, arg := range fp.Call.arguments() {
		fp.Args = append(fp.Args, argPlan{From: argumentFor(fp.Field.Args, arg.Name)})
	}
	if fp.Call.root() {
		return
	}
	own := b.frontend.bindings[fp.Object.Name][fp.Name]
	for _, v := range parentVars(own) {
		fp.Keys = append(fp.Keys, b.key(fp.Object, v))
	}
}

// key plans the text of a variable of the parent.
func (b *planBuilder) key(o *codegen.Object, v *directive.Var) keyPlan {
	out := keyPlan{Member: keyMember(v)}
	t, expr := o.Reference(), "obj"
	for i, name := range v.Path {
		if i > 0 && isPointer(t) {
			out.Guards = append(out.Guards, expr+" == nil")
		}
		field := structField(t, goName(name))
		if field == nil {
			b.report.at(v.Pos, "use a field that is neither bound nor resolved by a method", "%s: the Go type %s has no field %s", v, shortType(typeName(t)), goName(name))
			return out
		}
		t, expr = field.Type(), expr+"."+goName(name)
	}
	if isPointer(t) {
		out.Guards = append(out.Guards, expr+" == nil")
		t, expr = element(t), "*"+expr
	}
	out.typ, out.expr, out.pos = t, expr, v
	return out
}

func (b *planBuilder) mismatch(fp *fieldPlan, fix, format string, args ...any) {
	at := fmt.Sprintf(" (%s.%s of frontend %s, %s)", fp.Object.Name, fp.Name, b.frontend.name, where(b.position(fp.Field)))
	b.report.atGo(fp.Method.pos, fix, "%s", fmt.Sprintf(format, args...)+at)
}

// checkParent checks the parameter of the parent, or of all parents.
func (b *planBuilder) checkParent(fp *fieldPlan) {
	if fp.Object.Root {
		return
	}
	want := typeName(fp.Object.Reference())
	if fp.Method.Batch {
		want = "[]" + want
	}
	if len(fp.Method.params) == 0 || fp.Method.params[0].typ != want {
		b.mismatch(fp, "make the second parameter objs []"+strings.TrimPrefix(shortType(want), "[]")+" for all parents at once, or obj "+strings.TrimPrefix(shortType(want), "[]")+" for one",
			"%s.%s does not take its parents as %s", fp.Method.receiver, fp.Method.name, shortType(want))
	}
}

// bindArgs matches the method's parameters to the field's arguments by name.
func (b *planBuilder) bindArgs(fp *fieldPlan) {
	params := fp.Method.params
	if !fp.Object.Root {
		params = params[min(1, len(params)):]
	}
	used := map[*codegen.FieldArgument]bool{}
	for _, param := range params {
		arg := argumentFor(fp.Field.Args, param.name)
		used[arg] = true
		switch {
		case arg == nil && param.nilable:
			fp.Args = append(fp.Args, argPlan{})
		case arg == nil:
			b.mismatch(fp, "add the argument, or make the parameter nilable (*"+shortType(param.typ)+"): it is nil where a frontend lacks the argument",
				"%s.%s has a parameter %s, but the field has no such argument", fp.Method.receiver, fp.Method.name, param.name)
		default:
			b.bindArg(fp, param, arg)
		}
	}
	for _, arg := range fp.Field.Args {
		if !used[arg] {
			b.mismatch(fp, "add a parameter "+arg.VarName+" "+shortType(typeName(arg.TypeReference.GO)),
				"%s.%s has no parameter for the argument %s", fp.Method.receiver, fp.Method.name, arg.Name)
		}
	}
}

func argumentFor(args []*codegen.FieldArgument, name string) *codegen.FieldArgument {
	for _, arg := range args {
		if strings.EqualFold(arg.VarName, name) || strings.EqualFold(arg.Name, name) {
			return arg
		}
	}
	return nil
}

func (b *planBuilder) bindArg(fp *fieldPlan, param param, arg *codegen.FieldArgument) {
	have := typeName(arg.TypeReference.GO)
	switch {
	case have == param.typ:
		fp.Args = append(fp.Args, argPlan{From: arg})
	case "*"+have == param.typ:
		fp.Args = append(fp.Args, argPlan{From: arg, Address: true})
	default:
		b.mismatch(fp, "make the parameter "+param.name+" "+shortType(have),
			"%s.%s takes %s as %s, but the argument is %s", fp.Method.receiver, fp.Method.name, param.name, shortType(param.typ), shortType(have))
	}
}

func (b *planBuilder) bindResult(fp *fieldPlan) {
	have, want := fp.Method.results[0], typeName(fp.TypeReference.GO)
	before, after := "", ""
	switch {
	case fp.Object.Stream:
		before, after = "iter.Seq2[", ", error]"
	case fp.Method.Batch && !fp.Object.Root:
		before = "[]"
	}
	raw, ok := strings.CutPrefix(have, before)
	if ok {
		raw, ok = strings.CutSuffix(raw, after)
	}
	if !ok || !b.compare(fp, raw) || fp.Object.Stream && fp.Result != sameResult {
		b.mismatch(fp, "return ("+shortType(before+want+after)+", error)",
			"%s.%s returns %s", fp.Method.receiver, fp.Method.name, shortType(have))
	}
}

// compare finds how a raw value becomes the field's; false if it can't.
func (b *planBuilder) compare(fp *fieldPlan, raw string) bool {
	want := typeName(fp.TypeReference.GO)
	switch {
	case raw == want:
		fp.Result, fp.Raw = sameResult, fp.TypeReference.GO
	case "*"+raw == want:
		fp.Result, fp.Raw = addressOf, fp.TypeReference.GO.(*types.Pointer).Elem() //nolint:forcetypeassert // its name starts with *
	case raw == "*"+want:
		fp.Result, fp.Raw = dereference, types.NewPointer(fp.TypeReference.GO)
	default:
		return false
	}
	return true
}

// structField finds a field of a Go type that is a struct; nil if there is none.
func structField(t types.Type, name string) *types.Var {
	if p, ok := t.(*types.Pointer); ok {
		t = p.Elem()
	}
	s, ok := t.Underlying().(*types.Struct)
	if !ok {
		return nil
	}
	for field := range s.Fields() {
		if field.Name() == name {
			return field
		}
	}
	return nil
}

// fitUse is how the field's values are checked; nil when all fit.
func (b *planBuilder) fitUse(f *codegen.Field) *fitUse {
	if !b.lacks(f.Type) {
		return nil
	}
	def := f.TypeReference.Definition
	use := &fitUse{Type: def.Name, Enum: def.Kind == ast.Enum, NonNull: f.Type.NonNull}
	t := f.Type
	if t.Elem != nil {
		use.List, t = true, t.Elem
		use.NonNullItem = t.NonNull
	}
	if t.Elem != nil || f.Object.Stream {
		b.report.at(b.position(f), "give frontend "+b.frontend.name+" all of "+def.Name+", or flatten the list",
			"%s.%s can hold what frontend %s lacks of %s (%s), which is not checked in a list of lists or a subscription",
			f.Object.Name, f.Name, b.frontend.name, def.Name, strings.Join(b.unknown(def.Name), ", "))
		return nil
	}
	use.Pointer = use.Enum && !t.NonNull
	return use
}

func (b *planBuilder) fit(def *ast.Definition) *fitPlan {
	if def.Kind == ast.Enum {
		fit := &fitPlan{Name: def.Name, Enum: true, GoType: b.goType(def)}
		for _, v := range def.EnumValues {
			fit.Known = append(fit.Known, v.Name)
		}
		return fit
	}
	i := b.data.Interfaces[def.Name]
	if i == nil {
		return nil
	}
	fit := &fitPlan{Name: def.Name, GoType: i.Type}
	for _, member := range i.Implementors {
		fit.Types = append(fit.Types, member.Type)
	}
	return fit
}

func (b *planBuilder) goType(def *ast.Definition) types.Type {
	for _, ref := range b.data.ReferencedTypes {
		if ref.Definition == def && ref.IsScalar() && !ref.IsPtr() {
			return ref.GO
		}
	}
	for _, ref := range b.data.ReferencedTypes {
		if ref.Definition.Name == def.Name {
			return elementOf(ref)
		}
	}
	return nil
}

// elementOf strips lists and pointers of a type.
func elementOf(ref *config.TypeReference) types.Type {
	t := ref.GO
	for {
		switch wrapped := t.(type) {
		case *types.Pointer:
			t = wrapped.Elem()
		case *types.Slice:
			t = wrapped.Elem()
		default:
			return t
		}
	}
}

func (b *planBuilder) abstract(def *ast.Definition, objects map[string]*objectPlan) *abstractPlan {
	out := &abstractPlan{Name: def.Name, GoType: b.data.Interfaces[def.Name].Type}
	for _, t := range b.frontend.api.GetPossibleTypes(def) {
		if b.walkable[t.Name] && objects[t.Name] != nil {
			out.Members = append(out.Members, objects[t.Name])
		}
	}
	slices.SortFunc(out.Members, func(a, b *objectPlan) int { return strings.Compare(a.Name, b.Name) })
	return out
}
