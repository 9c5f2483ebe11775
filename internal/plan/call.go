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
	// Objects are the object types that answers have, sorted by name.
	Objects []*Object
	// Enums are those whose values the service calls otherwise, or that are read of
	// answers, sorted by name.
	Enums []*Enum
	// Inputs are the input objects that requests have, sorted by name.
	Inputs []*Input
}

// Call is a call of a service: what a binding asks for, or several that ask for
// the same.
type Call struct {
	*binding.Binding // the first of them

	// Name is Go's: ProductReviews.
	Name string
	// Type is that of the fields; nullable where one of them is.
	Type   *ast.Type
	Result types.Type
	// Arguments are those that the call uses, in the order of the field.
	Arguments []*Argument
	// Operands are the values of the variables.
	Operands map[*directive.Var]*Operand
	// Body is that of an HTTP request; nil for none.
	Body *Sent
	// Message is the request of gRPC.
	Message *Message
	// Method is the method of gRPC.
	Method *GRPCMethod
	// Answer is how the answer is read; nil when only success matters.
	Answer *Answer
	// NotFound reports whether the field is null when there is nothing.
	NotFound bool
	// MaxAge is for how many seconds values are fresh for other requests; 0 for a
	// call that is not cached.
	MaxAge int

	frontend *project.Frontend
	users    []callUser
	fields   []string // such as Product.reviews, sorted
}

// Fields are those that the call resolves, for a comment.
func (c *Call) Fields() string { return strings.Join(c.fields, ", ") }

// callUser is a field that a call resolves.
type callUser struct {
	frontend *project.Frontend
	binding  *binding.Binding
}

// Argument is an argument of a field, as a function has it.
type Argument struct {
	*ast.ArgumentDefinition
	Type types.Type
}

// Root reports whether the call is for a root field: it has no parents.
func (c *Call) Root() bool { return project.IsRoot(c.frontend.Schema, c.Parent) }

// Stream reports whether the call is for a field of Subscription.
func (c *Call) Stream() bool { return c.Parent == c.frontend.Schema.Subscription }

// Mutation reports whether the call is for a field of Mutation.
func (c *Call) Mutation() bool { return c.Parent == c.frontend.Schema.Mutation }

// Done reports whether the answer does not matter: the field is a Boolean that
// says whether the call succeeded.
func (c *Call) Done() bool {
	return c.Root() && c.Select == nil && c.Field.Type.NamedType == "Boolean"
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

// What is the call in a few words, for comments.
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
	if path.Len() == 0 {
		path.WriteByte('/')
	}
	return c.REST.Method + " " + path.String()
}

// Keys are the variables of the parents that the call is made for, distinct.
func (c *Call) Keys() []*directive.Var { return parentVars(c.Binding) }

// KeyMember is the name of a variable in a key of several.
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
			used["first"], used["after"] = true, true
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

// callers are the frontends that call a service. Only they tell what the service
// calls a field: another frontend may mean another service's type.
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

// configNames are the names of $config that the calls use.
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
