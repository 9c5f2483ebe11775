package bindgen

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/99designs/gqlgen/codegen"
	"github.com/goccy/go-yaml"
	"github.com/vektah/gqlparser/v2/ast"

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
	if name := p.need(def, field); name != "" {
		return "it needs a caller with rights (@" + name + ")"
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
			if v.Root == binding.Headers {
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

// need is a directive that asks for rights, at the field, its type, the type
// that it belongs to, and at the same field of that type's interfaces: where
// package access looks.
func (p privacy) need(def *ast.Definition, field *ast.FieldDefinition) string {
	types := p.frontend.schema.Types
	places := []ast.DirectiveList{field.Directives, def.Directives}
	if of := types[field.Type.Name()]; of != nil {
		places = append(places, of.Directives)
	}
	for _, name := range def.Interfaces {
		i := types[name]
		if i == nil {
			continue
		}
		places = append(places, i.Directives)
		if same := i.Fields.ForName(field.Name); same != nil {
			places = append(places, same.Directives)
			if of := types[same.Type.Name()]; of != nil {
				places = append(places, of.Directives)
			}
		}
	}
	for _, directives := range places {
		for _, name := range []string{binding.AuthenticatedDirective, binding.RequiresScopesDirective, binding.PolicyDirective} {
			if directives.ForName(name) != nil {
				return name
			}
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
				for _, d := range directives.ForNames(binding.CacheControlDirective) {
					if arg := d.Arguments.ForName("scope"); arg != nil && arg.Value.Raw == "PUBLIC" {
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
	scope := &ast.Argument{Name: "scope", Value: &ast.Value{Kind: ast.EnumValue, Raw: "PRIVATE"}}
	d := field.Directives.ForName(binding.CacheControlDirective)
	switch {
	case d == nil:
		field.Directives = append(field.Directives, &ast.Directive{Name: binding.CacheControlDirective, Arguments: ast.ArgumentList{scope}})
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
	places := []ast.DirectiveList{u.binding.Field.Directives}
	if of := u.frontend.schema.Types[u.binding.Field.Type.Name()]; of != nil && of.IsCompositeType() {
		places = append(places, of.Directives)
	}
	for _, directives := range places {
		for _, d := range directives.ForNames(binding.CacheControlDirective) {
			if arg := d.Arguments.ForName("maxAge"); arg != nil {
				n, _ := strconv.Atoi(arg.Value.Raw) // another mistake has been reported
				return n
			}
		}
	}
	return 0
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
	for _, d := range slices.Concat(directives...).ForNames(binding.CacheTagDirective) {
		text, err := binding.ParseText(d.Arguments.ForName("format").Value.Raw)
		if err != nil || !slices.ContainsFunc(text.Vars(), func(v *binding.Var) bool { return v.Root == binding.This }) {
			continue
		}
		if tag, ok := b.tag(o, d, text); ok {
			out = append(out, tag)
		}
	}
	return out
}

func (b *planBuilder) tag(o *codegen.Object, d *ast.Directive, text binding.Text) (tagPlan, bool) {
	var tag tagPlan
	for _, part := range text {
		if part.Var == nil {
			tag.Parts = append(tag.Parts, tagPart{Literal: part.Literal})
			continue
		}
		at := *part.Var
		at.Pos = d.Position
		k := b.key(o, &at)
		if k.typ == nil {
			return tag, false // reported
		}
		expr, ok := textOf(k.typ, k.expr)
		if !ok {
			b.report.at(d.Position, "", "%s is %s in Go, which can't be a part of a tag", part.Var, shortType(typeName(k.typ)))
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

// tagged tells whether objects of a type have tags that are made of them.
func tagged(schema *ast.Schema, def *ast.Definition) bool {
	own := func(directives ast.DirectiveList) bool {
		return slices.ContainsFunc(directives.ForNames(binding.CacheTagDirective), func(d *ast.Directive) bool {
			text, err := binding.ParseText(d.Arguments.ForName("format").Value.Raw)
			return err == nil && slices.ContainsFunc(text.Vars(), func(v *binding.Var) bool { return v.Root == binding.This })
		})
	}
	in := func(def *ast.Definition) bool {
		return own(def.Directives) || slices.ContainsFunc(def.Fields, func(f *ast.FieldDefinition) bool { return own(f.Directives) })
	}
	return in(def) || slices.ContainsFunc(def.Interfaces, func(name string) bool { return in(schema.Types[name]) })
}
