package bindgen

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/99designs/gqlgen/codegen"
	"github.com/goccy/go-yaml"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/directive"
	"github.com/portico-gateway/portico/internal/binding"
)

// toldServices are the services that portico.yaml tells who calls. A file that
// can't be read tells of none: the gateway finds out when it runs.
func toldServices(root string) map[string]bool {
	var file struct {
		Services map[string]struct {
			ForwardAuthorization any    `yaml:"forwardAuthorization"`
			SubjectHeader        string `yaml:"subjectHeader"`
		} `yaml:"services"`
	}
	told := map[string]bool{}
	text, err := os.ReadFile(filepath.Join(root, "portico.yaml"))
	if err != nil || yaml.Unmarshal(text, &file) != nil {
		return told
	}
	for name, s := range file.Services {
		told[name] = s.ForwardAuthorization == true || s.SubjectHeader != ""
	}
	return told
}

// privacy finds the fields whose values are one caller's.
type privacy struct {
	frontend *frontend
	told     map[string]bool
}

// why tells why the values of a field are one caller's; "" if nothing says so.
func (p privacy) why(def *ast.Definition, field *ast.FieldDefinition) string {
	if rights := directive.RightsOf(p.frontend.schema, def, field); len(rights) > 0 {
		return "it needs a caller with rights (@" + rights[0].Directive.Name + ")"
	}
	return p.tells(def, field)
}

// tells tells why a service gets to know of the caller; "" if nothing says so.
func (p privacy) tells(def *ast.Definition, field *ast.FieldDefinition) string {
	if b := p.frontend.bindings[def.Name][field.Name]; b != nil {
		if p.told[b.Service] {
			return "portico.yaml has the gateway tell the service " + b.Service + " who calls"
		}
		for _, v := range b.Vars() {
			if v.Root == directive.Headers {
				return "the service gets the caller's header " + v.Path[0]
			}
		}
	}
	for _, d := range field.Directives.ForNames(binding.CallsDirective) {
		if arg := d.Arguments.ForName("service"); arg != nil && p.told[arg.Value.Raw] {
			return "portico.yaml has the gateway tell the service " + arg.Value.Raw + " who calls"
		}
	}
	return ""
}

// checkPrivacy refuses to publish to everybody what is one caller's.
func checkPrivacy(p privacy, r *report) {
	schema := p.frontend.schema
	for _, name := range typeNames(schema) {
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
						r.at(arg.Position, "leave scope out: it is PRIVATE then", "%s.%s can't be PUBLIC: %s", name, field.Name, why)
					}
				}
			}
		}
	}
}

// tellPrivacy makes a published document say of fields that are PRIVATE since
// services get to know of the caller. Of what needs rights, it is said already.
func tellPrivacy(p privacy, doc *ast.SchemaDocument) {
	schema := p.frontend.schema
	for _, published := range slices.Concat(doc.Definitions, doc.Extensions) {
		def := schema.Types[published.Name]
		if def == nil || def.Kind != ast.Object || def == schema.Mutation || def == schema.Subscription {
			continue
		}
		for _, field := range published.Fields {
			if whole := def.Fields.ForName(field.Name); whole != nil && p.tells(def, whole) != "" {
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

// maxAge is how many seconds a loader's values are kept for other requests: the
// least of what the fields that it resolves, or else their types, say; 0 when
// one says nothing.
func (c *call) maxAge() int {
	least := math.MaxInt
	for _, u := range c.users {
		least = min(least, maxAgeOf(u))
	}
	return least
}

func maxAgeOf(u callUser) int {
	hint := directive.CacheControlOf(u.binding.Field.Directives)
	if of := u.frontend.schema.Types[u.binding.Field.Type.Name()]; of != nil && of.IsCompositeType() {
		hint = hint.Or(directive.CacheControlOf(of.Directives))
	}
	if hint.MaxAge == nil {
		return 0
	}
	return int(*hint.MaxAge / time.Second)
}

// tagPlan is a tag that each object of a level has.
type tagPlan struct {
	Parts  []tagPart
	Guards []string // conditions that it has none
}

// tagPart is a text as it is, or the Go expression of one.
type tagPart struct {
	Literal, Expr string
}

// tags plans the tags that directives make of an object's fields. Those that
// arguments make are known without the object.
func (b *planBuilder) tags(o *codegen.Object, directives ...ast.DirectiveList) []tagPlan {
	var out []tagPlan
	for _, text := range directive.Tags(slices.Concat(directives...)) {
		if !text.Uses(directive.This) {
			continue
		}
		if tag, ok := b.tag(o, text); ok {
			out = append(out, tag)
		}
	}
	return out
}

func (b *planBuilder) tag(o *codegen.Object, text directive.Text) (tagPlan, bool) {
	var tag tagPlan
	for _, part := range text {
		if part.Var == nil {
			tag.Parts = append(tag.Parts, tagPart{Literal: part.Literal})
			continue
		}
		k := b.key(o, part.Var)
		if k.typ == nil {
			return tag, false // reported
		}
		expr, ok := textOf(k.typ, k.expr)
		if !ok {
			b.report.at(part.Var.Pos, "", "%s is %s in Go, which can't be a part of a tag", part.Var, shortType(typeName(k.typ)))
			return tag, false
		}
		tag.Guards = append(tag.Guards, k.Guards...)
		tag.Parts = append(tag.Parts, tagPart{Expr: expr})
	}
	return tag, true
}

// tagsOf are the tags of an object type: its own, and those of its interfaces.
func (b *planBuilder) tagsOf(o *codegen.Object) []tagPlan {
	types := b.frontend.schema.Types
	directives := []ast.DirectiveList{types[o.Name].Directives}
	for _, name := range types[o.Name].Interfaces {
		directives = append(directives, types[name].Directives)
	}
	return b.tags(o, directives...)
}

// tagsOfField are the tags of a field, and of the same field of interfaces.
func (b *planBuilder) tagsOfField(f *codegen.Field) []tagPlan {
	types := b.frontend.schema.Types
	directives := []ast.DirectiveList{types[f.Object.Name].Fields.ForName(f.Name).Directives}
	for _, name := range types[f.Object.Name].Interfaces {
		if same := types[name].Fields.ForName(f.Name); same != nil {
			directives = append(directives, same.Directives)
		}
	}
	return b.tags(f.Object, directives...)
}

// tagged reports whether objects of a type have tags that are made of them.
func tagged(schema *ast.Schema, def *ast.Definition) bool {
	own := func(directives ast.DirectiveList) bool {
		return slices.ContainsFunc(directive.Tags(directives), func(text directive.Text) bool { return text.Uses(directive.This) })
	}
	in := func(def *ast.Definition) bool {
		return own(def.Directives) || slices.ContainsFunc(def.Fields, func(f *ast.FieldDefinition) bool { return own(f.Directives) })
	}
	return in(def) || slices.ContainsFunc(def.Interfaces, func(name string) bool { return in(schema.Types[name]) })
}
