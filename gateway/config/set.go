package config

import (
	"fmt"
	"slices"
	"strconv"
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
	with := tree.entry("value").value
	with.place(at)
	to, names := n, strings.Split(strings.ReplaceAll(path, "[", ".["), ".")
	for i, name := range names {
		place, err := to.own(name, at)
		if err != nil {
			return fmt.Errorf("-set %s: %w", text, err)
		}
		if i == len(names)-1 {
			*place = with
			return nil
		}
		section := node{kind: object, line: at.line, column: at.column}
		if (*place).kind == object || (*place).kind == list { // an alias may have it elsewhere too
			section = **place
			section.entries, section.items = slices.Clone(section.entries), slices.Clone(section.items)
		}
		*place = &section
		to = &section
	}
	return nil
}

// own returns the place of a value of the section or the list n, which it does not share with others: that of a key, or of
// an index such as [0].
func (n *node) own(key string, at *node) (**node, error) {
	if index, ok := strings.CutPrefix(key, "["); ok {
		i, err := strconv.Atoi(strings.TrimSuffix(index, "]"))
		if err != nil || i < 0 || i >= len(n.items) {
			return nil, fmt.Errorf("the list has no item %s", key)
		}
		return &n.items[i], nil
	}
	made := &entry{key: node{kind: scalar, text: key, line: at.line, column: at.column}, value: &node{line: at.line, column: at.column}}
	for i, e := range n.entries {
		if e.key.text == key {
			*made = *e
			n.entries[i] = made
			return &made.value, nil
		}
	}
	n.entries = append(n.entries, made)
	return &made.value, nil
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
