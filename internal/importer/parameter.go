package importer

import (
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

var (
	pathVariable = regexp.MustCompile(`\{([^{}]+)\}`)
	queryName    = regexp.MustCompile(`^[^\s=&#{}]+$`) // as internal/binding has them
	headerName   = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")
)

// parameters makes arguments of an operation's parameters.
func (sh *shaper) parameters(c *call) {
	path, _, _ := strings.Cut(c.path, "#") // in some documents, operations of one path differ by it
	path, constants, _ := strings.Cut(path, "?")
	c.path = path
	if constants != "" {
		c.query = strings.Split(constants, "&") // /things?action=list
	}
	all := merged(c.item.Parameters, c.Parameters)
	for _, found := range pathVariable.FindAllStringSubmatch(path, -1) {
		i := slices.IndexFunc(all, func(p *openapi3.Parameter) bool { return p.In == openapi3.ParameterInPath && p.Name == found[1] })
		p := &openapi3.Parameter{Name: found[1], In: openapi3.ParameterInPath}
		if i >= 0 {
			p = all[i]
		}
		if !strings.Contains(c.path, found[0]) {
			continue // the same variable again
		}
		arg := sh.argument(c, p, true)
		c.path = strings.ReplaceAll(c.path, found[0], variable(arg, p))
		c.field.args = append(c.field.args, arg)
	}
	for _, p := range all {
		if variable := c.page.variable(p); variable != "" {
			c.query = append(c.query, p.Name+"="+variable)
			continue
		}
		sh.parameter(c, p)
	}
	if c.page != nil {
		c.field.args = append(c.field.args, c.page.arguments()...)
	}
}

// merged are the parameters of a path and of its operation, which overrides.
func merged(lists ...openapi3.Parameters) []*openapi3.Parameter {
	var all []*openapi3.Parameter
	for _, list := range lists {
		for _, ref := range list {
			if ref == nil || ref.Value == nil {
				continue
			}
			same := func(p *openapi3.Parameter) bool { return p.Name == ref.Value.Name && p.In == ref.Value.In }
			if i := slices.IndexFunc(all, same); i >= 0 {
				all[i] = ref.Value
				continue
			}
			all = append(all, ref.Value)
		}
	}
	return all
}

// unsent returns why an operation can't be called: a parameter that must be there can't be sent. It is empty if all can.
func (sh *shaper) unsent(op operation) string {
	for _, p := range merged(op.item.Parameters, op.Parameters) {
		if p.In == openapi3.ParameterInPath {
			switch {
			case sh.isObject(p.Schema):
				return "its path has an object"
			case sh.isList(p.Schema) && sh.isList(sh.items(p.Schema)):
				return "its path has a list of lists"
			case p.Style != "" && p.Style != openapi3.SerializationSimple:
				return "its path has a parameter of the style " + p.Style
			}
			continue
		}
		if p.Required && sh.unsendable(p) != "" {
			return "its parameter " + p.Name + " must be there, but " + sh.unsendable(p)
		}
	}
	return ""
}

// unsendable returns why a parameter can't be sent; it is empty if it can.
func (sh *shaper) unsendable(p *openapi3.Parameter) string {
	switch {
	case p.In == openapi3.ParameterInCookie:
		return "the gateway sends no cookies"
	case p.In == openapi3.ParameterInHeader && gatewayHeader(p.Name):
		return ""
	case p.In == openapi3.ParameterInHeader && !headerName.MatchString(p.Name), p.In == openapi3.ParameterInQuery && !queryName.MatchString(p.Name):
		return "a binding can't have this name"
	case len(p.Content) > 0:
		return "its value is a document (" + kinds(p.Content) + ")"
	case p.In == openapi3.ParameterInQuery && !isQueryStyle(p.Style):
		return "its style is " + p.Style
	case sh.isObject(p.Schema):
		return sh.unsendableObject(p)
	case sh.isList(p.Schema) && sh.isObject(sh.items(p.Schema)):
		return "it is a list of objects"
	case sh.isList(p.Schema) && sh.isList(sh.items(p.Schema)):
		return "it is a list of lists"
	}
	return ""
}

func (sh *shaper) unsendableObject(p *openapi3.Parameter) string {
	_, schema, _ := sh.effective(p.Schema)
	deep := p.Style == openapi3.SerializationDeepObject
	plain := isFormStyle(p) && (p.Explode == nil || *p.Explode)
	if p.In != openapi3.ParameterInQuery || !deep && !plain || len(schema.Properties) == 0 {
		return "it is an object"
	}
	return ""
}

func isQueryStyle(style string) bool {
	return slices.Contains([]string{"", openapi3.SerializationForm, openapi3.SerializationSpaceDelimited, openapi3.SerializationPipeDelimited,
		openapi3.SerializationDeepObject}, style)
}

// parameter adds a parameter that is not in the path.
func (sh *shaper) parameter(c *call, p *openapi3.Parameter) {
	why := sh.unsendable(p)
	switch {
	case p.In == openapi3.ParameterInPath, p.In == openapi3.ParameterInHeader && gatewayHeader(p.Name):
	case why != "":
		c.omit(p, why)
	case sh.isObject(p.Schema):
		sh.objectParameter(c, p)
	default:
		arg := sh.argument(c, p, p.Required)
		c.field.args = append(c.field.args, arg)
		if p.In == openapi3.ParameterInHeader {
			c.header = append(c.header, p.Name+": "+variable(arg, p))
			return
		}
		c.query = append(c.query, p.Name+"="+variable(arg, p))
	}
}

// gatewayHeader reports whether the gateway sends a header on its own.
func gatewayHeader(name string) bool {
	switch http.CanonicalHeaderKey(name) {
	case "Accept", "Authorization", "Connection", "Content-Length", "Content-Type", "Host", "Transfer-Encoding":
		return true
	}
	return false
}

// objectParameter makes an argument of each property of a parameter in the URL
// that is an object: filter[status]=… or status=….
func (sh *shaper) objectParameter(c *call, p *openapi3.Parameter) {
	_, schema, _ := sh.effective(p.Schema)
	deep := p.Style == openapi3.SerializationDeepObject
	for _, name := range sh.schemas.properties(schema) {
		part := &openapi3.Parameter{Name: name, In: p.In, Schema: schema.Properties[name], Required: p.Required && slices.Contains(schema.Required, name)}
		if deep {
			part.Name = p.Name + "[" + name + "]"
		}
		if sh.isObject(part.Schema) {
			c.omit(part, "it is an object")
			continue
		}
		sh.parameter(c, part)
	}
}

// argument makes the argument of a parameter.
func (sh *shaper) argument(c *call, p *openapi3.Parameter, required bool) field {
	if p.Schema == nil && len(p.Content) == 0 {
		p = &openapi3.Parameter{Name: p.Name, In: p.In, Description: p.Description, Schema: openapi3.NewSchemaRef("", openapi3.NewStringSchema())}
	}
	name := uniqueName(c.used, camel(p.Name))
	s := sh.shape(p.Schema, spot{name: pascal(c.field.name) + pascal(name), property: p.Name, input: true})
	if s.entries {
		s = jsonBecause("it is a map (additionalProperties)", s.nullable)
	}
	if p.In == openapi3.ParameterInHeader && s.name == "ID" {
		s.name = "String" // X-Request-Id is no id of an object
	}
	if s.why != "" { // whatever it is, it is text in a URL
		s.name = strings.ReplaceAll(s.name, "JSON", "String")
	}
	if p.In == openapi3.ParameterInPath && strings.HasPrefix(s.name, "[") {
		s.name = strings.TrimSuffix(s.name, "!")
	}
	arg := field{name: name, description: p.Description, typ: s.name, value: s.literal()}
	if arg.description == "" && p.Schema != nil && p.Schema.Ref == "" && p.Schema.Value != nil {
		arg.description = p.Schema.Value.Description
	}
	if required {
		arg.typ += "!"
	}
	if p.Deprecated && !required {
		arg.directives = []directive{deprecated()}
	}
	return arg
}

// variable is the text that puts an argument where its parameter is.
func variable(arg field, p *openapi3.Parameter) string {
	if list := strings.HasPrefix(arg.typ, "["); !list || exploded(p) {
		return "{$args." + arg.name + "}"
	}
	separator := map[string]string{openapi3.SerializationSpaceDelimited: " ", openapi3.SerializationPipeDelimited: "|"}[p.Style]
	if separator == "" {
		separator = ","
	}
	return "{$args." + arg.name + `->join("` + separator + `")}`
}

// exploded reports whether a query has a parameter's list as one name=value for
// each item.
func exploded(p *openapi3.Parameter) bool {
	switch {
	case p.In != openapi3.ParameterInQuery:
		return false
	case p.Explode != nil:
		return *p.Explode
	}
	return isFormStyle(p)
}

func isFormStyle(p *openapi3.Parameter) bool {
	return p.Style == "" || p.Style == openapi3.SerializationForm
}
