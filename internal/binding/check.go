package binding

import (
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/directive"
	"github.com/portico-gateway/portico/internal/nearest"
)

// checkArguments checks the arguments of a directive against its definition,
// and reports whether they and all else so far are without mistakes.
func (r *reader) checkArguments(d *ast.Directive) bool {
	in := directive.Checked{Schema: r.schema, Suggest: nearest.Hint}
	return directive.CheckArguments(in, d, r.fail) && !r.failed
}

func fieldNames(def *ast.Definition) []string {
	var names []string
	for _, f := range def.Fields {
		names = append(names, f.Name)
	}
	return names
}

// checkVars checks that the variables exist and may be used where they are.
func (r *reader) checkVars() {
	b := r.binding
	for _, v := range b.Vars() {
		r.checkVar(v)
	}
	if b.Uses(directive.This) && b.Uses(directive.Batch) {
		r.fail(b.Pos, "use one of them", "a call can't be for one parent ($this) and for all ($batch)")
	}
	if r.failed {
		return
	}
	r.checkPage()
	for _, value := range b.values() {
		for _, text := range value.Texts() {
			if text.Alone() == nil {
				r.textual(text)
			}
		}
	}
	if b.REST == nil {
		return
	}
	for _, segment := range b.REST.Path {
		for _, v := range segment.Vars() {
			if t := TypeOf(r.schema, b, v); t != nil && v.Root == directive.Args && !t.NonNull {
				r.fail(v.Pos, "make the argument "+t.Name()+"!, or put the variable into query", "%s can be null, but a path needs a value", v)
			}
			if v.Root == directive.Headers {
				r.fail(v.Pos, "put it into query or headers", "%s can be absent, but a path needs a value", v)
			}
			if v.Root == directive.Batch && !v.Joined {
				r.fail(v.Pos, `write {`+v.String()+`->join(",")}`, "a path can't have a list")
			}
		}
	}
	for _, p := range slices.Concat(b.REST.Query, b.REST.Headers) {
		if p.Text.Alone() == nil {
			r.textual(p.Text)
		}
	}
	for _, h := range b.REST.Headers {
		r.textual(h.Text)
	}
}

// checkPage checks that a call sends all that determines a page. Otherwise it
// would get the rows of another page.
func (r *reader) checkPage() {
	sent := map[string]*directive.Var{}
	for _, v := range r.binding.Vars() {
		if v.Root == directive.Paging || v.Root == directive.Args && v.Path[0] == "after" {
			sent[v.Path[0]] = v
		}
	}
	for _, name := range []string{"offset", "number"} {
		if v := sent[name]; v != nil && sent["limit"] == nil {
			r.fail(v.Pos, "send {$page.limit} too", "%s is computed from the number of rows of a page, which the call does not send", v)
		}
	}
	if page := r.binding.Page; page != nil && sent["offset"] == nil && sent["number"] == nil && sent["after"] == nil {
		r.fail(page.Pos, "send {$args.after}, {$page.offset} or {$page.number}", "the call does not send which page it asks for")
	}
}

// textual checks that a text has no list in it: only a whole query parameter
// can be a list.
func (r *reader) textual(text directive.Text) {
	for _, v := range text.Vars() {
		t := TypeOf(r.schema, r.binding, v)
		if !v.Joined && (v.Root == directive.Batch || t != nil && t.Elem != nil) {
			r.fail(v.Pos, `write {`+v.String()+`->join(",")}`, "%s is a list, which can't be a part of a text", v)
		}
	}
}

func (r *reader) checkVar(v *directive.Var) {
	b := r.binding
	if !r.begins(v) {
		return
	}
	t := TypeOf(r.schema, b, v)
	if t == nil {
		r.leadsNowhere(v)
		return
	}
	if v.Joined && v.Separator == "" {
		r.fail(v.Pos, "write ->join(\",\")", "the separator of ->join is empty")
	}
	if v.Joined && t.Elem == nil && v.Root != directive.Batch {
		r.fail(v.Pos, "remove ->join", "%s is not a list", v)
	}
	switch {
	case v.Root == directive.This && (t.Elem != nil || !r.leaf(t)):
		r.fail(v.Pos, "", "%s must be a scalar or an enum, but is %s", v, t)
	case v.Root == directive.Batch && (t.Elem != nil && t.Elem.Elem != nil || !r.leaf(t)):
		r.fail(v.Pos, "", "%s must be a scalar, an enum or a list of these, but is %s", v, t)
	case v.Root == directive.Batch && t.Elem != nil:
		r.checkKeys(v)
	}
}

// checkKeys checks a batch whose parents have several keys each.
func (r *reader) checkKeys(v *directive.Var) {
	b := r.binding
	of := r.schema.Types[b.Field.Type.Name()]
	if b.Field.Type.Elem == nil || b.Field.Type.Elem.Elem != nil || !of.IsCompositeType() {
		r.fail(v.Pos, "", "%s is a list of keys, so %s.%s must be a list of objects, one for each key", v, b.Parent.Name, b.Field.Name)
	}
	if b.Key == nil {
		return // reported
	}
	if b.Key.List = true; len(b.Key.Parts) > 1 {
		r.fail(v.Pos, "use a field that is not a list", "%s is a list of keys, which can't be a part of a key", v)
	}
}

// begins reports whether a variable begins with an argument of the field or
// with a field of its parent. It adds a mistake for any other one.
func (r *reader) begins(v *directive.Var) bool {
	b := r.binding
	switch v.Root {
	case directive.Args:
		if b.Field.Arguments.ForName(v.Path[0]) != nil {
			return true
		}
		var names []string
		for _, a := range b.Field.Arguments {
			names = append(names, a.Name)
		}
		r.fail(v.Pos, nearest.Hint(v.Path[0], names), "%s.%s has no argument %s", b.Parent.Name, b.Field.Name, v.Path[0])
	case directive.This, directive.Batch:
		switch {
		case b.Parent == r.schema.Query || b.Parent == r.schema.Mutation || b.Parent == r.schema.Subscription:
			r.fail(v.Pos, "use $args", "a field of %s has no parent", b.Parent.Name)
		case b.Parent.Fields.ForName(v.Path[0]) == nil:
			r.fail(v.Pos, nearest.Hint(v.Path[0], fieldNames(b.Parent))+" A field that frontends must not see can be @inaccessible",
				"%s has no field %s", b.Parent.Name, v.Path[0])
		default:
			return true
		}
	case directive.Paging:
		r.checkPaging(v)
	case directive.Headers:
		if strings.EqualFold(v.Path[0], "Authorization") {
			r.fail(v.Pos, "set forwardAuthorization in portico.yaml", "a binding can't forward the caller's credentials")
		}
	}
	return false
}

// leadsNowhere reports the first name in a variable's path that does not exist.
func (r *reader) leadsNowhere(v *directive.Var) {
	for i := 1; i < len(v.Path); i++ {
		t := TypeOf(r.schema, r.binding, &directive.Var{Root: v.Root, Path: v.Path[:i]})
		if t == nil {
			break
		}
		if def := r.schema.Types[t.Name()]; t.Elem == nil && def != nil && len(def.Fields) > 0 && def.Fields.ForName(v.Path[i]) == nil {
			r.fail(v.Pos, nearest.Hint(v.Path[i], fieldNames(def)), "%s has no field %s", def.Name, v.Path[i])
			return
		}
	}
	r.fail(v.Pos, "", "%s does not exist: only objects have fields", v)
}

func (r *reader) checkPaging(v *directive.Var) {
	names := []string{"limit", "offset", "number"}
	if !slices.Contains(names, v.Path[0]) || len(v.Path) > 1 {
		r.fail(v.Pos, nearest.Hint(v.Path[0], names), "there is no %s", v)
		return
	}
	if r.binding.Field.Arguments.ForName("first") == nil {
		r.fail(v.Pos, "add first: Int = 20", "%s is computed from the argument first, which %s.%s does not have", v, r.binding.Parent.Name,
			r.binding.Field.Name)
	}
}

func (r *reader) leaf(t *ast.Type) bool {
	def := r.schema.Types[t.Name()]
	return def != nil && def.IsLeafType()
}

// TypeOf returns the GraphQL type of a variable: nullable if any field on its
// path is. It is nil for a variable that does not come from the schema, or
// whose path does not exist.
func TypeOf(schema *ast.Schema, b *Binding, v *directive.Var) *ast.Type {
	var t *ast.Type
	switch v.Root {
	case directive.Args:
		if arg := b.Field.Arguments.ForName(v.Path[0]); arg != nil {
			t = arg.Type
		}
	case directive.This, directive.Batch:
		if field := b.Parent.Fields.ForName(v.Path[0]); field != nil {
			t = field.Type
		}
	}
	if t == nil {
		return nil
	}
	nullable := !t.NonNull
	for _, name := range v.Path[1:] {
		if t.Elem != nil {
			return nil
		}
		def := schema.Types[t.NamedType]
		if def == nil || def.Fields.ForName(name) == nil || v.Root == directive.Args && def.Kind != ast.InputObject {
			return nil
		}
		t = def.Fields.ForName(name).Type
		nullable = nullable || !t.NonNull
	}
	out := *t
	out.NonNull = !nullable
	return &out
}
