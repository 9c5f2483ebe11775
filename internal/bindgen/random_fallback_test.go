package bindgen_test

import (
	"slices"
	"strings"
)

// fallback makes an @fallback, sometimes.
func (b *randomBinding) fallback() string {
	if b.root == "Mutation" || b.root == "Subscription" || !b.chance(35) {
		return ""
	}
	value := "[]"
	if b.page == "" {
		value = b.constant(b.field.typ, 2)
	}
	if value == "" {
		return ""
	}
	return " @fallback(value: " + value + ")"
}

// constant makes a value of a type, with objects in each other up to a depth; empty if it
// finds none.
func (b *randomBinding) constant(typ string, depth int) string {
	inner, nonNull := strings.CutSuffix(typ, "!")
	if !nonNull && b.chance(25) {
		return "null"
	}
	if strings.HasPrefix(inner, "[") {
		var items []string
		for range b.r.IntN(3) {
			item := b.constant(inner[1:len(inner)-1], depth)
			if item == "" {
				break
			}
			items = append(items, item)
		}
		return "[" + strings.Join(items, ", ") + "]"
	}
	if t := b.typeNamed(inner); t != nil && t.kind == "enum" {
		v := pick(b.r, t.values)
		v.keep = true
		return v.name
	} else if t != nil {
		if value := b.object(t, depth); value != "" || nonNull {
			return value
		}
		return "null"
	}
	values := map[string][]string{
		"Int": {"-2147483648", "0", "7"}, "Float": {"1", "-1.5e10"}, "Boolean": {"true", "false"}, "String": {`"a \"b\""`, `""`}, "ID": {"7", `"x"`},
	}
	if list, ok := values[inner]; ok {
		return pick(b.r, list)
	}
	if nonNull {
		return ""
	}
	return "null"
}

// object makes a value of an object type; empty if it finds none.
func (b *randomBinding) object(t *randomType, depth int) string {
	if t.kind != "type" || depth == 0 || b.chance(60) {
		return ""
	}
	var members []string
	for _, f := range t.fields {
		if f.bound || len(f.args) > 0 {
			continue
		}
		if f.keep = true; !strings.HasSuffix(f.typ, "!") && b.chance(50) {
			continue
		}
		value := b.constant(f.typ, depth-1)
		if value == "" {
			return ""
		}
		members = append(members, f.name+": "+value)
	}
	b.r.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
	return "{ " + strings.Join(slices.Compact(members), ", ") + " }"
}
