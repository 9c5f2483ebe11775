package bindgen

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/99designs/gqlgen/api"
	"github.com/99designs/gqlgen/codegen"
	"github.com/99designs/gqlgen/codegen/config"
	"github.com/99designs/gqlgen/plugin/modelgen"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/input"
)

// modelFolder holds the models that all frontends share.
const modelFolder = "model"

// config reads gqlgen.yml for a frontend and sets what Portico decides: where
// files go, and that adapters, not gqlgen, connect resolvers.
func (g *generation) config(f *frontend) (*config.Config, error) {
	cfg, err := config.ReadConfig(strings.NewReader(strings.ReplaceAll(g.project.gqlgen, "{frontend}", f.name)))
	if err != nil {
		return nil, Diagnostics{{File: "gqlgen.yml", Message: err.Error()}}
	}
	cfg.Sources = nil
	for _, s := range f.published {
		cfg.Sources = append(cfg.Sources, &ast.Source{Name: s.Name, Input: s.Input})
	}
	cfg.Exec = config.ExecConfig{
		Layout:   config.ExecLayoutSingleFile,
		Filename: g.stage.path(path.Join(graphFolder, f.name, "executor"+generatedSuffix)),
		Package:  f.name,
	}
	cfg.Model = config.PackageConfig{Filename: g.stage.path(path.Join(graphFolder, modelFolder, "models"+generatedSuffix)), Package: modelFolder}
	cfg.Resolver = config.ResolverConfig{}
	cfg.OmitGetters, cfg.OmitRootModels, cfg.OmitResolverFields = true, true, true
	cfg.ResolversAlwaysReturnPointers = true
	cfg.SkipModTidy, cfg.SkipValidation = true, true
	for name := range g.union.Directives {
		cfg.Directives[name] = config.DirectiveConfig{SkipRuntime: true} // package input reads @constraint
	}
	g.bindScalars(cfg)
	cfg.Models.Add("CacheControlScope", "github.com/99designs/gqlgen/graphql.String") // of a directive: no value has it
	return cfg, nil
}

// bindScalars gives the scalars of the schema that gqlgen.yml leaves out the Go
// types that their names tell; all others are strings.
func (g *generation) bindScalars(cfg *config.Config) {
	known := map[string]string{"DateTime": "Time", "Time": "Time", "Int64": "Int64", "Long": "Int64", "JSON": "Any", "Any": "Any", "Map": "Map", "Upload": "Upload"}
	for _, name := range typeNames(g.union) {
		def := g.union.Types[name]
		if def.Kind != ast.Scalar || def.BuiltIn || cfg.Models.Exists(name) {
			continue
		}
		model := "String"
		if known[name] != "" {
			model = known[name]
		}
		cfg.Models.Add(name, "github.com/99designs/gqlgen/graphql."+model)
	}
}

// models generates the models of the union and returns the configuration that
// binds to them.
func (g *generation) models() (*config.Config, error) {
	cfg, err := g.config(g.project.frontends[0])
	if err != nil {
		return nil, err
	}
	cfg.Schema = g.union // Init keeps it
	if err := cfg.Init(); err != nil {
		return nil, fmt.Errorf("models: %w", err)
	}
	g.omittables(cfg)
	for _, def := range g.union.Types {
		if def.Kind != ast.Object || def.BuiltIn || cfg.IsRoot(def) {
			continue
		}
		for _, field := range def.Fields {
			if g.resolvedEverywhere(def, field) {
				asResolver(cfg, def.Name, field.Name)
			}
		}
	}
	generator, ok := modelgen.New().(*modelgen.Plugin)
	if !ok {
		return nil, fmt.Errorf("models: gqlgen's model generator is a %T", modelgen.New())
	}
	if err := generator.MutateConfig(cfg); err != nil {
		return nil, fmt.Errorf("models: %w", err)
	}
	if _, err := os.Stat(cfg.Model.Filename); errors.Is(err, fs.ErrNotExist) {
		// No types, no file; but the adapters import the package.
		return cfg, writeStaged(cfg.Model.Filename, generatedHeader+"// Package model has the models of all frontends.\npackage model\n")
	}
	return cfg, nil
}

// omittables makes models distinguish null from absent, in the fields of input
// objects that are nullable.
func (g *generation) omittables(cfg *config.Config) {
	for _, def := range g.union.Types {
		if def.Kind != ast.InputObject {
			continue
		}
		for _, field := range def.Fields {
			if g.nullableEverywhere(def.Name, field) {
				entry := cfg.Models[def.Name]
				if entry.Fields == nil {
					entry.Fields = map[string]config.TypeMapField{}
				}
				f := entry.Fields[field.Name]
				if f.Omittable == nil {
					f.Omittable = new(true)
				}
				entry.Fields[field.Name] = f
				cfg.Models[def.Name] = entry
			}
		}
	}
}

// nullableEverywhere reports whether gqlgen can bind every frontend to a model
// with an omittable field.
func (g *generation) nullableEverywhere(input string, field *ast.FieldDefinition) bool {
	for _, f := range g.project.frontends {
		if own := f.schema.Types[input]; own != nil {
			if theirs := own.Fields.ForName(field.Name); theirs != nil && theirs.Type.NonNull {
				return false
			}
		}
	}
	return !field.Type.NonNull
}

func writeStaged(file, text string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, []byte(text), 0o600)
}

func asResolver(cfg *config.Config, typ, field string) {
	entry := cfg.Models[typ]
	if entry.Fields == nil {
		entry.Fields = map[string]config.TypeMapField{}
	}
	f := entry.Fields[field]
	f.Resolver = true
	entry.Fields[field] = f
	cfg.Models[typ] = entry
}

// frontend generates the executable schema of one frontend and its adapters.
func (g *generation) frontend(f *frontend, r *report) error {
	cfg, err := g.config(f)
	if err != nil {
		return err
	}
	cfg.Model = config.PackageConfig{} // they are there; bind to them
	cfg.AutoBind = append(cfg.AutoBind, path.Join(g.project.module, graphFolder, modelFolder))
	return api.Generate(cfg, api.PrependPlugin(&plugin{generation: g, frontend: f, report: r}))
}

// plugin is where gqlgen calls back.
type plugin struct {
	*generation
	frontend *frontend
	report   *report
}

// Name is part of gqlgen's plugin interface.
func (p *plugin) Name() string { return "portico" }

// MutateConfig tells gqlgen which fields adapters resolve.
func (p *plugin) MutateConfig(cfg *config.Config) error {
	for _, name := range typeNames(cfg.Schema) {
		def := cfg.Schema.Types[name]
		if def.Kind != ast.Object || def.BuiltIn || cfg.IsRoot(def) {
			continue
		}
		for _, field := range def.Fields {
			if p.resolved(p.frontend, name, field.Name) || p.lacks(field.Type) {
				asResolver(cfg, name, field.Name)
			}
		}
	}
	return nil
}

// lacks tells whether a value of the type can be one that the frontend does
// not know: an enum's value, or a member of a union or an interface.
func (p *plugin) lacks(t *ast.Type) bool {
	return len(p.unknown(t.Name())) > 0
}

// unknown are the enum values or possible types that the union of the
// frontends has and this one lacks, sorted.
func (p *plugin) unknown(typ string) []string {
	all, own := p.union.Types[typ], p.frontend.schema.Types[typ]
	if all == nil || own == nil {
		return nil
	}
	var lacking []string
	switch all.Kind {
	case ast.Enum:
		for _, v := range all.EnumValues {
			if own.EnumValues.ForName(v.Name) == nil {
				lacking = append(lacking, v.Name)
			}
		}
	case ast.Union, ast.Interface:
		known := p.frontend.schema.GetPossibleTypes(own)
		for _, t := range p.union.GetPossibleTypes(all) {
			if t.Kind == ast.Object && !slices.ContainsFunc(known, func(k *ast.Definition) bool { return k.Name == t.Name }) {
				lacking = append(lacking, t.Name)
			}
		}
	}
	slices.Sort(lacking)
	return lacking
}

// checkDefaults reports defaults that the parsers of package input reject. Those of
// the project can't be asked: a gateway with a default that one rejects does not
// start.
func (p *plugin) checkDefaults(data *codegen.Data) {
	known := map[string]input.Parser{"Boolean": input.Boolean, "Float": input.Float, "ID": input.ID, "Int": input.Int, "Int64": input.Int64, "Object": input.Object, "Text": input.Text, "Time": input.Time}
	parsers := map[string]input.Parser{}
	for _, plan := range (&writer{plugin: p}).parsers(data) {
		if parser := known[plan.Input]; parser != nil {
			parsers[plan.Name] = parser
		}
	}
	_, err := input.New(input.Config{Schema: p.frontend.schema, Parsers: parsers})
	reportDefaults(p.report, err)
}

// GenerateCode writes the adapters.
func (p *plugin) GenerateCode(data *codegen.Data) error {
	plan := p.plan(data)
	p.checkDefaults(data)
	if len(p.report.list) > 0 {
		return nil // reported; gqlgen goes on, and the stage is thrown away
	}
	return p.render(data, plan)
}
