package plan

import (
	"fmt"
	"go/types"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/pluginpb"

	"github.com/portico-gateway/portico/gateway/directive"
)

// Protos are the messages and methods of a project's protos, with the names that
// protoc-gen-go uses for them.
type Protos struct {
	// Request is the input of protoc-gen-go; nil if there are no protos.
	Request *pluginpb.CodeGeneratorRequest
	// Packages are the Go packages.
	Packages []Package

	methods  map[string]*protogen.Method // by package.Service/Method
	declared map[string]*types.Package   // what will be generated, by path
}

// declare adds the Go types of a file to those that signatures may name.
func (p *Protos) declare(file *protogen.File) {
	importPath := string(file.GoImportPath)
	pkg := p.declared[importPath]
	if pkg == nil {
		pkg = types.NewPackage(importPath, string(file.GoPackageName))
		pkg.MarkComplete()
		p.declared[importPath] = pkg
	}
	add := func(name string, underlying types.Type) {
		obj := types.NewTypeName(0, pkg, name, nil)
		types.NewNamed(obj, underlying, nil)
		pkg.Scope().Insert(obj)
	}
	var messages func([]*protogen.Message)
	messages = func(list []*protogen.Message) {
		for _, m := range list {
			add(m.GoIdent.GoName, types.NewStruct(nil, nil))
			for _, e := range m.Enums {
				add(e.GoIdent.GoName, types.Typ[types.Int32])
			}
			messages(m.Messages)
		}
	}
	messages(file.Messages)
	for _, e := range file.Enums {
		add(e.GoIdent.GoName, types.Typ[types.Int32])
	}
}

// Package is a Go package.
type Package struct{ Path, Name string }

func (p *Protos) method(name string) *protogen.Method { return p.methods[name] }

// methodNames returns the names of all methods, sorted.
func (p *Protos) methodNames() []string {
	var names []string
	for name := range p.methods {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// findField returns the field of a message with a name, or with that name in
// JSON; nil if there is none.
func findField(m *protogen.Message, name string) *protogen.Field {
	for _, f := range m.Fields {
		if string(f.Desc.Name()) == name {
			return f
		}
	}
	for _, f := range m.Fields {
		if f.Desc.JSONName() == name {
			return f
		}
	}
	return nil
}

func protoFieldNames(m *protogen.Message) []string {
	var names []string
	for _, f := range m.Fields {
		names = append(names, string(f.Desc.Name()))
	}
	return names
}

// MessageField is a field of a message on a path, or an item of its list.
type MessageField struct {
	*protogen.Field

	// Item is the item of the list, from 0; negative for the field itself.
	Item int
}

// IsItem reports whether the value is an item of the field's list.
func (f MessageField) IsItem() bool { return f.Item >= 0 }

// IsList reports whether the value is a list.
func (f MessageField) IsList() bool { return f.Desc.IsList() && !f.IsItem() }

// protoPath returns the fields on a path. It returns nil if one does not exist,
// which is reported.
func (m *maker) protoPath(message *protogen.Message, path directive.Path, pos *ast.Position) []MessageField {
	var fields []MessageField
	for i, step := range path {
		switch last := len(fields) - 1; {
		case step.IsItem() && i > 0 && fields[last].IsList():
			fields[last].Item = step.Item
			continue
		case i > 0 && (message == nil || fields[last].IsList() || fields[last].Desc.IsMap()):
			fix := ""
			if fields[last].IsList() {
				fix = fmt.Sprintf("write %s for the first item", append(append(slices.Clone(path[:i]), directive.Step{}), path[i:]...))
			}
			m.report.At(pos, fix, "%s is %s, so it has no field %s", fields[last].Desc.FullName(), fields[last].describe(), step)
			return nil
		}
		f := findField(message, step.Name)
		if f == nil {
			fix := noField(message, step.String(), `; read a union of them from "$"`)
			m.report.At(pos, fix, "the message %s has no field %s", message.Desc.FullName(), step)
			return nil
		}
		fields, message = append(fields, MessageField{f, -1}), f.Message
	}
	return fields
}

func (f MessageField) describe() string {
	if f.IsItem() {
		return strings.TrimPrefix(describe(f.Field), repeated)
	}
	return describe(f.Field)
}

// repeated begins the description of a list.
const repeated = "repeated "

// IsMask reports whether a field has the type google.protobuf.FieldMask.
func IsMask(f *protogen.Field) bool {
	return f.Message != nil && f.Message.Desc.FullName() == "google.protobuf.FieldMask"
}

// describe returns the type of a field, for a message.
func describe(field *protogen.Field) string { return describeField(field.Desc, field.Desc.IsList()) }

func describeField(field protoreflect.FieldDescriptor, list bool) string {
	kind := field.Kind().String()
	switch {
	case field.IsMap():
		return "a map"
	case field.Message() != nil:
		kind = string(field.Message().FullName())
	case field.Enum() != nil:
		kind = string(field.Enum().FullName())
	}
	if list {
		kind = repeated + kind
	}
	return kind
}
