package directive

import "github.com/vektah/gqlparser/v2/ast"

// GlobalID is @globalID of an argument or an input field.
type GlobalID struct {
	// Type is the type of the objects. It is empty if they may be of any type
	// with global ids; the value then stays a global id.
	Type string
}

// GlobalIDOf returns @globalID; nil if there is none.
func GlobalIDOf(directives ast.DirectiveList) *GlobalID {
	d := directives.ForName(NameGlobalID)
	if d == nil {
		return nil
	}
	out := &GlobalID{}
	if typ := argument(d, "type"); typ != nil {
		out.Type = typ.Raw
	}
	return out
}

// globalID checks @globalID of an argument or a field of this type.
func (c checker) globalID(directives ast.DirectiveList, t *ast.Type, fallback *ast.Value) {
	for _, d := range directives.ForNames(NameGlobalID) {
		if !c.literals(d) {
			continue
		}
		if t.Name() != "ID" {
			c.report(d.Position, "", "@globalID is for ID and lists of ID, but this is %s", t)
		}
		if fallback != nil {
			c.report(fallback.Position, "remove it", "an id can't have a default")
		}
	}
}
