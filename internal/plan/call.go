package plan

import (
	"go/types"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/directive"
	"github.com/portico-gateway/portico/internal/binding"
	"github.com/portico-gateway/portico/internal/project"
)

// Service is a service whose client is generated.
type Service struct {
	Name  string
	GRPC  bool
	Calls []*Call // sorted by name
	// Config are the names of $config that calls use, sorted.
	Config []string
	// Objects are the object types that are read from answers, sorted by name.
	Objects []*Object
	// Choices are the interfaces and unions that are read from answers, sorted by
	// name.
	Choices []*Choice
	// Enums are the enums that answers have, or that have other names in the
	// service, sorted by name.
	Enums []*Enum
	// Inputs are the input objects that are sent, sorted by name.
	Inputs []*Input

	conventions binding.Conventions
}

// Call is a call of a service. Bindings that make the same call share one.
type Call struct {
	*binding.Binding // the first of them

	// Name is the Go name: ProductReviews.
	Name string
	// Type is the type of the fields; nullable if that of one is.
	Type   *ast.Type
	Result types.Type
	// Arguments are those that the call uses, in the order of the field.
	Arguments []*Argument
	// Operands are the values of the variables.
	Operands map[*directive.Var]*Operand
	// Objects are the input objects that are parameters of the URL.
	Objects map[*directive.Var]Leaf
	// Body is the body of an HTTP request; nil for none.
	Body *Sent
	// Message is the request of gRPC.
	Message *Message
	// Method is the method of gRPC.
	Method *GRPCMethod
	// Answer says how the answer is read; nil if only success matters.
	Answer *Answer
	// NotFound reports whether the field is null when the service finds
	// nothing.
	NotFound bool
	// Slices are the arguments that say how long the field's list is at most; the
	// largest counts. There are none if the list is taken as the service sends it.
	Slices []*Argument
	// MaxAge is for how many seconds values may be kept for other requests; 0
	// if they are not.
	MaxAge int

	frontend *project.Frontend
	users    []callUser
	fields   []string // such as Product.reviews, sorted
}

// Fields returns the names of the fields that the call resolves, for a comment.
func (c *Call) Fields() string { return strings.Join(c.fields, ", ") }

// callUser is a field that a call resolves.
type callUser struct {
	frontend *project.Frontend
	binding  *binding.Binding
}

// Argument is an argument of a field, with its Go type.
type Argument struct {
	*ast.ArgumentDefinition
	Type types.Type
}

// Root reports whether the call is for a root field, which has no parents.
func (c *Call) Root() bool { return project.IsRoot(c.frontend.Schema, c.Parent) }

// Keyed reports whether the call is a batch whose rows have their keys.
func (c *Call) Keyed() bool { return c.Key != nil && c.Key.Match == binding.ByKey }

// Stream reports whether the call is for a field of Subscription.
func (c *Call) Stream() bool { return c.Parent == c.frontend.Schema.Subscription }

// Mutation reports whether the call is for a field of Mutation.
func (c *Call) Mutation() bool { return c.Parent == c.frontend.Schema.Mutation }

// Done reports whether the answer is not read: the field is a Boolean that is
// true when the call succeeds.
func (c *Call) Done() bool {
	return c.Root() && !c.Stream() && c.Select == nil && c.Field.Type.NamedType == "Boolean"
}

// Format returns the format of the call's answers.
func (c *Call) Format() Format {
	switch {
	case c.GRPC != nil:
		return Protobuf
	case c.REST.XML:
		return XML
	}
	return JSON
}

// What returns the call in a few words, such as "GET /products", for comments.
func (c *Call) What() string {
	if c.GRPC != nil {
		return c.GRPC.Method
	}
	var path strings.Builder
	for _, segment := range c.REST.Path {
		path.WriteByte('/')
		for _, part := range segment {
			if part.Var != nil {
				path.WriteString("{" + part.Var.String() + "}")
			}
			path.WriteString(part.Literal)
		}
	}
	if path.Len() == 0 || c.REST.Slash {
		path.WriteByte('/')
	}
	return c.REST.Method + " " + path.String()
}

// Keys returns the variables of parents that the call uses, each once.
func (c *Call) Keys() []*directive.Var { return parentVars(c.Binding) }

// KeyMember returns the Go name of a variable in a key of several variables.
func KeyMember(v *directive.Var) string {
	var name strings.Builder
	for _, part := range v.Path {
		name.WriteString(GoName(part))
	}
	return name.String()
}

func parentVars(b *binding.Binding) []*directive.Var {
	var vars []*directive.Var
	for _, v := range b.Vars() {
		if (v.Root == directive.This || v.Root == directive.Batch) &&
			!slices.ContainsFunc(vars, func(have *directive.Var) bool { return have.String() == v.String() }) {
			vars = append(vars, v)
		}
	}
	return vars
}

func usedArguments(b *binding.Binding) []*ast.ArgumentDefinition {
	used := map[string]bool{}
	for _, v := range b.Vars() {
		switch v.Root {
		case directive.Args:
			used[v.Path[0]] = true
		case directive.Paging:
			used["first"] = true
			if b.CountsRows() {
				used["after"] = true
			}
		}
	}
	var args []*ast.ArgumentDefinition
	for _, arg := range b.Field.Arguments {
		if used[arg.Name] {
			args = append(args, arg)
		}
	}
	return args
}

// callers returns the frontends that call a service, sorted by name. Only their
// schemas say what the service calls a field: the same type of another frontend
// may belong to another service.
func (s *Service) callers() []*project.Frontend {
	var list []*project.Frontend
	for _, c := range s.Calls {
		for _, u := range c.users {
			if !slices.Contains(list, u.frontend) {
				list = append(list, u.frontend)
			}
		}
	}
	slices.SortFunc(list, func(a, b *project.Frontend) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// configNames returns the names of $config that the calls use, sorted.
func (s *Service) configNames() []string {
	var names []string
	for _, c := range s.Calls {
		for _, v := range c.Vars() {
			if v.Root == directive.Config {
				names = append(names, v.Path[0])
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
