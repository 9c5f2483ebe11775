package binding

import (
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// read reads the arguments that all bindings have, and calls own to read the
// others.
func (r *reader) read(d *ast.Directive, own func(d *ast.Directive)) {
	if !r.checkArguments(d) {
		return
	}
	b := r.binding
	b.Service = raw(d, "service")
	if !serviceName.MatchString(b.Service) {
		r.fail(d.Arguments.ForName("service").Value.Position, "use the name that portico.yaml gives the service",
			"%q can't name a service: it becomes a Go package, so it must have only small letters and digits and start with a letter", b.Service)
	}
	if token.IsKeyword(b.Service) || slices.Contains([]string{"main", "init", "internal", "vendor", "testdata", "proto", "clients", "error"}, b.Service) {
		r.fail(d.Arguments.ForName("service").Value.Position, "give the service another name in portico.yaml",
			"%q can't name a service: it becomes a Go package, which can't have this name", b.Service)
	}
	if arg := d.Arguments.ForName("select"); arg != nil {
		b.Select, b.Entries = r.entries(arg.Value)
	}
	if arg := d.Arguments.ForName("max"); arg != nil {
		if b.Max, _ = strconv.Atoi(arg.Value.Raw); b.Max < 1 {
			r.fail(arg.Value.Position, "", "max must be at least 1")
		}
	}
	own(d)
	b.Page = r.page(d)
	b.Errors = r.errorRules(d)
	b.Key = r.key(d)
	b.Sharing = r.sharing(d)
	if !r.failed {
		r.checkVars()
	}
}

var serviceName = regexp.MustCompile(`^[a-z][a-z0-9]*$`)

func (r *reader) grpc(d *ast.Directive) {
	arg := d.Arguments.ForName("method")
	method := strings.TrimPrefix(arg.Value.Raw, "/")
	if service, name, ok := strings.Cut(method, "/"); !ok || service == "" || name == "" || strings.Contains(name, "/") {
		r.fail(arg.Value.Position, "write package.Service/Method", "%q is not a gRPC method", arg.Value.Raw)
	}
	r.binding.GRPC = &GRPC{Method: method, Pos: arg.Value.Position}
	if arg := d.Arguments.ForName("request"); arg != nil {
		if arg.Value.Kind != ast.ObjectValue {
			r.fail(arg.Value.Position, `write {field: "{$args.x}"}`, "the request must be an object")
			return
		}
		r.binding.GRPC.Request = r.value(arg.Value)
	}
}

func (r *reader) value(v *ast.Value) *Value {
	out := &Value{Pos: v.Position}
	switch v.Kind {
	case ast.ObjectValue:
		out.Object = []Member{}
		for _, child := range v.Children {
			out.Object = append(out.Object, Member{Name: child.Name, Value: r.value(child.Value), Pos: child.Position})
		}
	case ast.ListValue:
		out.List = []*Value{}
		for _, child := range v.Children {
			out.List = append(out.List, r.value(child.Value))
		}
	case ast.StringValue, ast.BlockValue:
		text := r.text(v, 0)
		if len(text.Vars()) == 0 {
			out.Const = v
			break
		}
		out.Text = text
	default:
		out.Const = v
	}
	return out
}
