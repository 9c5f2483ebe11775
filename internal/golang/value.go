package golang

import (
	"fmt"
	"go/types"
	"slices"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/directive"
	"github.com/portico-gateway/portico/internal/plan"
)

// value is an operand with the Go expressions that read it.
type value struct {
	*plan.Operand
	expr   string // the value, if it is not absent
	there  string // the condition that it is not absent; empty if it never is
	item   string // an item of a list: "item", or "*item"
	isNull string // the condition that an item is null; empty if none can be

	// For a field of an input object: the field itself, which may be omittable,
	// and the condition that the input object is not null.
	whole, within string
}

// value returns the expressions of a variable of the call.
func (f *function) value(v *directive.Var) value {
	o := f.Operands[v]
	out := value{Operand: o, item: "item"}
	switch v.Root {
	case directive.This, directive.Batch:
		switch {
		case o.Repeated:
			out.expr = "key." + plan.KeyMember(v)
		case f.several():
			out.expr = f.columns[v.String()]
		case f.Key != nil:
			out.expr = "keys"
		case len(f.Keys()) > 1:
			out.expr = "key." + plan.KeyMember(v)
			out.there = out.expr + ` != ""`
		default:
			out.expr = "key"
		}
	case directive.Headers:
		out.expr = f.headers[v.Path[0]]
		out.there = out.expr + ` != ""`
	case directive.Config:
		out.expr = fmt.Sprintf("c.Value(%q)", v.Path[0])
	case directive.Paging:
		out.expr = f.paging(v)
	default:
		return pathValue(o, f.params[v.Path[0]])
	}
	return out
}

// pathValue returns the expressions of an argument: what its steps lead to from
// root.
func pathValue(o *plan.Operand, root string) value {
	out := value{Operand: o, item: "item"}
	var guards []string
	expr := root
	for _, step := range o.Steps {
		if step.Pointer {
			guards = append(guards, expr+" != nil")
		}
		expr += "." + step.Name
		out.whole = expr
		if step.Omittable {
			expr += ".Value()"
		}
	}
	out.within, out.expr = strings.Join(guards, " && "), expr
	if o.Nilable() {
		guards = append(guards, expr+" != nil")
	}
	if o.Pointer() {
		out.expr = "*" + expr
	}
	if o.ItemPointer {
		out.item = "*item"
	}
	if o.ItemNull {
		out.isNull = "item == nil"
	}
	out.there = strings.Join(guards, " && ")
	return out
}

// readHeaders declares variables for the headers that the call uses.
func (f *function) readHeaders() {
	f.headers = map[string]string{}
	for _, v := range f.Vars() {
		if name := v.Path[0]; v.Root == directive.Headers && f.headers[name] == "" {
			f.headers[name] = f.variable("header")
			f.line("%s := %s(ctx, %q)", f.headers[name], f.upstream("Header"), name)
		}
	}
}

func (f *function) paging(v *directive.Var) string {
	switch v.Path[0] {
	case "offset":
		return "page.Offset"
	case "number":
		return fmt.Sprintf("page.Number(%d)", f.PageStart())
	}
	if f.OneMore() {
		return "page.Limit + 1"
	}
	return "page.Limit"
}

// plain reports whether the items of a list are sent as they are.
func (v value) plain() bool {
	return v.item == "item" && v.Enum == nil && v.Form.As == "" && plan.IsString(v.Item) && plan.IsPlain(v.Item)
}

// itemType returns the Go type of a list's items.
func (f *function) itemType(v value) string {
	if v.ItemPointer {
		return "*" + f.typ(v.Item)
	}
	return f.typ(v.Item)
}

// text writes a value as text, with the service's names of enum values.
func (f *function) text(v value, expr string) string {
	if v.Enum != nil {
		return f.of(textOf{v.Enum}) + "(" + expr + ")"
	}
	if v.Form.As != "" {
		return f.formText(v.Item, expr, v.Form)
	}
	return f.textOf(v.Item, expr)
}

// keyText writes a Go value as a key. It uses the variable texts for a number, which
// it reports.
func (f *file) keyText(t types.Type, expr string) (text string, numeric bool) {
	kind, _ := plan.Basic(t)
	switch kind {
	case types.Int64:
		if plan.IsPlain(t) && plan.TypeName(t) == "int64" {
			return "texts.Int(" + expr + ")", true
		}
		fallthrough
	case types.Int, types.Int8, types.Int16, types.Int32:
		return "texts.Int(int64(" + expr + "))", true
	}
	return f.textOf(t, expr), false
}

// textOf writes a Go value as text.
func (f *file) textOf(t types.Type, expr string) string {
	if plan.TypeName(t) == "time.Time" {
		return strings.TrimPrefix(expr, "*") + ".Format(" + f.use("time") + ".RFC3339Nano)"
	}
	kind, _ := plan.Basic(t)
	convert := func(to string) string {
		if plan.IsPlain(t) && plan.TypeName(t) == to {
			return expr
		}
		return to + "(" + expr + ")"
	}
	switch kind {
	case types.Bool:
		return f.use("strconv") + ".FormatBool(" + convert("bool") + ")"
	case types.Int:
		return f.use("strconv") + ".Itoa(" + convert("int") + ")"
	case types.Int8, types.Int16, types.Int32, types.Int64:
		return f.use("strconv") + ".FormatInt(" + convert("int64") + ", 10)"
	case types.Uint, types.Uint8, types.Uint16, types.Uint32, types.Uint64, types.Uintptr:
		return f.use("strconv") + ".FormatUint(" + convert("uint64") + ", 10)"
	case types.Float32, types.Float64:
		return f.use("strconv") + ".FormatFloat(" + convert("float64") + ", 'f', -1, 64)"
	}
	return convert("string")
}

// joined writes the items of a list as one text.
func (f *function) joined(v value) string {
	if v.Root == directive.Batch {
		f.check(v.Var, fmt.Sprintf("%s(%q)", f.upstream("Joinable"), v.Separator))
	}
	if v.isNull != "" { // nulls are left out of a text
		v.expr, v.item, v.isNull, v.Operand = f.upstream("Present")+"("+v.expr+")", "item", "", withoutPointers(v.Operand)
	}
	list := v.expr
	if !v.plain() {
		list = fmt.Sprintf("%s(%s, func(item %s) string { return %s })", f.upstream("Map"), v.expr, f.itemType(v), f.text(v, v.item))
	}
	name := f.variable("joined")
	f.line("%s, err := %s(%s, %q)\nif err != nil {\nreturn %s, err\n}", name, f.upstream("Join"), list, v.Separator, f.zero)
	return name
}

func withoutPointers(o *plan.Operand) *plan.Operand {
	copied := *o
	copied.ItemPointer, copied.ItemNull = false, false
	return &copied
}

// there writes the condition that no variable of a text is absent; empty if
// none can be.
func (f *function) there(t directive.Text) string {
	var guards []string
	for _, v := range t.Vars() {
		if guard := f.value(v).there; guard != "" && !slices.Contains(guards, guard) {
			guards = append(guards, guard)
		}
	}
	return strings.Join(guards, " && ")
}

// concatenated writes a text none of whose variables is absent, or a list that
// is not joined.
func (f *function) concatenated(t directive.Text) string {
	var parts []string
	for _, part := range t {
		if part.Var == nil {
			parts = append(parts, strconv.Quote(part.Literal))
			continue
		}
		if v := f.value(part.Var); v.Joined && v.List {
			parts = append(parts, f.joined(v))
		} else {
			parts = append(parts, f.text(v, v.expr))
		}
	}
	if len(parts) == 0 {
		return `""`
	}
	return strings.Join(parts, " + ")
}

// literal writes a constant of the schema as a value of a Go type.
func (f *file) literal(v *ast.Value, t types.Type) string {
	text := v.Raw
	if v.Kind == ast.StringValue || v.Kind == ast.BlockValue || v.Kind == ast.EnumValue {
		text = strconv.Quote(v.Raw)
	}
	kind, _ := plan.Basic(t)
	if plan.IsPlain(t) && (kind == types.String || kind == types.Bool || kind == types.Int) {
		return text
	}
	return f.typ(t) + "(" + text + ")"
}

// zeroOf writes the zero value of a type.
func (f *file) zeroOf(t types.Type) string {
	if plan.Nilable(t) {
		return "nil"
	}
	switch kind, ok := plan.Basic(t); {
	case plan.IsString(t):
		return `""`
	case kind == types.Bool:
		return "false"
	case ok:
		return "0"
	}
	return "*new(" + f.typ(t) + ")"
}

// address writes a pointer to an expression.
func address(expr string) string {
	if pointer, ok := strings.CutPrefix(expr, "*"); ok {
		return pointer
	}
	return "&" + expr
}
