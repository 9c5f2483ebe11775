package importer

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/parser"
)

// extension is the extension that a copy of the document gets.
func extension(file string) string {
	if strings.EqualFold(filepath.Ext(file), ".json") {
		return ".json"
	}
	return ".yaml"
}

// otherDocument refuses a second document of a service.
func otherDocument(o Options, path string) error {
	other := strings.TrimSuffix(path, filepath.Ext(path)) + map[string]string{".json": ".yaml", ".yaml": ".json"}[filepath.Ext(path)]
	if _, err := os.Stat(filepath.Join(o.Dir, other)); err == nil {
		return &MistakeError{File: other, Message: "this is the service's document so far, and the new one would be " + path, Fix: "remove " + other}
	}
	return nil
}

// loadOpenAPI reads a document; file is its name for mistakes.
func loadOpenAPI(file string, content []byte) (*openapi3.T, error) {
	loader := openapi3.NewLoader()
	loader.IncludeOrigin = true // for the order of the document
	doc, err := loader.LoadFromData(content)
	var external *openapi3.DisallowedExternalRefError
	switch {
	case errors.As(err, &external):
		m := &MistakeError{File: file, Message: "the document refers to another file: " + external.Ref,
			Fix: "bundle it into one file: npx @redocly/cli bundle " + file}
		m.locate(content, external.Ref)
		return nil, m
	case err != nil:
		return nil, loadMistake(file, content, err)
	case strings.HasPrefix(doc.OpenAPI, "3.0") || strings.HasPrefix(doc.OpenAPI, "3.1"):
		return doc, nil
	case doc.OpenAPI != "":
		return nil, &MistakeError{File: file, Message: "OpenAPI " + doc.OpenAPI + " is not known", Fix: "use OpenAPI 3.0 or 3.1"}
	case doc.Extensions["swagger"] != nil:
		return nil, &MistakeError{File: file, Message: fmt.Sprintf("this is Swagger %v", doc.Extensions["swagger"]),
			Fix: "convert it to OpenAPI 3: npx swagger2openapi " + file}
	}
	return nil, &MistakeError{File: file, Message: "this is no OpenAPI document: it has no openapi: 3.0.x or 3.1.x", Fix: "give the service's OpenAPI document"}
}

var (
	errorLine = regexp.MustCompile(`line (\d+):\s*`)
	errorRef  = regexp.MustCompile(`failed to resolve .*"(#[^"]+)"`)
)

// loadMistake returns the library's error with the position that it names.
func loadMistake(file string, content []byte, err error) *MistakeError {
	message := strings.Replace(err.Error(), "yaml: construct errors: ", "", 1)
	if i := strings.LastIndex(message, "yaml error: "); i >= 0 && extension(file) == ".yaml" {
		message = message[i+len("yaml error: "):]
	}
	m := &MistakeError{File: file, Message: message}
	var syntax *yaml.SyntaxError
	var inJSON *json.SyntaxError
	if _, err := parser.ParseBytes(content, 0); errors.As(err, &syntax) && syntax.Token != nil { // which has columns
		m.Line, m.Column, m.Message = syntax.Token.Position.Line, syntax.Token.Position.Column, syntax.Message
	} else if extension(file) == ".json" && errors.As(json.Unmarshal(content, new(any)), &inJSON) {
		m.Message = inJSON.Error()
		m.at(string(content[:max(inJSON.Offset-1, 0)]))
	} else if strings.Contains(message, "into openapi3.T") {
		m.Message, m.Fix = "this is no OpenAPI document", "give the service's OpenAPI document"
	} else if found := errorLine.FindStringSubmatch(message); found != nil {
		m.Line, _ = strconv.Atoi(found[1])
		m.Message = strings.Replace(message, found[0], "", 1)
	} else if found := errorRef.FindStringSubmatch(message); found != nil {
		m.Message = "the reference " + found[1] + " leads nowhere"
		m.locate(content, found[1])
	}
	return m
}

// serverURL is the first server of the document, with the defaults of its
// variables; "" when it is not absolute.
func serverURL(doc *openapi3.T) string {
	if len(doc.Servers) == 0 || doc.Servers[0] == nil {
		return ""
	}
	url := doc.Servers[0].URL
	for name, v := range doc.Servers[0].Variables {
		url = strings.ReplaceAll(url, "{"+name+"}", v.Default)
	}
	if !strings.HasPrefix(url, "http://") && !strings.HasPrefix(url, "https://") {
		return ""
	}
	return strings.TrimSuffix(url, "/")
}

// place is where something is in its file; 0 when that is not known.
func place(o *openapi3.Origin) int {
	if o == nil || o.Key == nil {
		return 0
	}
	return o.Key.Line<<20 + o.Key.Column
}

// inOrder are the keys of a map in the order of the document.
func inOrder[T any](m map[string]T, origin func(T) *openapi3.Origin) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b string) int {
		return cmp.Or(cmp.Compare(place(origin(m[a])), place(origin(m[b]))), cmp.Compare(a, b))
	})
	return keys
}
