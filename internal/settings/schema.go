package settings

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"

	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/gateway/endpoint"
)

// schema is a JSON Schema, or a part of one.
type schema map[string]any

// Schema returns the JSON Schema of portico.yaml, of draft 2020-12. It has what the types
// say; a gateway checks more.
func Schema() []byte {
	s := &schemas{comments: readComments(), defs: map[string]schema{}}
	s.defs["variable"] = schema{
		"description": "a text with variables of the environment: ${NAME} or ${NAME:-default}",
		"type":        "string", "pattern": `\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\}`,
	}
	root := s.section(reflect.ValueOf(config.Defaults()))
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = "portico.yaml"
	root["description"] = "The configuration of a Portico gateway."
	root["type"] = "object"
	root["$defs"] = s.defs
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(root); err != nil {
		panic(err) // it has texts, numbers, and lists and maps of them only
	}
	return out.Bytes()
}

// schemas makes schemas of types.
type schemas struct {
	comments map[string]string
	defs     map[string]schema
}

// section returns the schema of a struct with defaults. The zero value has none.
func (s *schemas) section(v reflect.Value) schema {
	properties, hasDefaults := schema{}, !v.IsZero()
	for field, value := range v.Fields() {
		if !field.IsExported() {
			continue
		}
		var of schema
		if field.Type.Kind() == reflect.Struct {
			of = s.ref(value)
		} else {
			of = s.of(field.Type, field.Tag.Get("enum"))
		}
		if text := s.comments[v.Type().Name()+"."+field.Name]; text != "" {
			of["description"] = text
		}
		if by := defaultValue(value); by != nil && hasDefaults {
			of["default"] = by
		}
		properties[field.Tag.Get("yaml")] = of
	}
	return schema{"type": []string{"object", "null"}, "additionalProperties": false, "properties": properties}
}

// ref returns a reference to the schema of a struct with defaults.
func (s *schemas) ref(v reflect.Value) schema {
	name := v.Type().Name()
	if _, ok := s.defs[name]; !ok {
		s.defs[name] = s.section(v)
	}
	return schema{"$ref": "#/$defs/" + name}
}

// of returns the schema of a type.
func (s *schemas) of(typ reflect.Type, enum string) schema {
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	if enum != "" && typ.Kind() == reflect.String {
		return orVariable(schema{"enum": strings.Split(enum, ",")})
	}
	switch typ {
	case reflect.TypeFor[config.Duration]():
		return orVariable(schema{"type": "string", "pattern": `^([0-9]+(\.[0-9]*)?(ns|us|µs|ms|s|m|h))+$`}, schema{"const": 0})
	case reflect.TypeFor[config.Bytes]():
		return orVariable(schema{"type": "string", "pattern": `^[0-9]+ *(KiB|MiB|GiB)?B?$`}, schema{"type": "integer", "minimum": 0})
	case reflect.TypeFor[config.Network]():
		return schema{"type": "string"}
	case reflect.TypeFor[endpoint.Target]():
		return schema{"anyOf": []schema{{"type": "string"}, s.ref(config.New(typ))}}
	case reflect.TypeFor[config.Rules]():
		return schema{"anyOf": []schema{{"type": "array", "items": s.ref(config.New(typ.Elem()))}, s.ref(config.New(typ.Elem()))}}
	}
	switch typ.Kind() {
	case reflect.Struct:
		return s.ref(config.New(typ))
	case reflect.Map:
		of := s.of(typ.Elem(), enum)
		if typ.Elem().Kind() == reflect.String {
			of["type"] = []string{"string", "number", "boolean"}
		}
		return schema{"type": []string{"object", "null"}, "additionalProperties": of}
	case reflect.Slice:
		return schema{"type": []string{"array", "null"}, "items": s.of(typ.Elem(), enum)}
	case reflect.Bool:
		return orVariable(schema{"type": "boolean"})
	case reflect.Int:
		return orVariable(schema{"type": "integer"})
	case reflect.Float64:
		return orVariable(schema{"type": "number"})
	}
	return schema{"type": "string"}
}

// orVariable returns the schema of values of some kinds, or of a variable.
func orVariable(kinds ...schema) schema {
	return schema{"anyOf": append(kinds, schema{"$ref": "#/$defs/variable"})}
}

// defaultValue returns a default as JSON; nil for none.
func defaultValue(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Bool, reflect.Int, reflect.Float64:
		return v.Interface()
	case reflect.Slice:
		if v.Len() > 0 && v.Index(0).Kind() == reflect.String {
			return v.Interface()
		}
	case reflect.Int64, reflect.String:
		if text := defaultOf(v); text != "" {
			return text
		}
	}
	return nil
}
