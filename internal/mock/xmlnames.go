package mock

import (
	"regexp"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// documentXML returns an answer as XML, with the names that its schema has there.
func documentXML(ref *openapi3.SchemaRef, value any) []byte {
	if ref == nil || ref.Value == nil {
		return xmlOf("answer", value)
	}
	root := xmlName(nameOf(ref), ref.Value)
	if root == "" {
		root = "answer"
	}
	list, ok := value.([]any)
	if !ok {
		return xmlOf(root, inXML(ref.Value, value))
	}
	item, items := "", itemsOfSchema(ref.Value)
	if items != nil {
		item = xmlName("", items)
	}
	if item == "" {
		item = xmlName("", ref.Value)
	}
	if item == "" {
		item = "item"
	}
	if item == root {
		root = "answer"
	}
	return xmlOf(root, map[string]any{item: listInXML(items, list)})
}

// inXML returns a value with members named as in XML: those of attributes begin with @.
func inXML(schema *openapi3.Schema, value any) any {
	switch value := value.(type) {
	case []any:
		return listInXML(itemsOfSchema(schema), value)
	case map[string]any:
		fields := map[string]*openapi3.SchemaRef{}
		if schema != nil {
			fields, _ = properties(schema)
		}
		out := map[string]any{}
		for name, member := range value {
			var field *openapi3.Schema
			if fields[name] != nil {
				field = fields[name].Value
			}
			addXML(out, name, field, member)
		}
		return out
	}
	return value
}

func listInXML(items *openapi3.Schema, list []any) []any {
	out := make([]any, len(list))
	for i, item := range list {
		out[i] = inXML(items, item)
	}
	return out
}

// addXML adds a member of an object.
func addXML(out map[string]any, name string, schema *openapi3.Schema, value any) {
	list, isList := value.([]any)
	outer := xmlName(name, schema)
	if outer == "" {
		return
	}
	switch {
	case schema != nil && schema.XML != nil && schema.XML.Attribute:
		if _, isObject := value.(map[string]any); !isObject && !isList {
			out["@"+outer] = value
		}
		return
	case !isList:
		out[outer] = inXML(schema, value)
		return
	}
	items := itemsOfSchema(schema)
	inner := xmlName(outer, items)
	if inner == "" {
		return
	}
	if schema != nil && schema.XML != nil && schema.XML.Wrapped {
		out[outer] = map[string]any{inner: listInXML(items, list)}
	} else {
		out[inner] = listInXML(items, list)
	}
}

func itemsOfSchema(schema *openapi3.Schema) *openapi3.Schema {
	if schema == nil || schema.Items == nil {
		return nil
	}
	return schema.Items.Value
}

// xmlName returns the local name of what has a schema; empty if it is no name of XML.
func xmlName(name string, schema *openapi3.Schema) string {
	if schema != nil && schema.XML != nil && schema.XML.Name != "" {
		name = schema.XML.Name
	}
	if name = name[strings.LastIndexByte(name, ':')+1:]; !localName.MatchString(name) {
		return ""
	}
	return name
}

var localName = regexp.MustCompile(`^[\pL_][\pL\pM\pN._-]*$`)
