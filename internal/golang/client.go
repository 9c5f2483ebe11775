package golang

import (
	"fmt"
	"go/token"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/portico-gateway/portico/internal/binding"
	"github.com/portico-gateway/portico/internal/plan"
)

// client writes the client of one service.
type client struct {
	*file
	*namer
	service *plan.Service
	bodies  strings.Builder // types of objects that are sent, after the functions
}

// clientFile writes the client of a service.
func clientFile(p *plan.Plan, s *plan.Service) ([]byte, error) {
	c := &client{file: newFile(p, path.Join(p.Module, "clients", s.Name)), namer: newNamer(p), service: s}
	c.allocate()
	var b strings.Builder
	c.head(&b)
	for _, call := range s.Calls {
		b.WriteString(c.call(call))
	}
	for _, o := range s.Objects {
		if o.Message == nil {
			b.WriteString(c.row(o))
		} else {
			b.WriteString(c.message(o))
		}
	}
	for _, choice := range s.Choices {
		b.WriteString(c.choice(choice))
	}
	for _, e := range s.Enums {
		b.WriteString(c.enum(e))
	}
	for _, in := range s.Inputs {
		b.WriteString(c.input(in))
	}
	b.WriteString(c.bodies.String())
	return c.formatted("// Package "+s.Name+" calls the service "+s.Name+", as the bindings of the schemas say.", b.String())
}

// The declarations of a call or an enum that have names of their own.
type (
	argsOf struct{ *plan.Call }
	keyOf  struct{ *plan.Call }
	textOf struct{ *plan.Enum }
	typeOf struct{ *plan.Input }
)

// allocate names all declarations of the file before anything uses them.
func (c *client) allocate() {
	for _, name := range []string{"Client", "New", "expectations", "accepted", "passed"} {
		c.declared[name] = true
	}
	for _, o := range c.service.Objects {
		more, kind := "XML", ""
		switch {
		case o.Message != nil:
			more = o.Message.GoIdent.GoName
		case o.Entry:
			kind = "Entry"
		}
		c.declare(o, "read"+plan.GoName(o.Def.Name)+kind, more)
		c.declare(fieldsOf{o}, lowerFirst(plan.GoName(o.Def.Name))+kind+"Fields", more)
	}
	for _, choice := range c.service.Choices {
		more := "XML"
		if choice.Message != nil {
			more = choice.Message.GoIdent.GoName
		}
		c.declare(choice, "read"+plan.GoName(choice.Def.Name), more)
	}
	for _, e := range c.service.Enums {
		name := lowerFirst(plan.GoName(e.Def.Name))
		if e.Proto != nil {
			c.declare(e, name+"Of", e.Proto.GoIdent.GoName)
			c.declare(textOf{e}, "to"+e.Proto.GoIdent.GoName, plan.GoName(e.Def.Name))
		} else {
			c.declare(e, name+"Of", "")
			c.declare(textOf{e}, name+"Text", "")
		}
	}
	for _, in := range c.service.Inputs {
		if in.Message != nil {
			c.declare(in, "new"+plan.GoName(in.Def.Name)+"Message", in.Message.GoIdent.GoName)
		} else {
			c.declare(in, "new"+plan.GoName(in.Def.Name)+"Body", "")
			c.declare(typeOf{in}, lowerFirst(plan.GoName(in.Def.Name))+"Body", "")
		}
	}
	for _, call := range c.service.Calls {
		c.declare(argsOf{call}, lowerFirst(call.Name)+"Args", "")
		c.declare(keyOf{call}, call.Name+"Key", "")
	}
}

// head writes the type Client and its constructor.
func (c *client) head(b *strings.Builder) {
	kind := "HTTP"
	if c.service.GRPC {
		kind = "GRPC"
	}
	name := c.service.Name
	fmt.Fprintf(b, "// Client calls the service %s. It is safe for concurrent use.\ntype Client struct {\n%s\n", name, c.upstream(kind))
	expecting := slices.DeleteFunc(slices.Clone(c.service.Calls), func(call *plan.Call) bool { return !call.Expects() })
	if len(expecting) > 0 {
		b.WriteString("expect expectations\n")
	}
	accepting := slices.DeleteFunc(slices.Clone(c.service.Calls), func(call *plan.Call) bool { return call.REST == nil || len(call.REST.ContentTypes) == 0 })
	if len(accepting) > 0 {
		b.WriteString("accepts accepted\n")
	}
	passing := slices.DeleteFunc(slices.Clone(c.service.Calls), func(call *plan.Call) bool { return !call.IsPassing() })
	if len(passing) > 0 {
		b.WriteString("passes passed\n")
	}
	for _, call := range c.service.Calls {
		if !call.Root() {
			fmt.Fprintf(b, "%s *%s\n", loaderName(call), c.loaderType(call))
		}
	}
	fmt.Fprintf(b, "}\n\n// New returns a client of the service %s.\nfunc New(services %s) (*Client, error) {\n", name, c.upstream("Clients"))
	fmt.Fprintf(b, "service, err := services.%s(%q)\nif err != nil {\nreturn nil, err\n}\n", kind, name)
	if len(c.service.Config) > 0 {
		fmt.Fprintf(b, "if err := service.Need(%s); err != nil {\nreturn nil, err\n}\n", quoted(c.service.Config))
	}
	fmt.Fprintf(b, "c := &Client{%s: service}\n", kind)
	for _, call := range expecting {
		fmt.Fprintf(b, "c.expect.%s = c.Expect(%q%s)\n", loaderName(call), call.At(), expectedPaths(call))
	}
	for _, call := range accepting {
		fmt.Fprintf(b, "c.accepts.%s = %s(%s)\n", loaderName(call), c.upstream(formatName(call)), quoted(call.REST.ContentTypes))
	}
	for _, call := range passing {
		fmt.Fprintf(b, "c.passes.%s = %s\n", loaderName(call), c.passing(call.REST.Passes))
	}
	for _, call := range c.service.Calls {
		if !call.Root() {
			fmt.Fprintf(b, "c.%s = %s\n", loaderName(call), c.newLoader(call))
		}
	}
	b.WriteString("return c, nil\n}\n\n")
	c.perCall(b, "// expectations are what the calls expect in answers.\ntype expectations", "Expectation", expecting)
	c.perCall(b, "// accepted are the media types of answers that calls accept.\ntype accepted", "Media", accepting)
	c.perCall(b, "// passed are the headers of answers that calls pass to callers.\ntype passed", "Passing", passing)
}

// passing writes the expression for the headers that a call passes to callers.
func (c *client) passing(p *binding.Passes) string {
	var fields []string
	if len(p.Headers) > 0 {
		fields = append(fields, "Headers: []string{"+quoted(p.Headers)+"}")
	}
	if len(p.Cookies) > 0 {
		fields = append(fields, "Cookies: []string{"+quoted(p.Cookies)+"}")
	}
	return "&" + c.upstream("Passing") + "{" + strings.Join(fields, ", ") + "}"
}

// perCall writes a struct type with a field for each of these calls, if there
// are any.
func (c *client) perCall(b *strings.Builder, declaration, typ string, calls []*plan.Call) {
	if len(calls) == 0 {
		return
	}
	b.WriteString(declaration + " struct {\n")
	for _, call := range calls {
		fmt.Fprintf(b, "%s *%s\n", loaderName(call), c.upstream(typ))
	}
	b.WriteString("}\n\n")
}

// formatName returns the name of the format of a call's answers over HTTP.
func formatName(call *plan.Call) string {
	if call.REST.XML {
		return "XML"
	}
	return "JSON"
}

// expectedPaths writes the expected paths as further arguments.
func expectedPaths(call *plan.Call) string {
	if len(call.Expected()) == 0 {
		return ""
	}
	return ",\n" + quoted(call.Expected())
}

// quoted writes texts as string literals, separated by commas.
func quoted(texts []string) string {
	list := make([]string, len(texts))
	for i, text := range texts {
		list[i] = strconv.Quote(text)
	}
	return strings.Join(list, ", ")
}

// loaderName returns the field of the client that has the loader of a call.
func loaderName(call *plan.Call) string {
	name := lowerFirst(call.Name)
	if token.IsKeyword(name) {
		name += "Loader"
	}
	return name
}

// keyType returns the type of a loader's keys: string, also if all parents have the same, or a struct of several.
func (c *client) keyType(call *plan.Call) string {
	if len(call.Keys()) <= 1 {
		return "string"
	}
	return c.of(keyOf{call})
}

// loaderType returns the type of a loader, without the pointer.
func (c *client) loaderType(call *plan.Call) string {
	if len(call.Arguments) > 0 {
		return fmt.Sprintf("%s[%s, %s, %s]", c.loader("Family"), c.of(argsOf{call}), c.keyType(call), c.typ(call.Result))
	}
	return fmt.Sprintf("%s[%s, %s]", c.loader("Loader"), c.keyType(call), c.typ(call.Result))
}

// newLoader writes the expression that makes a loader.
func (c *client) newLoader(call *plan.Call) string {
	limit := c.loader("Unlimited")
	if call.Key != nil {
		limit = "c.MaxBatch()"
		if call.Max > 0 {
			limit = fmt.Sprintf("min(%d, c.MaxBatch())", call.Max)
		}
	}
	name := "New"
	if len(call.Arguments) > 0 {
		name = "NewFamily"
	}
	if call.IsPassing() { // the headers of an answer are for one operation
		return fmt.Sprintf("%s(%s, c.fetch%s).Observe(c.Batches(%q))", c.loader(name), limit, call.Name, call.Name)
	}
	maxAge := ""
	if call.MaxAge > 0 {
		maxAge = fmt.Sprintf(", MaxAge: %d * %s.Second", call.MaxAge, c.use("time"))
	}
	return fmt.Sprintf("%s(%s, c.fetch%s).Cache(%s{Store: c.Store(), Service: %q, Name: %q%s}).Observe(c.Batches(%q))",
		c.loader(name), limit, call.Name, c.loader("Caching"), call.Service, call.Name, maxAge, call.Name)
}
