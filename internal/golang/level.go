package golang

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/portico-gateway/portico/internal/plan"
)

// value writes a value of obj: the conditions under which it is absent, and the
// value itself.
func (a *adapters) value(v plan.Value) (guards []string, expr string) {
	expr = "obj"
	for i, step := range v.Steps {
		if slices.Contains(v.Pointers, i) {
			guards = append(guards, expr+" == nil")
		}
		if fault, ok := v.Faults[i]; ok {
			guards = append(guards, fmt.Sprintf("%s.%s.Cause(%q) != nil", expr, fault.GoName, fault.Field))
		}
		expr += "." + step
	}
	if v.Pointer {
		guards = append(guards, expr+" == nil")
		expr = "*" + expr
	}
	return guards, expr
}

// keyOf writes the function that returns a parent's key, or its keys.
func (a *adapters) keyOf(f *plan.Adapter) {
	if f.KeyLists() {
		a.keysOf(f)
		return
	}
	typ, none := a.keyType(f)
	var guards, texts, empty []string
	parameter := "_"
	for _, k := range f.Keys {
		without, expr := a.value(k.Value)
		text, numeric := a.keyText(k.Value.Type, expr)
		guards, texts = append(guards, without...), append(texts, text)
		if numeric {
			parameter = "texts"
		}
		if plan.IsString(k.Value.Type) { // an empty text is none, as it is with one key
			empty = append(empty, "key."+k.Member+` == ""`)
		}
	}
	a.line("// %s returns the key that %s.%s is loaded by.\nfunc %s(obj %s, %s *%s) %s {", keyName(f), f.Object.Name, f.Name, keyName(f), a.typ(f.Object.Type),
		parameter, a.loader("Texts"), typ)
	if len(guards) > 0 {
		a.line("if %s {\nreturn %s\n}", strings.Join(guards, " || "), none)
	}
	switch len(f.Keys) {
	case 0: // all parents have the same, and an empty key is none
		a.line("return \"*\"\n}\n")
		return
	case 1:
		a.line("return %s\n}\n", texts[0])
		return
	}
	var members []string
	for i, k := range f.Keys {
		members = append(members, k.Member+": "+texts[i])
	}
	a.line("key := %s{%s}", typ, strings.Join(members, ", "))
	if len(empty) > 0 {
		a.line("if %s {\nreturn %s\n}", strings.Join(empty, " || "), none)
	}
	a.line("return key\n}\n")
}

// keyType returns the Go type of the key, and the key of parents without one.
func (a *adapters) keyType(f *plan.Adapter) (typ, none string) {
	if len(f.Keys) <= 1 {
		return "string", `""`
	}
	typ = a.use(path.Join(a.plan.Module, "clients", f.Call.Service)) + "." + f.Call.Name + "Key"
	return typ, typ + "{}"
}

// keysOf writes the function that returns a parent's keys: nil for null, if the field
// may be null too.
func (a *adapters) keysOf(f *plan.Adapter) {
	key, none, parameter := f.Keys[0], "nil", "_"
	guards, expr := a.value(key.Value)
	if f.NonNull() {
		none, guards = "[]string{}", append(guards, expr+" == nil")
	}
	keys := expr
	if key.Pointer || !plan.IsPlain(key.Item) || !plan.IsString(key.Item) {
		typ, item, check := a.typ(key.Item), "item", ""
		if key.Pointer {
			typ, item, check = "*"+typ, "*item", "if item == nil {\nreturn \"\"\n}\n"
		}
		text, numeric := a.keyText(key.Item, item)
		if numeric {
			parameter = "texts"
		}
		keys = fmt.Sprintf("%s(%s, func(item %s) string {\n%sreturn %s\n})", a.loader("KeysOf"), expr, typ, check, text)
	}
	a.line("// %s returns the keys that %s.%s is loaded by.\nfunc %s(obj %s, %s *%s) []string {", keyName(f), f.Object.Name, f.Name, keyName(f),
		a.typ(f.Object.Type), parameter, a.loader("Texts"))
	if len(guards) > 0 {
		a.line("if %s {\nreturn %s\n}", strings.Join(guards, " || "), none)
	}
	a.line("return %s\n}\n", keys)
}

// canFault reports whether a value that the field is loaded by can have a fault.
func canFault(f *plan.Adapter) bool {
	return slices.ContainsFunc(f.Keys, func(k plan.Key) bool { return len(k.Value.Faults) > 0 })
}

// faultName returns the name of the function that returns the fault of a
// parent's key.
func faultName(f *plan.Adapter) string { return "faultOf" + upperFirst(levelName(f)) }

// canLackKey reports whether a parent may have nothing to load the field by: the key is null or an empty text.
func (a *adapters) canLackKey(f *plan.Adapter) bool {
	return f.Call != nil && !f.KeyLists() && slices.ContainsFunc(f.Keys, func(k plan.Key) bool {
		guards, _ := a.value(k.Value)
		return len(guards) > 0 || plan.IsString(k.Value.Type)
	})
}

// lacksKey writes the condition that obj has no key.
func (a *adapters) lacksKey(f *plan.Adapter) string {
	_, none := a.keyType(f)
	if len(f.Keys) > 1 {
		none = "(" + none + ")"
	}
	return fmt.Sprintf("%s(obj, nil) == %s", keyName(f), none)
}

// failsWithoutKey reports whether the field of a parent without a key is an error: it is not null, and not a list, which
// would be empty. Where the call has nullable fields as well, the conversion of null finds that.
func (a *adapters) failsWithoutKey(f *plan.Adapter) bool {
	return f.NonNull() && !f.List() && f.Result != plan.Present && f.Result != plan.Dereference && a.canLackKey(f)
}

// faultOf writes the function that returns the fault of a parent's key.
func (a *adapters) faultOf(f *plan.Adapter) {
	a.line("// %s returns the fault of the key of %s.%s; nil if it has none.\nfunc %s(obj %s) error {", faultName(f), f.Object.Name, f.Name, faultName(f),
		a.typ(f.Object.Type))
	var checks []string
	last, none := "", "nil"
	if a.failsWithoutKey(f) {
		none = fmt.Sprintf("%s(%q)", a.execute("Null"), f.Call.Service)
	}
	for _, k := range f.Keys {
		expr, method := "obj", "Of"
		if k.Item != nil {
			method = "First"
		}
		for i, step := range k.Value.Steps {
			if slices.Contains(k.Value.Pointers, i) {
				checks = append(checks, fmt.Sprintf("if %s == nil {\nreturn %s\n}", expr, none))
			}
			if fault, ok := k.Value.Faults[i]; ok {
				last = fmt.Sprintf("%s.%s.%s(%q)", expr, fault.GoName, method, fault.Field)
				checks = append(checks, fmt.Sprintf("if err := %s; err != nil {\nreturn err\n}", last))
			}
			expr += "." + step
		}
	}
	if none != "nil" {
		checks = append(checks, fmt.Sprintf("if %s {\nreturn %s\n}\nreturn nil", a.lacksKey(f), none))
	} else {
		checks[len(checks)-1] = "return " + last // a nil object has no fields that are read
	}
	a.line("%s\n}\n", strings.Join(checks, "\n"))
}

// tag writes the call that tags the objects of a level.
func (a *adapters) tag(o *plan.Adapters, t plan.Tag) {
	var guards, parts []string
	for _, part := range t {
		if part.Value == nil {
			parts = append(parts, strconv.Quote(part.Literal))
			continue
		}
		without, expr := a.value(*part.Value)
		guards = append(guards, without...)
		parts = append(parts, a.gateway("provenance", "Escape")+"("+a.textOf(part.Value.Type, expr)+")")
	}
	a.line("%s(x, objs, func(obj %s) string {", a.execute("Noted"), a.typ(o.Type))
	if len(guards) > 0 {
		a.line("if %s {\nreturn \"\"\n}", strings.Join(guards, " || "))
	}
	a.line("return %s\n})", strings.Join(parts, " + "))
}

// knows writes the function that reports whether the frontend has a value.
func (a *adapters) knows(f *plan.Fit) {
	more := "types"
	if f.Enum {
		more = "values of the enum"
	}
	a.line("// knows%s reports whether this frontend has the value: other frontends have more %s.\nfunc knows%s(value %s) bool {", upperFirst(f.Name), more,
		upperFirst(f.Name), a.typ(f.Type))
	switch {
	case f.Enum:
		a.line("switch value {\ncase %s:\nreturn true\n}", quoted(f.Known))
	case len(f.Types) > 0:
		var names []string
		for _, t := range f.Types {
			names = append(names, a.typ(t))
			if byValue(f.Type, t) {
				names = append(names, a.typ(plan.Element(t)))
			}
		}
		a.line("switch value.(type) {\ncase %s:\nreturn true\n}", strings.Join(names, ", "))
	}
	a.line("return false\n}\n")
}
