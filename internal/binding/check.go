package binding

import (
	"slices"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/internal/nearest"
)

// checkArguments checks the arguments of a directive against its definition,
// which gqlparser does not do in a schema.
func (r *reader) checkArguments(d *ast.Directive) bool {
	c := literalCheck{schema: r.schema, report: r.fail}
	for _, arg := range d.Arguments {
		c.check(arg.Value, d.Definition.Arguments.ForName(arg.Name).Type, arg.Name)
	}
	return !r.failed
}

type literalCheck struct {
	schema *ast.Schema
	report Report
}

func (c literalCheck) check(v *ast.Value, t *ast.Type, what string) {
	if v.Kind == ast.NullValue {
		if t.NonNull {
			c.report(v.Position, "", "%s must not be null", what)
		}
		return
	}
	if t.Elem != nil {
		for _, item := range Items(v) {
			c.check(item, t.Elem, what)
		}
		return
	}
	def := c.schema.Types[t.NamedType]
	switch {
	case t.NamedType == "BindingValue":
	case def.Kind == ast.InputObject:
		c.object(v, def, what)
	case def.Kind == ast.Enum:
		if v.Kind != ast.EnumValue || def.EnumValues.ForName(v.Raw) == nil {
			var names []string
			for _, value := range def.EnumValues {
				names = append(names, value.Name)
			}
			c.report(v.Position, nearest.Hint(v.Raw, names), "%s can't be %s", what, v)
		}
	case t.NamedType == "String" && v.Kind != ast.StringValue && v.Kind != ast.BlockValue:
		c.report(v.Position, "", "%s must be a text, but is %s", what, v)
	case t.NamedType == "Boolean" && v.Kind != ast.BooleanValue:
		c.report(v.Position, "", "%s must be true or false, but is %s", what, v)
	case t.NamedType == "Int" && !isInt(v):
		c.report(v.Position, "", "%s must be a whole number, but is %s", what, v)
	}
}

// isInt tells an Int, which has 32 bits (GraphQL specification, section 3.5.1).
func isInt(v *ast.Value) bool {
	_, err := strconv.ParseInt(v.Raw, 10, 32)
	return v.Kind == ast.IntValue && err == nil
}

func (c literalCheck) object(v *ast.Value, def *ast.Definition, what string) {
	if v.Kind != ast.ObjectValue {
		c.report(v.Position, "", "%s must be an object, but is %s", what, v)
		return
	}
	for _, child := range v.Children {
		field := def.Fields.ForName(child.Name)
		if field == nil {
			c.report(child.Position, nearest.Hint(child.Name, fieldNames(def)), "%s has no %s", what, child.Name)
			continue
		}
		c.check(child.Value, field.Type, what+"."+child.Name)
	}
	for _, field := range def.Fields {
		if field.Type.NonNull && v.Children.ForName(field.Name) == nil {
			c.report(v.Position, "", "%s has no %s", what, field.Name)
		}
	}
}

func fieldNames(def *ast.Definition) []string {
	var names []string
	for _, f := range def.Fields {
		names = append(names, f.Name)
	}
	return names
}

// checkVars checks that the variables are there and can be where they are.
func (r *reader) checkVars() {
	b := r.binding
	for _, v := range b.Vars() {
		r.checkVar(v)
	}
	if b.Uses(This) && b.Uses(Batch) {
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
			if t := TypeOf(r.schema, b, v); t != nil && v.Root == Args && !t.NonNull {
				r.fail(v.Pos, "make the argument "+t.Name()+"!, or put the variable into query", "%s can be null, but a path needs a value", v)
			}
			if v.Root == Headers {
				r.fail(v.Pos, "put it into query or headers", "%s can be absent, but a path needs a value", v)
			}
			if v.Root == Batch && !v.Joined {
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

// checkPage checks that what is computed of a page is sent as a whole: the rows
// of another page would come, and others be skipped.
func (r *reader) checkPage() {
	sent := map[string]*Var{}
	for _, v := range r.binding.Vars() {
		if v.Root == Paging || v.Root == Args && v.Path[0] == "after" {
			sent[v.Path[0]] = v
		}
	}
	for _, name := range []string{"offset", "number"} {
		if v := sent[name]; v != nil && sent["limit"] == nil {
			r.fail(v.Pos, "send {$page.limit} too", "%s is computed with the number of rows of a page, which the call does not tell the service", v)
		}
	}
	if page := r.binding.Page; page != nil && sent["offset"] == nil && sent["number"] == nil && sent["after"] == nil {
		r.fail(page.Pos, "send {$args.after}, {$page.offset} or {$page.number}", "the call does not tell the service which page is wanted")
	}
}

// textual checks that a text has no list in it: only a whole parameter of the
// URL repeats.
func (r *reader) textual(text Text) {
	for _, v := range text.Vars() {
		t := TypeOf(r.schema, r.binding, v)
		if !v.Joined && (v.Root == Batch || t != nil && t.Elem != nil) {
			r.fail(v.Pos, `write {`+v.String()+`->join(",")}`, "%s is a list, which can't be a part of a text", v)
		}
	}
}

func (r *reader) checkVar(v *Var) {
	b := r.binding
	root := b.Parent == r.schema.Query || b.Parent == r.schema.Mutation || b.Parent == r.schema.Subscription
	switch v.Root {
	case Args:
		if b.Field.Arguments.ForName(v.Path[0]) == nil {
			var names []string
			for _, a := range b.Field.Arguments {
				names = append(names, a.Name)
			}
			r.fail(v.Pos, nearest.Hint(v.Path[0], names), "%s.%s has no argument %s", b.Parent.Name, b.Field.Name, v.Path[0])
			return
		}
	case This, Batch:
		if root {
			r.fail(v.Pos, "use $args", "a field of %s has no parent", b.Parent.Name)
			return
		}
		if b.Parent.Fields.ForName(v.Path[0]) == nil {
			r.fail(v.Pos, nearest.Hint(v.Path[0], fieldNames(b.Parent))+" A field that frontends must not see can be @inaccessible", "%s has no field %s", b.Parent.Name, v.Path[0])
			return
		}
	case Paging:
		r.checkPaging(v)
		return
	case Headers:
		if strings.EqualFold(v.Path[0], "Authorization") {
			r.fail(v.Pos, "set forwardAuthorization in portico.yaml", "a binding does not send the caller's credentials on")
		}
		return
	default:
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
	if v.Joined && t.Elem == nil && v.Root != Batch {
		r.fail(v.Pos, "remove ->join", "%s is no list", v)
	}
	if (v.Root == This || v.Root == Batch) && (t.Elem != nil || !r.leaf(t)) {
		r.fail(v.Pos, "", "%s must be a scalar or an enum, but is %s", v, t)
	}
}

// leadsNowhere reports the first name of a variable that is no field.
func (r *reader) leadsNowhere(v *Var) {
	for i := 1; i < len(v.Path); i++ {
		t := TypeOf(r.schema, r.binding, &Var{Root: v.Root, Path: v.Path[:i]})
		if t == nil {
			break
		}
		if def := r.schema.Types[t.Name()]; t.Elem == nil && def != nil && len(def.Fields) > 0 && def.Fields.ForName(v.Path[i]) == nil {
			r.fail(v.Pos, nearest.Hint(v.Path[i], fieldNames(def)), "%s has no field %s", def.Name, v.Path[i])
			return
		}
	}
	r.fail(v.Pos, "", "%s leads nowhere: only objects have fields", v)
}

func (r *reader) checkPaging(v *Var) {
	names := []string{"limit", "offset", "number"}
	if !slices.Contains(names, v.Path[0]) || len(v.Path) > 1 {
		r.fail(v.Pos, nearest.Hint(v.Path[0], names), "there is no %s", v)
		return
	}
	if r.binding.Field.Arguments.ForName("first") == nil {
		r.fail(v.Pos, "add first: Int = 20", "%s is computed of the argument first, which %s.%s does not have", v, r.binding.Parent.Name, r.binding.Field.Name)
	}
}

func (r *reader) leaf(t *ast.Type) bool {
	def := r.schema.Types[t.Name()]
	return def != nil && def.IsLeafType()
}

// TypeOf is the GraphQL type of a variable; nil for one that does not come
// from the schema, or leads nowhere. It is nullable when anything on its way
// is.
func TypeOf(schema *ast.Schema, b *Binding, v *Var) *ast.Type {
	var t *ast.Type
	switch v.Root {
	case Args:
		if arg := b.Field.Arguments.ForName(v.Path[0]); arg != nil {
			t = arg.Type
		}
	case This, Batch:
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
		if def == nil || def.Fields.ForName(name) == nil || v.Root == Args && def.Kind != ast.InputObject {
			return nil
		}
		t = def.Fields.ForName(name).Type
		nullable = nullable || !t.NonNull
	}
	out := *t
	out.NonNull = !nullable
	return &out
}

// Checked is a schema whose directives are checked.
type Checked struct {
	Schema *ast.Schema
	// StandIn tells a type that stands for one that is missing, of which
	// nothing more is to be said; nil when there is none.
	StandIn func(*ast.Type) bool
}

func (c Checked) standsIn(t *ast.Type) bool { return c.StandIn != nil && c.StandIn(t) }

// ReadOthers checks all directives of a schema that are not bindings: @source,
// @constraint, @calls, and those of policies.
func ReadOthers(in Checked, report Report) {
	schema := in.Schema
	for _, d := range schema.SchemaDirectives.ForNames(ServiceDirective) {
		r := &reader{schema: schema, report: report}
		r.checkArguments(d)
	}
	for _, d := range schema.Directives {
		for _, arg := range d.Arguments {
			policyCheck{in, report}.common(arg.Directives)
		}
	}
	for _, def := range schema.Types {
		readPolicy(in, def, report)
		readCaching(in, def, report)
		for _, field := range def.Fields {
			readHints(schema, field, report)
			readSources(schema, field.Directives, def.Kind == ast.Object, report)
			readConstraint(field.Directives, field.Type, report)
			for _, arg := range field.Arguments {
				readConstraint(arg.Directives, arg.Type, report)
			}
		}
		for _, value := range def.EnumValues {
			readEnumSources(schema, value.Directives, report)
		}
	}
}

func readSources(schema *ast.Schema, directives ast.DirectiveList, output bool, report Report) {
	for _, d := range directives.ForNames(SourceDirective) {
		r := &reader{schema: schema, report: report}
		if !r.checkArguments(d) {
			continue
		}
		names := d.Arguments.ForName("name")
		convert := d.Arguments.ForName("convert")
		if names != nil {
			for _, v := range Items(names.Value) {
				r.pathOf(v)
			}
			if len(Items(names.Value)) != 1 && convert == nil {
				r.fail(names.Position, "add convert, which makes one value of them", "@source has %d names", len(Items(names.Value)))
			}
		}
		if convert != nil && !converterName.MatchString(convert.Value.Raw) {
			r.fail(convert.Value.Position, "write package.Func, such as money.OfCents for func OfCents in clients/money", "%q is no function of a package in clients/", convert.Value.Raw)
		}
		for _, name := range []string{"convert", "default", "value"} {
			if arg := d.Arguments.ForName(name); arg != nil && !output {
				r.fail(arg.Position, "", "%s is only for fields of object types", name)
			}
		}
	}
}

// readHints checks what a field says of its calls.
func readHints(schema *ast.Schema, field *ast.FieldDefinition, report Report) {
	for _, d := range field.Directives.ForNames(CallsDirective) {
		r := &reader{schema: schema, report: report}
		r.checkArguments(d)
	}
}

// readEnumSources checks @source of an enum's value: its name may be any text.
func readEnumSources(schema *ast.Schema, directives ast.DirectiveList, report Report) {
	for _, d := range directives.ForNames(SourceDirective) {
		r := &reader{schema: schema, report: report}
		if !r.checkArguments(d) {
			continue
		}
		for _, arg := range d.Arguments {
			if arg.Name != "name" && arg.Name != "service" {
				r.fail(arg.Position, "", "%s is not for values of enums", arg.Name)
			}
			if arg.Name == "name" && len(Items(arg.Value)) != 1 {
				r.fail(arg.Position, "", "a value of an enum has one name")
			}
		}
	}
}

func readConstraint(directives ast.DirectiveList, t *ast.Type, report Report) {
	for _, d := range directives.ForNames(ConstraintDirective) {
		least, most := d.Arguments.ForName("min"), d.Arguments.ForName("max")
		for _, arg := range d.Arguments {
			if arg.Value.Kind != ast.IntValue {
				report(arg.Value.Position, "", "%s must be a whole number, but is %s", arg.Name, arg.Value)
				return
			}
		}
		if t.Elem != nil || t.NamedType != "Int" && t.NamedType != "Float" {
			report(d.Position, "", "@constraint is for Int and Float, but this is %s", t)
		}
		if least == nil && most == nil {
			report(d.Position, "add min or max", "@constraint says nothing")
		}
		if least != nil && most != nil {
			lo, _ := strconv.Atoi(least.Value.Raw)
			hi, _ := strconv.Atoi(most.Value.Raw)
			if lo > hi {
				report(d.Position, "", "min is more than max")
			}
		}
	}
}
