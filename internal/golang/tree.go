package golang

import (
	"fmt"
	"slices"
	"strings"

	"github.com/portico-gateway/portico/gateway/directive"
)

// node is an object of an answer in JSON or XML, or a value in it: a tree of the
// names that are read.
type node struct {
	name    string
	leaves  []leaf
	members []*node
}

// leaf is the reading of a value.
type leaf struct {
	code string // statements that read it
	// fault is the variable for the error of the value. Required reports
	// whether null is an error.
	fault    string
	required bool
}

// add adds a value at a path.
func (n *node) add(path directive.Path, l leaf) {
	if len(path) == 0 {
		n.leaves = append(n.leaves, l)
		return
	}
	i := slices.IndexFunc(n.members, func(m *node) bool { return m.name == path[0] })
	if i < 0 {
		i = len(n.members)
		n.members = append(n.members, &node{name: path[0]})
	}
	n.members[i].add(path[1:], l)
}

// below returns the values in the object, and not those that are all of it.
func (n *node) below() []leaf {
	var below []leaf
	for _, m := range n.members {
		below = append(append(below, m.leaves...), m.below()...)
	}
	return below
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
		fmt.Fprintf(&b, "case %q:\n%s", m.name, m.value(f, d))
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
	if len(ways) == 1 {
		return ways[0]
	}
	return fmt.Sprintf("at := %s.Mark()\n", d) + strings.Join(ways, d+".Rewind(at)\n")
}

// object writes the reading of an object. If it is none, nothing in it matches
// the schema; if it is null, so is what is in it.
func (n *node) object(f *file, d string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "if err := %s.Object(); err != nil {\n", d)
	for _, l := range n.below() {
		if l.required {
			fmt.Fprintf(&b, "%s = err\n", l.fault)
		} else {
			fmt.Fprintf(&b, "%s = %s(err)\n", l.fault, f.decode("IfNotNull"))
		}
	}
	b.WriteString("} else {\n" + n.loop(f, d) + "}\n")
	return b.String()
}
