package bindgen

import (
	"context"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"text/template"

	"github.com/99designs/gqlgen/codegen/config"
	"github.com/99designs/gqlgen/codegen/templates"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/directive"
)

// clientWriter writes the client of one service.
type clientWriter struct {
	*generation
	service    string
	calls      []*call
	report     *report
	types      *goTypes
	converters converters

	rows      map[string]*rowType // by name
	functions map[string]string   // code, by name
	messages  map[string]string   // what functions that read messages read, by name
	inputs    map[string]string   // types of input objects, by the function that makes them
	packages  map[string]bool     // names of packages; nil until they are asked for
}

// clients writes the clients of all services that bindings call, and their
// set. cfg is that of the models.
func (g *generation) clients(ctx context.Context, cfg *config.Config, r *report) error {
	convert, err := g.loadConverters(r)
	if err != nil {
		return err
	}
	if g.protos, err = g.compileProtos(ctx, r); err != nil {
		return err
	}
	if err := r.err(); err != nil {
		return err
	}
	cfg.ReloadAllPackages()
	goTypes := &goTypes{union: g.union, binder: cfg.NewBinder()}
	for _, service := range g.calls.services() {
		w := &clientWriter{
			generation: g, service: service, report: r, types: goTypes, converters: convert,
			rows: map[string]*rowType{}, functions: map[string]string{}, messages: map[string]string{}, inputs: map[string]string{},
		}
		for _, c := range g.calls.list {
			if c.Service == service {
				w.calls = append(w.calls, c)
			}
		}
		if err := w.render(cfg); err != nil {
			return fmt.Errorf("client of %s: %w", service, err)
		}
	}
	g.stage.foreign(path.Join(clientsFolder, "clients"+generatedSuffix), r)
	if err := r.err(); err != nil {
		return err
	}
	return g.clientSet(cfg)
}

// render writes the file of the client.
func (w *clientWriter) render(cfg *config.Config) error {
	if w.stage.foreign(path.Join(clientsFolder, w.service, "client"+generatedSuffix), w.report) {
		return nil
	}
	return templates.Render(templates.Options{
		PackageName: w.service,
		PackageDoc:  generatedHeader + "// Package " + w.service + " calls the service " + w.service + ", as the bindings of the schemas say.",
		Filename:    filepath.Join(w.stage.path(path.Join(clientsFolder, w.service)), "client"+generatedSuffix),
		Template:    "{{ client }}",
		Packages:    cfg.Packages,
		Funcs:       template.FuncMap{"client": w.code},
	})
}

func (w *clientWriter) upstream(name string) string {
	return imported(gatewayPath+"/upstream") + "." + name
}

func (w *clientWriter) loader(name string) string {
	return imported(gatewayPath+"/loader") + "." + name
}

// resolvedEverywhere tells whether no frontend takes a field from the model.
func (g *generation) resolvedEverywhere(def *ast.Definition, field *ast.FieldDefinition) bool {
	for _, f := range g.project.frontends {
		own := f.schema.Types[def.Name]
		if own == nil || own.Fields.ForName(field.Name) == nil {
			continue
		}
		if !g.resolved(f, def.Name, field.Name) {
			return false
		}
	}
	return true
}

// resolved tells whether a method or a binding resolves a field of a frontend.
func (g *generation) resolved(f *frontend, typ, field string) bool {
	return g.methods.find(f.name, goName(typ), goName(field)) != nil || g.calls.of(f, typ, field) != nil
}

// grpc tells the protocol of the service: that of its first call.
func (w *clientWriter) grpc() bool { return w.calls[0].GRPC != nil }

// code is the client's file without its head.
func (w *clientWriter) code() string {
	var bodies strings.Builder
	for _, c := range w.calls {
		if (c.GRPC != nil) != w.grpc() {
			w.report.at(c.Pos, "give one of them another name", "the service %s is called over HTTP and over gRPC", w.service)
			continue
		}
		bodies.WriteString(w.call(c))
	}
	for _, name := range slices.Sorted(maps.Keys(w.rows)) {
		w.rows[name].settle(w)
	}
	if len(w.report.list) > 0 {
		return "" // the file is thrown away
	}
	kind := "HTTP"
	if w.grpc() {
		kind = "GRPC"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "// Client calls the service %s. It is safe for concurrent use.\ntype Client struct {\n*%s\n", w.service, w.upstream(kind))
	for _, c := range w.calls {
		if !c.root() {
			fmt.Fprintf(&b, "%s *%s\n", w.loaderName(c), w.loaderType(c))
		}
	}
	fmt.Fprintf(&b, "}\n\n// New makes a client of the service %s.\nfunc New(services *%s) (*Client, error) {\nservice, err := services.%s(%q)\nif err != nil {\nreturn nil, err\n}\n",
		w.service, w.upstream("Services"), kind, w.service)
	if names := w.configNames(); len(names) > 0 {
		fmt.Fprintf(&b, "if err := service.Need(%s); err != nil {\nreturn nil, err\n}\n", strings.Join(names, ", "))
	}
	fmt.Fprintf(&b, "c := &Client{%s: service}\n", kind)
	for _, c := range w.calls {
		if !c.root() {
			fmt.Fprintf(&b, "c.%s = %s\n", w.loaderName(c), w.newLoader(c))
		}
	}
	b.WriteString("return c, nil\n}\n\n")
	b.WriteString(bodies.String())
	for _, name := range slices.Sorted(maps.Keys(w.rows)) {
		b.WriteString(w.rows[name].code(w))
	}
	for _, name := range slices.Sorted(maps.Keys(w.functions)) {
		b.WriteString(w.functions[name])
	}
	return b.String()
}

// configNames are the quoted names of $config that the calls use.
func (w *clientWriter) configNames() []string {
	var names []string
	for _, c := range w.calls {
		for _, v := range c.Vars() {
			if v.Root == directive.Config {
				names = append(names, fmt.Sprintf("%q", v.Path[0]))
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// clientSet writes the set of all clients: those that are generated and those
// of packages that have a function New.
func (g *generation) clientSet(cfg *config.Config) error {
	type entry struct{ Package, Name string }
	var entries []entry
	names := append(g.calls.services(), g.ownClients...)
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		entries = append(entries, entry{name, goName(name)})
	}
	return templates.Render(templates.Options{
		PackageName: clientsFolder,
		PackageDoc:  generatedHeader + "// Package clients has the typed clients of all services, a package each.",
		Filename:    filepath.Join(g.stage.path(clientsFolder), "clients"+generatedSuffix),
		Data:        entries,
		Template:    clientsTemplate,
		Packages:    cfg.Packages,
		Funcs: template.FuncMap{
			"upstream": func() string { return imported(gatewayPath + "/upstream") },
			"client":   func(name string) string { return imported(path.Join(g.project.module, clientsFolder, name)) },
		},
	})
}
