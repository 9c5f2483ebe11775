package mock

import (
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/portico-gateway/portico/gateway/directive"
	"github.com/portico-gateway/portico/internal/plan"
)

// shapes makes schemas, as documents have them, of what is read of the answers of a service.
type shapes struct {
	objects map[*plan.Object]*openapi3.SchemaRef
	choices map[*plan.Choice]*openapi3.SchemaRef
	keys    map[*plan.Object][]directive.Path // where rows of batches have keys, whether or not models have them
}

// newShapes returns the shapes of the answers of calls.
func newShapes(calls []*plan.Call) *shapes {
	s := &shapes{
		objects: map[*plan.Object]*openapi3.SchemaRef{}, choices: map[*plan.Choice]*openapi3.SchemaRef{}, keys: map[*plan.Object][]directive.Path{},
	}
	for _, c := range calls {
		if c.Answer == nil || !c.Keyed() {
			continue
		}
		if row := c.Answer.Read.Object(); row != nil {
			for _, part := range c.Answer.Parts {
				s.keys[row] = append(s.keys[row], directive.PathOf(part.Path...))
			}
		}
	}
	return s
}

// of returns the schema of a value.
func (s *shapes) of(r *plan.Read) *openapi3.SchemaRef {
	switch {
	case r.Entries:
		return s.entries(r.Item.Into.Object)
	case r.Item != nil:
		return arrayOf(s.of(r.Item))
	case r.Into.Object != nil:
		return s.object(r.Into.Object)
	case r.Into.Choice != nil:
		return s.choice(r.Into.Choice)
	case r.Into.Enum != nil:
		return enumOf(textsOf(r.Into.Enum))
	case r.Type == nil: // an argument of a converter
		return ofConverter(r)
	}
	return schemaOf(r.Type.NamedType, r.Scalar)
}

func (s *shapes) object(o *plan.Object) *openapi3.SchemaRef {
	if have := s.objects[o]; have != nil {
		return have
	}
	ref := &openapi3.SchemaRef{Ref: "#/" + o.Def.Name, Value: &openapi3.Schema{}}
	s.objects[o] = ref // also while it is made: it may contain itself
	*ref.Value = *s.parts(o).schema().Value
	return ref
}

// parts returns what of an object is read.
func (s *shapes) parts(o *plan.Object) *part {
	all := &part{}
	for _, f := range o.Fields {
		s.add(all, f, f.Path)
	}
	id := slices.IndexFunc(o.Fields, func(f *plan.Field) bool { return f.Name == "id" && f.Read != nil && len(f.Path) == 1 && f.Header == "" })
	for _, path := range s.keys[o] {
		if at := all.at(path); len(at.values) == 0 {
			at.values = append(at.values, schemaOf("ID", "Text"))
		}
		all.require(path)
		if id < 0 && len(path) == 1 && len(s.keys[o]) == 1 {
			all.at(path).identity = true
		}
	}
	if id >= 0 {
		all.at(o.Fields[id].Path).identity = true
	}
	return all
}

// add adds what is read for a field, which is at a path of the part.
func (s *shapes) add(to *part, f *plan.Field, path directive.Path) {
	switch {
	case f.Constant != nil || f.Header != "":
	case f.Converter != nil:
		for _, argument := range f.Converter.Arguments {
			at := argument.Path[len(f.Path)-len(path):]
			to.at(at).values = append(to.at(at).values, s.of(argument.Read))
			to.require(at)
		}
	default:
		to.at(path).values = append(to.at(path).values, s.of(f.Read))
		if f.Read.Type.NonNull || f.Read.Item == nil && !f.Read.IsObject() {
			to.require(path) // what is small is always there
		}
	}
}

func (s *shapes) choice(c *plan.Choice) *openapi3.SchemaRef {
	if have := s.choices[c]; have != nil {
		return have
	}
	ref := &openapi3.SchemaRef{Ref: "#/" + c.Def.Name, Value: &openapi3.Schema{}}
	s.choices[c] = ref
	for _, v := range c.Variants {
		ref.Value.OneOf = append(ref.Value.OneOf, s.variant(c, v))
	}
	if c.Default != nil && c.Path == nil {
		ref.Value.OneOf = append(ref.Value.OneOf, s.object(c.Default))
	}
	return ref
}

// variant returns the schema of a value of one type.
func (s *shapes) variant(c *plan.Choice, v plan.Variant) *openapi3.SchemaRef {
	var of *part
	switch {
	case c.Within:
		of = &part{}
		of.at(directive.PathOf(v.Name)).values = []*openapi3.SchemaRef{s.object(v.Object)}
		of.require(directive.PathOf(v.Name))
		return of.schema()
	case c.Path != nil:
		of = s.parts(v.Object)
		of.at(directive.PathOf(c.Path...)).values = []*openapi3.SchemaRef{{Value: &openapi3.Schema{Const: v.Texts[0]}}}
		of.require(directive.PathOf(c.Path...))
	default:
		of = s.parts(v.Object)
		if at := of.at(directive.PathOf(v.Name)); at.empty() {
			at.values = []*openapi3.SchemaRef{{Value: &openapi3.Schema{Const: true}}}
		}
		of.require(directive.PathOf(v.Name))
	}
	ref := of.schema()
	ref.Ref = "#/" + v.Object.Def.Name
	return ref
}

// entries returns the schema of an object whose members are read as a list.
func (s *shapes) entries(o *plan.Object) *openapi3.SchemaRef {
	if have := s.objects[o]; have != nil {
		return have
	}
	ref := &openapi3.SchemaRef{Value: &openapi3.Schema{}}
	s.objects[o] = ref
	keys, value := entryKeys(), &part{}
	for _, f := range o.Fields {
		switch {
		case f.Constant != nil:
		case f.Read != nil && f.Path[0].Name == "key":
			keys = keysOf(f.Read, keys)
		default:
			s.add(value, f, f.Path[1:])
		}
	}
	all := &part{}
	for _, key := range keys {
		all.at(directive.PathOf(key)).values = []*openapi3.SchemaRef{value.schema()}
		all.require(directive.PathOf(key))
	}
	*ref.Value = *all.schema().Value
	return ref
}

// keysOf returns keys of entries.
func keysOf(r *plan.Read, texts []string) []string {
	switch {
	case r.Into.Enum != nil:
		return textsOf(r.Into.Enum)
	case r.Scalar != "String":
		return []string{"1", "2", "3"}
	}
	return texts
}

// textsOf returns how a service writes the values of an enum that all frontends have or, without such, all of them.
func textsOf(e *plan.Enum) []string {
	var texts []string
	common := slices.ContainsFunc(e.Values, func(v plan.EnumValue) bool { return v.Everywhere && v.Name != e.Other })
	for _, v := range e.Values {
		switch {
		case common && !v.Everywhere:
		case len(v.Texts) == 0 || v.Name == e.Other:
		case slices.Contains(v.Texts, v.Sent):
			texts = append(texts, v.Sent)
		default:
			texts = append(texts, v.Texts[0])
		}
	}
	return texts
}

// schemaOf returns the schema of a scalar, which package decode reads with a method or a function: see [plan.Read].
func schemaOf(name, reader string) *openapi3.SchemaRef {
	typ, format, pattern := "string", "", ""
	var values []any
	var least *float64
	switch reader {
	case "Int", "Int64", "Uint64":
		typ = "integer"
	case "UnixSeconds", "UnixMillis":
		typ, least = "integer", new(float64(instant(0).Unix()))
		if reader == "UnixMillis" {
			*least *= 1000
		}
	case "Float":
		typ = "number"
	case "Bool":
		typ = "boolean"
	case "BoolNumber":
		typ, values = "integer", []any{0, 1}
	case "BoolText":
		values = []any{"true", "false"}
	case "IntText", "Int64Text", "FloatText":
		pattern = "^[1-9][0-9]?$"
	case "Time":
		format = "date-time"
	case "LocalTime":
		format = "date"
	case "Bytes":
		format = "byte"
	case "Any":
		return &openapi3.SchemaRef{Value: &openapi3.Schema{Type: &openapi3.Types{"object"}, Required: []string{"note"},
			Properties: openapi3.Schemas{"note": schemaOf("", "String")}}}
	default:
		format, pattern = formOf(name)
	}
	return &openapi3.SchemaRef{Value: &openapi3.Schema{Type: &openapi3.Types{typ}, Format: format, Pattern: pattern, Enum: values, Min: least}}
}

// formOf returns the format or the pattern of a text that the name of a scalar suggests.
func formOf(name string) (format, pattern string) {
	switch name = strings.ToLower(name); name {
	case "id", "date", "time", "uuid", "uri", "url", "email", "decimal":
		return name, ""
	case "guid":
		return "uuid", ""
	case "emailaddress":
		return "email", ""
	case "bigdecimal", "money":
		return "decimal", ""
	case "datetime", "timestamp", "instant":
		return "date-time", ""
	case "localtime":
		return "time", ""
	case "localdate":
		return "date", ""
	case "color", "colour":
		return "", "^#[0-9a-f]{6}$"
	case "bigint", "biginteger", "int64", "long":
		return "", "^[1-9][0-9]{3}$"
	}
	return "", ""
}
