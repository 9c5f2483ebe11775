package binding

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/internal/nearest"
)

// readPolicy checks the directives of a type, its fields and their arguments
// that say who may have them and what they cost.
func readPolicy(schema *ast.Schema, def *ast.Definition, report Report) {
	p := policyCheck{schema: schema, report: report}
	p.common(def.Directives)
	for _, field := range def.Fields {
		p.common(field.Directives)
		for _, arg := range field.Arguments {
			p.common(arg.Directives)
		}
		if d := field.Directives.ForName(ListSizeDirective); d != nil && p.literals(d) {
			p.listSize(field, d)
		}
		if d := field.Directives.ForName("rateLimit"); d != nil && p.literals(d) {
			p.rateLimit(field, d)
		}
	}
}

type policyCheck struct {
	schema *ast.Schema
	report Report
}

// literals checks that arguments have the types that the directive defines.
func (p policyCheck) literals(d *ast.Directive) bool {
	r := &reader{schema: p.schema, report: p.report}
	return r.checkArguments(d)
}

// common checks the directives that stand at types, fields and arguments.
func (p policyCheck) common(directives ast.DirectiveList) {
	for _, d := range directives {
		switch d.Name {
		case CostDirective:
			p.cost(d)
		case "requiresScopes":
			p.lists(d, "scopes")
		case "policy":
			p.lists(d, "policies")
		}
	}
}

// cost wants a number. IBM's specification writes it as a text, Apollo as an
// Int: both are accepted.
func (p policyCheck) cost(d *ast.Directive) {
	weight := d.Arguments.ForName("weight")
	if weight == nil {
		return // the validator has said so
	}
	n, err := strconv.ParseFloat(weight.Value.Raw, 64)
	known := slices.Contains([]ast.ValueKind{ast.StringValue, ast.IntValue, ast.FloatValue}, weight.Value.Kind)
	if err != nil || !known || math.IsInf(n, 0) || math.IsNaN(n) {
		p.report(weight.Value.Position, `write a number, such as "2.5"`, "weight can't be %s", weight.Value)
	}
}

// lists wants lists of texts, none of them empty: nobody could be meant by
// these.
func (p policyCheck) lists(d *ast.Directive, name string) {
	if !p.literals(d) {
		return
	}
	arg := d.Arguments.ForName(name)
	if arg == nil {
		return
	}
	if len(Items(arg.Value)) == 0 {
		p.report(arg.Value.Position, `write lists, of which one must be fulfilled: [["a", "b"], ["c"]]`, "%s is empty: nobody could have this", name)
	}
	for _, all := range Items(arg.Value) {
		if len(Items(all)) == 0 {
			p.report(all.Position, "leave it out, or use @authenticated", "a list of %s is empty: everybody could have this", name)
		}
		for _, text := range Items(all) {
			if strings.TrimSpace(text.Raw) == "" {
				p.report(text.Position, "", "one of the %s is empty", name)
			}
		}
	}
}

// listSize checks what @listSize names.
func (p policyCheck) listSize(field *ast.FieldDefinition, d *ast.Directive) {
	if size := d.Arguments.ForName("assumedSize"); size != nil && strings.HasPrefix(size.Value.Raw, "-") {
		p.report(size.Value.Position, "", "a list has no negative size")
	}
	if slicing := d.Arguments.ForName("slicingArguments"); slicing != nil {
		for _, path := range Items(slicing.Value) {
			p.slicing(field, path)
		}
	}
	sized := d.Arguments.ForName("sizedFields")
	if sized == nil {
		if field.Type.Elem == nil {
			p.report(d.Position, "name the lists of the object that it returns: sizedFields", "%s is not a list", field.Name)
		}
		return
	}
	def := p.schema.Types[field.Type.Name()]
	for _, name := range Items(sized.Value) {
		var have []string
		for _, f := range def.Fields {
			if f.Type.Elem != nil && !strings.HasPrefix(f.Name, "__") {
				have = append(have, f.Name)
			}
		}
		if !slices.Contains(have, name.Raw) {
			p.report(name.Position, hint(name.Raw, have), "%s has no list %s", def.Name, name.Raw)
		}
	}
}

// hint is nearest.Hint, if there is anything to choose.
func hint(name string, names []string) string {
	if len(names) == 0 {
		return ""
	}
	return nearest.Hint(name, names)
}

// slicing checks that a slicing argument is a number of the field, or of an
// input object that an argument is.
func (p policyCheck) slicing(field *ast.FieldDefinition, path *ast.Value) {
	typ, what := p.argument(field, path)
	if typ != nil && typ.NamedType != "Int" {
		p.report(path.Position, "", "%s has the type %s, but says how long a list is: it must be an Int", what, typ)
	}
}

// argument finds the type of an argument, or of what a path leads to in it. It
// reports a name that is not there, and returns nil.
func (p policyCheck) argument(field *ast.FieldDefinition, path *ast.Value) (*ast.Type, string) {
	names := strings.Split(path.Raw, ".")
	var have []string
	for _, arg := range field.Arguments {
		have = append(have, arg.Name)
	}
	arg := field.Arguments.ForName(names[0])
	if arg == nil {
		p.report(path.Position, hint(names[0], have), "%s has no argument %s", field.Name, names[0])
		return nil, ""
	}
	typ := arg.Type
	for i, name := range names[1:] {
		def := p.schema.Types[typ.Name()]
		if typ.Elem != nil || def.Kind != ast.InputObject {
			p.report(path.Position, "", "%s is not an input object, so there is no %s in it", strings.Join(names[:i+1], "."), name)
			return nil, ""
		}
		member := def.Fields.ForName(name)
		if member == nil {
			have = nil
			for _, f := range def.Fields {
				have = append(have, f.Name)
			}
			p.report(path.Position, hint(name, have), "%s has no field %s", def.Name, name)
			return nil, ""
		}
		typ = member.Type
	}
	return typ, path.Raw
}

// rateLimit checks @rateLimit.
func (p policyCheck) rateLimit(field *ast.FieldDefinition, d *ast.Directive) {
	if most := d.Arguments.ForName("max"); most != nil {
		if n, err := strconv.Atoi(most.Value.Raw); err != nil || n < 1 {
			p.report(most.Value.Position, "", "max must be at least 1")
		}
	}
	if window := d.Arguments.ForName("window"); window != nil {
		if lasts, err := time.ParseDuration(window.Value.Raw); err != nil || lasts < time.Second || lasts > 24*time.Hour {
			p.report(window.Value.Position, `write a time such as "10s", "1m" or "24h"`, "the window can't be %s", window.Value)
		}
	}
	by := d.Arguments.ForName("by")
	if by == nil {
		return
	}
	if len(Items(by.Value)) == 0 {
		p.report(by.Value.Position, `write "principal", "address" or "args.<name>"`, "by is empty")
	}
	for _, item := range Items(by.Value) {
		path, ofArguments := strings.CutPrefix(item.Raw, "args.")
		switch {
		case item.Raw == "principal" || item.Raw == "address":
		case !ofArguments:
			p.report(item.Position, nearest.Hint(item.Raw, []string{"principal", "address", "args.<name>"}), "callers can't be told apart by %s", item)
		default:
			at := *item
			at.Raw = path
			if typ, what := p.argument(field, &at); typ != nil && (typ.Elem != nil || !p.schema.Types[typ.Name()].IsLeafType()) {
				p.report(item.Position, "", "%s has the type %s: callers are told apart by scalars and enums", what, typ)
			}
		}
	}
}
