package importer

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/bufbuild/protocompile"
	"github.com/bufbuild/protocompile/linker"
	"github.com/bufbuild/protocompile/reporter"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// protoSources finds the text of protos by the path that imports have.
type protoSources struct {
	roots []string
	mu    sync.Mutex // the compiler asks for several at once
	files map[string]protoFile
}

type protoFile struct {
	file    string
	content []byte
}

var (
	protoPackage = regexp.MustCompile(`(?m)^\s*package\s+([\w.]+)\s*;`)
	protoImport  = regexp.MustCompile(`(?m)^\s*import\s+(?:public\s+|weak\s+)?"([^"]+)"`)
)

func newProtoSources(roots []string) *protoSources {
	return &protoSources{roots: slices.Clone(roots), files: map[string]protoFile{}}
}

// add finds the import root of a file and returns its path below it.
func (s *protoSources) add(file string) (string, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	absolute, err := filepath.Abs(file)
	if err != nil {
		return "", err
	}
	root := s.rootOf(absolute, content)
	if !slices.Contains(s.roots, root) {
		s.roots = append(s.roots, root)
	}
	name, err := filepath.Rel(root, absolute)
	name = filepath.ToSlash(name)
	if other, ok := s.files[name]; ok && other.file != file {
		return "", &MistakeError{File: file, Message: "to imports, this file is the same as " + other.file,
			Fix: "import them one by one, or name the import root with -I"}
	}
	s.files[name] = protoFile{file, content}
	return name, err
}

// rootOf is the folder that the imports of a file are relative to: one that was
// given, else the one that fits its package, else the nearest that has all that
// it imports.
func (s *protoSources) rootOf(absolute string, content []byte) string {
	for i, root := range s.roots {
		if below, err := filepath.Abs(root); err == nil && strings.HasPrefix(absolute, below+string(filepath.Separator)) {
			s.roots[i] = below
			return below
		}
	}
	var candidates []string
	folder := filepath.Dir(absolute)
	if m := protoPackage.FindSubmatch(content); m != nil {
		below := string(filepath.Separator) + filepath.FromSlash(strings.ReplaceAll(string(m[1]), ".", "/"))
		if root, ok := strings.CutSuffix(folder, below); ok && root != "" {
			candidates = append(candidates, root)
		}
	}
	for dir := folder; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		candidates = append(candidates, dir)
	}
	for _, root := range candidates {
		if s.complete(root, content) {
			return root
		}
	}
	return candidates[0]
}

func (s *protoSources) complete(root string, content []byte) bool {
	for _, m := range protoImport.FindAllSubmatch(content, -1) {
		name := string(m[1])
		if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(name))); err != nil && !strings.HasPrefix(name, "google/protobuf/") && s.find(name) == "" {
			return false
		}
	}
	return true
}

func (s *protoSources) find(name string) string {
	for _, root := range s.roots {
		file := filepath.Join(root, filepath.FromSlash(name))
		if _, err := os.Stat(file); err == nil {
			return file
		}
	}
	return ""
}

// FindFileByPath implements [protocompile.Resolver].
func (s *protoSources) FindFileByPath(name string) (protocompile.SearchResult, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	source, ok := s.files[name]
	if !ok {
		file := s.find(name)
		if file == "" || !filepath.IsLocal(filepath.FromSlash(name)) {
			return protocompile.SearchResult{}, fs.ErrNotExist
		}
		content, err := os.ReadFile(file)
		if err != nil {
			return protocompile.SearchResult{}, err
		}
		source = protoFile{file, content}
		s.files[name] = source
	}
	return protocompile.SearchResult{Source: strings.NewReader(string(source.content))}, nil
}

// compile adds and compiles files of the file system.
func (s *protoSources) compile(ctx context.Context, paths []string) (linker.Files, error) {
	var names []string
	for _, file := range paths {
		name, err := s.add(file)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	compiler := protocompile.Compiler{Resolver: protocompile.WithStandardImports(s), SourceInfoMode: protocompile.SourceInfoStandard}
	files, err := compiler.Compile(ctx, names...)
	if err != nil {
		return nil, s.mistake(err)
	}
	for i, file := range files {
		if file.Syntax() == protoreflect.Proto2 {
			return nil, &MistakeError{File: s.files[names[i]].file, Message: "this is proto2", Fix: `only proto3 can be imported: write syntax = "proto3";`}
		}
	}
	return files, nil
}

func (s *protoSources) mistake(err error) error {
	var at reporter.ErrorWithPos
	if !errors.As(err, &at) {
		return err
	}
	pos := at.GetPosition()
	m := &MistakeError{File: s.files[pos.Filename].file, Line: pos.Line, Column: pos.Col, Message: at.Unwrap().Error()}
	if m.File == "" {
		m.File = pos.Filename
	}
	if errors.Is(err, fs.ErrNotExist) {
		m.Fix = "name the folder that has it with -I; looked in " + strings.Join(s.roots, ", ")
	}
	return m
}

// copies are all files that were read.
func (s *protoSources) copies() []File {
	var copies []File
	for _, name := range slices.Sorted(maps.Keys(s.files)) {
		copies = append(copies, File{Path: path.Join("clients/proto", name), Content: s.files[name].content})
	}
	return copies
}
