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

// received returns the reason why a service learns who the caller is; "" if it
// does not.
func (p privacy) received(def *ast.Definition, field *ast.FieldDefinition) string {
	if b := p.frontend.Bindings[def.Name][field.Name]; b != nil {
		if p.receivers[b.Service] {
			return "the service " + b.Service + " receives the caller (@service)"
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

// markPrivate adds scope: PRIVATE to the published fields whose services learn who
// the caller is. For those that need rights, the gateway knows it by itself.
func markPrivate(p privacy, doc *ast.SchemaDocument) {
	schema := p.frontend.Schema
	for _, published := range slices.Concat(doc.Definitions, doc.Extensions) {
		def := schema.Types[published.Name]
		if def == nil || def.Kind != ast.Object || def == schema.Mutation || def == schema.Subscription {
			continue
		}
		for _, field := range published.Fields {
			if whole := def.Fields.ForName(field.Name); whole != nil && p.received(def, whole) != "" {
				setPrivate(field)
			}
		}
	}
}

func setPrivate(field *ast.FieldDefinition) {
	scope := &ast.Argument{Name: "scope", Value: &ast.Value{Kind: ast.EnumValue, Raw: string(directive.Private)}}
	d := field.Directives.ForName(directive.NameCacheControl)
	switch {
	case d == nil:
		field.Directives = append(field.Directives, &ast.Directive{Name: directive.NameCacheControl, Arguments: ast.ArgumentList{scope}})
	case d.Arguments.ForName("scope") == nil:
		d.Arguments = append(d.Arguments, scope)
	}
}
