package config

import (
	"fmt"
	"strings"
)

// set sets a setting as if the file had it. The text is one such as services.catalog.url=http://127.0.0.1:7001, with a
// value in YAML; what has the positions of mistakes in it is the section that the file has.
func (n *node) set(text string) error {
	path, value, ok := strings.Cut(text, "=")
	if !ok || path == "" {
		return fmt.Errorf("-set %s: write a setting and its value, such as services.catalog.url=http://127.0.0.1:7001", text)
	}
	own := &problems{}
	tree := readTree([]byte("value: "+value), own)
	if err := own.err(); err != nil || tree.entry("value") == nil || len(tree.entries) != 1 {
		return fmt.Errorf("-set %s: %q is no value of YAML", text, value)
	}
	_, at := n.find(path)
	to, names := n, strings.Split(path, ".")
	for _, name := range names[:len(names)-1] {
		e := to.own(name, at)
		if e.value.kind != object {
			e.value = &node{kind: object, line: at.line, column: at.column}
		} else { // an alias may have it elsewhere too
			section := *e.value
			section.entries = append([]*entry(nil), section.entries...)
			e.value = &section
		}
		to = e.value
	}
	e := to.own(names[len(names)-1], at)
	e.value = tree.entry("value").value
	e.value.place(at)
	return nil
}

// own returns the entry of a key, which others do not share.
func (n *node) own(key string, at *node) *entry {
	made := &entry{key: node{kind: scalar, text: key, line: at.line, column: at.column}, value: &node{line: at.line, column: at.column}}
	for i, e := range n.entries {
		if e.key.text == key {
			*made = *e
			n.entries[i] = made
			return made
		}
	}
	n.entries = append(n.entries, made)
	return made
}

// place gives a value, and all that it has, a position.
func (n *node) place(at *node) {
	n.line, n.column = at.line, at.column
	for _, item := range n.items {
		item.place(at)
	}
	for _, e := range n.entries {
		e.key.line, e.key.column = at.line, at.column
		e.value.place(at)
	}
}
