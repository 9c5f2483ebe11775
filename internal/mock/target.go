package mock

import (
	"maps"
	"slices"
	"strings"

	"github.com/portico-gateway/portico/gateway/directive"
	"github.com/portico-gateway/portico/internal/binding"
	"github.com/portico-gateway/portico/internal/plan"
)

// isList reports whether a variable has several values.
func (c *boundCall) isList(v *directive.Var) bool {
	o := c.Operands[v]
	return o != nil && o.List
}

// target returns the field of a row that has the value of a variable; nil if none has. The id of a parent is no id of a row,
// unless both have one type, but it is its productId if the parent is a Product.
func (c *boundCall) target(v *directive.Var) *plan.Field {
	if c.row == nil {
		return nil
	}
	name := plain(v.Path[len(v.Path)-1])
	if v.Root != directive.Args && name == "id" && c.Parent != c.row.Def && c.Parent.Name != c.row.Def.Name {
		name = plain(c.Parent.Name) + "id"
	}
	names := []string{name, strings.TrimSuffix(name, "s")}
	if slices.Contains(names, plain(c.row.Def.Name)+"id") {
		names = append(names, "id")
	}
	for _, name := range names {
		for _, f := range c.row.Fields {
			if f.Read != nil && f.Read.Item == nil && !f.Read.IsObject() && f.Header == "" && plain(f.Name) == name {
				return f
			}
		}
	}
	return nil
}

// typed returns a text as a field has it; nil if it is no value of the field.
func (c *boundCall) typed(f *plan.Field, text string) any {
	if e := f.Read.Into.Enum; e != nil {
		for _, v := range e.Values {
			if slices.Contains(v.Texts, text) {
				return text
			}
		}
		return nil
	}
	schema := schemaOf(f.Read.Type.NamedType, f.Read.Scalar).Value
	value, ok := typed(text, schema)
	if !ok {
		return nil
	}
	return value
}

// fix sets a value at a path of what is fixed of a row. What is in lists is not.
func fix(fixed map[string]any, path directive.Path, value any) {
	names, ok := path.Names()
	if !ok || len(names) == 0 || value == nil {
		return
	}
	for _, name := range names[:len(names)-1] {
		inner, ok := fixed[name].(nested)
		if inner = maps.Clone(inner); !ok { // other rows may have it, too
			inner = nested{}
		}
		fixed[name] = inner
		fixed = inner
	}
	fixed[names[len(names)-1]] = value
}

// within returns a value that has another one at a path.
func within(path directive.Path, value any) any {
	for _, step := range slices.Backward(path) {
		if step.IsItem() {
			value = slices.Repeat([]any{value}, step.Item+1)
		} else {
			value = map[string]any{step.Name: value}
		}
	}
	return value
}

// find returns the value at a path.
func find(value any, path directive.Path) (any, bool) {
	for _, step := range path {
		switch of := value.(type) {
		case map[string]any:
			inner, ok := of[step.Name]
			if !ok || step.IsItem() {
				return nil, false
			}
			value = inner
		case []any:
			if !step.IsItem() || step.Item >= len(of) {
				return nil, false
			}
			value = of[step.Item]
		default:
			return nil, false
		}
	}
	return value, true
}

// put sets the value at a path, if what it is in is an object.
func put(to any, path directive.Path, value any) {
	if len(path) == 0 {
		return
	}
	for _, step := range path[:len(path)-1] {
		if of, ok := to.(map[string]any); ok && of[step.Name] == nil {
			of[step.Name] = map[string]any{}
		}
		to, _ = find(to, directive.Path{step})
	}
	if of, ok := to.(map[string]any); ok {
		of[path[len(path)-1].Name] = value
	}
}

// avoid changes what would be an error by the rules of a binding.
func avoid(rules []binding.ErrorRule, body any) {
	for _, rule := range rules {
		if !rule.OfSuccess() || len(rule.Value) == 0 {
			continue
		}
		have, _ := find(body, rule.Value)
		if rule.Is == nil {
			if have != nil {
				put(body, rule.Value, nil)
			}
			continue
		}
		for _, other := range []any{have, true, "ok", 1} {
			if !slices.Contains(rule.Is, jsonText(other)) {
				if other != have {
					put(body, rule.Value, other)
				}
				break
			}
		}
	}
}
