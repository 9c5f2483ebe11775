package binding

import (
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/internal/nearest"
)

// typeTag begins the tags that every answer has of itself.
const typeTag = "type:"

// readCaching checks the directives of a type and its fields that are about
// caching.
func readCaching(in Checked, def *ast.Definition, report Report) {
	p := policyCheck{Checked: in, report: report}
	uncached := ""
	switch def {
	case in.Schema.Mutation:
		uncached = "a mutation"
	case in.Schema.Subscription:
		uncached = "a subscription"
	}
	p.cacheControl(def.Directives)
	for _, d := range def.Directives.ForNames(CacheTagDirective) {
		p.tags(d, "format", tagged{def: def})
	}
	for _, field := range def.Fields {
		p.cacheControl(field.Directives)
		for _, name := range []string{CacheControlDirective, CacheTagDirective} {
			if d := field.Directives.ForName(name); d != nil && uncached != "" {
				report(d.Position, "leave it out", "%s.%s is %s: only queries are cached", def.Name, field.Name, uncached)
			}
		}
		in := tagged{def: def, field: field, root: def == in.Schema.Query}
		for _, d := range field.Directives.ForNames(CacheTagDirective) {
			p.tags(d, "format", in)
		}
		for _, d := range field.Directives.ForNames(InvalidatesDirective) {
			if def != p.Schema.Mutation {
				report(d.Position, "write it at the mutation", "%s.%s is no mutation: it changes nothing", def.Name, field.Name)
				continue
			}
			in.purge = true
			p.tags(d, "tags", in)
		}
	}
}

// cacheControl checks @cacheControl in one place.
func (p policyCheck) cacheControl(directives ast.DirectiveList) {
	for _, d := range directives.ForNames(CacheControlDirective) {
		if !p.literals(d) {
			continue
		}
		for _, name := range []string{"maxAge", "staleWhileRevalidate", "staleIfError"} {
			if arg := d.Arguments.ForName(name); arg != nil && strings.HasPrefix(arg.Value.Raw, "-") {
				p.report(arg.Value.Position, "", "%s is a number of seconds from 0", name)
			}
		}
		age, inherit := d.Arguments.ForName("maxAge"), d.Arguments.ForName("inheritMaxAge")
		if age != nil && inherit != nil && inherit.Value.Raw == "true" {
			p.report(inherit.Position, "leave one of them out", "a maxAge of its own is not inherited")
		}
		for _, name := range []string{"staleWhileRevalidate", "staleIfError"} {
			if arg := d.Arguments.ForName(name); arg != nil && age == nil {
				p.report(arg.Position, "add maxAge", "%s begins after maxAge, which is not given", name)
			}
		}
	}
}

// tagged is what a tag is of.
type tagged struct {
	def   *ast.Definition
	field *ast.FieldDefinition // nil at a type
	root  bool                 // of the query
	purge bool                 // @invalidates
}

// tags checks the formats of a directive.
func (p policyCheck) tags(d *ast.Directive, name string, in tagged) {
	if !p.literals(d) {
		return
	}
	items := itemsOf(d, name)
	if len(items) == 0 {
		p.report(d.Position, "", "%s is empty", name)
	}
	for _, item := range items {
		text, err := ParseText(item.Raw)
		if err != nil {
			p.report(item.Position, "", "%s", err.Error())
			continue
		}
		if strings.TrimSpace(item.Raw) == "" || strings.ContainsAny(literals(text), ", \t\r\n") {
			p.report(item.Position, `write a tag such as "products" or "product-{$this.id}"`, "%s is no tag: it must not be empty, nor have spaces or commas", strconv.Quote(item.Raw))
			continue
		}
		p.typeTag(item, in)
		p.variables(text, item, in)
	}
}

// literals are the parts of a text that are no variables.
func literals(text Text) string {
	var b strings.Builder
	for _, part := range text {
		b.WriteString(part.Literal)
	}
	return b.String()
}

// typeTag checks a tag that answers have of themselves.
func (p policyCheck) typeTag(item *ast.Value, in tagged) {
	name, ok := strings.CutPrefix(item.Raw, typeTag)
	switch {
	case !ok:
	case !in.purge:
		p.report(item.Position, "leave it out", "every answer has the tags %s of its types unasked", typeTag)
	case p.Schema.Types[name] == nil || p.Schema.Types[name].Kind != ast.Object:
		var have []string
		for _, def := range p.Schema.Types {
			if def.Kind == ast.Object && !def.BuiltIn {
				have = append(have, def.Name)
			}
		}
		p.report(item.Position, hint(name, have), "there is no object type %s", name)
	}
}

// variables checks where the variables of a tag lead to.
func (p policyCheck) variables(text Text, item *ast.Value, in tagged) {
	roots := map[Root]bool{}
	for _, v := range text.Vars() {
		roots[v.Root] = true
		switch {
		case v.Joined:
			p.report(item.Position, "leave ->join out: a list gives a tag for each item", "%s is joined", v)
		case v.Root == Args && in.field != nil:
			p.argumentOfTag(v, item, in.field)
		case v.Root == This && !in.purge && !in.root:
			p.fieldOfTag(v, item, in.def)
		default:
			p.report(item.Position, allowed(in), "%s is not known here", v)
		}
	}
	if roots[Args] && roots[This] {
		p.report(item.Position, "write two tags", "a tag is made of $this or of $args, not of both")
	}
}

func allowed(in tagged) string {
	switch {
	case in.field == nil:
		return "use {$this.x}, a field of " + in.def.Name
	case in.purge || in.root:
		return "use {$args.x}, an argument of " + in.field.Name
	}
	return "use {$this.x}, a field of " + in.def.Name + ", or {$args.x}, an argument of " + in.field.Name
}

// argumentOfTag wants an argument, or a path through input objects and lists,
// that ends at a scalar or an enum.
func (p policyCheck) argumentOfTag(v *Var, item *ast.Value, field *ast.FieldDefinition) {
	arg := field.Arguments.ForName(v.Path[0])
	if arg == nil {
		var have []string
		for _, a := range field.Arguments {
			have = append(have, a.Name)
		}
		p.report(item.Position, hint(v.Path[0], have), "%s has no argument %s", field.Name, v.Path[0])
		return
	}
	typ := arg.Type
	for _, name := range v.Path[1:] {
		if p.standsIn(typ) {
			return
		}
		def := p.Schema.Types[typ.Name()]
		member := def.Fields.ForName(name)
		if def.Kind != ast.InputObject || member == nil {
			p.report(item.Position, nearest.Hint(name, fieldNames(def)), "%s has no field %s", def.Name, name)
			return
		}
		typ = member.Type
	}
	if !p.standsIn(typ) && !p.Schema.Types[typ.Name()].IsLeafType() {
		p.report(item.Position, "", "%s is an object: a tag is made of scalars and enums", v)
	}
}

// fieldOfTag wants a field of the object, or of an object in it, that is a
// scalar or an enum.
func (p policyCheck) fieldOfTag(v *Var, item *ast.Value, def *ast.Definition) {
	for i, name := range v.Path {
		field := def.Fields.ForName(name)
		if field == nil {
			p.report(item.Position, hint(name, fieldNames(def)), "%s has no field %s", def.Name, name)
			return
		}
		if p.standsIn(field.Type) {
			return
		}
		def = p.Schema.Types[field.Type.Name()]
		last := i == len(v.Path)-1
		if field.Type.Elem != nil || last != def.IsLeafType() {
			p.report(item.Position, "", "%s has the type %s: a tag is made of scalars and enums", v, field.Type)
			return
		}
	}
}
