package directive

import (
	"slices"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// RightKind is the kind of a [Right].
type RightKind int

// The kinds of rights.
const (
	Authenticated RightKind = iota // @authenticated: an authenticated caller
	Scopes                         // @requiresScopes: scopes of the caller
	Policies                       // @policy: policies that allow the caller
)

// Right is what one directive requires of a caller.
type Right struct {
	Kind RightKind
	// AnyOf has lists of scopes or of policies. All items of at least one list
	// are required. If there is no list, no caller has the right. It is nil for
	// Authenticated.
	AnyOf [][]string
	// Directive is the directive that requires the right.
	Directive *ast.Directive
}

// String returns the directive as the schema language has it.
func (r Right) String() string {
	if r.Kind == Authenticated {
		return "@authenticated"
	}
	name, argument := NameRequiresScopes, "scopes"
	if r.Kind == Policies {
		name, argument = NamePolicy, "policies"
	}
	lists := make([]string, len(r.AnyOf))
	for i, list := range r.AnyOf {
		quoted := make([]string, len(list))
		for j, item := range list {
			quoted[j] = strconv.Quote(item)
		}
		lists[i] = "[" + strings.Join(quoted, ", ") + "]"
	}
	return "@" + name + "(" + argument + ": [" + strings.Join(lists, ", ") + "])"
}

// Rights are all required, and are checked in their order.
type Rights []Right

// RightsOf returns the rights that a field of a type requires: those at the
// field itself, at the type that it belongs to and at the type of its value,
// and, for each interface of the type, those at the interface, at its field of
// that name and at the type of that field's value. A field of an interface also
// requires what the same field of each possible type requires.
//
// Each directive is returned once, and so is @authenticated. The result is nil
// if the field requires no rights.
func RightsOf(schema *ast.Schema, def *ast.Definition, field *ast.FieldDefinition) Rights {
	rights := declaredRights(schema, def, field)
	if !def.IsAbstractType() {
		return rights
	}
	for _, possible := range schema.PossibleTypes[def.Name] {
		if same := possible.Fields.ForName(field.Name); same != nil {
			rights = rights.and(declaredRights(schema, possible, same))
		}
	}
	return rights
}

// declaredRights returns the rights of a field, without those of possible types.
func declaredRights(schema *ast.Schema, def *ast.Definition, field *ast.FieldDefinition) Rights {
	at := func(name string) Rights {
		if of := schema.Types[name]; of != nil {
			return rightsAt(of.Directives)
		}
		return nil
	}
	rights := rightsAt(field.Directives).and(rightsAt(def.Directives)).and(at(field.Type.Name()))
	for _, name := range def.Interfaces {
		parent := schema.Types[name]
		if parent == nil {
			continue
		}
		rights = rights.and(rightsAt(parent.Directives))
		if same := parent.Fields.ForName(field.Name); same != nil {
			rights = rights.and(rightsAt(same.Directives)).and(at(same.Type.Name()))
		}
	}
	return rights
}

// rightsAt returns the rights in one place.
func rightsAt(directives ast.DirectiveList) Rights {
	var rights Rights
	for _, d := range directives {
		switch d.Name {
		case NameAuthenticated:
			rights = append(rights, Right{Kind: Authenticated, Directive: d})
		case NameRequiresScopes:
			rights = append(rights, Right{Kind: Scopes, AnyOf: textLists(d, "scopes"), Directive: d})
		case NamePolicy:
			rights = append(rights, Right{Kind: Policies, AnyOf: textLists(d, "policies"), Directive: d})
		}
	}
	return rights
}

// and returns the rights of both, each once.
func (r Rights) and(other Rights) Rights {
	out := slices.Clip(r)
	for _, right := range other {
		if !out.has(right) {
			out = append(out, right)
		}
	}
	return out
}

func (r Rights) has(right Right) bool {
	return slices.ContainsFunc(r, func(have Right) bool {
		return have.Directive == right.Directive || have.Kind == Authenticated && right.Kind == Authenticated
	})
}

// textLists reads [["a", "b"], ["c"]]. An empty list is left out, since every
// caller would have all of its items.
func textLists(d *ast.Directive, name string) [][]string {
	var out [][]string
	for _, list := range items(d, name) {
		if all := texts(Items(list)); len(all) > 0 {
			out = append(out, all)
		}
	}
	return out
}

// texts returns the texts of values.
func texts(values []*ast.Value) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = v.Raw
	}
	return out
}

// rights checks the directives in one place that require rights.
func (c checker) rights(directives ast.DirectiveList) {
	for _, d := range directives {
		switch d.Name {
		case NameRequiresScopes:
			c.lists(d, "scopes")
		case NamePolicy:
			c.lists(d, "policies")
		}
	}
}

// lists reports empty lists and empty texts, which no caller or every caller
// would have.
func (c checker) lists(d *ast.Directive, name string) {
	if !c.literals(d) {
		return
	}
	value := d.Arguments.ForName(name).Value
	if len(Items(value)) == 0 {
		c.report(value.Position, `write lists, of which one must be fulfilled: [["a", "b"], ["c"]]`, "%s is empty: no caller would be allowed", name)
	}
	for _, all := range Items(value) {
		if all.Kind != ast.ListValue && len(Items(value)) > 1 {
			c.report(value.Position, `write [["a", "b"]] for all of them, or [["a"], ["b"]] for one of them`,
				"it is unclear whether all %s are required or one of them", name)
			return
		}
		if len(Items(all)) == 0 {
			c.report(all.Position, "remove it, or use @authenticated", "a list in %s is empty: every caller would be allowed", name)
		}
		for _, text := range Items(all) {
			if strings.TrimSpace(text.Raw) == "" {
				c.report(text.Position, "", "one of the %s is empty", name)
			}
		}
	}
}
