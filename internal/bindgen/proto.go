package bindgen

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/bufbuild/protocompile"
	"github.com/bufbuild/protocompile/protoutil"
	"github.com/bufbuild/protocompile/reporter"
	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/pluginpb"
)

// protoFolder holds the protos of gRPC services; imports are relative to it.
const protoFolder = clientsFolder + "/proto"

// protos are the messages and methods of a project's protos, with the names
// that protoc-gen-go gives them.
type protos struct {
	methods  map[string]*protogen.Method // by package.Service/Method
	messages map[protoreflect.FullName]*protogen.Message
	enums    map[protoreflect.FullName]*protogen.Enum
	packages []string // names of the Go packages
}

// compileProtos compiles the protos and writes their Go code into the stage.
// Mistakes in them go to the report.
func (g *generation) compileProtos(ctx context.Context, r *report) (*protos, error) {
	out := &protos{methods: map[string]*protogen.Method{}, messages: map[protoreflect.FullName]*protogen.Message{}, enums: map[protoreflect.FullName]*protogen.Enum{}}
	names, err := protoFiles(g.project.root)
	if err != nil || len(names) == 0 {
		return out, err
	}
	request, err := protoRequest(ctx, g.project, names, r)
	if err != nil || request == nil {
		return out, err
	}
	plugin, err := protogen.Options{}.New(request)
	if err != nil {
		return nil, fmt.Errorf("protos: %w", err)
	}
	for _, file := range plugin.Files {
		out.packages = append(out.packages, string(file.GoPackageName))
		out.add(file)
	}
	return out, g.generateProtos(ctx, request)
}

// protoFiles are the protos of a project, relative to their folder.
func protoFiles(root string) ([]string, error) {
	dir := filepath.Join(root, filepath.FromSlash(protoFolder))
	var names []string
	err := filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || d.IsDir() || filepath.Ext(file) != ".proto" {
			return err
		}
		name, err := filepath.Rel(dir, file)
		names = append(names, filepath.ToSlash(name))
		return err
	})
	return names, err
}

// protoRequest is what a plugin of protoc is asked; nil when the protos have
// mistakes.
func protoRequest(ctx context.Context, p *project, names []string, r *report) (*pluginpb.CodeGeneratorRequest, error) {
	failed := false
	compiler := protocompile.Compiler{
		Resolver: protocompile.WithStandardImports(&protocompile.SourceResolver{
			ImportPaths: []string{filepath.Join(p.root, filepath.FromSlash(protoFolder))},
		}),
		SourceInfoMode: protocompile.SourceInfoStandard,
		Reporter: reporter.NewReporter(func(err reporter.ErrorWithPos) error {
			failed = true
			at := err.GetPosition()
			name, relErr := filepath.Rel(p.root, at.Filename)
			if relErr != nil || !filepath.IsAbs(at.Filename) {
				name = path.Join(protoFolder, at.Filename)
			}
			r.add(Diagnostic{File: filepath.ToSlash(name), Line: at.Line, Column: at.Col, Message: err.Unwrap().Error()})
			return nil // go on and find the others
		}, nil),
	}
	files, err := compiler.Compile(ctx, names...)
	if failed {
		return nil, nil //nolint:nilnil // reported
	}
	if err != nil {
		return nil, fmt.Errorf("protos: %w", err)
	}
	request := &pluginpb.CodeGeneratorRequest{}
	parameters := []string{"module=" + p.module}
	seen := map[string]bool{}
	var add func(file protoreflect.FileDescriptor)
	add = func(file protoreflect.FileDescriptor) {
		if seen[file.Path()] {
			return
		}
		seen[file.Path()] = true
		for i := range file.Imports().Len() {
			add(file.Imports().Get(i).FileDescriptor)
		}
		request.ProtoFile = append(request.ProtoFile, protoutil.ProtoFromFileDescriptor(file))
	}
	for _, file := range files {
		add(file)
		options, _ := file.Options().(*descriptorpb.FileOptions)
		own := options.GetGoPackage()
		if strings.HasPrefix(own, "google.golang.org/") {
			continue // it is in a module that Go knows
		}
		if strings.HasPrefix(own, p.module+"/") && !strings.HasPrefix(path.Clean(own)+"/", p.module+"/"+clientsFolder+"/") {
			r.add(Diagnostic{File: path.Join(protoFolder, file.Path()), Message: fmt.Sprintf("its go_package %q is not below %s/, where generated code is", own, clientsFolder), Fix: "leave go_package out, or move the package"})
			failed = true
		}
		if !strings.HasPrefix(own, p.module+"/") {
			parameters = append(parameters, "M"+file.Path()+"="+goPackage(p, file.Path()))
		}
		request.FileToGenerate = append(request.FileToGenerate, file.Path())
	}
	if failed {
		return nil, nil //nolint:nilnil // reported
	}
	request.Parameter = new(strings.Join(parameters, ","))
	return request, nil
}

var notLetter = regexp.MustCompile(`[^a-z0-9]`)

// goPackage is the Go package of a proto that names none of the module: the
// folder that it is in.
func goPackage(p *project, file string) string {
	dir := path.Dir(file)
	if dir == "." {
		dir = strings.TrimSuffix(path.Base(file), ".proto") + "pb"
	}
	parts := strings.Split(strings.ToLower(dir), "/")
	name := notLetter.ReplaceAllString(strings.Join(parts[max(0, len(parts)-2):], ""), "")
	if name == "" || name[0] >= '0' && name[0] <= '9' {
		name = "pb" + name
	}
	return path.Join(p.module, protoFolder, dir) + ";" + name
}

func (p *protos) add(file *protogen.File) {
	var message func(m *protogen.Message)
	message = func(m *protogen.Message) {
		p.messages[m.Desc.FullName()] = m
		for _, inner := range m.Messages {
			message(inner)
		}
		for _, e := range m.Enums {
			p.enums[e.Desc.FullName()] = e
		}
	}
	for _, m := range file.Messages {
		message(m)
	}
	for _, e := range file.Enums {
		p.enums[e.Desc.FullName()] = e
	}
	for _, s := range file.Services {
		for _, m := range s.Methods {
			p.methods[string(s.Desc.FullName())+"/"+string(m.Desc.Name())] = m
		}
	}
}

// generateProtos runs protoc-gen-go, of the version that the project requires.
func (g *generation) generateProtos(ctx context.Context, request *pluginpb.CodeGeneratorRequest) error {
	input, err := proto.MarshalOptions{Deterministic: true}.Marshal(request)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", "run", "google.golang.org/protobuf/cmd/protoc-gen-go")
	cmd.Dir = g.project.root
	cmd.Stdin = bytes.NewReader(input)
	var output, messages bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &messages
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("run protoc-gen-go: %w\n%s", err, messages.Bytes())
	}
	var response pluginpb.CodeGeneratorResponse
	if err := proto.Unmarshal(output.Bytes(), &response); err != nil {
		return fmt.Errorf("protoc-gen-go: %w", err)
	}
	if response.Error != nil {
		return fmt.Errorf("protoc-gen-go: %s", response.GetError())
	}
	for _, file := range response.File {
		to := g.stage.path(file.GetName())
		// What is there is a link to the project's file.
		if err := os.Remove(to); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := writeStaged(to, file.GetContent()); err != nil {
			return err
		}
	}
	return nil
}

// methodNames are the names of all methods, sorted.
func (p *protos) methodNames() []string {
	var names []string
	for name := range p.methods {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
