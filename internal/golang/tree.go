package golang

import (
	"fmt"
	"slices"
	"strings"

	"github.com/portico-gateway/portico/gateway/directive"
)

// node is a value of an answer in JSON or XML: a tree of what is read.
type node struct {
	step    directive.Step
	leaves  []leaf
	members []*node // of an object
	items   []*node // of a list
}

// leaf is the reading of a value.
type leaf struct {
	code string // statements that read it
	// fault is the variable for the error of the value; empty if it has none.
	// Required reports whether null is an error.
	fault    string
	required bool
}

// add adds a value at a path.
func (n *node) add(path directive.Path, l leaf) {
	if len(path) == 0 {
		n.leaves = append(n.leaves, l)
		return
	}
	parts := &n.members
	if path[0].IsItem() {
		parts = &n.items
	}
	i := slices.IndexFunc(*parts, func(m *node) bool { return m.step == path[0] })
	if i < 0 {
		i = len(*parts)
		*parts = append(*parts, &node{step: path[0]})
	}
	(*parts)[i].add(path[1:], l)
}

// all returns the values of nodes and those in them.
func all(nodes []*node) []leaf {
	var leaves []leaf
	for _, n := range nodes {
		leaves = append(append(append(leaves, n.leaves...), all(n.members)...), all(n.items)...)
	}
	return leaves
}

// loop writes the loop over the members of an object that was entered, with the
// reader in the variable d.
func (n *node) loop(f *file, d string) string {
	if len(n.members) == 0 {
		return fmt.Sprintf("for %s.Next() {\n}\n", d)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "for %s.Next() {\nswitch %s.Name() {\n", d, d)
	for _, m := range n.members {
		fmt.Fprintf(&b, "case %q:\n%s", m.step.Name, m.value(f, d))
	}
	b.WriteString("}\n}\n")
	return b.String()
}

// value writes the reading of a value, several times if several of its parts are
// read: each way of reading takes all of it.
func (n *node) value(f *file, d string) string {
	var ways []string
	for _, l := range n.leaves {
		ways = append(ways, l.code)
	}
	if len(n.members) > 0 {
		ways = append(ways, n.object(f, d))
	}
	if len(n.items) > 0 {
		ways = append(ways, n.list(f, d))
	}
	if len(ways) == 1 {
		return ways[0]
	}
	return fmt.Sprintf("at := %s.Mark()\n", d) + strings.Join(ways, d+".Rewind(at)\n")
}

// object writes the reading of an object.
func (n *node) object(f *file, d string) string {
	return entered(f, d+".Object()", n.members, n.loop(f, d))
}

// list writes the reading of a list.
func (n *node) list(f *file, d string) string {
	return entered(f, d+".Array()", n.items, n.loopItems(f, d))
}

// loopItems writes the loop over the items of a list that was entered.
func (n *node) loopItems(f *file, d string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "for i := 0; %s.Item(); i++ {\nswitch i {\n", d)
	for _, item := range n.items {
		fmt.Fprintf(&b, "case %d:\n%s", item.step.Item, item.value(f, d))
	}
	b.WriteString("}\n}\n")
	return b.String()
}

// entered writes the reading of the parts of an object or a list that is entered
// first. If it is none, nothing in it matches the schema; if it is null, so is what
// is in it.
func entered(f *file, enter string, parts []*node, read string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "if err := %s; err != nil {\n", enter)
	for _, l := range all(parts) {
		switch {
		case l.fault == "":
		case l.required:
			fmt.Fprintf(&b, "%s = err\n", l.fault)
		default:
			fmt.Fprintf(&b, "%s = %s(err)\n", l.fault, f.decode("IfNotNull"))
		}
	}
	b.WriteString("} else {\n" + read + "}\n")
	return b.String()
}
