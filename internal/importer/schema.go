package importer

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/portico-gateway/portico/internal/openapi"
)

// shaper makes types of the schemas of a document.
type shaper struct {
	*draft
	*schemas
	made     map[typeKey]string
	enums    map[*openapi3.Schema]*enum
	visiting map[*openapi3.Schema]bool // what is not an object and is being made
	xml      bool                      // the answer that is being made is XML

	unreadable map[*openapi3.Schema]string // why values can't be read from XML, "" for those that can

	components map[string]bool // what the document's schemas are called, in lower case
}

func newShaper(d *draft, doc *openapi.Document) *shaper {
	sh := &shaper{
		draft: d, schemas: &schemas{doc: doc, merged: map[*openapi3.Schema]*openapi3.Schema{}, names: map[*openapi3.Schema][]string{}},
		made: map[typeKey]string{}, enums: map[*openapi3.Schema]*enum{}, visiting: map[*openapi3.Schema]bool{}, components: map[string]bool{},
		unreadable: map[*openapi3.Schema]string{},
	}
	if doc.Components != nil {
		for component := range doc.Components.Schemas {
			name, _ := typeNames(component)
			sh.components[strings.ToLower(name)] = true
		}
	}
	return sh
}

// typeKey is what a type is made once for.
type typeKey struct {
	schema     *openapi3.Schema
	input, xml bool
}

// spot is where a schema stands.
type spot struct {
	name     string   // what a type is called that has no name of its own
	names    []string // what it is called, the best first
	property string   // the property or parameter, as the service calls it
	input    bool
	root     bool // it is the answer of a call
}

// shape makes the type of a schema.
func (sh *shaper) shape(ref *openapi3.SchemaRef, at spot) shape {
	name, schema, nullable := sh.effective(ref)
	if schema == nil {
		return jsonBecause("it has no schema", true)
	}
	if at.names == nil {
		at.names = []string{at.name}
	}
	if name != "" {
		at.name, at.names = typeNames(name)
	} else if title := pascal(schema.Title); at.root && schema.Title != "" && len(pieces(schema.Title)) <= 4 {
		at.name, at.names = title, []string{title}
	}
	s := sh.kind(schema, at)
	s.nullable = s.nullable || nullable
	s.fallback = schema.Default
	return s
}

func (sh *shaper) kind(s *openapi3.Schema, at spot) shape {
	if parts := sh.parts(s); len(parts) > 0 {
		if union, ok := sh.union(s, parts, at); ok {
			return union
		}
		return jsonBecause("it is one of several shapes (oneOf, anyOf)", false)
	}
	switch kindOf(s) {
	case "string":
		return sh.text(s, at)
	case "integer":
		switch {
		case isID(at.property):
			return shape{name: "ID", digits: true}
		case isUnsigned(s):
			return shape{name: "Uint64", digits: true}
		case isWide(s):
			return shape{name: "Int64"}
		}
		return shape{name: "Int"}
	case "number":
		return shape{name: "Float"}
	case "boolean":
		return shape{name: "Boolean"}
	case "array":
		return sh.list(s, at)
	case "object":
		return sh.object(s, at)
	}
	return jsonBecause("its schema has no type, or several", len(s.Enum) == 0)
}

// isWide reports whether a schema has whole numbers that Int, which has 32 bits, can't have.
func isWide(s *openapi3.Schema) bool {
	return slices.Contains([]string{"int64", "uint32", "uint64"}, s.Format) || s.Max != nil && *s.Max > math.MaxInt32 ||
		s.Min != nil && *s.Min < math.MinInt32
}

// isUnsigned reports whether a schema has whole numbers beyond those of Int64.
func isUnsigned(s *openapi3.Schema) bool {
	if s.Max != nil {
		return *s.Max > math.MaxInt64 && s.Min != nil && *s.Min >= 0
	}
	return s.Format == "uint64"
}

func (sh *shaper) text(s *openapi3.Schema, at spot) shape {
	if len(s.Enum) > 0 {
		if e := sh.enum(s, at.names); e != nil {
			return shape{name: e.name, enum: e}
		}
		return shape{name: "String", why: "its values make no enum of GraphQL"}
	}
	switch {
	case s.Format == "date-time":
		return shape{name: "DateTime"}
	case isID(at.property):
		return shape{name: "ID"}
	}
	return shape{name: "String"}
}

// enum makes an enum, nil when its values can't be told apart.
func (sh *shaper) enum(s *openapi3.Schema, names []string) *enum {
	if e, ok := sh.enums[s]; ok {
		return e
	}
	sh.enums[s] = nil
	def := &definition{kind: "enum", description: s.Description}
	values, spelling := map[string]string{}, map[string]string{}
	for _, v := range s.Enum {
		if v == nil {
			continue
		}
		service, ok := v.(string)
		value := upperSnake(service)
		if other, taken := spelling[value]; !ok || value == "" || taken && other != service {
			return nil
		} else if taken {
			continue // the same twice
		}
		values[service], spelling[value] = value, service
		def.fields = append(def.fields, field{name: value, spelling: service})
	}
	if len(def.fields) == 0 {
		return nil
	}
	def.name = sh.typeName(names...)
	sh.types = append(sh.types, def)
	sh.enums[s] = &enum{name: def.name, values: values}
	return sh.enums[s]
}

func (sh *shaper) list(s *openapi3.Schema, at spot) shape {
	switch {
	case len(s.PrefixItems) > 0:
		return jsonBecause("it is a tuple", false)
	case sh.visiting[s]:
		return jsonBecause("it is a list of itself", false)
	}
	sh.visiting[s] = true
	defer delete(sh.visiting, s)
	ids := areIDs(at.property) || isID(at.property)
	for i, name := range at.names {
		at.names[i] = singular(name)
	}
	if at.name, at.property = singular(at.name), ""; ids {
		at.property = "id"
	}
	item := sh.shape(s.Items, at)
	if item.entries {
		return jsonBecause("it is a list of maps", false)
	}
	if !item.nullable {
		item.name += "!"
	}
	return shape{name: "[" + item.name + "]", why: item.why, digits: item.digits}
}

// object makes the type of an object.
func (sh *shaper) object(s *openapi3.Schema, at spot) shape {
	properties, omitted := sh.properties(s, at.input)
	switch {
	case len(properties) > 0:
	case len(s.Properties) > 0:
		return jsonBecause("none of its properties can be a field here", false)
	case s.AdditionalProperties.Schema != nil:
		return sh.entriesOf(s, at)
	default:
		return jsonBecause("it is an object of any properties", false)
	}
	key := typeKey{s, at.input, sh.xml}
	if name, ok := sh.made[key]; ok {
		return shape{name: name, object: true}
	}
	def := &definition{kind: "type", description: s.Description, omitted: omitted}
	if s.Description == "" && !strings.HasSuffix(strings.ToLower(at.name), strings.ToLower(pascal(s.Title))) {
		def.description = s.Title // which often only repeats the name
	}
	names := at.names
	if at.input {
		def.kind, names = "input", inputNames(names)
	}
	def.name = sh.typeName(names...)
	sh.made[key] = def.name
	sh.types = append(sh.types, def)
	outside := sh.visiting
	sh.visiting = map[*openapi3.Schema]bool{} // a list within an object may be one of such objects
	fields := uniqueNames(properties)
	for _, name := range properties {
		def.fields = append(def.fields, sh.property(s, name, fields[name], at))
	}
	sh.visiting = outside
	return shape{name: def.name, object: true}
}

// properties are the names of those that can be fields, and comments on others.
func (sh *shaper) properties(s *openapi3.Schema, input bool) (names, omitted []string) {
	for _, name := range sh.schemas.properties(s) {
		_, p, _ := sh.effective(s.Properties[name])
		own := s.Properties[name].Value
		readOnly := own != nil && own.ReadOnly || p != nil && p.ReadOnly
		writeOnly := own != nil && own.WriteOnly || p != nil && p.WriteOnly
		switch {
		case input && readOnly || !input && writeOnly:
		case p != nil && p.Always != nil && !*p.Always:
		default:
			if why := sh.omission(s.Properties[name], name, input); why != "" {
				omitted = append(omitted, "The property "+strconv.Quote(name)+" is left out: "+why+".")
				continue
			}
			names = append(names, name)
		}
	}
	return names, omitted
}

// omission returns why a property can't be a field; "" if it can.
func (sh *shaper) omission(ref *openapi3.SchemaRef, name string, input bool) string {
	switch {
	case sh.xml && !input:
		return sh.propertyNotInXML(ref, name)
	case pathStep(name) == "" || input && strings.ContainsAny(name, "\"'`,\\"):
		return "a binding can't have this name"
	}
	return ""
}

// property makes the field of a property; as is the field's name.
func (sh *shaper) property(s *openapi3.Schema, name, as string, at spot) field {
	ref := s.Properties[name]
	inline := strings.TrimSuffix(at.name, "Input") + pascal(name)
	p := sh.shape(ref, spot{name: inline, property: name, input: at.input})
	f := field{name: as, typ: p.name, comments: p.comments()}
	if slices.Contains(s.Required, name) && (at.input || !p.nullable) {
		f.typ += "!"
	}
	source := pathStep(name)
	if ref.Value != nil {
		if ref.Ref == "" || describedHere(sh.doc, ref) {
			f.description = strings.TrimSpace(ref.Value.Description)
		}
		if sh.xml {
			source = xmlSource(name, ref.Value)
		}
		if ref.Value.Deprecated && (!at.input || !strings.HasSuffix(f.typ, "!")) {
			f.directives = append(f.directives, deprecated())
		}
	}
	if p.entries {
		source += "->entries"
	}
	f.directives = append(f.directives, p.source(f.name, source, at.input)...)
	return f
}

// source returns the directive that says what the service calls a field and how it writes the value; none if both follow from the schema. What is read
// may be a number or a text.
func (s shape) source(field, name string, input bool) []directive {
	d := directive{name: "source"}
	if name != field {
		d.args = append(d.args, text("name", name))
	}
	if input && s.digits {
		d.args = append(d.args, argument{name: "as", value: "NUMBER"})
	}
	if d.args == nil {
		return nil
	}
	return []directive{d}
}

// pathStep is a name as a path has it; "" if it can't have it.
func pathStep(name string) string {
	switch {
	case plainStep.MatchString(name):
		return name
	case name == "" || strings.ContainsAny(name, "'{}\\") || strings.ContainsFunc(name, unicode.IsControl) || !utf8.ValidString(name):
		return ""
	}
	return "'" + name + "'"
}

// plainStep matches a name that a path has without quotes.
var plainStep = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)

// typeNames are what a component is called: io.k8s.api.apps.v1.Deployment is a Deployment, or else a V1Deployment, and so on.
func typeNames(component string) (name string, names []string) {
	parts := strings.Split(component, ".")
	for i := range slices.Backward(parts) {
		if last := strings.Join(parts[i:], "."); len(pieces(last)) > 0 && !isDigit(rune(pieces(last)[0][0])) {
			names = append(names, pascal(last))
		}
	}
	if len(names) == 0 {
		names = []string{pascal(component)}
	}
	return names[0], names
}

func inputNames(names []string) []string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = strings.TrimSuffix(name, "Input") + "Input"
	}
	return out
}
