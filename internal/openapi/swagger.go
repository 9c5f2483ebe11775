package openapi

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi2"
	"github.com/getkin/kin-openapi/openapi2conv"
)

// convert makes OpenAPI 3 of Swagger 2.0. The order stays.
func (s *Source) convert() error {
	fail := func(err error) error {
		return &Error{File: s.location, Message: "it can't be converted from Swagger 2.0: " + err.Error()}
	}
	s.collections(s.root, "document", map[*node]bool{})
	s.bodies()
	var old openapi2.T
	if err := json.Unmarshal(s.root.json(), &old); err != nil {
		return fail(err)
	}
	converted, err := openapi2conv.ToV3(&old)
	if err != nil {
		return fail(err)
	}
	content, err := json.Marshal(converted)
	if err != nil {
		return fail(err)
	}
	root, err := parseJSON(s.location, content)
	if err != nil {
		return fail(err)
	}
	reorder(root, s.root)
	if schemas := root.get("components").get("schemas"); schemas != nil {
		reorder(schemas, s.root.get("definitions"))
	}
	s.root = root
	s.nullable(root, "document", map[*node]bool{})
	s.tabs(root, "document", map[*node]bool{})
	return nil
}

// bodies gives operations that say what they consume bodies of their own: those that operations share would be of the media types
// of the document.
func (s *Source) bodies() {
	paths := s.root.get("paths")
	for _, path := range paths.values {
		for operation := range s.rules.children(path, "path") {
			parameters := operation.value().get("parameters")
			if operation.rule != "operation" || operation.value().get("consumes") == nil || parameters == nil || parameters.kind != list {
				continue
			}
			for i, p := range parameters.values {
				if name, ok := strings.CutPrefix(p.get("$ref").string(), "#/parameters/"); ok {
					if shared := s.root.get("parameters").get(unescaped(name)); shared.get("in").string() == "body" {
						parameters.values[i] = shared
					}
				}
			}
		}
	}
}

// collections gives lists in queries the format that Swagger 2.0 has for them by default, which the conversion does not know.
func (s *Source) collections(n *node, rule string, seen map[*node]bool) {
	if seen[n] {
		return
	}
	seen[n] = true
	if rule == "parameter" && n.get("type").string() == "array" {
		switch format := n.get("collectionFormat"); {
		case format == nil && n.get("in").string() == "query":
			n.set("collectionFormat", newText("csv"))
		case format.string() == "tsv":
			n.set(tabSeparated, newText("tsv"))
		}
	}
	for child := range s.rules.children(n, rule) {
		s.collections(child.value(), child.rule, seen)
	}
}

// tabSeparated marks a list whose format OpenAPI 3 does not have.
const tabSeparated = "x-collection-format"

// tabs gives marked parameters a style that OpenAPI 3 does not define, so that they are not sent in another style.
func (s *Source) tabs(n *node, rule string, seen map[*node]bool) {
	if seen[n] {
		return
	}
	seen[n] = true
	if rule == "parameter" && n.get(tabSeparated) != nil {
		n.set("style", newText("tabDelimited"))
	}
	for child := range s.rules.children(n, rule) {
		s.tabs(child.value(), child.rule, seen)
	}
}

// nullable makes nullable what Swagger 2.0 has no word for, and its users say with x-nullable.
func (s *Source) nullable(n *node, rule string, seen map[*node]bool) {
	if seen[n] {
		return
	}
	seen[n] = true
	if rule == "schema" && n.get("x-nullable").string() == "true" {
		n.set("nullable", &node{kind: literal, text: "true"})
	}
	for child := range s.rules.children(n, rule) {
		s.nullable(child.value(), child.rule, seen)
	}
}

// reorder gives members the order that they have in another value.
func reorder(n, like *node) {
	if like == nil || n.kind != like.kind {
		return
	}
	if n.kind == list {
		for i := range min(len(n.values), len(like.values)) {
			reorder(n.values[i], like.values[i])
		}
		return
	}
	if n.kind != object {
		return
	}
	place := map[string]int{}
	for i, key := range like.keys {
		place[key] = i + 1
	}
	keys := slices.Clone(n.keys)
	slices.SortStableFunc(keys, func(a, b string) int {
		if place[a] == 0 || place[b] == 0 {
			return place[b] - place[a] // those that are new go last
		}
		return place[a] - place[b]
	})
	values := make([]*node, len(keys))
	for i, key := range keys {
		values[i] = n.get(key)
		if other := like.get(key); other != nil {
			reorder(values[i], other)
		}
	}
	n.keys, n.values = keys, values
}
