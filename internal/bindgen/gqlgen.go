package bindgen

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"go/types"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/99designs/gqlgen/codegen"
	"github.com/99designs/gqlgen/codegen/config"
	"github.com/99designs/gqlgen/plugin/modelgen"
	"github.com/vektah/gqlparser/v2/ast"
	"golang.org/x/tools/imports"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/pluginpb"

	"github.com/portico-gateway/portico/internal/golang"
	"github.com/portico-gateway/portico/internal/plan"
	"github.com/portico-gateway/portico/internal/project"
)

// models generates the models of all frontends.
func (r *run) models(s *stage, p *plan.Plan) error {
	cfg, err := plan.GQLGen(r.project, r.project.Frontends[0], s.dir)
	if err != nil {
		return err
	}
	cfg.Schema = r.project.Union // Init uses it
	cfg.Packages = p.Models.Loaded().Packages
	if err := cfg.Init(); err != nil {
		return fmt.Errorf("models: %w", err)
	}
	for _, def := range r.project.Union.Types {
		if def.Kind != ast.Object || def.BuiltIn || cfg.IsRoot(def) {
			continue
		}
		for _, field := range def.Fields {
			if p.ResolvedEverywhere(def.Name, field.Name) {
				plan.Resolver(cfg, def.Name, field.Name)
			}
		}
	}
	var differ error
	generator := &modelgen.Plugin{FieldHook: modelgen.DefaultFieldMutateHook, MutateHook: func(b *modelgen.ModelBuild) *modelgen.ModelBuild {
		differ = compareModels(r.project.Union, p.Models, b)
		addFaults(b, p.Faulty())
		return b
	}}
	if err := generator.MutateConfig(cfg); err != nil {
		return fmt.Errorf("models: %w", err)
	}
	if _, err := os.Stat(cfg.Model.Filename); errors.Is(err, fs.ErrNotExist) {
		// Without types there is no file, but the frontends import the package.
		return errors.Join(differ, writeStaged(cfg.Model.Filename,
			project.GeneratedHeader+"\n\n// Package model has the models of all frontends.\npackage model\n"))
	}
	return differ
}

// addFaults adds the field with the faults of a row to the models that have one.
func addFaults(b *modelgen.ModelBuild, names map[string]string) {
	pkg := types.NewPackage(plan.GatewayPath+"/decode", "decode")
	faults := types.NewPointer(types.NewNamed(types.NewTypeName(0, pkg, "Faults", nil), types.NewStruct(nil, nil), nil))
	for _, object := range b.Models {
		if name := names[object.Name]; name != "" {
			object.Fields = append(object.Fields, &modelgen.Field{
				Description: name + " are the values from services that do not match the schema; nil if there are none.",
				GoName:      name, Type: faults, Tag: `json:"-"`,
			})
		}
	}
}

// compareModels checks that gqlgen generates the models that were planned. A
// setting of gqlgen.yml may change them.
func compareModels(union *ast.Schema, planned *plan.Models, b *modelgen.ModelBuild) error {
	for _, object := range b.Models {
		named, ok := planned.Named(object.Name).(*types.Named)
		if !ok {
			continue
		}
		fields, _ := named.Underlying().(*types.Struct)
		for _, f := range object.Fields {
			if def := union.Types[object.Name]; def == nil || def.Fields.ForName(f.Name) == nil {
				continue // a field that gqlgen.yml adds
			}
			have := fieldNamed(fields, f.GoName)
			if have == nil || plan.TypeName(have.Type()) != plan.TypeName(f.Type) {
				return project.Diagnostics{{
					File: "gqlgen.yml", Line: 1, Column: 1, Fix: "remove the setting",
					Message: fmt.Sprintf("a setting makes gqlgen generate %s.%s as %s, which bindings can't use", object.Name, f.GoName, f.Type),
				}}
			}
		}
	}
	return nil
}

func fieldNamed(s *types.Struct, name string) *types.Var {
	if s == nil {
		return nil
	}
	for f := range s.Fields() {
		if f.Name() == name {
			return f
		}
	}
	return nil
}

// clients writes the files of the plan, without those of frontends.
func (r *run) clients(s *stage, p *plan.Plan) error {
	files, err := golang.Files(p)
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := writeStaged(s.path(f.Name), string(f.Text)); err != nil {
			return err
		}
	}
	return nil
}

func writeStaged(file, text string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, []byte(text), 0o600)
}

// frontend generates the files of one frontend.
func (r *run) frontend(s *stage, p *plan.Plan, f *project.Frontend, planned *plan.Frontend) error {
	cfg, err := plan.GQLGen(r.project, f, s.dir)
	if err != nil {
		return err
	}
	cfg.Model = config.PackageConfig{} // they are generated already
	for name, model := range p.Models.Generated() {
		if f.API.Types[name] != nil {
			cfg.Models.Add(name, model)
		}
	}
	data, err := bind(cfg, p.Models.Loaded(), planned)
	if err != nil {
		return err
	}
	files, err := golang.Frontend(p, planned, binding(data))
	if err != nil {
		return err
	}
	for _, file := range files {
		if err := writeStaged(s.path(file.Name), string(file.Text)); err != nil {
			return err
		}
	}
	return nil
}

// bind lets gqlgen bind a schema to Go types, as its package api does. That loads gqlgen's
// packages again for each frontend; here they are those of loaded. BuildData loads those of the
// project again: the models and the clients are new.
func bind(cfg, loaded *config.Config, planned *plan.Frontend) (*codegen.Data, error) {
	if cfg.LocalPrefix != "" {
		imports.LocalPrefix = cfg.LocalPrefix
	}
	if err := cfg.LoadSchema(); err != nil {
		return nil, err
	}
	codegen.ClearInlineArgsMetadata()
	if err := codegen.ExpandInlineArguments(cfg.Schema); err != nil {
		return nil, err
	}
	cfg.Packages = loaded.Packages
	if err := cfg.Init(); err != nil {
		return nil, err
	}
	for _, object := range planned.Objects { // the adapters have these fields
		if object.Root {
			continue
		}
		for _, field := range object.Fields {
			plan.Resolver(cfg, object.Name, field.Name)
		}
	}
	defer alike(cfg)()
	return codegen.BuildData(cfg)
}

// alike makes lists of lists of objects alike for gqlgen, until the function that it returns is called: it panics if
// only the nullability of their inner items differs, which has no effect on their Go types, and which it does not
// see otherwise.
func alike(cfg *config.Config) (restore func()) {
	var changed []*ast.Type
	for _, def := range cfg.Schema.Types {
		for _, field := range def.Fields {
			if of := cfg.Schema.Types[field.Type.Name()]; of == nil || !of.IsCompositeType() || field.Type.Elem == nil || cfg.OmitSliceElementPointers {
				continue
			}
			for t := field.Type.Elem.Elem; t != nil; t = t.Elem {
				if t.NonNull {
					t.NonNull = false
					changed = append(changed, t)
				}
			}
		}
	}
	return func() {
		for _, t := range changed {
			t.NonNull = true
		}
	}
}

// binding returns the schema of a frontend as gqlgen binds it.
func binding(data *codegen.Data) *golang.Binding {
	b := &golang.Binding{Schema: data.Schema, Leaves: leaves(data)}
	for _, source := range data.Config.Sources {
		if !source.BuiltIn {
			b.Sources = append(b.Sources, source)
		}
	}
	for _, object := range data.Objects {
		if !object.BuiltIn && !strings.HasPrefix(object.Name, "__") {
			b.Objects = append(b.Objects, bound(object))
		}
	}
	for _, object := range data.Inputs {
		in := &golang.Input{Name: object.Name, Type: object.Type, Map: object.IsMap()}
		for _, field := range object.Fields {
			in.Fields = append(in.Fields, golang.InputField{Name: field.Name, GoName: field.GoFieldName, Ref: field.TypeReference})
		}
		b.Inputs = append(b.Inputs, in)
	}
	return b
}

// bound returns an object type.
func bound(object *codegen.Object) *golang.Bound {
	o := &golang.Bound{Def: object.Definition, Type: object.Reference()}
	for _, t := range object.Implements {
		o.Implements = append(o.Implements, t.Name)
	}
	for _, field := range object.Fields {
		if strings.HasPrefix(field.Name, "__") {
			continue
		}
		f := &golang.BoundField{Def: field.FieldDefinition, Ref: field.TypeReference, Args: map[string]*config.TypeReference{}, Leaf: leaf(field.TypeReference)}
		for _, arg := range field.Args {
			f.Args[arg.Name] = arg.TypeReference
		}
		if !field.IsResolver {
			f.Own = own(field)
		}
		o.Fields = append(o.Fields, f)
	}
	return o
}

// own returns how a Go type has the value of a field.
func own(field *codegen.Field) *golang.Own {
	o := &golang.Own{
		Expr: field.GoReceiverName + "." + field.GoFieldName, Method: field.IsMethod(), Map: field.IsMap(), Context: field.MethodHasContext,
		OK: field.VOkFunc, Fails: field.IsMethod() && !field.NoErr && !field.VOkFunc,
	}
	if field.HasHaser {
		o.Has = field.GoReceiverName + "." + field.HaserMethodName
	}
	if o.Map {
		o.Expr = fmt.Sprintf("%s[%q]", field.GoReceiverName, field.Name)
	}
	return o
}

// leaf returns the method of execute.Writer that writes a scalar or an enum as
// gqlgen does; empty if there is none.
func leaf(ref *config.TypeReference) string {
	if ref.Definition.Kind == ast.Enum && ref.Marshaler == nil && ref.IsMarshaler && plan.IsString(plan.Element(named(ref.GO))) && !ref.HasEnumValues() {
		if strings.HasSuffix(ref.Target.String(), "/"+project.GraphFolder+"/"+project.ModelFolder+"."+plan.GoName(ref.Definition.Name)) {
			return "String"
		}
	}
	if ref.Definition.Kind != ast.Scalar || ref.Marshaler == nil {
		return ""
	}
	base := named(ref.GO)
	if ref.Marshaler.Pkg().Path() == plan.ScalarPath && ref.Marshaler.Name() == "MarshalInt64" {
		return "Int64Text"
	}
	if ref.Marshaler.Pkg().Path() != plan.GQLGenPath {
		return ""
	}
	method := map[string]string{
		"MarshalString": "String", "MarshalID": "String", "MarshalInt": "Int", "MarshalInt64": "Int64", "MarshalFloat": "Float",
		"MarshalFloatContext": "Float", "MarshalBoolean": "Bool", "MarshalTime": "Time",
	}[ref.Marshaler.Name()]
	_, basic := base.Underlying().(*types.Basic)
	if method == "" || !basic && method != "Time" || method == "Time" && plan.TypeName(base) != "time.Time" {
		return ""
	}
	return method
}

// named returns the type of one value, without lists and pointers.
func named(t types.Type) types.Type {
	for {
		switch inner := t.(type) {
		case *types.Slice:
			t = inner.Elem()
		case *types.Pointer:
			t = inner.Elem()
		default:
			return t
		}
	}
}

// leaves returns the scalars and enums of arguments and of fields of input objects, as gqlgen
// binds them: by the name of each, the reference whose name is first.
func leaves(data *codegen.Data) map[string]*config.TypeReference {
	found := map[string]*config.TypeReference{}
	add := func(ref *config.TypeReference) {
		for ref.GQL.Elem != nil {
			ref = ref.Elem()
		}
		name := ref.Definition.Name
		if have := found[name]; ref.Definition.IsLeafType() && (have == nil || ref.UnmarshalFunc() < have.UnmarshalFunc()) {
			found[name] = ref
		}
	}
	for _, object := range data.Objects {
		for _, field := range object.Fields {
			for _, arg := range field.Args {
				add(arg.TypeReference)
			}
		}
	}
	for _, object := range data.Inputs {
		for _, field := range object.Fields {
			add(field.TypeReference)
		}
	}
	return found
}

// protos runs protoc-gen-go in the version that the project requires.
func protos(ctx context.Context, s *stage, p *plan.Plan) error {
	if p.Protos.Request == nil {
		return nil
	}
	input, err := proto.MarshalOptions{Deterministic: true}.Marshal(p.Protos.Request)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", "run", "google.golang.org/protobuf/cmd/protoc-gen-go")
	cmd.Dir = s.root
	cmd.Stdin = bytes.NewReader(input)
	var output, messages bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &messages
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("run protoc-gen-go: %w\n%s\tfix: go get google.golang.org/protobuf", err, messages.Bytes())
	}
	var response pluginpb.CodeGeneratorResponse
	if err := proto.Unmarshal(output.Bytes(), &response); err != nil {
		return fmt.Errorf("protoc-gen-go: %w", err)
	}
	if response.Error != nil {
		return fmt.Errorf("protoc-gen-go: %s", response.GetError())
	}
	for _, file := range response.File {
		to := s.path(file.GetName())
		// The stage has a link to the project's file.
		if err := os.Remove(to); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := writeStaged(to, file.GetContent()); err != nil {
			return err
		}
	}
	return nil
}
