package plan

import (
	"bufio"
	"context"
	"os"
	"path"
	"regexp"
	"strings"

	"golang.org/x/tools/go/packages"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// linkedProtos are the packages that the runtime library links and that are generated of
// protos, by the protos' paths. If code were generated for such a proto again, its names would
// be registered twice, and the program would not start.
type linkedProtos map[string]Package

// readLinked finds the packages in the versions that the project has. What can't be loaded is
// left out.
func readLinked(ctx context.Context, dir string) (linkedProtos, error) {
	mode := packages.NeedName | packages.NeedFiles | packages.NeedImports | packages.NeedDeps
	loaded, err := packages.Load(&packages.Config{Context: ctx, Mode: mode, Dir: dir}, GatewayPath)
	if err != nil {
		return nil, err
	}
	linked := linkedProtos{}
	packages.Visit(loaded, nil, func(pkg *packages.Package) {
		for _, file := range pkg.GoFiles {
			if !strings.HasSuffix(file, ".pb.go") {
				continue
			}
			if proto := protoOf(file); proto != "" {
				linked[proto] = Package{Path: pkg.PkgPath, Name: pkg.Name}
			}
		}
	})
	return linked, nil
}

var sourceComment = regexp.MustCompile(`^// source: (\S+\.proto)$`)

// protoOf returns the path of the proto that a file of Go is generated of: protoc-gen-go
// writes it above the package. It is empty if the file does not say.
func protoOf(file string) string {
	f, err := os.Open(file)
	if err != nil {
		return ""
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "package ") {
		if m := sourceComment.FindStringSubmatch(lines.Text()); m != nil {
			return m[1]
		}
	}
	return ""
}

// of returns the package that has the names of a proto: that of its path, or of the path that
// fits its package.
func (l linkedProtos) of(file protoreflect.FileDescriptor) (Package, bool) {
	if pkg, ok := l[file.Path()]; ok {
		return pkg, true
	}
	pkg, ok := l[path.Join(strings.ReplaceAll(string(file.Package()), ".", "/"), path.Base(file.Path()))]
	return pkg, ok
}
