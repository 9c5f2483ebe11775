package importer

import (
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// media is a body of a call or of its answer.
type media struct {
	schema   *openapi3.SchemaRef
	required bool
	xml      bool
	form     bool
	digits   bool // see [shape]
}

// payloads are the bodies of a call and of its answer, nil for none. Why says
// what keeps the operation out.
func payloads(op operation) (body, payload *media, why string) {
	if op.RequestBody != nil && op.RequestBody.Value != nil && len(op.RequestBody.Value.Content) > 0 {
		content := op.RequestBody.Value.Content
		body = &media{required: op.RequestBody.Value.Required}
		var ok bool
		if body.schema, ok = find(content, isSentJSON); !ok {
			body.schema, body.form = find(content, isForm)
		}
		switch empty := isEmpty(body.schema); {
		case op.method == http.MethodGet && body.required:
			return nil, nil, "it is a GET with a body"
		case op.method == http.MethodGet, body.form && empty:
			body = nil // nothing is sent
		case !ok && !body.form:
			return nil, nil, "its body is " + kinds(content) + ", not application/json or a form"
		}
	}
	var others openapi3.Content
	for _, content := range answers(op) {
		if schema, ok := find(content, isJSON); ok {
			return body, &media{schema: schema}, ""
		}
		if schema, ok := find(content, isXML); ok {
			return body, &media{schema: schema, xml: true}, ""
		}
		others = content
	}
	if others != nil {
		return nil, nil, "it answers with " + kinds(others) + ", not JSON or XML"
	}
	return body, nil, ""
}

// answers are the bodies of answers that mean success, by status. The default
// answer counts when there is no other.
func answers(op operation) []openapi3.Content {
	var all []openapi3.Content
	if op.Responses == nil {
		return nil
	}
	responses := op.Responses.Map()
	keys := slices.DeleteFunc(op.Responses.Keys(), func(key string) bool { return !strings.HasPrefix(key, "2") })
	if len(keys) == 0 {
		keys = []string{"default"}
	}
	slices.Sort(keys)
	for _, key := range keys {
		if r := responses[key]; r != nil && r.Value != nil && len(r.Value.Content) > 0 {
			all = append(all, r.Value.Content)
		}
	}
	return all
}

// find is the schema of the first media type that is wanted, by name; it is nil
// when the media type has none.
func find(content openapi3.Content, wanted func(string) bool) (schema *openapi3.SchemaRef, ok bool) {
	for _, name := range slices.Sorted(maps.Keys(content)) {
		if kind, _, err := mime.ParseMediaType(name); err != nil || !wanted(kind) {
			continue
		}
		if content[name] != nil {
			schema = content[name].Schema
		}
		return schema, true
	}
	return nil, false
}

// isEmpty reports whether a schema has no value, or only an object without members.
func isEmpty(ref *openapi3.SchemaRef) bool {
	if ref == nil || ref.Value == nil {
		return true
	}
	s := ref.Value
	return says(s) == 0 || s.Type.Is("object") && says(s) == 1 && s.AdditionalProperties.Schema == nil
}

// isSentJSON reports whether the gateway's bodies, which are application/json, are of a media type. A service that wants another one, such as
// application/merge-patch+json, refuses them.
func isSentJSON(kind string) bool {
	return kind == "application/json" || kind == "*/*" || kind == "application/*"
}

func isForm(kind string) bool { return kind == "application/x-www-form-urlencoded" }

func isJSON(kind string) bool {
	return isSentJSON(kind) || strings.HasSuffix(kind, "+json")
}

func isXML(kind string) bool {
	return kind == "application/xml" || kind == "text/xml" || strings.HasSuffix(kind, "+xml")
}

func kinds(content openapi3.Content) string {
	return strings.Join(slices.Sorted(maps.Keys(content)), " or ")
}
