package importer

import (
	"slices"

	"github.com/bufbuild/protocompile/linker"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
)

// protos is the import of some files.
type protos struct{ *messages }

// method is a method that becomes a field.
type method struct {
	protoreflect.MethodDescriptor
	root string
	// unclear reports whether nothing says if the method only reads.
	unclear bool
	name    string
}

func (imp protos) methods(files linker.Files, o Options) error {
	selected := newSelection(o.Only)
	var chosen []*method
	for _, file := range files {
		for i := range file.Services().Len() {
			service := file.Services().Get(i)
			for j := range service.Methods().Len() {
				m := service.Methods().Get(j)
				if !selected.has(string(m.Name()), string(service.Name())+"/"+string(m.Name()), methodName(m)) {
					continue
				}
				if m.IsStreamingClient() {
					imp.leaveOut(methodName(m), "the client streams, which GraphQL can't")
					continue
				}
				root, unclear := rootOf(m)
				chosen = append(chosen, &method{MethodDescriptor: m, root: root, unclear: unclear})
			}
		}
	}
	if len(selected.seen) == 0 {
		return &MistakeError{Message: "the protos have no service", Fix: "give the files that have services; those that they import are found"}
	}
	if err := selected.check(); err != nil && !o.isBase {
		return err
	}
	reads := imp.project.hasQuery || slices.ContainsFunc(chosen, func(m *method) bool { return m.root == rootQuery })
	for _, m := range chosen {
		if m.unclear && !reads {
			m.root = rootQuery // a schema needs one
		}
		m.name = imp.fieldName(m.root, methodFields(m)...)
	}
	for _, m := range chosen {
		imp.method(m)
	}
	return nil
}

func methodName(m protoreflect.MethodDescriptor) string {
	return string(m.Parent().FullName()) + "/" + string(m.Name())
}

// rootOf is the root that a method belongs to. What only reads says so by an option, by its verb or by its service's name; what has none of these
// is a mutation, as it is not called twice then.
func rootOf(m protoreflect.MethodDescriptor) (root string, unclear bool) {
	options, _ := m.Options().(*descriptorpb.MethodOptions)
	all := words(string(m.Name()))
	if len(all) > 1 && (all[0] == "batch" || all[0] == "bulk") {
		all = all[1:]
	}
	first, last := all[0], all[len(all)-1]
	reads := func(verb string) bool {
		return slices.Contains(readingVerbs(), verb) || slices.Contains(searchingVerbs(), verb)
	}
	service := words(string(m.Parent().Name()))
	switch {
	case m.IsStreamingServer():
		return rootSubscription, false
	case options.GetIdempotencyLevel() == descriptorpb.MethodOptions_NO_SIDE_EFFECTS || httpMethod(m) == "get" || reads(first):
		return rootQuery, false
	case httpMethod(m) != "" && httpMethod(m) != "post" || slices.Contains(writingVerbs(), first):
		return rootMutation, false
	case reads(last), last == "status", last == "hash", slices.Contains(service, "query"), slices.Contains(service, "reader"):
		return rootQuery, false
	}
	return rootMutation, true
}

// httpMethod is that of the option google.api.http (AIP-127); "" without one.
func httpMethod(m protoreflect.MethodDescriptor) (method string) {
	m.Options().ProtoReflect().Range(func(d protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		if d.FullName() == "google.api.http" && d.Message() != nil {
			if set := v.Message().WhichOneof(d.Message().Oneofs().ByName("pattern")); set != nil {
				method = string(set.Name())
			}
		}
		return true
	})
	return method
}

// methodFields are what a method can be called, the best first: getOrder is order, List of an OrderService is orders.
func methodFields(m *method) []string {
	all := words(string(m.Name()))
	service := words(string(m.Parent().Name()))
	if n := len(service); n > 1 && slices.Contains([]string{"service", "api", "query", "store", "manager", "server", "controller"}, service[n-1]) {
		service = service[:n-1]
	}
	var names []string
	switch {
	case len(all) == 1 && all[0] == "list":
		names = append(names, plural(fieldOf(service...)))
	case len(all) == 1 && slices.Contains([]string{"get", "fetch", "read", "retrieve", "describe"}, all[0]):
		names = append(names, fieldOf(service...))
	case len(all) == 1 && isVerb(all[0]):
		names = append(names, fieldOf(append(all, service...)...))
	case m.root == rootQuery:
		if n := len(all); all[n-1] == "list" {
			names = append(names, plural(fieldOf(all[:n-1]...)))
		}
		short := withoutVerb(all)
		if len(short) > 0 && isPreposition(short[0]) { // ListByProducts of a ReviewsService
			short = append([]string{plural(fieldOf(service...))}, short...)
		}
		if len(short) > 0 {
			names = append(names, fieldOf(short...), fieldOf(append(slices.Clone(service), short...)...))
		}
	}
	return append(names, camel(string(m.Name())), camel(string(m.Parent().Name())+"_"+string(m.Name())))
}

func (imp protos) method(m *method) {
	f := field{name: m.name, description: comment(m)}
	binding := directive{name: "grpc", args: []argument{text("service", imp.service), text("method", methodName(m))}}
	page := imp.pages(m)
	if request := imp.request(m.Input(), &f, page); len(request.items) > 0 {
		binding.args = append(binding.args, request)
	}
	if page != nil {
		f.typ = imp.connection(page.node.name, page.total != "")
		f.args = append(f.args, (&paging{size: 20, most: 100}).arguments()...)
		f.comments = append(f.comments, page.comments()...)
		binding.args = append(binding.args, text("select", page.rows), page.argument())
	} else {
		s, selected := imp.response(m.Output())
		f.typ, f.comments = s.name, append(f.comments, s.comments()...)
		if selected != "" {
			binding.args = append(binding.args, text("select", selected))
		}
	}
	if m.unclear {
		f.comments = append(f.comments, unclear(m.root))
	}
	f.directives = []directive{binding}
	if options, _ := m.Options().(*descriptorpb.MethodOptions); options.GetDeprecated() {
		f.directives = append(f.directives, deprecated())
	}
	imp.add(m.root, f)
}

// request makes arguments of the fields of a request, and what puts them there.
func (imp protos) request(m protoreflect.MessageDescriptor, f *field, page *protoPage) argument {
	request := argument{name: "request", object: true}
	fields, omitted := imp.fields(m, true)
	for _, arg := range fields {
		if variable := page.variable(arg.source); variable != "" {
			request.items = append(request.items, arg.source+": "+quote(variable))
			continue
		}
		if page != nil && (arg.name == "first" || arg.name == "after") { // which the connection has
			arg.name += "2"
		}
		arg.directives = slices.DeleteFunc(arg.directives, func(d directive) bool { return d.name == "source" })
		f.args = append(f.args, arg.field)
		request.items = append(request.items, arg.source+": "+quote("{$args."+arg.name+"}"))
	}
	f.comments = omitted
	return request
}

// response is the type of a method's field, and the field of the message that
// it is taken from, "" for the message itself.
func (imp protos) response(m protoreflect.MessageDescriptor) (s shape, selected string) {
	known, ok := wellKnown(m.FullName())
	switch {
	case ok && m.FullName() != "google.protobuf.FieldMask": // which is the list that it has
		return known, ""
	case m.Fields().Len() == 0:
		return shape{name: "Boolean"}, ""
	case m.Fields().Len() == 1:
		only := m.Fields().Get(0)
		return imp.shape(only, false), string(only.Name())
	}
	return imp.message(m, false), ""
}
