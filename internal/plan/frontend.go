package plan

import (
	"cmp"
	"fmt"
	"go/types"
	"path"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"github.com/portico-gateway/portico/gateway/directive"
	"github.com/portico-gateway/portico/internal/binding"
	"github.com/portico-gateway/portico/internal/project"
)

// Frontend is the plan of one frontend: how its fields are resolved.
type Frontend struct {
	Name string
	// Operations are the examples: queries, then mutations, then subscriptions.
	Operations []Operation
	// Objects are the object types with a field that has an adapter, or with cache tags.
	Objects []*Adapters
	// Fits are the enums, interfaces and unions of which other frontends have
	// more values or types.
	Fits []*Fit
	// Parsers are the scalars and enums in inputs that need a parser, sorted by
	// name.
	Parsers []Parser
	// Receivers are the services that receive the caller, sorted.
	Receivers []string
	// Routes say which calls resolve its fields.
	Routes []Route
}

func (m *maker) frontend(f *project.Frontend) *Frontend {
	b := &adapting{maker: m, frontend: f}
	out := &Frontend{Name: f.Name, Operations: Operations(f)}
	out.Receivers, out.Routes = m.project.CallerServices(), m.routes(f)
	byName := map[string]*Adapters{}
	for _, name := range project.TypeNames(f.API) {
		def := f.API.Types[name]
		if def.Kind != ast.Object || def.BuiltIn || strings.HasPrefix(name, "__") {
			continue
		}
		object := b.object(def)
		b.checkMethods(object)
		byName[name] = object
		b.node(object)
		if len(object.Fields) > 0 || object.Tagged() || len(object.NullItems) > 0 {
			out.Objects = append(out.Objects, object)
		}
	}
	b.linkNodes(byName)
	nameAdapters(out.Objects)
	for _, name := range project.TypeNames(f.API) {
		def := f.API.Types[name]
		if (def.Kind == ast.Enum || def.IsAbstractType()) && len(m.unknown(f, name)) > 0 {
			out.Fits = append(out.Fits, b.fit(def))
		}
	}
	out.Parsers = m.parsers(f)
	return out
}

// nameAdapters sets Func of the adapters of objects: the names of the type and of the field, and a number if others are
// the same text.
func nameAdapters(objects []*Adapters) {
	used := map[string]bool{}
	for _, o := range objects {
		fields := o.Fields
		if o.Node != nil && !slices.Contains(fields, o.Node.Load) {
			fields = append(slices.Clone(fields), o.Node.Load)
		}
		for _, f := range fields {
			f.Func = o.Name + f.GoName
			key := func() string { return strings.ToLower(f.Func[:1]) + f.Func[1:] } // some functions begin with a small letter
			for n := 2; used[key()]; n++ {
				f.Func = fmt.Sprintf("%s%s%d", o.Name, f.GoName, n)
			}
			used[key()] = true
		}
	}
}

// Operations returns the examples of a frontend, of which the first one is safe to try.
func Operations(f *project.Frontend) []Operation {
	sources := slices.Clone(f.Operations)
	slices.SortStableFunc(sources, func(a, b *ast.Source) int { return cmp.Compare(kindOrder(a), kindOrder(b)) })
	var list []Operation
	for _, s := range sources {
		list = append(list, Operation{Name: strings.TrimSuffix(path.Base(s.Name), path.Ext(s.Name)), Document: strings.TrimSpace(s.Input) + "\n"})
	}
	return list
}

// kindOrder orders queries before mutations before subscriptions.
func kindOrder(s *ast.Source) int {
	doc, err := parser.ParseQuery(s)
	if err != nil || len(doc.Operations) == 0 {
		return 0 // reported
	}
	return slices.Index([]ast.Operation{ast.Query, ast.Mutation, ast.Subscription}, doc.Operations[0].Operation)
}

// adapting plans the adapters of one frontend.
type adapting struct {
	*maker
	frontend *project.Frontend
}

func (b *adapting) object(def *ast.Definition) *Adapters {
	api := b.frontend.API
	a := &Adapters{
		Name: def.Name, def: def, Root: project.IsRoot(api, def), Mutation: def == api.Mutation, Stream: def == api.Subscription,
		FieldTags: map[string][]Tag{}, NullItems: map[string][]bool{},
	}
	a.Type = b.models.Of(&ast.Type{NamedType: def.Name, NonNull: true})
	if !a.Root {
		a.Tags = b.tagsOf(a)
	}
	for _, field := range def.Fields {
		if strings.HasPrefix(field.Name, "__") {
			continue
		}
		adapter, ok := b.adapter(a, field)
		if !ok {
			continue // reported
		}
		if adapter != nil {
			a.Fields = append(a.Fields, adapter)
		}
		if null := b.nullItems(a, field, adapter); null != nil {
			a.NullItems[field.Name] = null
		}
		if !a.Root {
			if tags := b.tagsOfField(a, field); len(tags) > 0 {
				a.FieldTags[field.Name] = tags
			}
		}
	}
	return a
}

// adapter plans the adapter of a field; nil if the model has the value. It returns false if there can be none, which is reported.
func (b *adapting) adapter(a *Adapters, field *ast.FieldDefinition) (*Adapter, bool) {
	out := &Adapter{Object: a, Name: field.Name, GoName: GoName(field.Name), schema: field}
	out.Type = b.models.Resolver(field.Type)
	for _, arg := range field.Arguments {
		out.Arguments = append(out.Arguments, &Argument{ArgumentDefinition: arg, Type: b.models.Of(arg.Type)})
	}
	method, call := b.plan.Resolution(b.frontend, a.Name, field.Name)
	if method == nil && call == nil && b.frontend.LoadsNodes(b.frontend.Schema.Types[a.Name], field) {
		return out, b.loadsNodes(out)
	}
	if field.Name == binding.NodeID && b.frontend.IsNode(a.Name) {
		return out, b.globalID(out)
	}
	lacks := len(b.unknown(b.frontend, field.Type.Name())) > 0
	if method == nil && call == nil && !lacks && !b.widened(out) {
		return b.modelField(out)
	}
	var ok bool
	if out.Fit, ok = b.fitUse(a, field); !ok {
		return nil, false
	}
	switch {
	case call != nil:
		out.Call = call
		b.bindCall(out)
		out.Fallback = b.fallback(out, b.frontend.Bindings[a.Name][field.Name])
		return out, true
	case method != nil:
		out.Method = &Method{Package: method.Package.Path, Receiver: method.Receiver, Name: method.Name, Batch: method.Batch}
		return out, b.bindMethod(out, method)
	}
	member := structField(a.Type, out.GoName)
	if member == nil || !b.compare(out, member.Type()) && !sameItems(out) {
		return nil, b.nothingResolves(out)
	}
	out.Raw, out.GoName = member.Type(), member.Name()
	if out.Result == Same && b.widened(out) {
		out.Result = Present
	}
	return out, true
}

// sameItems reports whether the raw value of a field is a list of its type, but for whether items are pointers: null in
// one is found when it is written. Then the raw value is the field's.
func sameItems(a *Adapter) bool {
	have, want := a.Raw, a.Type
	for {
		list, ok := have.(*types.Slice)
		of, ok2 := want.(*types.Slice)
		if !ok || !ok2 {
			break
		}
		have, want = list.Elem(), of.Elem()
	}
	if _, isList := a.Raw.(*types.Slice); !isList || TypeName(Element(have)) != TypeName(Element(want)) {
		return false
	}
	a.Type, a.Result = a.Raw, Same
	return true
}

// widened reports whether the model can have null for a field that can't be null in
// this frontend: an adapter reports it then.
func (b *adapting) widened(a *Adapter) bool {
	union := b.union.Types[a.Object.Name].Fields.ForName(a.Name)
	if a.Object.Root || !a.schema.Type.NonNull || union.Type.NonNull {
		return false
	}
	member := structField(a.Object.Type, GoName(a.Name))
	return member != nil && Nilable(member.Type())
}

// nullItems returns the depths of NullItems of a field; nil if there are none. adapter may be nil.
func (b *adapting) nullItems(a *Adapters, field *ast.FieldDefinition, adapter *Adapter) (depths []bool) {
	var read *ast.Type
	switch {
	case adapter == nil || adapter.Call == nil && adapter.Method == nil:
		if union := b.union.Types[a.Name]; union != nil && union.Fields.ForName(field.Name) != nil {
			read = union.Fields.ForName(field.Name).Type
		}
	case adapter.Call != nil:
		read = adapter.Call.Type
	}
	found := false
	for t := field.Type; t != nil && read != nil; t, read = t.Elem, read.Elem {
		null := len(depths) > 0 && t.NonNull && !read.NonNull
		depths, found = append(depths, null), found || null
	}
	if !found || (adapter == nil || adapter.Call == nil) && b.plan.FaultsOf(a.Name) == "" {
		return nil // no service answers with such objects
	}
	return depths
}

// modelField checks that gqlgen finds the field in the model.
func (b *adapting) modelField(out *Adapter) (*Adapter, bool) {
	if out.Object.Root {
		return nil, false // reported by coverage
	}
	if b.models.config.Models[out.Object.Name].Fields[out.Name].Resolver || !b.models.Has(out.Object.Type, out.Object.def, out.schema) {
		return nil, b.nothingResolves(out)
	}
	return nil, true
}

func (b *adapting) nothingResolves(out *Adapter) bool {
	b.report.At(b.position(out), "write "+declaration(b.frontend.API, out.Object.def, out.schema)+", or give the Go type the field",
		"nothing resolves %s.%s: the Go type %s has no such field", out.Object.Name, out.Name, shortType(out.Object.Type))
	return false
}

// position returns the position of the field in the schema that the frontend
// wrote.
func (b *adapting) position(a *Adapter) *ast.Position {
	if def := b.frontend.Schema.Types[a.Object.Name]; def != nil && def.Fields.ForName(a.Name) != nil {
		return def.Fields.ForName(a.Name).Position
	}
	return a.schema.Position
}

// bindCall plans a field that a call resolves.
func (b *adapting) bindCall(a *Adapter) {
	own := b.frontend.Bindings[a.Object.Name][a.Name]
	if own.Key != nil && own.Key.List {
		b.compare(a, types.NewSlice(a.Call.Result))
	} else if b.compare(a, a.Call.Result); a.Result == Same && a.schema.Type.NonNull && !a.Call.Type.NonNull {
		a.Result = Present
	}
	for _, arg := range a.Call.Arguments {
		a.Parameters = append(a.Parameters, Parameter{From: argumentFor(a.Arguments, arg.Name)})
	}
	if a.Call.Root() {
		return
	}
	for _, v := range parentVars(own) {
		value, ok := b.value(a.Object, v)
		if !ok {
			continue // reported
		}
		key, t := Key{Member: KeyMember(v), Value: value}, value.Type
		if slice, ok := t.(*types.Slice); ok && own.Key != nil && own.Key.List {
			key.Item, key.Pointer = Element(slice.Elem()), IsPointer(slice.Elem())
			t = key.Item
		}
		if !hasText(t) || value.Pointer && key.Item != nil {
			b.report.At(v.Pos, "", "%s is %s in Go, which can't be a key", v, shortType(value.Type))
		}
		a.Keys = append(a.Keys, key)
	}
	if a.KeyLists() { // of others the call knows how long a list is
		for _, arg := range slicesOf(own.Field, a.Call.Arguments) {
			a.Slices = append(a.Slices, argumentFor(a.Arguments, arg.Name))
		}
	}
}

// value plans how a variable of the parent is reached. It returns false if it
// can't be, which is reported.
func (b *adapting) value(a *Adapters, v *directive.Var) (Value, bool) {
	out := Value{Faults: map[int]FaultOf{}}
	t, def := a.Type, a.def
	for i, name := range v.Path {
		if i > 0 && IsPointer(t) {
			out.Pointers = append(out.Pointers, i)
		}
		field := structField(t, GoName(name))
		if field == nil {
			b.report.At(v.Pos, "use a field that is neither bound nor resolved by a method", "%s: the Go type %s has no field %s", v, shortType(t),
				GoName(name))
			return out, false
		}
		if def != nil && def.Kind == ast.Object {
			if faults := b.plan.FaultsOf(def.Name); faults != "" {
				out.Faults[i] = FaultOf{faults, name}
			}
			def = b.fieldType(def, name)
		}
		t = field.Type()
		out.Steps = append(out.Steps, field.Name())
	}
	out.Pointer, out.Type = IsPointer(t), Element(t)
	return out, true
}

// fieldType returns the type of a field; nil if the schema has no such field.
func (b *adapting) fieldType(def *ast.Definition, name string) *ast.Definition {
	if field := def.Fields.ForName(name); field != nil {
		return b.union.Types[field.Type.Name()]
	}
	return nil
}
