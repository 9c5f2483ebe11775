package binding

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/directive"
)

// Source is @source of a field or an input field.
type Source struct {
	Names   []directive.Path
	Header  string     // of the answer, in canonical spelling; empty for a value of its content
	Entries bool       // an object whose members are read as a list
	Convert string     // package.Func, or empty
	Default *ast.Value // or nil
	Value   *ast.Value // or nil
	Form    Form
	// Nullable reports whether a value that an enum does not have makes the field
	// null.
	Nullable bool
	Pos      *ast.Position
}

// SourceFor returns the source of a field for a service: the @source that names
// the service, or else the one that names none. Without a name there, it is name.
// The directives must be valid; see [ReadOthers].
func SourceFor(directives ast.DirectiveList, name, service string) Source {
	out := Source{Names: []directive.Path{directive.PathOf(name)}}
	found := forService(directives.ForNames(SourceDirective), service)
	if found == nil {
		return out
	}
	out.Pos = found.Position
	if arg := found.Arguments.ForName("name"); arg != nil {
		out.Names = nil
		for _, text := range directive.Items(arg.Value) {
			if name, ok := strings.CutPrefix(text.Raw, responseHeader); ok {
				out.Header = http.CanonicalHeaderKey(name)
				out.Names = append(out.Names, directive.PathOf(text.Raw))
				continue
			}
			path, entries, _ := directive.ParseEntries(text.Raw) // readSources has reported a mistake
			out.Names, out.Entries = append(out.Names, path), out.Entries || entries
		}
	}
	if arg := found.Arguments.ForName("convert"); arg != nil {
		out.Convert = arg.Value.Raw
	}
	if arg := found.Arguments.ForName("default"); arg != nil {
		out.Default = arg.Value
	}
	if arg := found.Arguments.ForName("value"); arg != nil {
		out.Value = arg.Value
	}
	out.Form = Form{raw(found, "as"), raw(found, "zone")}
	out.Nullable = found.Arguments.ForName("unknown") != nil
	return out
}

// forService returns the directive that names a service, or else the one that names
// none; nil if there is neither.
func forService(directives ast.DirectiveList, service string) *ast.Directive {
	var found *ast.Directive
	for _, d := range directives {
		switch of := d.Arguments.ForName("service"); {
		case of != nil && of.Value.Raw == service:
			found = d
		case of == nil && found == nil:
			found = d
		}
	}
	return found
}

// EnumText returns what a service calls a value of an enum. It returns false if
// no @source applies.
func EnumText(directives ast.DirectiveList, service string) (string, bool) {
	text, found := "", false
	for _, d := range directives.ForNames(SourceDirective) {
		name := d.Arguments.ForName("name")
		if name == nil {
			continue
		}
		switch of := d.Arguments.ForName("service"); {
		case of != nil && of.Value.Raw == service:
			return directive.Items(name.Value)[0].Raw, true
		case of == nil:
			text, found = directive.Items(name.Value)[0].Raw, true
		}
	}
	return text, found
}

// ReadOthers checks the directives that do not bind a field: @source,
// @discriminator, @node, @calls and @service, and @fallback at fields without a binding.
func ReadOthers(schema *ast.Schema, report directive.Report) {
	readServices(schema, report)
	for _, def := range schema.Types {
		readDiscriminators(schema, def, report)
		readNode(schema, def, report)
		for _, field := range def.Fields {
			readHints(schema, field, report)
			readFallback(schema, def, field, report)
			readSources(schema, field.Directives, def.Kind == ast.Object, report)
		}
		for _, value := range def.EnumValues {
			readEnumSources(schema, value.Directives, report)
		}
	}
}

var converterName = regexp.MustCompile(`^[a-z][a-z0-9/]*\.[A-Z]\w*$`)

// readSources checks @source of a field. If output is false, it is a field of
// an input object.
func readSources(schema *ast.Schema, directives ast.DirectiveList, output bool, report directive.Report) {
	for _, d := range directives.ForNames(SourceDirective) {
		r := &reader{schema: schema, report: report}
		if !r.checkArguments(d) {
			continue
		}
		names := d.Arguments.ForName("name")
		convert := d.Arguments.ForName("convert")
		if names != nil {
			for _, v := range directive.Items(names.Value) {
				if strings.HasPrefix(v.Raw, responseHeader) {
					r.sourceHeader(d, v, output)
				} else if _, entries := r.entries(v); entries && convert != nil {
					r.fail(v.Position, "remove it", "a converter can't take ->entries")
				}
			}
			if len(directive.Items(names.Value)) != 1 && convert == nil {
				r.fail(names.Position, "add convert: a function that makes one value of them", "@source has %d names", len(directive.Items(names.Value)))
			}
		}
		if convert != nil && !converterName.MatchString(convert.Value.Raw) {
			r.fail(convert.Value.Position, "write package.Func, such as money.OfCents for func OfCents in clients/money",
				"%q is not a function of a package in clients/", convert.Value.Raw)
		}
		r.checkForm(d)
		for _, name := range []string{"convert", "default", "value", "unknown"} {
			if arg := d.Arguments.ForName(name); arg != nil && !output {
				r.fail(arg.Position, "", "%s is only for fields of object types", name)
			}
		}
	}
}

// checkForm checks how a service writes a value.
func (r *reader) checkForm(d *ast.Directive) {
	r.checkZone(Form{raw(d, "as"), raw(d, "zone")}, d.Position)
	if arg := d.Arguments.ForName("unknown"); arg != nil && arg.Value.Kind != ast.NullValue {
		r.fail(arg.Value.Position, `write unknown: null, or @source(name: "*") at a value of the enum, which then stands for unknown ones`,
			"unknown can only be null")
	}
	for _, name := range []string{"as", "unknown"} {
		if arg := d.Arguments.ForName(name); arg != nil && (d.Arguments.ForName("convert") != nil || d.Arguments.ForName("value") != nil) {
			r.fail(arg.Position, "remove it", "%s is for a value that is read as its type says", name)
		}
	}
}

// readHints checks @calls of a field.
func readHints(schema *ast.Schema, field *ast.FieldDefinition, report directive.Report) {
	for _, d := range field.Directives.ForNames(CallsDirective) {
		r := &reader{schema: schema, report: report}
		if !r.checkArguments(d) {
			continue
		}
		keys, each := d.Arguments.ForName("keys"), d.Arguments.ForName("each")
		switch {
		case keys == nil || keys.Value.Kind == ast.NullValue:
		case each == nil || each.Value.Raw != "true":
			r.fail(keys.Position, "add each: true, or remove it", "keys is only for methods that make a call for each key")
		default:
			if n, err := strconv.Atoi(keys.Value.Raw); err != nil || n < 1 {
				r.fail(keys.Position, "", "keys must be at least 1")
			}
		}
	}
}

// readEnumSources checks @source of an enum's value, whose name may be any
// text.
func readEnumSources(schema *ast.Schema, directives ast.DirectiveList, report directive.Report) {
	for _, d := range directives.ForNames(SourceDirective) {
		r := &reader{schema: schema, report: report}
		if !r.checkArguments(d) {
			continue
		}
		for _, arg := range d.Arguments {
			if arg.Name != "name" && arg.Name != "service" {
				r.fail(arg.Position, "", "%s is not allowed for values of enums", arg.Name)
			}
			if arg.Name == "name" && len(directive.Items(arg.Value)) != 1 {
				r.fail(arg.Position, "", "a value of an enum must have exactly one name")
			}
		}
	}
}
