package bindgen_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/portico-gateway/portico/internal/longtest"
)

// sharedSchema has what the guide's examples find in schema/shared/ of this
// repository.
const sharedSchema = `scalar DateTime
scalar Decimal

type Query {
  ready: Boolean @rest(service: "shared", get: "/ready")
}

type PageInfo {
  hasNextPage: Boolean!
  endCursor: String
}
`

// The examples of docs/bindings.md that begin with the name of a file are whole
// files, as is the one of the README. All of them together are a project of which code
// is generated.
func TestGuideOfBindings(t *testing.T) { generateGuide(t) }

// The code of the guide's examples compiles. That takes a while, since they are some
// thirty frontends.
func TestGuideOfBindingsLong(t *testing.T) {
	longtest.Only(t)
	goCommand(t, generateGuide(t), "build", "./...")
}

// generateGuide generates the project of the guide's examples, and returns its folder.
func generateGuide(t *testing.T) string {
	t.Helper()
	files := wholeFiles(t, "../../docs/bindings.md")
	for i, f := range files {
		files[i].Data = bytes.ReplaceAll(f.Data, []byte("example.com/shop/"), []byte("example.com/project/"))
	}
	files = append(files, txtar.File{Name: "schema/shared/shared.graphqls", Data: []byte(sharedSchema)})
	for _, f := range wholeFiles(t, "../../README.md") {
		// Another frontend: the guide has this one too.
		f.Name = strings.Replace(f.Name, "schema/blog/", "schema/readme/", 1)
		files = append(files, f)
	}
	dir := materialise(t, &txtar.Archive{Files: files})
	generate(t, dir)
	return dir
}

// Every block of GraphQL in the guide is a whole file, so that the test above
// sees it.
func TestGuideHasOnlyWholeSchemas(t *testing.T) {
	text, err := os.ReadFile("../../docs/bindings.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Count(string(text), "```graphql\n")
	schemas := 0
	for _, f := range wholeFiles(t, "../../docs/bindings.md") {
		if filepath.Ext(f.Name) == ".graphqls" {
			schemas++
		}
	}
	if blocks != schemas || blocks < 15 {
		t.Errorf("of %d blocks of GraphQL only %d begin with the name of a file", blocks, schemas)
	}
}

var (
	block    = regexp.MustCompile("(?ms)^( *)```(?:graphql|proto|go|yaml)\n(.*?)^ *```$")
	fileName = regexp.MustCompile(`^(?:#|//) ((?:schema|clients|resolvers|cmd|color)/\S+|portico\.yaml|gqlgen\.yml)\n`)
)

// wholeFiles are the code blocks of a document whose first line is a comment
// with the name of a file.
func wholeFiles(t *testing.T, document string) []txtar.File {
	t.Helper()
	text, err := os.ReadFile(filepath.FromSlash(document))
	if err != nil {
		t.Fatal(err)
	}
	var files []txtar.File
	for _, m := range block.FindAllStringSubmatch(string(text), -1) {
		code := regexp.MustCompile("(?m)^"+m[1]).ReplaceAllString(m[2], "")
		if name := fileName.FindStringSubmatch(code); name != nil {
			files = append(files, txtar.File{Name: name[1], Data: []byte(code)})
		}
	}
	return files
}
