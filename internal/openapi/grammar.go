package openapi

import (
	"iter"
	"slices"
)

// form is what the value of a member is.
type form uint8

const (
	anything form = iota
	isText        // a scalar, which becomes a text
	isBool
	isNumber
	isList
	isObject
	one   // a value of a rule
	each  // a list of values of a rule
	named // an object whose values are of a rule
)

// member is what a member of an object can be.
type member struct {
	form form
	rule string
}

// grammar has the members of each kind of object that versions 2.0 to 3.1 define, without those that say nothing of calls,
// such as security and extensions.
func grammar() map[string]map[string]member {
	media := member{named, "media type"}
	schema := member{one, "schema"}
	schemas := member{each, "schema"}
	operation := member{one, "operation"}
	described := func(more map[string]member) map[string]member {
		more["$ref"], more["summary"], more["description"] = member{form: isText}, member{form: isText}, member{form: isText}
		return more
	}
	parameter := described(map[string]member{
		"name": {form: isText}, "in": {form: isText}, "required": {form: isBool}, "deprecated": {form: isBool}, "style": {form: isText},
		"explode": {form: isBool}, "allowReserved": {form: isBool}, "schema": schema, "content": media, "example": {}, "examples": {named, "example"},
		"type": {form: isText}, "format": {form: isText}, "items": {form: isObject}, "collectionFormat": {form: isText}, "default": {}, "enum": {form: isList},
	})
	return map[string]map[string]member{
		"document": {
			"openapi": {form: isText}, "swagger": {form: isText}, "info": {one, "info"}, "servers": {form: isList}, "host": {form: isText},
			"basePath": {form: isText}, "schemes": {form: isList}, "consumes": {form: isList}, "produces": {form: isList},
			"paths": {named, "path"}, "components": {one, "components"},
			"definitions": {named, "schema"}, "parameters": {named, "parameter"}, "responses": {named, "response"},
		},
		"info": {"title": {form: isText}, "version": {form: isText}},
		"components": {
			"schemas": {named, "schema"}, "parameters": {named, "parameter"}, "responses": {named, "response"},
			"requestBodies": {named, "body"}, "headers": {named, "header"}, "examples": {named, "example"},
		},
		"path": described(map[string]member{
			"servers": {form: isList}, "parameters": {each, "parameter"}, "get": operation, "put": operation, "post": operation, "delete": operation,
			"options": operation, "head": operation, "patch": operation, "trace": operation,
		}),
		"operation": described(map[string]member{
			"operationId": {form: isText}, "tags": {form: isList}, "deprecated": {form: isBool}, "servers": {form: isList},
			"consumes": {form: isList}, "produces": {form: isList},
			"parameters": {each, "parameter"}, "requestBody": {one, "body"}, "responses": {named, "response"}, "callbacks": {named, "callback"},
		}),
		"callback": {}, "link": {}, // that there are some is all that counts
		"parameter":  parameter,
		"header":     parameter,
		"body":       described(map[string]member{"required": {form: isBool}, "content": media}),
		"response":   described(map[string]member{"content": media, "headers": {named, "header"}, "schema": schema, "links": {named, "link"}}),
		"media type": {"schema": schema, "example": {}, "examples": {named, "example"}},
		"example":    described(map[string]member{"value": {}}),
		"schema": described(map[string]member{
			"type": {}, "format": {form: isText}, "title": {form: isText}, "enum": {form: isList}, "const": {}, "default": {}, "example": {},
			"examples": {form: isList}, "required": {form: isList}, "nullable": {form: isBool}, "x-nullable": {form: isBool},
			"readOnly": {form: isBool}, "writeOnly": {form: isBool},
			"deprecated": {form: isBool}, "pattern": {form: isText}, "minLength": {form: isNumber}, "maxLength": {form: isNumber},
			"minimum": {form: isNumber}, "maximum": {form: isNumber}, "multipleOf": {form: isNumber}, "exclusiveMinimum": {}, "exclusiveMaximum": {},
			"minItems": {form: isNumber}, "maxItems": {form: isNumber}, "uniqueItems": {form: isBool}, "minProperties": {form: isNumber},
			"maxProperties": {form: isNumber}, "xml": {form: isObject}, "discriminator": {},
			"properties": {named, "schema"}, "items": schema, "additionalProperties": schema, "allOf": schemas, "anyOf": schemas, "oneOf": schemas,
			"prefixItems": schemas,
		}),
	}
}

// slot is where a value of a rule is.
type slot struct {
	of   *node
	i    int
	rule string
}

func (s slot) value() *node { return s.of.values[s.i] }

// children returns the values of rules in a value of a rule.
func (g rules) children(n *node, rule string) iter.Seq[slot] {
	return func(yield func(slot) bool) {
		if n.kind != object {
			return
		}
		for i, key := range n.keys {
			m, known := g[rule][key]
			value := n.values[i]
			switch {
			case !known || m.rule == "":
			case m.form == one:
				if !yield(slot{n, i, m.rule}) {
					return
				}
			case m.form == each && value.kind == list || m.form == named && value.kind == object:
				for j := range value.values {
					if !yield(slot{value, j, m.rule}) {
						return
					}
				}
			}
		}
	}
}

// rules is the grammar.
type rules map[string]map[string]member

// clean removes what the grammar does not have from a value of a rule and what is in it, and members that are not what they must
// be. Each node is visited once.
func (g rules) clean(n *node, rule string, seen map[*node]bool) {
	if seen[n] || n.kind != object {
		return
	}
	seen[n] = true
	n.filter(func(key string, value *node) bool {
		m, known := g[rule][key]
		switch {
		case !known || !m.form.fits(value):
			return false
		case m.form == named:
			value.filter(func(_ string, v *node) bool { return one.fits(v) })
		case m.form == each:
			value.values = slices.DeleteFunc(value.values, func(v *node) bool { return !one.fits(v) })
		}
		return true
	})
	for s := range g.children(n, rule) {
		g.clean(s.value(), s.rule, seen)
	}
}

// fits reports whether a value has a form. A number where a text must be becomes one: version: 1.0 is not quoted in many documents.
func (f form) fits(n *node) bool {
	switch f {
	case isText:
		if n.kind == literal && n.text != "null" {
			n.kind = text
		}
		return n.kind == text
	case isBool:
		return n.kind == literal && (n.text == "true" || n.text == "false")
	case isNumber:
		return n.kind == literal && n.text != "true" && n.text != "false" && n.text != "null"
	case isList, each:
		return n.kind == list
	case isObject, named:
		return n.kind == object
	case one:
		return n.kind == object || n.kind == literal && n.text != "null" // a schema may be true or false
	case anything:
	}
	return true
}
