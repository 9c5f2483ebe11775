package scaffold

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// Blog returns the schema and the document of the service that a project begins with that has none of its own.
func Blog() (service Service, list []File, err error) {
	for _, f := range []File{{Path: "schema/shared/blog.graphqls"}, {Path: "clients/blog/openapi.yaml"}} {
		f.Content, err = files.ReadFile("files/blog/" + f.Path[strings.LastIndexByte(f.Path, '/')+1:])
		if err != nil {
			return service, nil, err
		}
		list = append(list, f)
	}
	return Service{Name: "blog", URL: "http://127.0.0.1:7099"}, list, nil
}

// Example is an operation that shows how to ask a frontend.
type Example struct {
	Frontend string
	// Name is the operation's name.
	Name string
	// Document is its text.
	Document string
	// Variables are Go source: the entries of a map[string]any.
	Variables string
}

// Test returns the name of a test function.
func (e Example) Test() string {
	return "Test" + strings.ToUpper(e.Frontend[:1]) + e.Frontend[1:] + e.Name
}

// ExampleOf makes an operation of a schema: the first field of Query that can be asked with arguments of simple types, with
// the fields that it has. It reports false if there is none.
func ExampleOf(frontend string, schema *ast.Schema) (Example, bool) {
	if schema.Query == nil {
		return Example{}, false
	}
	best, found := Example{}, false
	for _, field := range schema.Query.Fields {
		if strings.HasPrefix(field.Name, "__") {
			continue
		}
		e, ok := exampleOf(schema, field)
		if !ok {
			continue
		}
		if e.Frontend = frontend; e.Variables == "" {
			return e, true
		}
		if !found {
			best, found = e, true
		}
	}
	best.Frontend = frontend
	return best, found
}

func exampleOf(schema *ast.Schema, field *ast.FieldDefinition) (Example, bool) {
	e := Example{Name: strings.ToUpper(field.Name[:1]) + field.Name[1:]}
	var declared, passed, values []string
	for _, argument := range field.Arguments {
		if !needed(argument) {
			continue
		}
		value, ok := valueOf(schema, argument.Type)
		if !ok {
			return e, false
		}
		declared = append(declared, fmt.Sprintf("$%s: %s", argument.Name, argument.Type))
		passed = append(passed, fmt.Sprintf("%s: $%s", argument.Name, argument.Name))
		values = append(values, fmt.Sprintf("%q: %s", argument.Name, value))
	}
	e.Variables = strings.Join(values, ", ")
	var b bytes.Buffer
	fmt.Fprintf(&b, "# What a client sends. It is checked with the schema, and the console and the documentation show it.\nquery %s%s {\n  %s%s",
		e.Name, inParentheses(declared), field.Name, inParentheses(passed))
	selection(&b, schema, field.Type.Name(), nil)
	b.WriteString("\n}\n")
	e.Document = b.String()
	return e, true
}

// needed reports whether an argument must be given.
func needed(a *ast.ArgumentDefinition) bool { return a.Type.NonNull && a.DefaultValue == nil }

func inParentheses(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return "(" + strings.Join(list, ", ") + ")"
}

// valueOf returns a value of an argument as Go source; false for an input object.
func valueOf(schema *ast.Schema, t *ast.Type) (string, bool) {
	if t.Elem != nil {
		item, ok := valueOf(schema, t.Elem)
		return "[]any{" + item + "}", ok
	}
	switch def := schema.Types[t.NamedType]; {
	case def == nil || def.Kind == ast.InputObject:
		return "", false
	case def.Kind == ast.Enum:
		return strconv.Quote(def.EnumValues[0].Name), true
	}
	value, ok := map[string]string{"ID": `"1"`, "String": `"a"`, "Int": "1", "Float": "1.5", "Boolean": "true"}[t.NamedType]
	return value, ok
}

// selection writes the fields of a type, with those of objects below it where they need no arguments.
func selection(b *bytes.Buffer, schema *ast.Schema, name string, above []string) {
	const deepest = 3
	def := schema.Types[name]
	if def == nil || !def.IsCompositeType() {
		return
	}
	indent := strings.Repeat("  ", len(above)+2)
	b.WriteString(" {")
	empty := true
	for _, field := range def.Fields {
		if strings.HasPrefix(field.Name, "__") || slices.ContainsFunc(field.Arguments, needed) {
			continue
		}
		of := schema.Types[field.Type.Name()]
		if of != nil && of.IsCompositeType() && (len(above)+1 >= deepest || of.Name == name || slices.Contains(above, of.Name)) {
			continue
		}
		empty = false
		b.WriteString("\n" + indent + field.Name)
		selection(b, schema, field.Type.Name(), append(slices.Clone(above), name))
	}
	if empty {
		b.WriteString("\n" + indent + "__typename")
	}
	b.WriteString("\n" + indent[2:] + "}")
}

// ExampleFiles returns the operations as files, and a test of a module that sends them; nothing if there are none.
func ExampleFiles(module string, examples []Example) ([]File, error) {
	var list []File
	for _, e := range examples {
		list = append(list, File{"operations/" + e.Frontend + "/" + e.Name + ".graphql", []byte(e.Document)})
	}
	if examples == nil {
		return nil, nil
	}
	test, err := render("main_test.go", map[string]any{"Module": module, "Examples": examples})
	if err != nil {
		return nil, err
	}
	return append(list, File{"cmd/gateway/main_test.go", test}), nil
}
