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
		// Without types there is no file, but the adapters import the package.
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

// clients writes the files of the plan, without the adapters.
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

// frontend generates the executable schema of one frontend and its adapters.
// It returns notes on the fields that compiled execution leaves to gqlgen.
func (r *run) frontend(s *stage, p *plan.Plan, f *project.Frontend, planned *plan.Frontend) ([]string, error) {
	cfg, err := plan.GQLGen(r.project, f, s.dir)
	if err != nil {
		return nil, err
	}
	cfg.Model = config.PackageConfig{} // they are generated already
	for name, model := range p.Models.Generated() {
		if f.API.Types[name] != nil {
			cfg.Models.Add(name, model)
		}
	}
	adapters := &plugin{plan: p, planned: planned}
	if err := r.execution(cfg, p.Models.Loaded(), adapters); err != nil || len(adapters.left) == 0 {
		return nil, err
	}
	return []string{fmt.Sprintf("frontend %s: gqlgen executes operations with %s, since their Go types are not pointers to structs with these fields",
		f.Name, strings.Join(adapters.left, ", "))}, nil
}

// execution generates the executable schema of one frontend, as gqlgen's package api does with one plugin. That loads gqlgen's
// packages again for each frontend; here they are those of loaded. BuildData loads those of the project again:
// the models and the clients are new.
func (r *run) execution(cfg, loaded *config.Config, adapters *plugin) error {
	if cfg.LocalPrefix != "" {
		imports.LocalPrefix = cfg.LocalPrefix
	}
	if err := cfg.LoadSchema(); err != nil {
		return err
	}
	codegen.ClearInlineArgsMetadata()
	if err := codegen.ExpandInlineArguments(cfg.Schema); err != nil {
		return err
	}
	cfg.Packages = loaded.Packages
	if err := cfg.Init(); err != nil {
		return err
	}
	if err := adapters.MutateConfig(cfg); err != nil {
		return err
	}
	data, err := codegen.BuildData(cfg, adapters)
	if err != nil {
		return err
	}
	if err := adapters.GenerateCode(data); err != nil {
		return err
	}
	return codegen.GenerateCode(data)
}

// plugin is the plugin of gqlgen that writes the adapters.
type plugin struct {
	plan    *plan.Plan
	planned *plan.Frontend
	left    []string // the fields that gqlgen executes
}

// Name implements gqlgen's plugin.Plugin.
func (p *plugin) Name() string { return "portico" }

// MutateConfig makes gqlgen call the adapters for the fields that have one.
func (p *plugin) MutateConfig(cfg *config.Config) error {
	for _, object := range p.planned.Objects {
		if object.Root {
			continue
		}
		for _, field := range object.Fields {
			plan.Resolver(cfg, object.Name, field.Name)
		}
	}
	return nil
}

// GenerateCode writes the adapters.
func (p *plugin) GenerateCode(data *codegen.Data) error {
	unmarshal := map[string]string{}
	for _, ref := range inputReferences(data) {
		name, fn := ref.Definition.Name, ref.UnmarshalFunc()
		if have, ok := unmarshal[name]; ref.Definition.IsLeafType() && (!ok || fn < have) {
			unmarshal[name] = fn
		}
	}
	for _, object := range data.Objects { // the executor is written after this
		for _, field := range object.Fields {
			for _, arg := range field.Args {
				arg.VarName = golang.Param(arg.Name)
			}
		}
	}
	text, err := golang.Adapters(p.plan, p.planned, unmarshal)
	if err != nil {
		return err
	}
	dir := data.Config.Exec.Dir()
	if err := writeStaged(filepath.Join(dir, "resolvers"+project.GeneratedSuffix), string(text)); err != nil {
		return err
	}
	compiled, left, err := golang.Compiled(p.plan, p.planned, data.Schema, bound(data))
	if err != nil {
		return err
	}
	p.left = left
	return writeStaged(filepath.Join(dir, "compiled"+project.GeneratedSuffix), string(compiled))
}

// bound returns the object types, as gqlgen binds them.
func bound(data *codegen.Data) []*golang.Bound {
	var list []*golang.Bound
	for _, object := range data.Objects {
		if object.BuiltIn || strings.HasPrefix(object.Name, "__") {
			continue
		}
		o := &golang.Bound{Def: object.Definition, Type: object.Reference()}
		for _, t := range object.Implements {
			o.Implements = append(o.Implements, t.Name)
		}
		for _, field := range object.Fields {
			if strings.HasPrefix(field.Name, "__") {
				continue
			}
			f := golang.BoundField{Def: field.FieldDefinition, Type: field.TypeReference.GO, Marshal: field.TypeReference.MarshalFunc(),
				Leaf: leaf(field.TypeReference)}
			if field.GoFieldType == codegen.GoFieldVariable && !field.IsResolver {
				f.GoName = field.GoFieldName
			}
			o.Fields = append(o.Fields, f)
		}
		list = append(list, o)
	}
	return list
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

// inputReferences returns the named types of arguments and of fields of input
// objects, as gqlgen binds them.
func inputReferences(data *codegen.Data) []*config.TypeReference {
	var list []*config.TypeReference
	add := func(ref *config.TypeReference) {
		for ref.GQL.Elem != nil {
			ref = ref.Elem()
		}
		list = append(list, ref)
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
	return list
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
