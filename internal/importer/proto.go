package importer

import (
	"regexp"
	"slices"

	"github.com/bufbuild/protocompile/linker"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
)

// protos is the import of some files.
type protos struct{ *messages }

func (imp protos) methods(files linker.Files, only []string) error {
	selected := newSelection(only)
	for _, file := range files {
		for i := range file.Services().Len() {
			service := file.Services().Get(i)
			for j := range service.Methods().Len() {
				m := service.Methods().Get(j)
				if selected.has(string(m.Name()), string(service.Name())+"/"+string(m.Name()), methodName(m)) {
					imp.method(m)
				}
			}
		}
	}
	if len(selected.seen) == 0 {
		return &MistakeError{Message: "the protos have no service", Fix: "give the files that have services; those that they import are found"}
	}
	return selected.check()
}

func methodName(m protoreflect.MethodDescriptor) string {
	return string(m.Parent().FullName()) + "/" + string(m.Name())
}

var reads = regexp.MustCompile(`^(Get|List|Search|Find|BatchGet|Query|Count|Check)([A-Z0-9_]|$)`)

// rootOf is the root that a method belongs to.
func rootOf(m protoreflect.MethodDescriptor) string {
	options, _ := m.Options().(*descriptorpb.MethodOptions)
	switch {
	case m.IsStreamingServer():
		return "Subscription"
	case reads.MatchString(string(m.Name())) || options.GetIdempotencyLevel() == descriptorpb.MethodOptions_NO_SIDE_EFFECTS:
		return "Query"
	}
	return "Mutation"
}

func (imp protos) method(m protoreflect.MethodDescriptor) {
	if m.IsStreamingClient() {
		imp.leaveOut(methodName(m), "the client streams, which GraphQL can't")
		return
	}
	root := rootOf(m)
	name := imp.fieldName(root, camel(string(m.Name())), camel(string(m.Parent().Name())+"_"+string(m.Name())))
	f := field{name: name, description: comment(m)}
	binding := directive{name: "grpc", args: []argument{text("service", imp.service), text("method", methodName(m))}}
	if request := imp.request(m.Input(), &f); len(request.items) > 0 {
		binding.args = append(binding.args, request)
	}
	s, selected := imp.response(m.Output())
	f.typ, f.comments = s.name, append(f.comments, s.comments()...)
	if selected != "" {
		binding.args = append(binding.args, text("select", selected))
	}
	f.directives = []directive{binding}
	if options, _ := m.Options().(*descriptorpb.MethodOptions); options.GetDeprecated() {
		f.directives = append(f.directives, deprecated())
	}
	imp.add(root, f)
}

// request makes arguments of the fields of a request, and what puts them there.
func (imp protos) request(m protoreflect.MessageDescriptor, f *field) argument {
	request := argument{name: "request", object: true}
	fields, omitted := imp.fields(m, true)
	for _, arg := range fields {
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
	case ok:
		return known, ""
	case m.Fields().Len() == 0:
		return shape{name: "Boolean!"}, ""
	case m.Fields().Len() == 1:
		only := m.Fields().Get(0)
		return imp.shape(only, false), string(only.Name())
	}
	return imp.message(m, false), ""
}
