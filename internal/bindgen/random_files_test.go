package bindgen_test

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/tools/txtar"
)

// files are those of the project.
func (s *randomSchema) files() []txtar.File {
	shared := &strings.Builder{}
	for _, name := range s.scalars {
		fmt.Fprintf(shared, "scalar %s\n", name)
	}
	shared.WriteString("type PageInfo {\n  hasNextPage: Boolean!\n  hasPreviousPage: Boolean\n  startCursor: String\n  endCursor: String\n}\n")
	for _, t := range s.types {
		if t.shared {
			s.render(shared, t, false)
		}
	}
	files := []txtar.File{{Name: "schema/shared/shared.graphqls", Data: []byte(shared.String())}, {Name: "gqlgen.yml", Data: []byte(s.settings())}}
	for i, frontend := range s.frontends {
		own := &strings.Builder{}
		for _, t := range s.types {
			if !t.shared {
				s.render(own, t, i > 0 && !t.keep)
			}
		}
		for _, root := range []string{"Query", "Mutation", "Subscription"} {
			if fields := s.root(root, frontend).String(); fields != "" {
				fmt.Fprintf(own, "type %s {\n%s}\n", root, fields)
			}
		}
		files = append(files, txtar.File{Name: "schema/" + frontend + "/" + frontend + ".graphqls", Data: []byte(own.String())})
	}
	files = append(files, txtar.File{Name: "resolvers/root.go", Data: []byte(s.resolvers())})
	if text := s.proto.file(); text != "" {
		files = append(files, txtar.File{Name: "clients/proto/" + s.grpc + "/v1/" + s.grpc + ".proto", Data: []byte(text)})
	}
	if slices.Contains(s.scalars, "Level") {
		files = append(files, txtar.File{Name: "clients/levels/levels.go", Data: []byte(levelSource)})
	}
	return files
}

// render writes a definition. One that varies lacks fields, and has others that
// differ in whether they are nullable.
func (s *randomSchema) render(b *strings.Builder, t *randomType, vary bool) {
	if t.kind == "union" {
		fmt.Fprintf(b, "union %s%s = %s\n", t.name, t.head, strings.Join(t.members, " | "))
		return
	}
	fmt.Fprintf(b, "%s %s%s {\n", t.kind, t.name, t.head)
	for i, v := range t.values {
		if !vary || i == 0 || v.keep || s.chance(85) {
			fmt.Fprintf(b, "  %s%s\n", v.name, v.text)
		}
	}
	for i, f := range t.fields {
		typ := f.typ
		if vary && !f.keep && !f.bound && s.chance(15) {
			if i > 0 && s.chance(50) {
				continue
			}
			if trimmed := strings.TrimSuffix(typ, "!"); trimmed != typ || !strings.Contains(f.text, "=") && t.kind == "type" {
				typ = trimmed + map[bool]string{true: "!"}[trimmed == typ]
			}
		}
		fmt.Fprintf(b, "  %s%s: %s%s\n", f.name, arguments(f.args), typ, f.text)
	}
	b.WriteString("}\n")
}

func arguments(args []*randomField) string {
	if len(args) == 0 {
		return ""
	}
	var list []string
	for _, arg := range args {
		list = append(list, arg.name+": "+arg.typ+arg.text)
	}
	return "(" + strings.Join(list, ", ") + ")"
}

// settings are gqlgen.yml.
func (s *randomSchema) settings() string {
	text := "exec: {filename: graph/{frontend}/executor.gen.go}\n"
	var models strings.Builder
	for _, name := range s.scalars {
		if model := ownScalars[name]; model != "" {
			fmt.Fprintf(&models, "  %s:\n    model: %s\n", name, model)
		}
	}
	if models.Len() > 0 {
		text += "models:\n" + models.String()
	}
	return text
}

// levelSource is a hand-written scalar.
const levelSource = `// Package levels has a scalar.
package levels

import (
	"fmt"
	"io"
)

// Level is a scalar.
type Level struct{ n int }

// MarshalGQL is part of graphql.Marshaler.
func (l Level) MarshalGQL(w io.Writer) { fmt.Fprint(w, l.n) }

// UnmarshalGQL is part of graphql.Unmarshaler.
func (l *Level) UnmarshalGQL(v any) error { return nil }
`

func (s *randomSchema) resolvers() string {
	var b strings.Builder
	b.WriteString("// Package resolvers has methods.\npackage resolvers\n\n")
	if len(s.methods) > 0 {
		fmt.Fprintf(&b, "import (\n\t\"context\"\n\n\t%q\n)\n\n// Query has methods.\ntype Query struct{ *Root }\n\n", generatedModule+"/graph/model")
	}
	b.WriteString("// Root is empty.\ntype Root struct{}\n\n" + strings.Join(s.methods, "\n"))
	return b.String()
}
