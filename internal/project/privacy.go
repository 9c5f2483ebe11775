package project

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/directive"
	"github.com/portico-gateway/portico/internal/binding"
)

// callerServices returns the services that receive the caller's credentials or
// subject, as @service says in any of the frontends. portico.yaml decides
// whether they are sent; a gateway whose portico.yaml sends them to any other
// service does not start.
func callerServices(p *Project) map[string]bool {
	receivers := map[string]bool{}
	for _, f := range p.Frontends {
		if f.Schema == nil {
			continue
		}
		for _, name := range binding.CallerServices(f.Schema) {
			receivers[name] = true
		}
	}
	return receivers
}

// privacy finds the fields whose values belong to one caller.
type privacy struct {
	frontend  *Frontend
	receivers map[string]bool
}

// why returns the reason why the values of a field belong to one caller; "" if
// there is none.
func (p privacy) why(def *ast.Definition, field *ast.FieldDefinition) string {
	if rights := directive.RightsOf(p.frontend.Schema, def, field); len(rights) > 0 {
		return "it requires rights (@" + rights[0].Directive.Name + ")"
	}
	return p.received(def, field)
}

// received returns the reason why a service learns who the caller is, or sends the
// caller something; "" if neither is so.
func (p privacy) received(def *ast.Definition, field *ast.FieldDefinition) string {
	if p.frontend.LoadsNodes(def, field) {
		for _, name := range p.frontend.Nodes() {
			node := p.frontend.Schema.Types[name]
			if why := p.received(node, binding.NodeField(node)); why != "" {
				return name + ": " + why
			}
		}
	}
	if b := p.frontend.Bindings[def.Name][field.Name]; b != nil {
		if p.receivers[b.Service] {
			return "the service " + b.Service + " receives the caller (@service)"
		}
		if b.IsPassing() {
			return "headers of the service's answer are the caller's (passHeaders)"
		}
		for _, v := range b.Vars() {
			if v.Root == directive.Headers {
				return "the service gets the caller's header " + v.Path[0]
			}
		}
	}
	for _, d := range field.Directives.ForNames(binding.CallsDirective) {
		if arg := d.Arguments.ForName("service"); arg != nil && p.receivers[arg.Value.Raw] {
			return "the service " + arg.Value.Raw + " receives the caller (@service)"
		}
	}
	return ""
}

// checkPrivacy reports fields that are PUBLIC although their values belong to one
// caller.
func checkPrivacy(p privacy, r *Report) {
	schema := p.frontend.Schema
	for _, name := range TypeNames(schema) {
		def := schema.Types[name]
		if def == schema.Mutation || def == schema.Subscription {
			continue
		}
		for _, field := range def.Fields {
			why := p.why(def, field)
			if why == "" {
				continue
			}
			if p.passes(def, field) {
				checkUncached(name, field, r)
			}
			places := []ast.DirectiveList{field.Directives}
			if of := schema.Types[field.Type.Name()]; of != nil {
				places = append(places, of.Directives)
			}
			for _, directives := range places {
				for _, d := range directives.ForNames(directive.NameCacheControl) {
					if arg := d.Arguments.ForName("scope"); arg != nil && directive.Scope(arg.Value.Raw) == directive.Public {
						r.At(arg.Position, "remove scope: the field is PRIVATE without it", "%s.%s can't be PUBLIC: %s", name, field.Name, why)
					}
				}
			}
		}
	}
}

// passes reports whether headers of the service's answer are passed to the caller.
func (p privacy) passes(def *ast.Definition, field *ast.FieldDefinition) bool {
	b := p.frontend.Bindings[def.Name][field.Name]
	return b != nil && b.IsPassing()
}

// checkUncached reports a maxAge of a field that can't be cached.
func checkUncached(of string, field *ast.FieldDefinition, r *Report) {
	for _, d := range field.Directives.ForNames(directive.NameCacheControl) {
		for _, name := range []string{"maxAge", "inheritMaxAge"} {
			if arg := d.Arguments.ForName(name); arg != nil && arg.Value.Raw != "0" && arg.Value.Raw != "false" {
				r.At(arg.Position, "remove "+name, "%s.%s can't be cached: headers of the service's answer are the caller's (passHeaders)", of, field.Name)
			}
		}
	}
}

// markPrivate adds scope: PRIVATE to the published fields whose values are the
// caller's, and maxAge: 0 to those that can't be cached. For fields that need
// rights, the gateway knows it by itself.
func markPrivate(p privacy, doc *ast.SchemaDocument) {
	schema := p.frontend.Schema
	for _, published := range slices.Concat(doc.Definitions, doc.Extensions) {
		def := schema.Types[published.Name]
		if def == nil || def.Kind != ast.Object || def == schema.Mutation || def == schema.Subscription {
			continue
		}
		for _, field := range published.Fields {
			if whole := def.Fields.ForName(field.Name); whole != nil && p.received(def, whole) != "" {
				setPrivate(field, p.passes(def, whole))
			}
		}
	}
}

// setPrivate makes a field PRIVATE, and not cacheable if it is uncached.
func setPrivate(field *ast.FieldDefinition, uncached bool) {
	d := field.Directives.ForName(directive.NameCacheControl)
	if d == nil {
		d = &ast.Directive{Name: directive.NameCacheControl}
		field.Directives = append(field.Directives, d)
	}
	set := func(name, value string, kind ast.ValueKind) {
		if d.Arguments.ForName(name) == nil {
			d.Arguments = append(d.Arguments, &ast.Argument{Name: name, Value: &ast.Value{Kind: kind, Raw: value}})
		}
	}
	if uncached {
		set("maxAge", "0", ast.IntValue)
	}
	set("scope", string(directive.Private), ast.EnumValue)
}
