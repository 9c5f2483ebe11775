package settings_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/internal/settings"
)

var update = flag.Bool("update", false, "write comments.json, the JSON Schema and the reference: see make settings")

// golden compares a file with what it should have, or writes it.
func golden(t *testing.T, file string, want []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, want, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, want) {
		t.Errorf("%s is not up to date: run make settings", file)
	}
}

// The comments are those of the source.
func TestComments(t *testing.T) {
	found := map[string]string{}
	for _, dir := range []string{"../../gateway/config", "../../gateway/endpoint"} {
		files, err := filepath.Glob(dir + "/*.go")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if spec, ok := n.(*ast.TypeSpec); ok {
					addComments(found, spec)
				}
				return true
			})
		}
	}
	text, err := json.MarshalIndent(found, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "comments.json", append(text, '\n'))
	for _, s := range settings.All() {
		if s.Comment == "" && !*update {
			t.Errorf("%s has no comment", s.Path)
		}
	}
}

var (
	link = regexp.MustCompile(`(:| \(|\.)? ?[Ss]ee \[[A-Za-z.]+\]`)
	word = regexp.MustCompile(`[A-Za-z]+`)
	name = regexp.MustCompile(`^([A-Z][A-Za-z0-9]*(, | and )?)+ (is |are )?`)
)

// addComments adds what the comments of the fields of a struct say, without the names and
// the grammar of Go. A comment of several fields is of all of them.
func addComments(to map[string]string, spec *ast.TypeSpec) {
	of, ok := spec.Type.(*ast.StructType)
	if !ok || !spec.Name.IsExported() {
		return
	}
	last := ""
	for _, field := range of.Fields.List {
		text := strings.Join(strings.Fields(field.Doc.Text()+field.Comment.Text()), " ")
		if subject := name.FindString(last); text == "" && len(field.Names) > 0 && slices.Contains(word.FindAllString(subject, -1), field.Names[0].Name) {
			text = last
		}
		last = text
		text = strings.TrimSuffix(link.ReplaceAllString(name.ReplaceAllString(text, ""), ""), ".")
		text = strings.TrimSuffix(text, "; complete after Load")
		for _, n := range field.Names {
			if field.Tag != nil && strings.Contains(field.Tag.Value, "yaml:") && text != "" {
				to[spec.Name.Name+"."+n.Name] = text
			}
		}
	}
}

func TestSchemaIsUpToDate(t *testing.T) {
	golden(t, "../../docs/portico.schema.json", settings.Schema())
}

// The schema is valid, and accepts and refuses what a gateway does, as far as types say.
func TestSchema(t *testing.T) {
	text, err := jsonschema.UnmarshalJSON(bytes.NewReader(settings.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("portico.schema.json", text); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("portico.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	listen, _ := text.(map[string]any)["$defs"].(map[string]any)["Server"].(map[string]any)["properties"].(map[string]any)["listen"].(map[string]any)
	if by := config.Defaults().Server.Listen; listen["default"] != by || listen["description"] == nil {
		t.Errorf("server.listen is %v, and its default %s", listen, by)
	}
	for _, file := range []string{"../../portico.yaml", "../../gateway/config/testdata/show.yaml", "../../gateway/config/testdata/shown.yaml"} {
		if err := s.Validate(readYAML(t, file)); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
	for _, name := range []string{
		"boolean", "duration", "list", "scalar", "section", "size", "top-list", "unknown-key", "unknown-value", "wrong-section",
	} {
		if err := s.Validate(readYAML(t, "../../gateway/config/testdata/mistakes/"+name+".yaml")); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

func readYAML(t *testing.T, file string) any {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	converted, err := yaml.YAMLToJSON(text)
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(converted))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

const (
	documentation = "../../docs/configuration.md"
	beginning     = "<!-- from here to the end of the section: make settings -->\n"
)

// The reference of the documentation is that of the types.
func TestReference(t *testing.T) {
	text, err := os.ReadFile(documentation)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(text), beginning)
	_, after, foundNext := strings.Cut(rest, "\n## ")
	if !found || !foundNext {
		t.Fatal("the reference is not there")
	}
	golden(t, documentation, []byte(before+beginning+settings.Reference()+"\n## "+after))
}

var (
	row  = regexp.MustCompile(`(?m)^\| (.+?) \| (.*?) \| `)
	code = regexp.MustCompile("`([^`]+)`")
)

// The other tables of the documentation name settings that exist, with their defaults.
func TestTables(t *testing.T) {
	text, err := os.ReadFile(documentation)
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]settings.Setting{}
	for _, s := range settings.All() {
		known[s.Path] = s
	}
	guide, _, _ := strings.Cut(string(text), beginning)
	seen := 0
	for _, m := range row.FindAllStringSubmatch(guide, -1) {
		defaults := code.FindAllStringSubmatch(m[2], -1)
		last := ""
		for i, name := range code.FindAllStringSubmatch(m[1], -1) {
			path := strings.TrimRight(name[1], ".…")
			if strings.HasPrefix(path, ".") { // beside the last one
				path = last[:strings.LastIndex(last, ".")] + path
			}
			last = path
			s, ok := known[path]
			if !ok {
				s, ok = known["frontend."+path]
			}
			switch {
			case !ok && isSection(known, path):
			case !ok:
				t.Errorf("there is no setting %s", path)
			case i < len(defaults) && defaults[i][1] != s.Default && (!isZero(defaults[i][1]) || !isZero(s.Default)),
				i >= len(defaults) && !isZero(s.Default):
				t.Errorf("%s: the default is %q, and the documentation has %s", s.Path, s.Default, m[2])
			default:
				seen++
			}
		}
	}
	if seen < 40 {
		t.Errorf("%d settings were found in the tables", seen)
	}
}

func isSection(known map[string]settings.Setting, path string) bool {
	for other := range known {
		for _, prefix := range []string{"", "frontend."} {
			if strings.HasPrefix(other, prefix+path+".") || strings.HasPrefix(other, prefix+path+"[]") {
				return true
			}
		}
	}
	return false
}

func isZero(text string) bool { return slices.Contains([]string{"", "0", "0s", "false", "off"}, text) }

// A setting has its path, its default and its comment.
func TestAll(t *testing.T) {
	want := settings.Setting{
		Path: "services.<name>.maxBatch", Default: strconv.Itoa(config.DefaultMaxBatch), Comment: "the maximum number of keys per call", Restart: true,
	}
	list := settings.All()
	if !slices.ContainsFunc(list, func(s settings.Setting) bool { return reflect.DeepEqual(s, want) }) {
		t.Errorf("got %+v", list)
	}
}
