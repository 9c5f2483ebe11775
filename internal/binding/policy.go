package binding

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/internal/nearest"
)

// readPolicy checks the directives of a type, its fields and their arguments
// that say who may have them and what they cost.
func readPolicy(in Checked, def *ast.Definition, report Report) {
	p := policyCheck{Checked: in, report: report}
	p.common(def.Directives)
	p.oneWeight(def)
	for _, field := range def.Fields {
		p.common(field.Directives)
		for _, arg := range field.Arguments {
			p.common(arg.Directives)
		}
		if d := field.Directives.ForName(CostDirective); d != nil && def.Kind == ast.Interface {
			report(d.Position, "write it at the fields of the types that implement "+def.Name,
				"%s.%s is a field of an interface: it costs what it costs of these types", def.Name, field.Name)
		}
		if d := field.Directives.ForName(ListSizeDirective); d != nil && p.literals(d) {
			p.listSize(field, d)
		}
		if d := field.Directives.ForName(RateLimitDirective); d != nil && p.literals(d) {
			p.rateLimit(field, d)
		}
	}
}

type policyCheck struct {
	Checked
	report Report
}

// literals checks that arguments have the types that the directive defines.
// Those that can be left out can't be null: that says the same.
func (p policyCheck) literals(d *ast.Directive) bool {
	r := &reader{schema: p.Schema, report: p.report}
	for _, arg := range d.Arguments {
		if arg.Value.Kind == ast.NullValue {
			r.fail(arg.Value.Position, "leave it out", "%s must not be null", arg.Name)
		}
	}
	return !r.failed && r.checkArguments(d)
}

// common checks the directives that stand at types, fields and arguments.
func (p policyCheck) common(directives ast.DirectiveList) {
	for _, d := range directives {
		switch d.Name {
		case CostDirective:
			p.cost(d)
		case RequiresScopesDirective:
			p.lists(d, "scopes")
		case PolicyDirective:
			p.lists(d, "policies")
		}
	}
}

// weight is a decimal number. strconv has others: hexadecimal ones, infinity.
var weight = regexp.MustCompile(`^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$`)

// cost wants a number. IBM's specification writes it as a text, Apollo as an
// Int: both are accepted.
func (p policyCheck) cost(d *ast.Directive) {
	value := d.Arguments.ForName("weight").Value // the validator leaves out a directive without
	number := slices.Contains([]ast.ValueKind{ast.StringValue, ast.BlockValue, ast.IntValue, ast.FloatValue}, value.Kind)
	n, err := strconv.ParseFloat(value.Raw, 64)
	if !number || !weight.MatchString(value.Raw) || err != nil || math.IsInf(n, 0) {
		p.report(value.Position, `write a number, such as "2.5"`, "weight can't be %s", value)
	}
}

// oneWeight wants that a type and its extensions agree about its weight. The
// validator takes them for several places.
func (p policyCheck) oneWeight(def *ast.Definition) {
	all := def.Directives.ForNames(CostDirective)
	for i := 1; i < len(all); i++ {
		first, other := all[0].Arguments.ForName("weight").Value, all[i].Arguments.ForName("weight").Value
		a, errA := strconv.ParseFloat(first.Raw, 64)
		b, errB := strconv.ParseFloat(other.Raw, 64)
		if errA == nil && errB == nil && a != b { // else it has been said what is wrong
			p.report(other.Position, "keep one of them", "%s has the weight %s here, but %s elsewhere", def.Name, other, first)
		}
	}
}

// lists wants lists of texts, none of them empty: nobody could be meant by
// these, or everybody.
func (p policyCheck) lists(d *ast.Directive, name string) {
	if !p.literals(d) {
		return
	}
	value := d.Arguments.ForName(name).Value
	if len(Items(value)) == 0 {
		p.report(value.Position, `write lists, of which one must be fulfilled: [["a", "b"], ["c"]]`, "%s is empty: nobody could have this", name)
	}
	for _, all := range Items(value) {
		if all.Kind != ast.ListValue && len(Items(value)) > 1 {
			p.report(value.Position, `write [["a", "b"]] for all of them, or [["a"], ["b"]] for one of them`, "%s does not tell whether all of them are needed", name)
			return
		}
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

// listSize checks @listSize (IBM's cost specification, section 9.2). It differs
// from section 9.2.4 in one thing: assumedSize may stand beside an argument
// with a default, since an operation can give null for that.
func (p policyCheck) listSize(field *ast.FieldDefinition, d *ast.Directive) {
	assumed, slicing := d.Arguments.ForName("assumedSize"), itemsOf(d, "slicingArguments")
	if assumed == nil && len(slicing) == 0 {
		p.report(d.Position, "add assumedSize or slicingArguments", "@listSize says nothing of a length")
	}
	if assumed != nil && strings.HasPrefix(assumed.Value.Raw, "-") {
		p.report(assumed.Value.Position, "", "a list has no negative size")
	}
	if one := d.Arguments.ForName("requireOneSlicingArgument"); assumed != nil && len(slicing) > 0 && (one == nil || one.Value.Raw == "true") {
		p.report(assumed.Position, "add requireOneSlicingArgument: false, or leave assumedSize out",
			"assumedSize is for operations without a slicing argument, but requireOneSlicingArgument wants one")
	}
	for i, path := range slicing {
		if p.again(slicing[:i], path) {
			continue
		}
		typ, what := p.argument(field, path)
		if typ != nil && typ.NamedType != "Int" {
			p.report(path.Position, "", "%s has the type %s, but says how long a list is: it must be an Int", what, typ)
		}
	}
	p.sized(field, d)
}

// sized checks what has the length: the field itself, or fields of the object
// that it returns.
func (p policyCheck) sized(field *ast.FieldDefinition, d *ast.Directive) {
	if p.standsIn(field.Type) {
		return
	}
	names, def := itemsOf(d, "sizedFields"), p.Schema.Types[field.Type.Name()]
	var have []string
	for _, f := range def.Fields {
		if f.Type.Elem != nil && !strings.HasPrefix(f.Name, "__") && !Inaccessible(f) {
			have = append(have, f.Name)
		}
	}
	if len(names) == 0 && field.Type.Elem == nil {
		fix := ""
		if len(have) > 0 {
			fix = `add sizedFields: ["` + strings.Join(have, `", "`) + `"], or those of them that have this length`
		}
		p.report(d.Position, fix, "%s is not a list", field.Name)
	}
	for i, name := range names {
		switch f := def.Fields.ForName(name.Raw); {
		case p.again(names[:i], name):
		case f != nil && p.standsIn(f.Type):
		case f != nil && Inaccessible(f):
			p.report(name.Position, hint(name.Raw, have), "%s.%s is @inaccessible, and frontends would read of it here", def.Name, f.Name)
		case !slices.Contains(have, name.Raw):
			p.report(name.Position, hint(name.Raw, have), "%s has no list %s", def.Name, name.Raw)
		}
	}
}

// again reports an item that is among those before it.
func (p policyCheck) again(before []*ast.Value, item *ast.Value) bool {
	twice := slices.ContainsFunc(before, func(b *ast.Value) bool { return b.Raw == item.Raw })
	if twice {
		p.report(item.Position, "keep one", "%s is there twice", item)
	}
	return twice
}

// itemsOf are the items of an argument; none when it is absent.
func itemsOf(d *ast.Directive, name string) []*ast.Value {
	if arg := d.Arguments.ForName(name); arg != nil {
		return Items(arg.Value)
	}
	return nil
}

// hint is nearest.Hint, if there is anything to choose.
func hint(name string, names []string) string {
	if len(names) == 0 {
		return ""
	}
	return nearest.Hint(name, names)
}

// argumentPath is the name of an argument, or a path into an input object.
var argumentPath = regexp.MustCompile(`^[_A-Za-z]\w*(\.[_A-Za-z]\w*)*$`)

// ArgumentPath reads "first" or "input.first": the names on the way from a
// field's arguments to a value in one. False when text is neither.
func ArgumentPath(text string) ([]string, bool) {
	if !argumentPath.MatchString(text) {
		return nil, false
	}
	return strings.Split(text, "."), true
}

// argument finds the type of an argument, or of what a path leads to in it. It
// is nil, and reported, where that leads nowhere.
func (p policyCheck) argument(field *ast.FieldDefinition, path *ast.Value) (*ast.Type, string) {
	names, ok := ArgumentPath(path.Raw)
	if !ok {
		p.report(path.Position, "write the name of an argument, or a path into an input object: input.first", "%s is no argument", path)
		return nil, ""
	}
	arg := field.Arguments.ForName(names[0])
	if arg == nil {
		var have []string
		for _, a := range field.Arguments {
			have = append(have, a.Name)
		}
		p.report(path.Position, hint(names[0], have), "%s has no argument %s", field.Name, names[0])
		return nil, ""
	}
	typ := arg.Type
	for i, name := range names[1:] {
		if p.standsIn(typ) {
			return nil, ""
		}
		def := p.Schema.Types[typ.Name()]
		if typ.Elem != nil || def.Kind != ast.InputObject {
			p.report(path.Position, "", "%s is not an input object, so there is no %s in it", strings.Join(names[:i+1], "."), name)
			return nil, ""
		}
		member := def.Fields.ForName(name)
		if member == nil {
			p.report(path.Position, hint(name, fieldNames(def)), "%s has no field %s", def.Name, name)
			return nil, ""
		}
		typ = member.Type
	}
	if p.standsIn(typ) {
		return nil, ""
	}
	return typ, path.Raw
}

// rateLimit checks @rateLimit.
func (p policyCheck) rateLimit(field *ast.FieldDefinition, d *ast.Directive) {
	most, window := d.Arguments.ForName("max").Value, d.Arguments.ForName("window").Value
	if n, err := strconv.Atoi(most.Raw); err != nil || n < 1 {
		p.report(most.Position, "", "max must be at least 1")
	}
	if lasts, err := time.ParseDuration(window.Raw); err != nil || lasts < time.Second || lasts > 24*time.Hour {
		p.report(window.Position, `write a time such as "10s", "1m" or "24h", from a second to a day`, "the window can't be %s", window)
	}
	by := itemsOf(d, "by")
	if len(by) == 0 && d.Arguments.ForName("by") != nil {
		p.report(d.Arguments.ForName("by").Value.Position, `write "principal", "address" or "args.<name>"`, "by is empty")
	}
	for i, item := range by {
		if !p.again(by[:i], item) {
			p.by(field, item)
		}
	}
}

// by checks what callers are told apart by.
func (p policyCheck) by(field *ast.FieldDefinition, item *ast.Value) {
	path, ofArguments := strings.CutPrefix(item.Raw, "args.")
	switch {
	case item.Raw == "principal" || item.Raw == "address":
	case !ofArguments:
		have := []string{"principal", "address"}
		for _, arg := range field.Arguments {
			have = append(have, "args."+arg.Name)
		}
		p.report(item.Position, nearest.Hint(item.Raw, have), "callers can't be told apart by %s", item)
	default:
		at := *item
		at.Raw = path
		if typ, what := p.argument(field, &at); typ != nil && (typ.Elem != nil || !p.Schema.Types[typ.Name()].IsLeafType()) {
			p.report(item.Position, "", "%s has the type %s: callers are told apart by scalars and enums", what, typ)
		}
	}
}
