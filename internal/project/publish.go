package project

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"

	"github.com/portico-gateway/portico/gateway/directive"
	"github.com/portico-gateway/portico/internal/binding"
)

// publish sets what callers of a frontend see: its schema without what is
// inaccessible, and without the directives about services.
func publish(p *Project, f *Frontend, r *Report) {
	f.Published = nil
	secret, used := secretTypes(f.Schema), map[string]bool{}
	private := privacy{f, p.receivers}
	checkPrivacy(private, r)
	for _, source := range p.all(f) {
		doc, err := parser.ParseSchema(source)
		if err != nil {
			return // reported
		}
		strip(&doc.Definitions, secret)
		strip(&doc.Extensions, secret)
		for _, list := range []*ast.SchemaDefinitionList{&doc.Schema, &doc.SchemaExtension} {
			stripSchema(list)
		}
		addCosts(f.Schema, doc)
		markPrivate(private, doc)
		markGlobalIDs(f, doc)
		noteUsed(doc, used)
		if len(doc.Definitions)+len(doc.Extensions)+len(doc.Directives)+len(doc.Schema)+len(doc.SchemaExtension) == 0 {
			continue // nothing is left of the file
		}
		var text strings.Builder
		formatter.NewFormatter(&text, formatter.WithIndent("  ")).FormatSchemaDocument(doc)
		f.Published = append(f.Published, &ast.Source{Name: source.Name, Input: withoutBackquotes(text.String())})
	}
	if definitions := usedDefinitions(used); definitions != nil {
		f.Published = append(f.Published, definitions)
	}
	if hidden(f, r) {
		return
	}
	api, err := validator.LoadSchema(append([]*ast.Source{validator.Prelude}, f.Published...)...)
	if err != nil && isGraphQL(err) {
		if len(r.list) == 0 { // else the mistake is reported already
			r.gql(err, "the schema must be valid without its @inaccessible parts")
		}
		return
	}
	f.API = api
}

// withoutBackquotes writes the backquotes of the strings in a formatted schema as escapes. In Go code, each would end a raw string: the
// schema would be a sum of as many strings, and formatting that takes a time that is quadratic in their number.
func withoutBackquotes(text string) string {
	if !strings.Contains(text, "`") {
		return text
	}
	const block = `"""`
	var out strings.Builder
	var description []string // the lines of a block string
	within := false
	indent := ""
	for line := range strings.SplitSeq(text, "\n") {
		switch trimmed := strings.TrimSpace(line); {
		case trimmed == block && !within:
			within, description = true, nil
			indent, _, _ = strings.Cut(line, block)
			continue
		case trimmed == block:
			within = false
			line = indent + block + "\n" + strings.Join(description, "\n") + "\n" + line
			if strings.Contains(line, "`") {
				line = indent + quoted(description, indent)
			}
		case within:
			description = append(description, line)
			continue
		default:
			line = strings.ReplaceAll(line, "`", `\u0060`)
		}
		out.WriteString(line + "\n")
	}
	return strings.TrimSuffix(out.String(), "\n")
}

// quoted writes the lines of a block string as a string on one line.
func quoted(lines []string, indent string) string {
	for i, line := range lines {
		lines[i] = strings.ReplaceAll(strings.TrimPrefix(line, indent), `\"""`, `"""`)
	}
	text, _ := json.Marshal(strings.Join(lines, "\n")) // a string can be encoded
	return strings.NewReplacer("`", `\u0060`).Replace(string(text))
}

// hidden reports types all of whose fields are inaccessible. It returns whether
// there are any.
func hidden(f *Frontend, r *Report) bool {
	found := false
	for _, name := range TypeNames(f.Schema) {
		def := f.Schema.Types[name]
		if def.Kind == ast.Object && len(def.Fields) > 0 && !slices.ContainsFunc(def.Fields,
			func(field *ast.FieldDefinition) bool { return !binding.Inaccessible(field) }) {
			r.At(def.Position, "remove @inaccessible from one of them", "all fields of %s are @inaccessible", name)
			found = true
		}
	}
	return found
}

// secretTypes returns the types that only inaccessible fields lead to.
func secretTypes(s *ast.Schema) map[string]bool {
	all, seen := reachable(s, true), reachable(s, false)
	secret := map[string]bool{}
	for name := range all {
		if !seen[name] && !s.Types[name].BuiltIn {
			secret[name] = true
		}
	}
	return secret
}

// reachable returns the types that the root types lead to. It follows
// inaccessible fields only if inaccessible is true.
func reachable(s *ast.Schema, inaccessible bool) map[string]bool {
	found := map[string]bool{}
	var visit func(name string)
	visit = func(name string) {
		def := s.Types[name]
		if def == nil || found[name] {
			return
		}
		found[name] = true
		for _, field := range def.Fields {
			if binding.Inaccessible(field) && !inaccessible {
				continue
			}
			visit(field.Type.Name())
			for _, arg := range field.Arguments {
				visit(arg.Type.Name())
			}
		}
		for _, name := range def.Interfaces {
			visit(name)
		}
		for _, t := range s.GetPossibleTypes(def) {
			visit(t.Name)
		}
	}
	for _, root := range []*ast.Definition{s.Query, s.Mutation, s.Subscription} {
		if root != nil {
			visit(root.Name)
		}
	}
	return found
}

// strip removes what callers do not see.
func strip(list *ast.DefinitionList, secret map[string]bool) {
	*list = slices.DeleteFunc(*list, func(d *ast.Definition) bool { return secret[d.Name] })
	for _, def := range *list {
		public(&def.Directives)
		had := len(def.Fields) > 0
		def.Fields = slices.DeleteFunc(def.Fields, binding.Inaccessible)
		for _, field := range def.Fields {
			public(&field.Directives)
		}
		for _, value := range def.EnumValues {
			public(&value.Directives)
		}
		if had && len(def.Fields) == 0 && len(def.Interfaces) == 0 && len(def.Directives) == 0 {
			def.Name = "" // an extension with nothing in it is not GraphQL
		}
	}
	*list = slices.DeleteFunc(*list, func(d *ast.Definition) bool { return d.Name == "" })
}

// stripSchema removes the private directives of the schema definition, and
// extensions that are empty without them.
func stripSchema(list *ast.SchemaDefinitionList) {
	for _, def := range *list {
		public(&def.Directives)
	}
	*list = slices.DeleteFunc(*list, func(d *ast.SchemaDefinition) bool {
		return len(d.Directives)+len(d.OperationTypes) == 0
	})
}

func public(list *ast.DirectiveList) {
	*list = slices.DeleteFunc(*list, func(d *ast.Directive) bool { return binding.Private(d.Name) })
}

// usedDefinitions returns the definitions of those public directives that are
// used; nil when none is.
func usedDefinitions(used map[string]bool) *ast.Source {
	out := &ast.SchemaDocument{}
	for _, source := range directive.Definitions() {
		source.BuiltIn = false // the formatter leaves built-in definitions out
		doc, err := parser.ParseSchema(source)
		if err != nil {
			panic(err) // it is embedded, and parsed by a test
		}
		for _, d := range doc.Directives {
			if !used[d.Name] {
				continue
			}
			out.Directives = append(out.Directives, d)
			for _, arg := range d.Arguments {
				if def := doc.Definitions.ForName(arg.Type.Name()); def != nil && out.Definitions.ForName(def.Name) == nil {
					out.Definitions = append(out.Definitions, def)
				}
			}
		}
	}
	if len(out.Directives) == 0 {
		return nil
	}
	var text strings.Builder
	formatter.NewFormatter(&text, formatter.WithIndent("  ")).FormatSchemaDocument(out)
	return &ast.Source{Name: "portico/directives.graphqls", Input: text.String()}
}

// noteUsed notes the directives that a document uses.
func noteUsed(doc *ast.SchemaDocument, used map[string]bool) {
	note := func(directives ast.DirectiveList) {
		for _, d := range directives {
			used[d.Name] = true
		}
	}
	for _, def := range slices.Concat(doc.Definitions, doc.Extensions) {
		note(def.Directives)
		for _, field := range def.Fields {
			note(field.Directives)
			for _, arg := range field.Arguments {
				note(arg.Directives)
			}
		}
		for _, value := range def.EnumValues {
			note(value.Directives)
		}
	}
	for _, d := range doc.Directives {
		for _, arg := range d.Arguments {
			note(arg.Directives)
		}
	}
}
