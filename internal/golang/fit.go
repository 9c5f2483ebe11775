package golang

import (
	"fmt"
	"go/types"

	"github.com/portico-gateway/portico/internal/plan"
)

// fitBody writes how a raw value becomes the field's value.
func (a *adapters) fitBody(f *plan.Adapter) string {
	if f.GlobalID {
		return a.globalID(f)
	}
	if f.Method == nil && (f.Result == plan.Present || f.Result == plan.Dereference) {
		return a.required(f)
	}
	switch {
	case f.Result == plan.Same:
		return "return " + a.known(f, "value")
	case f.Result == plan.AddressOf && f.Fit == nil:
		return "return &value, nil"
	case f.Result == plan.AddressOf:
		return "return " + a.known(f, "&value")
	case f.Fit == nil:
		return "return " + a.execute("NonNull") + "(value)"
	}
	return "out, err := " + a.execute("NonNull") + "(value)\nif err != nil {\nreturn out, err\n}\nreturn " + a.known(f, "out")
}

// required writes the check that a service returned a value. It is needed where
// the call also serves nullable fields.
func (a *adapters) required(f *plan.Adapter) string {
	value, service := "value", ""
	if f.Call != nil {
		service = f.Call.Service
	}
	if f.Result == plan.Dereference {
		value = "*value"
	}
	out := "return " + value + ", nil"
	if f.Fit != nil {
		out = "return " + a.known(f, value)
	}
	return fmt.Sprintf("if value == nil {\nreturn %s, %s(%q)\n}\n%s", a.zeroOf(f.Type), a.execute("Null"), service, out)
}

// known writes the check that the frontend has a value.
func (a *adapters) known(f *plan.Adapter, value string) string {
	name := map[bool]string{true: "Enum", false: "Member"}[f.Fit.Enum]
	item := f.Type // in another frontend the items may be null, and pointers for that
	if list, ok := item.(*types.Slice); ok {
		item = list.Elem()
	}
	switch {
	case f.Fit.List && f.Fit.Enum && plan.IsPointer(item):
		name = "EnumPointers"
	case f.Fit.List && f.Fit.Enum:
		name = "Enums"
	case f.Fit.List && f.Fit.NonNullItem:
		name = "Members"
	case f.Fit.List:
		name = "MembersOrNull"
	case f.Fit.Enum && plan.IsPointer(item):
		name = "EnumPointer"
	case !f.Fit.Enum && !f.Fit.NonNull:
		name = "MemberOrNull"
	}
	return a.execute(name) + "(" + value + ", knows" + upperFirst(f.Fit.Type) + ")"
}
