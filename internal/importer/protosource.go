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
	"github.com/goccy/go-yaml"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// protoSources finds the text of protos by the path that imports have.
type protoSources struct {
	origin string // what the draft is made of, for its first line
	roots  []string
	mu     sync.Mutex // the compiler asks for several at once
	files  map[string]protoFile
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

// named adds files of the file system, and those with services of folders. It returns their names.
func (s *protoSources) named(paths []string) ([]string, error) {
	var names []string
	for _, path := range paths {
		files, err := s.expand(path)
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			name, err := s.add(file)
			if err != nil {
				return nil, err
			}
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names, nil
}

var protoService = regexp.MustCompile(`(?m)^\s*service\s+\w+\s*\{`)

// expand returns the files with services in a folder, which is an import root; for a file, it returns the file. Of a folder with a buf.yaml, the
// modules are the roots.
func (s *protoSources) expand(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return []string{path}, err
	}
	roots, err := bufModules(path)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, root := range roots {
		if !slices.Contains(s.roots, root) {
			s.roots = append(s.roots, root)
		}
		err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(file) != ".proto" {
				return err
			}
			content, err := os.ReadFile(file)
			if err == nil && protoService.Match(content) {
				files = append(files, file)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	if len(files) == 0 {
		return nil, &MistakeError{File: path, Message: "no proto in the folder has a service", Fix: "give the folder with the protos of the service"}
	}
	return files, nil
}

// bufModules returns the folders of the modules of a folder: those that its buf.yaml names, or itself.
func bufModules(dir string) ([]string, error) {
	content, err := os.ReadFile(filepath.Join(dir, "buf.yaml"))
	if errors.Is(err, fs.ErrNotExist) {
		return []string{dir}, nil
	}
	if err != nil {
		return nil, err
	}
	var config struct {
		Modules []struct {
			Path string `yaml:"path"`
		} `yaml:"modules"`
	}
	if err := yaml.Unmarshal(content, &config); err != nil {
		return nil, &MistakeError{File: filepath.Join(dir, "buf.yaml"), Message: err.Error()}
	}
	var roots []string
	for _, module := range config.Modules {
		if !filepath.IsLocal(filepath.FromSlash(module.Path)) {
			return nil, &MistakeError{File: filepath.Join(dir, "buf.yaml"), Message: "the module " + module.Path + " is not below the folder"}
		}
		roots = append(roots, filepath.Join(dir, filepath.FromSlash(module.Path)))
	}
	if len(roots) == 0 {
		roots = []string{dir}
	}
	return roots, nil
}

// compile compiles files that were added.
func (s *protoSources) compile(ctx context.Context, names []string) (linker.Files, error) {
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
		m.Fix = "name the folder that has it with -I; looked in " + strings.Join(s.roots, ", ") + " (buf export writes a module with its dependencies)"
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
