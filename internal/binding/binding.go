// Package binding reads the directives that tie fields of a schema to calls of
// services. It knows GraphQL but neither Go nor the services.
package binding

import (
	_ "embed"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

//go:embed directives.graphqls
var directives string

//go:embed policy.graphqls
var policy string

//go:embed cache.graphqls
var cache string

// Definitions is the SDL of the directives. Every frontend's schema has it.
func Definitions() []*ast.Source {
	return []*ast.Source{
		{Name: "portico/directives.graphqls", Input: directives, BuiltIn: true},
		{Name: "portico/policy.graphqls", Input: policy, BuiltIn: true},
		{Name: "portico/cache.graphqls", Input: cache, BuiltIn: true},
	}
}

// The directives' names.
const (
	RESTDirective         = "rest"
	GRPCDirective         = "grpc"
	SourceDirective       = "source"
	InaccessibleDirective = "inaccessible"
	ConstraintDirective   = "constraint"
	CallsDirective        = "calls"
	ServiceDirective      = "service"
	ListSizeDirective     = "listSize"
	CostDirective         = "cost"

	AuthenticatedDirective  = "authenticated"
	RequiresScopesDirective = "requiresScopes"
	PolicyDirective         = "policy"
	RateLimitDirective      = "rateLimit"

	CacheControlDirective = "cacheControl"
	CacheTagDirective     = "cacheTag"
	InvalidatesDirective  = "invalidates"
)

// Private tells a directive or a type that no caller of the gateway sees: it
// tells of services.
func Private(name string) bool {
	return slices.Contains([]string{RESTDirective, GRPCDirective, SourceDirective, InaccessibleDirective, CallsDirective, ServiceDirective,
		"BindingPage", "BindingError", "BindingFormat", "BindingValue"}, name)
}

// Inaccessible tells whether no frontend sees the field.
func Inaccessible(field *ast.FieldDefinition) bool {
	return field.Directives.ForName(InaccessibleDirective) != nil
}

// CallerServices are the services that @service says receive the caller: its
// credentials or its subject.
func CallerServices(schema *ast.Schema) []string {
	var names []string
	for _, d := range schema.SchemaDirectives.ForNames(ServiceDirective) {
		name, receives := d.Arguments.ForName("name"), d.Arguments.ForName("receivesCaller")
		if name != nil && receives != nil && receives.Value.Raw == "true" {
			names = append(names, name.Value.Raw)
		}
	}
	return names
}

// Binding is what @rest or @grpc says of a field.
type Binding struct {
	Parent *ast.Definition
	Field  *ast.FieldDefinition
	Pos    *ast.Position

	Service string
	REST    *REST // nil for gRPC
	GRPC    *GRPC // nil for REST
	Select  Path
	// Key says which parent a row belongs to; nil without {$batch.x}.
	Key    *Key
	Max    int // 0 for the default
	Page   *Page
	Errors []ErrorRule
}

// REST is a call of an HTTP service.
type REST struct {
	Method  string
	Path    []Text // its segments
	PathPos *ast.Position
	Query   []Param
	Headers []Param
	Body    *Value // nil for none
	XML     bool
}

// GRPC is a call of a gRPC service.
type GRPC struct {
	Method  string // package.Service/Method
	Pos     *ast.Position
	Request *Value // an object, or nil
}

// Param is a parameter of the URL or a header.
type Param struct {
	Name string
	Text Text
	Pos  *ast.Position
}

// Key is how rows are matched to parents.
type Key struct {
	// Row leads to the key in a row.
	Row Path
	// Batch is the field of the parent: $batch.x.
	Batch *Var
	Pos   *ast.Position
}

// Page is how a service pages.
type Page struct {
	Next, Total, More Path // nil when not given
	Start             int
	Pos               *ast.Position
}

// ErrorRule is what an error of a service means.
type ErrorRule struct {
	Status     string // 409, or NOT_FOUND
	Null       bool   // the field is null
	Code       string
	Message    string
	Extensions []Extension
	Pos        *ast.Position
}

// Extension is a value of an error's body that the caller gets.
type Extension struct {
	Name string
	Path Path
}

// Value is what a body or a request is made of. Exactly one of its parts is
// set.
type Value struct {
	Text   Text       // a text with at least one variable
	Const  *ast.Value // a scalar without variables
	Object []Member
	List   []*Value
	Pos    *ast.Position
}

// Member is a field of an object.
type Member struct {
	Name  string
	Value *Value
	Pos   *ast.Position
}

// Texts are all texts of a value.
func (v *Value) Texts() []Text {
	if v == nil {
		return nil
	}
	texts := []Text{v.Text}
	for _, m := range v.Object {
		texts = append(texts, m.Value.Texts()...)
	}
	for _, item := range v.List {
		texts = append(texts, item.Texts()...)
	}
	return texts
}

// Vars are all variables of the call, in the order in which they are written.
func (b *Binding) Vars() []*Var {
	var texts []Text
	if b.REST != nil {
		texts = append(texts, b.REST.Path...)
		for _, params := range [][]Param{b.REST.Query, b.REST.Headers} {
			for _, p := range params {
				texts = append(texts, p.Text)
			}
		}
		texts = append(texts, b.REST.Body.Texts()...)
	}
	if b.GRPC != nil {
		texts = append(texts, b.GRPC.Request.Texts()...)
	}
	var vars []*Var
	for _, t := range texts {
		vars = append(vars, t.Vars()...)
	}
	if b.Key != nil && !slices.ContainsFunc(vars, func(v *Var) bool { return v.Root == Batch }) {
		vars = append(vars, b.Key.Batch)
	}
	return vars
}

// values are the body or the request.
func (b *Binding) values() []*Value {
	var list []*Value
	if b.REST != nil {
		list = append(list, b.REST.Body)
	}
	if b.GRPC != nil {
		list = append(list, b.GRPC.Request)
	}
	return list
}

// Uses tells whether a variable of the call has this root.
func (b *Binding) Uses(root Root) bool {
	return slices.ContainsFunc(b.Vars(), func(v *Var) bool { return v.Root == root })
}

// Source is what @source says of a field, an input field or an enum's value.
type Source struct {
	Names   []Path
	Convert string     // package.Func, or empty
	Default *ast.Value // or nil
	Value   *ast.Value // or nil
	Pos     *ast.Position
}

// SourceFor returns what the directives say for this service: @source with its
// name, or else without one, or else what the name alone says.
func SourceFor(directives ast.DirectiveList, name, service string) Source {
	out := Source{Names: []Path{{name}}}
	var found *ast.Directive
	for _, d := range directives.ForNames(SourceDirective) {
		switch of := d.Arguments.ForName("service"); {
		case of != nil && of.Value.Raw == service:
			found = d
		case of == nil && found == nil:
			found = d
		}
	}
	if found == nil {
		return out
	}
	out.Pos = found.Position
	if arg := found.Arguments.ForName("name"); arg != nil {
		out.Names = nil
		for _, text := range Items(arg.Value) {
			path, _ := ParsePath(text.Raw) // ReadSources has reported a mistake
			out.Names = append(out.Names, path)
		}
	}
	if arg := found.Arguments.ForName("convert"); arg != nil {
		out.Convert = arg.Value.Raw
	}
	if arg := found.Arguments.ForName("default"); arg != nil {
		out.Default = arg.Value
	}
	if arg := found.Arguments.ForName("value"); arg != nil {
		out.Value = arg.Value
	}
	return out
}

// EnumText is what the directives say that this service calls a value of an
// enum; false when they say nothing.
func EnumText(directives ast.DirectiveList, service string) (string, bool) {
	text, found := "", false
	for _, d := range directives.ForNames(SourceDirective) {
		name := d.Arguments.ForName("name")
		if name == nil {
			continue
		}
		switch of := d.Arguments.ForName("service"); {
		case of != nil && of.Value.Raw == service:
			return Items(name.Value)[0].Raw, true
		case of == nil:
			text, found = Items(name.Value)[0].Raw, true
		}
	}
	return text, found
}

// Items are the items of a list, or the value that stands for a list of one.
func Items(v *ast.Value) []*ast.Value {
	if v.Kind != ast.ListValue {
		return []*ast.Value{v}
	}
	var list []*ast.Value
	for _, child := range v.Children {
		list = append(list, child.Value)
	}
	return list
}
