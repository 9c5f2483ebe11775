package plan

import (
	"context"
	"errors"
	"fmt"
	"go/types"
	"io/fs"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/bufbuild/protocompile"
	"github.com/bufbuild/protocompile/linker"
	"github.com/bufbuild/protocompile/protoutil"
	"github.com/bufbuild/protocompile/reporter"
	"golang.org/x/tools/go/packages"
	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/pluginpb"

	"github.com/portico-gateway/portico/internal/project"
)

// compileProtos compiles the protos of a project. Mistakes in them go to the
// report.
func compileProtos(ctx context.Context, p *project.Project, r *project.Report) (*Protos, error) {
	out := &Protos{methods: map[string]*protogen.Method{}}
	names, err := protoFiles(p.Root)
	if err != nil || len(names) == 0 {
		return out, err
	}
	out.Request, err = protoRequest(ctx, p, names, r)
	if err != nil || out.Request == nil {
		return out, err
	}
	// Of a request to generate some files, protogen reads those and what they import only.
	plugin, err := protogen.Options{}.New(&pluginpb.CodeGeneratorRequest{Parameter: out.Request.Parameter, ProtoFile: out.Request.ProtoFile})
	if err != nil {
		return nil, fmt.Errorf("protos: %w", err)
	}
	out.declared = map[string]*types.Package{}
	for _, file := range plugin.Files {
		out.Packages = append(out.Packages, Package{Path: string(file.GoImportPath), Name: string(file.GoPackageName)})
		if slices.Contains(out.Request.GetFileToGenerate(), file.Desc.Path()) {
			out.declare(file)
		}
		out.add(file)
	}
	return out, nil
}

// protoFiles returns the protos of a project, relative to their folder.
func protoFiles(root string) ([]string, error) {
	dir := filepath.Join(root, filepath.FromSlash(project.ProtoFolder))
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

// protoRequest returns the input of protoc-gen-go; nil when the protos have
// mistakes, which are reported.
func protoRequest(ctx context.Context, p *project.Project, names []string, r *project.Report) (*pluginpb.CodeGeneratorRequest, error) {
	failed := false
	compiler := protocompile.Compiler{
		Resolver: protocompile.WithStandardImports(&protocompile.SourceResolver{
			ImportPaths: []string{filepath.Join(p.Root, filepath.FromSlash(project.ProtoFolder))},
		}),
		SourceInfoMode: protocompile.SourceInfoStandard,
		Reporter: reporter.NewReporter(func(err reporter.ErrorWithPos) error {
			failed = true
			at := err.GetPosition()
			name, relErr := filepath.Rel(p.Root, at.Filename)
			if relErr != nil || !filepath.IsAbs(at.Filename) {
				name = path.Join(project.ProtoFolder, at.Filename)
			}
			r.Add(project.Diagnostic{File: filepath.ToSlash(name), Line: at.Line, Column: at.Col, Message: err.Unwrap().Error()})
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
	known, err := knownPackages(ctx, p.Root, files)
	if err != nil {
		return nil, err
	}
	linked, err := readLinked(ctx, p.Root)
	if err != nil {
		return nil, err
	}
	q := &protoQuestion{project: p, known: known, linked: linked, seen: map[string]bool{}, parameters: []string{"module=" + p.Module}}
	for _, file := range files {
		if !q.file(file, r) {
			failed = true
		}
	}
	if failed {
		return nil, nil //nolint:nilnil // reported
	}
	q.request.Parameter = new(strings.Join(q.parameters, ","))
	return &q.request, nil
}

// protoQuestion builds the input of protoc-gen-go.
type protoQuestion struct {
	project    *project.Project
	known      map[string]bool
	linked     linkedProtos
	seen       map[string]bool
	request    pluginpb.CodeGeneratorRequest
	parameters []string
}

// add adds a file after those that it imports.
func (q *protoQuestion) add(file protoreflect.FileDescriptor) {
	if q.seen[file.Path()] {
		return
	}
	q.seen[file.Path()] = true
	for i := range file.Imports().Len() {
		q.add(file.Imports().Get(i).FileDescriptor)
	}
	q.request.ProtoFile = append(q.request.ProtoFile, protoutil.ProtoFromFileDescriptor(file))
}

// file adds a file of the project. Code is generated for it unless the gateway links it, or
// a required module has its package. It returns false if its go_package is invalid, which
// is reported.
func (q *protoQuestion) file(file protoreflect.FileDescriptor, r *project.Report) bool {
	q.add(file)
	own, module := goPackageOf(file), q.project.Module
	if pkg, ok := q.linked.of(file); ok {
		q.parameters = append(q.parameters, "M"+file.Path()+"="+pkg.Path+";"+pkg.Name)
		return true
	}
	if q.known[own] {
		return true
	}
	if strings.HasPrefix(own, module+"/") && !strings.HasPrefix(path.Clean(own)+"/", module+"/"+project.ClientsFolder+"/") {
		r.Add(project.Diagnostic{
			File: path.Join(project.ProtoFolder, file.Path()), Line: 1, Column: 1, Fix: "remove go_package, or move the package",
			Message: fmt.Sprintf("its go_package %q is not below %s/, where generated code is", own, project.ClientsFolder),
		})
		return false
	}
	if !strings.HasPrefix(own, module+"/") {
		q.parameters = append(q.parameters, "M"+file.Path()+"="+goPackage(q.project, file.Path()))
	}
	q.request.FileToGenerate = append(q.request.FileToGenerate, file.Path())
	return true
}

// goPackageOf returns the option go_package, without the name after a
// semicolon.
func goPackageOf(file protoreflect.FileDescriptor) string {
	options, _ := file.Options().(*descriptorpb.FileOptions)
	own, _, _ := strings.Cut(options.GetGoPackage(), ";")
	return own
}

// knownPackages returns the packages of google.golang.org that modules of the
// project have. If code were generated for their protos again, the same names
// would be registered twice, and the program would not start.
func knownPackages(ctx context.Context, dir string, files []linker.File) (map[string]bool, error) {
	known := map[string]bool{}
	var patterns []string
	for _, file := range files {
		switch own := goPackageOf(file); {
		case strings.HasPrefix(own, "google.golang.org/protobuf/"):
			known[own] = true // a dependency of the runtime library
		case strings.HasPrefix(own, "google.golang.org/"):
			patterns = append(patterns, own)
		}
	}
	if len(patterns) == 0 {
		return known, nil
	}
	loaded, err := packages.Load(&packages.Config{Context: ctx, Mode: packages.NeedName | packages.NeedFiles, Dir: dir}, patterns...)
	for _, pkg := range loaded {
		known[pkg.PkgPath] = len(pkg.GoFiles) > 0
	}
	return known, err
}

var notLetter = regexp.MustCompile(`[^a-z0-9]`)

// goPackage returns the go_package of a proto without one in the module: the
// folder that it is in.
func goPackage(p *project.Project, file string) string {
	dir := path.Dir(file)
	if dir == "." {
		dir = strings.TrimSuffix(path.Base(file), ".proto") + "pb"
	}
	parts := strings.Split(strings.ToLower(dir), "/")
	name := notLetter.ReplaceAllString(strings.Join(parts[max(0, len(parts)-2):], ""), "")
	if name == "" || name[0] >= '0' && name[0] <= '9' {
		name = "pb" + name
	}
	return path.Join(p.Module, project.ProtoFolder, dir) + ";" + name
}

func (p *Protos) add(file *protogen.File) {
	for _, s := range file.Services {
		for _, m := range s.Methods {
			p.methods[string(s.Desc.FullName())+"/"+string(m.Desc.Name())] = m
		}
	}
}
