package importer

import (
	"regexp"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// notInXML returns why a value of a schema can't be read from XML: it would be JSON, or it is a list of lists. It returns "" for other values.
func (sh *shaper) notInXML(ref *openapi3.SchemaRef) string {
	_, s, _ := sh.effective(ref)
	if s == nil {
		return noJSONInXML + "it has no schema"
	}
	if why, known := sh.unreadable[s]; known {
		return why
	}
	sh.unreadable[s] = "" // an object that leads back here has a field
	why := ""
	switch kind := kindOf(s); {
	case len(sh.parts(s)) > 0:
		why = noJSONInXML + "it is one of several shapes (oneOf, anyOf)"
	case kind == "array" && len(s.PrefixItems) > 0:
		why = noJSONInXML + "it is a tuple"
	case kind == "array" && sh.isList(s.Items):
		why = "XML has no lists of lists"
	case kind == "array":
		why = sh.notInXML(s.Items)
	case kind == "object":
		why = sh.objectNotInXML(s)
	case kind != "string" && kind != "integer" && kind != "number" && kind != "boolean":
		why = noJSONInXML + "its schema has no type, or several"
	}
	sh.unreadable[s] = why
	return why
}

const noJSONInXML = "JSON can't be read from XML, and "

func (sh *shaper) objectNotInXML(s *openapi3.Schema) string {
	names, _ := sh.properties(s, false)
	switch {
	case len(names) > 0:
		return ""
	case len(s.Properties) > 0:
		return noJSONInXML + "none of its properties can be a field here"
	case s.AdditionalProperties.Schema != nil:
		return noJSONInXML + "it is a map (additionalProperties)"
	}
	return noJSONInXML + "it is an object of any properties"
}

// propertyNotInXML returns why a property can't be read from XML; "" if it can.
func (sh *shaper) propertyNotInXML(ref *openapi3.SchemaRef, name string) string {
	switch {
	case ref.Value == nil:
		return noJSONInXML + "it has no schema"
	case xmlSource(name, ref.Value) == "":
		return "no element or attribute of XML has this name"
	case ref.Value.XML != nil && ref.Value.XML.Attribute && (sh.isList(ref) || sh.isObject(ref)):
		return "an attribute of XML is a text"
	}
	return sh.notInXML(ref)
}

// answerNotInXML returns why an answer can't be read from XML; "" if it can.
func (sh *shaper) answerNotInXML(ref *openapi3.SchemaRef) string {
	sh.xml = true
	defer func() { sh.xml = false }()
	if why := sh.notInXML(ref); why != "" {
		return why
	}
	if sh.isList(ref) && sh.elements(ref) == "" {
		return "it is a list in XML, and nothing says what its elements are called (xml.name)"
	}
	return ""
}

// elements returns the path of the elements of a list that is a whole answer, which are below the root element; "" if nothing says what they are
// called.
func (sh *shaper) elements(ref *openapi3.SchemaRef) string {
	_, s, _ := sh.effective(ref)
	for _, of := range []*openapi3.Schema{s.Items.Value, s, ref.Value} {
		if of != nil && of.XML != nil && of.XML.Name != "" {
			return xmlStep(of.XML.Name, "")
		}
	}
	return ""
}

// xmlSource returns the path of a property in XML; "" if no path leads there.
func xmlSource(name string, s *openapi3.Schema) string {
	item := ""
	if s.Items != nil && s.Items.Value != nil && s.Items.Value.XML != nil {
		item = s.Items.Value.XML.Name
	}
	if s.XML != nil && s.XML.Name != "" {
		name = s.XML.Name
	}
	switch {
	case s.XML != nil && s.XML.Attribute:
		return xmlStep(name, "@")
	case s.XML == nil || !s.XML.Wrapped:
		if item != "" {
			name = item
		}
		return xmlStep(name, "")
	case item == "":
		item = name
	}
	outer, inner := xmlStep(name, ""), xmlStep(item, "")
	if outer == "" || inner == "" {
		return ""
	}
	return outer + "." + inner
}

// xmlStep returns the step to an element, or to an attribute with the mark @: its local name, since prefixes of namespaces are not part of paths.
// It returns "" for what can't be a name in XML.
func xmlStep(name, mark string) string {
	name = name[strings.LastIndexByte(name, ':')+1:]
	switch {
	case !xmlName.MatchString(name):
		return ""
	case plainStep.MatchString(name):
		return mark + name
	}
	return "'" + mark + name + "'"
}

// xmlName matches a local name of XML.
var xmlName = regexp.MustCompile(`^[\pL_][\pL\pM\pN._-]*$`)
