package plan

import (
	"fmt"
	"go/types"
	"path"
	"path/filepath"
	"strings"

	"github.com/99designs/gqlgen/codegen/config"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/internal/project"
)

// Models are the Go types of the schema's types: those that gqlgen.yml names,
// and those that gqlgen will generate, which are known here before they are
// written.
type Models struct {
	// Package is the package of the generated models.
	Package *types.Package

	union    *ast.Schema
	config   *config.Config
	binder   *config.Binder
	resolved func(typ, field string) bool // in every frontend
	named    map[string]types.Type        // of one value that is not null, by name

	gqlgen     string                    // the text of gqlgen.yml
	protos     map[string]*types.Package // of the project's protos, by path
	own        map[string]*types.Package // the project's packages that gqlgen.yml names, by path
	converters []Package
}

// newModels plans the models of a project. resolved reports whether a field of
// an object type is left out of its model because something else resolves it in
// every frontend.
func newModels(p *project.Project, protos *Protos, resolved func(typ, field string) bool) (*Models, error) {
	cfg, err := GQLGen(p, p.Frontends[0], p.Root)
	if err != nil {
		return nil, err
	}
	cfg.Schema = p.Union // Init uses it
	if err := loads(cfg); err != nil {
		return nil, project.Diagnostics{{File: "gqlgen.yml", Message: err.Error()}}
	}
	m := &Models{
		Package: types.NewPackage(path.Join(p.Module, project.GraphFolder, project.ModelFolder), project.ModelFolder),
		union:   p.Union, config: cfg, resolved: resolved, named: map[string]types.Type{}, protos: protos.declared, gqlgen: p.GQLGen,
	}
	m.binder = cfg.NewBinder()
	generated := map[*ast.Definition]*types.Named{}
	var bound []string
	for _, name := range project.TypeNames(p.Union) {
		if cfg.Models.UserDefined(name) {
			bound = append(bound, name)
		} else if named := m.declare(p.Union.Types[name]); named != nil {
			generated[p.Union.Types[name]] = named
		}
	}
	m.Package.MarkComplete() // the names are there: others may import it
	if m.own, err = ownPackages(p, m, bound); err != nil {
		return nil, err
	}
	for _, name := range bound {
		if err := m.bind(name); err != nil {
			return nil, err
		}
	}
	for def, named := range generated {
		if err := m.define(def, named); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// loads initializes gqlgen's configuration, which panics when Go can't load gqlgen's
// packages.
func loads(cfg *config.Config) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("gqlgen's packages could not be loaded (%v): go list %s says why", r, GQLGenPath)
		}
	}()
	return cfg.Init()
}

// Loaded returns a configuration of gqlgen with the packages that were loaded for the models: loading them again takes longer
// than all else of a run.
func (m *Models) Loaded() *config.Config { return m.config }

// bind finds the Go type that gqlgen.yml names for a type.
func (m *Models) bind(name string) error {
	t, err := m.goType(m.config.Models[name].Model[0])
	if err != nil && m.union.Types[name].BuiltIn {
		return fmt.Errorf("gqlgen's packages could not be loaded: %w", err)
	}
	if err != nil {
		line := 1 + strings.Count(m.gqlgen[:max(0, strings.Index(m.gqlgen, name+":"))], "\n")
		return project.Diagnostics{{File: "gqlgen.yml", Line: line, Column: 1, Message: fmt.Sprintf("the model of %s: %v", name, err)}}
	}
	m.named[name] = t
	return nil
}

// goType is the type of a model of gqlgen.yml: a type, or what a function Marshal…
// takes.
func (m *Models) goType(model string) (types.Type, error) {
	pkg, name := splitModel(model)
	own := m.own[pkg]
	if own == nil {
		return m.binder.FindTypeFromName(model)
	}
	if fn, ok := own.Scope().Lookup("Marshal" + name).(*types.Func); ok && fn.Signature().Params().Len() > 0 {
		return fn.Signature().Params().At(0).Type(), nil
	}
	if found := own.Scope().Lookup(name); found != nil {
		return types.Unalias(found.Type()), nil
	}
	return nil, fmt.Errorf("the package %s has no type %s", pkg, name)
}

// splitModel splits example.com/project/money.Amount at its last dot.
func splitModel(model string) (pkg, name string) {
	dot := strings.LastIndexByte(model, '.')
	if dot < 0 {
		return "", model
	}
	return model[:dot], model[dot+1:]
}

// declare makes the named type of a generated model, without its fields; nil
// for a scalar, which has none, and for a root type.
func (m *Models) declare(def *ast.Definition) *types.Named {
	var underlying types.Type
	switch def.Kind {
	case ast.Object, ast.InputObject:
		underlying = types.NewStruct(nil, nil)
	case ast.Interface, ast.Union:
		underlying = types.NewInterfaceType(nil, nil)
	case ast.Enum:
		underlying = types.Typ[types.String]
	default: // gqlgen makes an unknown scalar a string
		m.named[def.Name] = types.Typ[types.String]
		return nil
	}
	name := types.NewTypeName(0, m.Package, GoName(def.Name), nil)
	named := types.NewNamed(name, underlying, nil)
	m.named[def.Name] = named
	if project.IsRoot(m.union, def) {
		return nil // there are no models of root types
	}
	m.Package.Scope().Insert(name)
	return named
}

// define adds the fields of a generated model, as gqlgen's model generator does
// (plugin/modelgen, generateField).
func (m *Models) define(def *ast.Definition, named *types.Named) error {
	if def.Kind != ast.Object && def.Kind != ast.InputObject {
		return nil
	}
	var fields []*types.Var
	for _, field := range def.Fields {
		of := m.config.Models[def.Name].Fields[field.Name]
		resolver := of.Resolver || def.Kind == ast.Object && m.resolved(def.Name, field.Name)
		if strings.HasPrefix(field.Name, "__") || resolver && !of.ForceGenerate {
			continue
		}
		t := m.binder.CopyModifiersFromAst(field.Type, m.named[field.Type.Name()])
		kind := m.union.Types[field.Type.Name()].Kind
		if m.config.StructFieldsAlwaysPointers && isStruct(t) && (kind == ast.Object || kind == ast.InputObject) {
			t = types.NewPointer(t)
		}
		if of.Omittable != nil && *of.Omittable {
			var err error
			if t, err = m.omittable(t); err != nil {
				return err
			}
		}
		name := GoName(field.Name)
		if of.FieldName != "" {
			name = of.FieldName
		}
		fields = append(fields, types.NewVar(0, m.Package, name, t))
	}
	named.SetUnderlying(types.NewStruct(fields, nil))
	return nil
}

func (m *Models) omittable(t types.Type) (types.Type, error) {
	generic, err := m.binder.FindTypeFromName(GQLGenPath + ".Omittable")
	if err != nil {
		return nil, err
	}
	return m.binder.InstantiateType(generic, []types.Type{t})
}

// Of returns the Go type of a GraphQL type, as arguments and results of
// generated code have it: objects are pointers.
func (m *Models) Of(t *ast.Type) types.Type {
	out := m.binder.CopyModifiersFromAst(t, m.named[t.Name()])
	if def := m.union.Types[t.Name()]; def != nil && def.Kind == ast.Object {
		return pointed(out)
	}
	return out
}

// Resolver returns the Go type that gqlgen expects a resolver to return for a
// field: structs are pointers, also those of scalars.
func (m *Models) Resolver(t *ast.Type) types.Type {
	out := m.Of(t)
	if isStruct(out) {
		return types.NewPointer(out)
	}
	return out
}

// Named returns the Go type of a single non-null value of a GraphQL type.
// Objects are not pointers.
func (m *Models) Named(name string) types.Type { return m.named[name] }

// Parser returns the function that parses a scalar or an enum, with its import
// path, such as "github.com/99designs/gqlgen/graphql.UnmarshalTime"; empty for
// a type that has an UnmarshalGQL method.
func (m *Models) Parser(name string) string {
	models := m.config.Models[name].Model
	if len(models) == 0 {
		return ""
	}
	pkg, name := splitModel(models[0])
	if own := m.own[pkg]; own != nil {
		if _, isFunc := own.Scope().Lookup("Marshal" + name).(*types.Func); !isFunc {
			return ""
		}
		return pkg + ".Unmarshal" + name
	}
	if pkg == "" {
		return ""
	}
	obj, err := m.binder.FindObject(pkg, name)
	if _, isFunc := obj.(*types.Func); err != nil || !isFunc {
		return ""
	}
	return pkg + ".Unmarshal" + name
}

// Generated returns the generated models by the names of their types, in the
// form that gqlgen.yml has.
func (m *Models) Generated() map[string]string {
	out := map[string]string{}
	for name, t := range m.named {
		if named, ok := t.(*types.Named); ok && m.generated(t) && !m.config.Models.UserDefined(name) {
			out[name] = named.Obj().Pkg().Path() + "." + named.Obj().Name()
		}
	}
	return out
}

// generated reports whether t belongs to the package of the generated models.
func (m *Models) generated(t types.Type) bool {
	named, ok := Element(t).(*types.Named)
	return ok && named.Obj().Pkg() != nil && named.Obj().Pkg().Path() == m.Package.Path()
}

// GQLGen returns the configuration of gqlgen for a frontend: gqlgen.yml, with
// the settings that Portico decides. Files go below dir, and adapters, not
// gqlgen, connect resolvers.
func GQLGen(p *project.Project, f *project.Frontend, dir string) (*config.Config, error) {
	cfg, err := config.ReadConfig(strings.NewReader(strings.ReplaceAll(p.GQLGen, "{frontend}", f.Name)))
	if err != nil {
		return nil, project.Diagnostics{{File: "gqlgen.yml", Message: err.Error()}}
	}
	if cfg.Federation.IsDefined() {
		return nil, project.Diagnostics{{
			File: "gqlgen.yml", Message: "federation is not supported: a frontend is a schema of its own, not a subgraph", Fix: "remove federation",
		}}
	}
	cfg.Sources = nil
	for _, s := range f.Published {
		cfg.Sources = append(cfg.Sources, &ast.Source{Name: s.Name, Input: s.Input})
	}
	file := func(folder, name string) string {
		return filepath.Join(dir, project.GraphFolder, folder, name+project.GeneratedSuffix)
	}
	cfg.Exec = config.ExecConfig{Layout: config.ExecLayoutSingleFile, Filename: file(f.Name, "executor"), Package: f.Name}
	cfg.Model = config.PackageConfig{Filename: file(project.ModelFolder, "models"), Package: project.ModelFolder}
	cfg.Resolver = config.ResolverConfig{}
	cfg.OmitGetters, cfg.OmitRootModels, cfg.OmitResolverFields, cfg.OmitComplexity = true, true, true, true
	cfg.ResolversAlwaysReturnPointers = true
	cfg.SkipModTidy, cfg.SkipValidation = true, true
	for name := range p.Union.Directives {
		cfg.Directives[name] = config.DirectiveConfig{SkipRuntime: true} // package input reads @constraint
	}
	bindScalars(p.Union, cfg)
	cfg.Models.Add("CacheControlScope", GQLGenPath+".String") // only directives have it
	omittables(p, cfg)
	return cfg, nil
}

// bindScalars binds the scalars that gqlgen.yml leaves out: those with a common
// name to the type that it suggests, all others to strings.
func bindScalars(union *ast.Schema, cfg *config.Config) {
	known := map[string]string{
		"DateTime": "Time", "Time": "Time", "Int64": "Int64", "Long": "Int64", "JSON": "Any", "Any": "Any", "Map": "Map", "Upload": "Upload",
	}
	for _, name := range project.TypeNames(union) {
		def := union.Types[name]
		if def.Kind != ast.Scalar || def.BuiltIn || cfg.Models.Exists(name) {
			continue
		}
		model := GQLGenPath + ".String"
		switch {
		case known[name] == "Int64": // as a string: see package scalar
			model = ScalarPath + ".Int64"
		case known[name] != "":
			model = GQLGenPath + "." + known[name]
		}
		cfg.Models.Add(name, model)
	}
}

// omittables makes input fields omittable, so that methods can distinguish null
// from absent. Only fields that are nullable in every frontend are: gqlgen can
// bind no other field to an omittable one.
func omittables(p *project.Project, cfg *config.Config) {
	for _, def := range p.Union.Types {
		if def.Kind != ast.InputObject {
			continue
		}
		for _, field := range def.Fields {
			if !nullableEverywhere(p, def.Name, field) {
				continue
			}
			setField(cfg, def.Name, field.Name, func(f *config.TypeMapField) {
				if f.Omittable == nil {
					f.Omittable = new(true)
				}
			})
		}
	}
}

func nullableEverywhere(p *project.Project, input string, field *ast.FieldDefinition) bool {
	for _, f := range p.Frontends {
		if own := f.Schema.Types[input]; own != nil {
			if theirs := own.Fields.ForName(field.Name); theirs != nil && theirs.Type.NonNull {
				return false
			}
		}
	}
	return !field.Type.NonNull
}

// Resolver marks a field in gqlgen's configuration as resolved by a resolver.
func Resolver(cfg *config.Config, typ, field string) {
	setField(cfg, typ, field, func(f *config.TypeMapField) { f.Resolver = true })
}

func setField(cfg *config.Config, typ, field string, set func(*config.TypeMapField)) {
	entry := cfg.Models[typ]
	if entry.Fields == nil {
		entry.Fields = map[string]config.TypeMapField{}
	}
	f := entry.Fields[field]
	set(&f)
	entry.Fields[field] = f
	cfg.Models[typ] = entry
}

// Packages returns the packages of the scalars' Go types and of the converters.
func (m *Models) Packages() []Package {
	var out []Package
	for _, name := range project.TypeNames(m.union) {
		if named, ok := m.named[name].(*types.Named); ok && named.Obj().Pkg() != nil && m.union.Types[name].Kind == ast.Scalar {
			out = append(out, Package{Path: named.Obj().Pkg().Path(), Name: named.Obj().Pkg().Name()})
		}
	}
	return append(out, m.converters...)
}
