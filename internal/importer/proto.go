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
	"google.golang.org/protobuf/types/descriptorpb"
)

// Proto makes a draft of the services in proto3 files. A mistake in them or in
// the options is a [*MistakeError].
func Proto(ctx context.Context, files []string, o Options) (*Draft, error) {
	project, err := readVisible(o)
	if err != nil {
		return nil, err
	}
	sources := &protoSources{roots: slices.Clone(o.Roots), files: map[string]protoFile{}}
	var names []string
	for _, file := range files {
		name, err := sources.add(file)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	compiled, err := sources.compile(ctx, names)
	if err != nil {
		return nil, err
	}
	imp := &protos{draft: newDraft(o, project), made: map[messageKey]string{}}
	if err := imp.methods(compiled, o.Only); err != nil {
		return nil, err
	}
	return imp.finish(o, files[0], sources.copies())
}

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
		return "", &MistakeError{File: file, Message: "to imports, this file is the same as " + other.file, Fix: "import them one by one, or name the import root with -I"}
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

// protos is the import of some files.
type protos struct {
	*draft
	made map[messageKey]string
}

// messageKey is what a type is made once for.
type messageKey struct {
	name  protoreflect.FullName
	input bool
}

func (imp *protos) methods(files linker.Files, only []string) error {
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

func (imp *protos) method(m protoreflect.MethodDescriptor) {
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
func (imp *protos) request(m protoreflect.MessageDescriptor, f *field) argument {
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
func (imp *protos) response(m protoreflect.MessageDescriptor) (s shape, selected string) {
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

// comment is what the proto says of something.
func comment(d protoreflect.Descriptor) string {
	at := d.ParentFile().SourceLocations().ByDescriptor(d)
	text := at.LeadingComments
	if strings.TrimSpace(text) == "" {
		text = at.TrailingComments
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimPrefix(line, " ")
	}
	return strings.Join(lines, "\n")
}

// protoField is a field and how the proto calls it.
type protoField struct {
	field
	source string
}

// fields are the fields of a message, and comments on those that can't be.
func (imp *protos) fields(m protoreflect.MessageDescriptor, input bool) (fields []protoField, omitted []string) {
	var all []string
	for i := range m.Fields().Len() {
		all = append(all, string(m.Fields().Get(i).Name()))
	}
	names := uniqueNames(all)
	for i := range m.Fields().Len() {
		d := m.Fields().Get(i)
		source := string(d.Name())
		if why := unusable(d, nil); input && why != "" {
			omitted = append(omitted, "The field "+source+" is left out: "+why+".")
			continue
		}
		s := imp.shape(d, input)
		f := field{name: names[source], description: comment(d), comments: s.comments(), typ: s.name}
		if !s.nullable {
			f.typ += "!"
		}
		if f.name != source {
			f.directives = append(f.directives, sourceDirective(source))
		}
		if options, _ := d.Options().(*descriptorpb.FieldOptions); options.GetDeprecated() && (!input || s.nullable) {
			f.directives = append(f.directives, deprecated())
		}
		fields = append(fields, protoField{f, source})
	}
	return fields, omitted
}

// unusable says why a field can't be one of an input; within are the messages
// that it is in.
func unusable(d protoreflect.FieldDescriptor, within []protoreflect.FullName) string {
	m := d.Message()
	switch {
	case d.IsMap():
		return "it is a map"
	case m == nil || slices.Contains(within, m.FullName()):
		return ""
	case m.FullName() == "google.protobuf.Any":
		return "it is an Any"
	}
	if _, ok := wellKnown(m.FullName()); ok {
		return ""
	}
	for i := range m.Fields().Len() {
		if unusable(m.Fields().Get(i), append(slices.Clone(within), m.FullName())) == "" {
			return ""
		}
	}
	return "its message has no fields that an input can have"
}

// wellKnown are the messages that become scalars.
func wellKnown(name protoreflect.FullName) (shape, bool) {
	short, ok := strings.CutPrefix(string(name), "google.protobuf.")
	types := map[string]string{
		"Timestamp": "DateTime", "Duration": "String", "FieldMask": "[String!]", "Struct": "JSON", "Value": "JSON", "ListValue": "JSON", "Any": "JSON",
		"StringValue": "String", "BytesValue": "String", "BoolValue": "Boolean", "Int32Value": "Int", "Int64Value": "Int64",
		"UInt32Value": "Int64", "UInt64Value": "Int64", "FloatValue": "Float", "DoubleValue": "Float",
	}
	if !ok || types[short] == "" {
		return shape{}, false
	}
	s := shape{name: types[short], nullable: true}
	if s.name == "JSON" {
		s.why = "it is a google.protobuf." + short
	}
	return s, true
}

// shape is the type of a field.
func (imp *protos) shape(d protoreflect.FieldDescriptor, input bool) shape {
	if d.IsMap() {
		return jsonBecause("it is a map", false)
	}
	s := imp.single(d, input)
	if d.IsList() {
		return shape{name: "[" + s.name + "!]", nullable: input, why: s.why}
	}
	if d.Message() != nil || d.HasPresence() || input && optional(d) {
		s.nullable = true
	}
	return s
}

// optional tells the fields of requests that mean nothing when they are absent:
// flags, and the fields that lists of Google's API guide have (AIP-132 and 158).
func optional(d protoreflect.FieldDescriptor) bool {
	return d.Kind() == protoreflect.BoolKind || slices.Contains([]protoreflect.Name{"page_size", "page_token", "page", "filter", "order_by",
		"skip", "limit", "offset", "cursor", "first", "last", "after", "before"}, d.Name())
}

// single is the type of a field, or of one of its items.
func (imp *protos) single(d protoreflect.FieldDescriptor, input bool) shape {
	switch d.Kind() {
	case protoreflect.BoolKind:
		return shape{name: "Boolean"}
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		return shape{name: "Int"}
	case protoreflect.FloatKind, protoreflect.DoubleKind:
		return shape{name: "Float"}
	case protoreflect.StringKind:
		if isID(string(d.Name())) || d.IsList() && areIDs(string(d.Name())) {
			return shape{name: "ID"}
		}
		return shape{name: "String"}
	case protoreflect.BytesKind:
		return shape{name: "String", why: "the bytes are in base64"}
	case protoreflect.EnumKind:
		return imp.enum(d.Enum())
	case protoreflect.MessageKind, protoreflect.GroupKind:
		return imp.message(d.Message(), input)
	}
	return shape{name: "Int64"}
}

// localName is a name without its package: Order.Line becomes OrderLine.
func localName(d protoreflect.Descriptor) string {
	return pascal(strings.TrimPrefix(string(d.FullName()), string(d.ParentFile().Package())+"."))
}

func (imp *protos) message(m protoreflect.MessageDescriptor, input bool) shape {
	if known, ok := wellKnown(m.FullName()); ok {
		return known
	}
	if m.Fields().Len() == 0 {
		return jsonBecause("its message has no fields", true)
	}
	key := messageKey{m.FullName(), input}
	if name, ok := imp.made[key]; ok {
		return shape{name: name, nullable: true}
	}
	def := &definition{kind: "type", name: localName(m), description: comment(m)}
	if input {
		def.kind, def.name = "input", strings.TrimSuffix(def.name, "Input")+"Input"
	}
	def.name = imp.typeName(def.name)
	imp.made[key] = def.name
	imp.types = append(imp.types, def)
	fields, omitted := imp.fields(m, input)
	for _, f := range fields {
		def.fields = append(def.fields, f.field)
	}
	def.omitted = omitted
	return shape{name: def.name, nullable: true}
}

// enum makes an enum without the prefix of its values and without the value
// that means none.
func (imp *protos) enum(e protoreflect.EnumDescriptor) shape {
	values := e.Values()
	zero := values.Get(0)
	dropped := values.Len() > 1 && zero.Number() == 0 && strings.HasSuffix(string(zero.Name()), "UNSPECIFIED")
	key := messageKey{name: e.FullName()}
	if name, ok := imp.made[key]; ok {
		return shape{name: name, nullable: dropped}
	}
	def := &definition{kind: "enum", name: imp.typeName(localName(e)), description: comment(e)}
	used := map[string]bool{}
	for i := range values.Len() {
		v := values.Get(i)
		if dropped && v == zero {
			continue
		}
		f := enumValue(e, string(v.Name()))
		f.name, f.description = uniqueName(used, f.name), comment(v)
		def.fields = append(def.fields, f)
	}
	imp.made[key] = def.name
	imp.types = append(imp.types, def)
	return shape{name: def.name, nullable: dropped}
}

// enumValue is a value without the prefix that its enum tells.
func enumValue(e protoreflect.EnumDescriptor, service string) field {
	f := field{name: strings.TrimPrefix(service, upperSnake(string(e.Name()))+"_")}
	if isDigit(rune(f.name[0])) {
		f.name = service
	}
	if strings.ToUpper(f.name) != f.name || strings.HasPrefix(f.name, "__") {
		f.name = upperSnake(f.name)
	}
	// The generator knows the name itself, and the prefix of a plain name.
	plain := humpBefore.ReplaceAllString(string(e.Name()), "${1}_$2")
	if service != f.name && !strings.EqualFold(strings.TrimPrefix(service, strings.ToUpper(plain)+"_"), f.name) {
		f.directives = []directive{sourceDirective(service)}
	}
	return f
}

var humpBefore = regexp.MustCompile(`([^A-Z])([A-Z])`)
